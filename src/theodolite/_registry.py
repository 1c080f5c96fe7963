"""From a network specification to its landscape: which class surveys which kind, imported when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import msgspec
import numpy as np

from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite._landscape import Landscape
from theodolite.io._network import Specification, parse_network

__all__ = ["KINDS", "NetworkKind", "build", "build_affine", "landscape_of"]


class NetworkKind(msgspec.Struct, frozen=True):
    """How one kind of network is written and which class ("module:Class") is its landscape, where there is one yet.

    ``several`` is the class for networks of more than one output, where that is another one.
    """

    example: str
    where: str | None = None
    has_slope: bool = False
    has_bias: bool = True
    has_l2: bool = False
    several: str | None = None


_ACTIVATED = "theodolite.activated:ActivatedLandscape"
_RELU = "theodolite.relu:ReluLandscape"

KINDS: dict[str, NetworkKind] = {
    "linear": NetworkKind("linear:4-2-4", "theodolite.linear:LinearLandscape", has_l2=True),
    "residual": NetworkKind("residual:4x3", "theodolite.linear:ResidualLandscape", has_bias=False),
    "relu": NetworkKind("relu:2-3-1+bias", _RELU),
    "leaky_relu": NetworkKind("leaky_relu(0.1):2-3-1", _RELU, has_slope=True, several=_ACTIVATED),
    "quadratic": NetworkKind("quadratic:4-2-4", has_bias=False),
    "tanh": NetworkKind("tanh:3-3-3", _ACTIVATED, has_bias=False),
    "sigmoid": NetworkKind("sigmoid:3-3-3", _ACTIVATED, has_bias=False),
}
"""Every kind that a specification may begin with. A new landscape is added by naming its class here."""

_AFFINE = "theodolite.affine:AffineTargetLandscape"


def build(network: str | Specification, X: Any, Y: Any = None, **options: Any) -> Landscape:
    """Return the landscape of ``network`` on ``X`` and ``Y``; without ``Y`` it is an autoencoder.

    ``options`` are keyword arguments of the landscape's class. Raises ``NotCoveredError`` for kinds that no landscape covers,
    ``ShapeError`` naming both numbers where a width is not that of the data.
    """
    spec = parse_network(network) if isinstance(network, str) else network
    where = landscape_of(spec)
    if Y is None and spec.widths[-1] != spec.widths[0]:
        raise DataError(
            f"{spec} needs targets",
            cause=f"its last width {spec.widths[-1]} is not its first width {spec.widths[0]}, so it is no autoencoder",
            fix="Pass Y",
        )
    _check_width(spec, "X", X, spec.widths[0], "first")
    if Y is not None:
        _check_width(spec, "Y", Y, spec.widths[-1], "last")
    if options.get("l2") and not KINDS[spec.kind].has_l2:
        raise NotCoveredError(f"{spec.kind} networks with weight decay are not covered", fix="Leave l2 out")
    return _made(where, spec, X, X if Y is None else Y, options)


def _made(where: str, spec: Specification, X: Any, Y: Any, options: Mapping[str, Any]) -> Landscape:
    module, _, name = where.partition(":")
    landscape = getattr(import_module(module), name).from_specification(spec, X, Y, **options)
    assert isinstance(landscape, Landscape)
    return landscape


def build_affine(network: str | Specification, **options: Any) -> Landscape:
    """Return the landscape of ``network`` on an affine target (``interval``, ``slope``, ``intercept``); there is no data.

    Raises ``NotCoveredError`` for kinds that are not covered there.
    """
    spec = parse_network(network) if isinstance(network, str) else network
    from theodolite.affine import AffineTargetLandscape

    return AffineTargetLandscape.from_specification(spec, None, None, **options)


def landscape_of(spec: Specification) -> str:
    """Return the class ("module:Class") that surveys ``spec``; raise the error that says why none does."""
    if spec.kind not in KINDS:
        close = get_close_matches(spec.kind, KINDS, n=1, cutoff=0.5)
        raise DataError(
            f"No kind of network is called {spec.kind!r}",
            cause=f"the kinds are {', '.join(KINDS)}",
            fix=f"Did you mean {KINDS[close[0]].example}" if close else "Use one of them",
        )
    kind = KINDS[spec.kind]
    if spec.slope is not None and not kind.has_slope:
        raise DataError(f"{spec.kind} has no slope, but {spec} gives it one", fix=f"Write it as {kind.example}")
    if spec.slope is None and kind.has_slope:
        raise DataError(f"{spec} does not say its slope", fix=f"Write it as {kind.example}")
    if spec.bias and not kind.has_bias:
        raise NotCoveredError(
            f"{spec} has biases", cause=f"{spec.kind} is covered without them", fix=f"Write it as {kind.example}"
        )
    where = kind.several if kind.several and spec.widths[-1] > 1 else kind.where
    if where is None:
        covered = [name for name, known in KINDS.items() if known.where]
        raise NotCoveredError(
            f"{spec.kind} networks{' with one output' if kind.several else ''} cannot be surveyed",
            cause=f"kinds that are covered: {', '.join(covered)}",
            fix=f"{spec.kind} networks with several outputs are covered by ActivatedLandscape, which also takes one output"
            if kind.several
            else None,
        )
    return where


def _check_width(spec: Specification, name: str, data: Any, width: int, place: str) -> None:
    shape = getattr(data, "shape", None) or np.shape(data)
    columns = 1 if len(shape) == 1 else shape[-1]
    if len(shape) in (1, 2) and columns != width:
        raise ShapeError(
            f"{spec} has {place} width {width}, but {name} has {columns} column{'' if columns == 1 else 's'}",
            fix=f"Change the {place} width to {columns} or pass the right columns",
        )
