"""From the options of a command to the landscape that it works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from theodolite._errors import DataError

if TYPE_CHECKING:
    from theodolite._panels import Description

__all__ = ["AFFINE", "MARKS", "Request", "Subject"]

AFFINE = "affine"
"""What stands in place of data for the true loss on an affine target."""

MARKS = {"tab": "\t", "\\t": "\t", "space": " "}
"""What cannot be typed easily."""

_SAME = (
    "one_hot",
    "center",
    "standardize",
    "exact",
    "header",
    "delimiter",
    "reduction",
    "l2",
    "interval",
    "slope",
    "intercept",
)
"""Options that are fields of a request under the same name."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A landscape and what to say about its data: in a few words (None: in its own), and as names and texts."""

    landscape: Any
    title: str | None
    facts: tuple[tuple[str, str], ...]

    def describe(self, description: Description) -> Description:
        """Return ``description`` with the name that the user gave to the data."""
        import msgspec

        return description if self.title is None else msgspec.structs.replace(description, data=self.title)


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
    interval: str | None = None
    slope: str | None = None
    intercept: str | None = None

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
        return self._on_affine_target() if self.data == AFFINE else self._on_table()

    def _on_affine_target(self) -> Subject:
        from theodolite._registry import build_affine
        from theodolite.io import parse_network

        given = {field.name for field in fields(self) if getattr(self, field.name) != field.default}
        useless = sorted(given - {"data", "network", "exact", "interval", "slope", "intercept"})
        if useless:
            raise DataError(
                f"{AFFINE} is no table", cause=f"{', '.join(useless)} cannot be chosen", fix="Leave that out"
            )
        ends = (self.interval or "0,1").split(",")
        if len(ends) != 2:
            raise DataError(f"The interval is {self.interval!r}", fix="Write its two ends, for example 0,1 or -1/2,1/2")
        landscape = build_affine(
            parse_network(self.network),
            interval=tuple(_exact("interval", end) for end in ends),
            slope=_exact("slope", self.slope or "1"),
            intercept=_exact("intercept", self.intercept or "0"),
            arithmetic="exact" if self.exact else "auto",
        )
        return Subject(landscape, None, (("data", landscape.description().data),))

    def _on_table(self) -> Subject:
        for name in ("interval", "slope", "intercept"):
            if getattr(self, name) is not None:
                raise DataError(f"--{name} was given for {self.data}", fix=f"Leave it out: it belongs to {AFFINE}")
        from theodolite._registry import build, landscape_of
        from theodolite.io import listed, parse_network, prepare, read_table

        network = parse_network(self.network)
        landscape_of(network)  # what no landscape covers is said before the data is read
        mark = None if self.delimiter is None else MARKS.get(self.delimiter, self.delimiter)
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


def _exact(name: str, text: str) -> Fraction:
    """Return a number written as 2, 0.5 or 1/3 exactly."""
    try:
        if len(text) > 100 or "e" in text.lower():
            raise ValueError
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise DataError(f"--{name} has {text[:40]!r}", cause="it is not a number", fix="Write 2, 0.5 or 1/3") from None
