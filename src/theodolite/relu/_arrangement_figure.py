"""The cells of one neuron's weights on the circle or the sphere, coloured by the loss that their minima have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from theodolite._panels import ArrangementPanel, NeuronMark
from theodolite._typing import Array
from theodolite.relu._portrait import Portrait, in_words
from theodolite.relu._problem import Problem

__all__ = ["Pieces", "arrangement_panel", "pieces"]

_LINES_AT_MOST = {2: 150, 3: 40}
_DIGITS = 5
_SLIVER = 1e-9


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of the unit circle or sphere that lie in one cell each, with the loss of the best fit in that cell.

    ``outlines`` hold corners (k, d), ``values`` the losses, ``normals`` (p, d) the unit normals of the lines. Two neurons in one
    cell fit as well as any linear function on its active samples, so the loss of a cell is a least-squares residual.
    Weights are drawn as ``frame.T @ w``: with biases, as weights of inputs that are centred and scaled to one size.
    """

    outlines: tuple[Array, ...]
    values: tuple[float, ...]
    normals: Array
    names: tuple[str, ...]
    frame: Array

    @cached_property
    def corners(self) -> tuple[tuple[float, ...], ...]:
        """The outlines as plain numbers."""
        return tuple(_rounded(corners.ravel()) for corners in self.outlines)


@lru_cache(maxsize=4)
def pieces(problem: Problem, biased: bool) -> Pieces | None:
    """Return the pieces, or ``None`` for one or more than three parameters a neuron, several outputs, or too many lines.

    The last few are kept: all sets of one landscape share theirs.
    """
    plain = problem.as_float
    lines = problem.lines
    if problem.width not in _LINES_AT_MOST or problem.outputs > 1:
        return None
    if not 0 < lines.count <= _LINES_AT_MOST[problem.width]:
        return None
    frame = _frame(plain, biased)
    direction = np.linalg.solve(frame, plain.array(lines.direction).T).T
    normals = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    outlines = _arcs(normals) if problem.width == 2 else _polygons(normals)
    found: dict[bytes, float] = {}
    values = []
    for corners in outlines:
        middle = corners.sum(axis=0)
        side = (normals @ middle > 0).astype(np.int8)
        if side.tobytes() not in found:
            found[side.tobytes()] = _loss(plain, np.linalg.solve(frame.T, middle))
        values.append(found[side.tobytes()])
    names = tuple(in_words(np.flatnonzero(lines.line == k)) for k in range(lines.count))
    return Pieces(tuple(outlines), tuple(values), normals, names, frame)


def _frame(plain: Problem, biased: bool) -> Array:
    """Return the matrix A whose transpose takes weights to those of centred, scaled inputs: x = A x', w . x = (A'w) . x'."""
    frame = np.eye(plain.width)
    if biased:
        middle = plain.inputs.mean(axis=0)
        spread = np.abs(plain.inputs - middle).mean(axis=0)
        frame[:, -1] = middle
        np.fill_diagonal(frame[:-1, :-1], np.where(spread > 0, spread, 1.0)[:-1])
    return frame


def _loss(plain: Problem, inside: Array) -> float:
    """Return the loss of the best fit with every neuron in the cell of ``inside``."""
    slopes = np.where(plain.inputs @ inside > 0, 1.0, plain.slope)
    columns = plain.inputs * slopes[:, None]
    if plain.offset:
        columns = np.concatenate([columns, np.ones((len(columns), 1))], axis=1)
    fitted = columns @ np.linalg.lstsq(columns, plain.targets, rcond=None)[0]
    rest = float(np.sum((fitted - plain.targets) ** 2))
    floor = 1e-14 * float(np.sum(plain.targets**2))
    return float(plain.scale) * (0.0 if rest <= floor else rest)


