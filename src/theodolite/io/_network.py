"""Network specifications: ``kind(slope):d0-d1-...-dL+bias``, and ``residual:WIDTHxDEPTH``.

``+bias`` gives every layer a bias, ``+hidden-bias`` all but the last, ``+output-bias`` the last, ``+bias1+bias3`` layers 1 and 3.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Literal, TypeAlias

import msgspec

from theodolite._errors import DataError

__all__ = ["EXAMPLES", "Specification", "parse_network"]

EXAMPLES = ("linear:4-2-4", "linear:4-3-2-1+bias", "residual:4x3", "relu:2-3-1+hidden-bias", "leaky_relu(0.1):2-3-1")

_MOST_LAYERS = 1000
_MOST_PARAMETERS = 10**8
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_SLOPE = re.compile(r"[+-]?(?:[0-9]+/[0-9]+|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_BIASED_LAYER = re.compile(r"bias([1-9][0-9]{0,3})")

Bias: TypeAlias = bool | Literal["hidden", "output"] | tuple[int, ...]
"""Which layers have a bias: all, none, all but the last, the last, or those with these numbers from 1."""

_BIASES: dict[str, Bias] = {"bias": True, "hidden-bias": "hidden", "output-bias": "output"}


class Specification(msgspec.Struct, frozen=True):
    """A network as the command line writes it; ``widths`` are d0 to dL, ``slope`` is what stands in brackets.

    >>> print(parse_network("leaky_relu(0.1):2-3-1+bias"))
    leaky_relu(1/10):2-3-1+bias
    >>> parse_network("residual:4x3").widths
    (4, 4, 4, 4)
    """

    kind: str
    slope: Fraction | None
    widths: tuple[int, ...]
    bias: Bias = False

    @property
    def depth(self) -> int:
        """How many layers of weights there are."""
        return len(self.widths) - 1

    @property
    def biased(self) -> tuple[int, ...]:
        """The numbers, from 1, of the layers that have a bias."""
        layers = tuple(range(1, self.depth + 1))
        if isinstance(self.bias, tuple):
            return self.bias
        return {True: layers, False: (), "hidden": layers[:-1], "output": layers[-1:]}[self.bias]

    @property
    def hidden(self) -> tuple[int, ...]:
        """The widths between input and output."""
        return self.widths[1:-1]

    def __str__(self) -> str:
        slope = "" if self.slope is None else f"({self.slope})"
        square = f"{self.widths[0]}x{self.depth}"
        body = square if self.kind == "residual" else "-".join(map(str, self.widths))
        if isinstance(self.bias, tuple):
            bias = "".join(f"+bias{layer}" for layer in self.bias)
        else:
            bias = {False: "", True: "+bias", "hidden": "+hidden-bias", "output": "+output-bias"}[self.bias]
        return f"{self.kind}{slope}:{body}{bias}"


def parse_network(text: str) -> Specification:
    """Return the network that ``text`` specifies; ``DataError`` saying what is wrong at which place."""
    given = text.strip()
    if not given:
        raise DataError("No network was given", fix=_example_words())
    head, colon, rest = given.partition(":")
    if not colon:
        raise _wrong(given, "it has no colon between the kind and the widths")
    kind, slope = _head(given, head.strip().lower())
    body, *extras = rest.strip().lower().split("+")
    widths = _square(given, body) if kind == "residual" else _widths(given, body)
    return Specification(kind, slope, widths, _bias(given, extras, len(widths) - 1))


def _head(given: str, head: str) -> tuple[str, Fraction | None]:
    match = _WORD.match(head)
    if match is None:
        raise _wrong(given, f"it begins with {head[:20]!r}, not with a kind")
    kind, rest = match[0], head[match.end() :].strip()
    if not rest:
        return kind, None
    if not (rest.startswith("(") and rest.endswith(")")):
        raise _wrong(given, f"{rest!r} stands between the kind {kind!r} and the colon; a slope is written in brackets")
    number = rest[1:-1].strip()
    if not _SLOPE.fullmatch(number) or len(number) > 100:
        raise _wrong(given, f"the slope {number[:40]!r} is not a number such as 0.1 or 1/10")
    try:
        return kind, Fraction(number)
    except ZeroDivisionError:
        raise _wrong(given, f"the slope {number!r} divides by zero") from None


def _widths(given: str, body: str) -> tuple[int, ...]:
    parts = body.split("-")
    if len(parts) < 2:
        if re.fullmatch(r"\s*[0-9]+\s*x\s*[0-9]+\s*", body):
            raise _wrong(given, f"{body!r} is the form of residual networks; others are written d0-d1-...-dL")
        raise _wrong(given, f"{body!r} after the colon names fewer than two widths")
    widths = []
    for place, part in enumerate(parts):
        try:
            widths.append(_whole(given, part.strip(), f"width d{place}"))
        except DataError:
            if "-" in part or part.strip():
                raise
            raise _wrong(given, f"width d{place} is missing: two dashes meet, or one stands at an end") from None
    _check_size(given, widths)
    return tuple(widths)


def _square(given: str, body: str) -> tuple[int, ...]:
    width, times, depth = body.partition("x")
    if not times:
        raise _wrong(given, f"{body!r} is not WIDTHxDEPTH, as residual networks are written")
    number = _whole(given, width.strip(), "the width")
    layers = _whole(given, depth.strip(), "the depth")
    if layers > _MOST_LAYERS:
        raise _wrong(given, f"{layers} layers are more than {_MOST_LAYERS}")
    widths = (number,) * (layers + 1)
    _check_size(given, widths)
    return widths


def _whole(given: str, part: str, what: str) -> int:
    if re.fullmatch(r"[0-9]{1,18}", part) and int(part) > 0:
        return int(part)
    if re.fullmatch(r"[0-9]+", part):
        raise _wrong(given, f"{what} is {part[:30]}; widths are at least 1 and a network must fit into memory")
    if any(dash in part for dash in "‐‑‒–—−"):
        raise _wrong(given, f"{part[:30]!r} has a typographic dash; write -")
    raise _wrong(given, f"{what} is {part[:30]!r}, which is not a whole number")


def _check_size(given: str, widths: tuple[int, ...] | list[int]) -> None:
    if len(widths) > _MOST_LAYERS + 1:
        raise _wrong(given, f"{len(widths) - 1} layers are more than {_MOST_LAYERS}")
    parameters = sum(a * b for a, b in pairwise(widths))
    if parameters > _MOST_PARAMETERS:
        raise _wrong(
            given,
            f"it would have {parameters:,} weights ({parameters * 8 / 1e9:,.0f} GB); the most is {_MOST_PARAMETERS:,}",
        )


def _bias(given: str, extras: list[str], depth: int) -> Bias:
    names = [extra.strip() for extra in extras]
    layers = [_BIASED_LAYER.fullmatch(name) for name in names]
    if names and all(layers):
        numbers = tuple(sorted({int(layer[1]) for layer in layers if layer}))
        if numbers[-1] > depth:
            raise _wrong(given, f"it gives layer {numbers[-1]} a bias, but has {depth} layer{'s' if depth > 1 else ''}")
        return numbers
    for name in names:
        if name not in _BIASES:
            raise _wrong(given, f"{'+' + name!r} is neither +bias nor +hidden-bias nor +output-bias")
    if len(names) > 1:
        raise _wrong(given, f"{''.join('+' + name for name in names)!r} says twice which layers have a bias")
    return _BIASES[names[0]] if names else False


def _wrong(given: str, why: str) -> DataError:
    shown = given if len(given) <= 60 else given[:57] + "..."
    return DataError(f"{shown!r} is not a network", cause=why, fix=_example_words())


def _example_words() -> str:
    return f"Write kind:d0-d1-...-dL, for example {', '.join(EXAMPLES)}"
