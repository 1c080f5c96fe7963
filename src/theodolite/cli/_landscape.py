"""From the options of a command to the landscape that it works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from theodolite._landscape import Landscape
    from theodolite._panels import Description

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """The data and the network that a command names."""

    data: str
    network: str
    targets: Sequence[str] = ()
    inputs: Sequence[str] = ()
    drop: Sequence[str] = ()
    one_hot: bool = False
    center: bool = False
    standardize: bool = False
    exact: bool = False
    header: bool | None = None
    delimiter: str | None = None
    reduction: str = "half_sum"
    facts: list[tuple[str, str]] = field(default_factory=list)

    def landscape(self) -> Landscape:
        """Build the landscape, and write into ``facts`` what was done to the data."""
        from theodolite._registry import build, landscape_of
        from theodolite.io import listed, parse_network, prepare, read_table

        network = parse_network(self.network)
        landscape_of(network)  # what no landscape covers is said before the data is read
        mark = (
            None
            if self.delimiter is None
            else {"tab": "\t", r"\t": "\t", "space": " "}.get(self.delimiter, self.delimiter)
        )
        table = read_table(self.data, exact=self.exact, header=self.header, delimiter=mark)
        made = prepare(
            table,
            network,
            inputs=self.inputs,
            targets=self.targets,
            drop=self.drop,
            one_hot=self.one_hot,
            center=self.center,
            standardize=self.standardize,
        )
        self.facts.append(("data", made.words))
        if made.dropped:
            self.facts.append(("not used", listed(made.dropped)))
        arithmetic = "exact" if self.exact else "auto"
        return build(network, made.X, made.Y, reduction=self.reduction, arithmetic=arithmetic)

    def describe(self, description: Description) -> Description:
        """Return ``description`` with the data in the user's words."""
        import msgspec

        words = dict(self.facts).get("data", description.data)
        return msgspec.structs.replace(description, data=words)
