"""From the options of a command to the landscape that it works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theodolite._panels import Description

__all__ = ["Request", "Subject"]

_MARKS = {"tab": "\t", "\\t": "\t", "space": " "}
"""What cannot be typed easily."""

_SAME = ("one_hot", "center", "standardize", "exact", "header", "delimiter", "reduction", "l2")
"""Options that are fields of a request under the same name."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A landscape and what to say about its data: in a few words, and as names and texts."""

    landscape: Any
    title: str
    facts: tuple[tuple[str, str], ...]

    def describe(self, description: Description) -> Description:
        """Return ``description`` with the name that the user gave to the data."""
        import msgspec

        return msgspec.structs.replace(description, data=self.title)


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
    l2: float = 0.0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Request:
        """Take from the options of a command those that name its data and network."""
        return cls(
            options["data"],
            options["network"],
            targets=options["target"] or (),
            inputs=options["inputs"] or (),
            drop=options["drop"] or (),
            **{name: options[name] for name in _SAME},
        )

    def subject(self) -> Subject:
        """Read the data and build the landscape."""
        from theodolite._registry import build, landscape_of
        from theodolite.io import listed, parse_network, prepare, read_table

        network = parse_network(self.network)
        landscape_of(network)  # what no landscape covers is said before the data is read
        mark = None if self.delimiter is None else _MARKS.get(self.delimiter, self.delimiter)
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
        options: dict[str, Any] = {"reduction": self.reduction, "arithmetic": "exact" if self.exact else "auto"}
        if self.l2:
            options["l2"] = Fraction(repr(self.l2)) if self.exact else self.l2
        landscape = build(network, made.X, made.Y, **options)
        unused = (("not used", listed(made.dropped)),) if made.dropped else ()
        return Subject(landscape, made.title, (("data", made.words), *unused))