def _arcs(normals: Array) -> list[Array]:
    """Return the ends of every arc of the unit circle between two lines, counterclockwise."""
    crossing = np.stack([-normals[:, 1], normals[:, 0]], axis=1)
    angles = np.sort(np.mod(np.arctan2(*np.concatenate([crossing, -crossing]).T[::-1]), 2 * np.pi))
    ends = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if len(ends) > 2:
        return [np.stack([ends[k], ends[(k + 1) % len(ends)]]) for k in range(len(ends))]
    # A single line leaves two half circles; a corner in the middle says which is which.
    turned = [np.array([-end[1], end[0]]) for end in ends]
    return [np.stack(pair) for k in range(2) for pair in ((ends[k], turned[k]), (turned[k], ends[1 - k]))]


def _polygons(normals: Array) -> list[Array]:
    """Return the pieces into which planes through the origin cut the eight octants of the sphere, as corners in cyclic order."""
    found = [np.diag(signs).astype(float) for signs in product((1, -1), repeat=3)]
    for normal in normals:
        cut = []
        for corners in found:
            for side in (normal, -normal):
                part = _clipped(corners, corners @ side)
                if len(part) > 2:
                    cut.append(part)
        found = cut
    return found


def _clipped(corners: Array, height: Array) -> Array:
    """Return the part of a spherical polygon where ``height`` is positive; empty where that is a point or an arc."""
    if height.max() <= _SLIVER:
        return corners[:0]
    out = []
    for k in range(len(corners)):
        a, b = height[k], height[(k + 1) % len(corners)]
        if a >= -_SLIVER:
            out.append(corners[k])
        if (a > _SLIVER and b < -_SLIVER) or (a < -_SLIVER and b > _SLIVER):
            # The plane meets the chord where it meets the arc above it, seen from the origin.
            middle = corners[k] * abs(b) + corners[(k + 1) % len(corners)] * abs(a)
            out.append(middle / np.linalg.norm(middle))
    return np.array(out).reshape(-1, 3)


def arrangement_panel(found: Pieces, portrait: Portrait) -> ArrangementPanel:
    """Return the arrangement with the neurons of one network in it."""
    d = portrait.problem.width
    last = "b" if portrait.biased else f"w{d}"
    axes = (*(f"w{k + 1}" if portrait.inputs > 1 else "w" for k in range(d - 1)), last)
    scaled = ", inputs centred and scaled" if portrait.biased else ""
    shape = "circle" if d == 2 else "sphere"
    cause = "A line is where a sample switches" if d == 2 else "A curve is where a sample switches"
    aside = [j for j, w in enumerate(portrait.plain.weights) if not w.any()]
    lowest = (
        "lowest loss with every neuron in it"
        if portrait.problem.hidden > 1
        else "minimum of its quadratic, in the cell or beyond"
    )
    where = ""
    if aside:
        names = f"neuron{'s' if len(aside) > 1 else ''} {', '.join(map(str, aside))}"
        where = f" With all weights 0{', at the centre' if d == 2 else ' and so not drawn'}: {names}."
    return ArrangementPanel(
        "The cells of a neuron",
        f"Directions of ({', '.join(axes)}) on the unit {shape}{scaled}. {cause}. The tint of a cell is the {lowest}: "
        f"the darker the lower. Numbers are neurons, + or − is the sign of v; a bar means on a kink.{where}",
        axes,
        tuple(_rounded(normal) for normal in found.normals),
        found.names,
        found.corners,
        found.values,
        _marks(portrait, found.frame),
    )


def _marks(portrait: Portrait, frame: Array) -> tuple[NeuronMark, ...]:
    """Return the places of the neurons, those in the same direction together."""
    groups: dict[tuple[tuple[float, ...], bool], list[str]] = {}
    for j, weights in enumerate(portrait.plain.weights @ frame):
        size = float(np.linalg.norm(weights))
        if size == 0 and len(weights) > 2:
            continue
        place = _rounded(weights / size if size else weights)
        v = portrait.plain.outer[j]
        groups.setdefault((place, bool(portrait.kinked[j])), []).append(f"{j}{'+' if v > 0 else '−' if v < 0 else ''}")
    return tuple(NeuronMark(place, " ".join(names), kinked) for (place, kinked), names in groups.items())


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) + 0.0 for value in values)
