"""Whether a local minimum is isolated, but for rescaled weights.

Next to a local minimum the loss is a convex quadratic on each closed joint cell; other minima are near it exactly if some
direction that is not 0, of neurons j into closed cells next to their faces, keeps all outputs and has slope 0 for each neuron.
Those directions of a neuron are cones: the span of its flat, and rays of slope 0 that bound a common cell.
"""

from __future__ import annotations

from itertools import product
from math import prod

from flint import fmpz_mat

from theodolite.relu._continuous import nonnegative_combination
from theodolite.relu._forms import Forms
from theodolite.relu._minima import Fitter
from theodolite.relu._supports import Solution, Spots

__all__ = ["is_isolated"]

_MOST = 256
"""How many joint cells are looked at."""

Rows = list[list[int]]


def is_isolated(fitter: Fitter, solution: Solution, spots: Spots) -> bool | None:
    """Decide it; ``None`` where there are too many joint cells."""
    forms = fitter.forms
    width, cells = forms.patterns.problem.width, forms.patterns.cells
    if any(not sign and (width > 1 or face >= cells) for face, sign in spots):
        return False  # weights of a neuron of output weight 0 can turn
    free = [row for face, _ in spots for row in forms.columns(face)] + forms.constant
    if _dependent(free, len(forms.targets)):
        return False
    error = fitter.fit(solution.support.faces).error
    cones = [_flat_cones(forms, face, sign, error) for face, sign in spots if sign]
    if prod(map(len, cones)) > _MOST:
        return None
    for chosen in product(*cones):
        rays = [row for images in chosen for row in images]
        if rays and nonnegative_combination(rays, free):
            return False
    return True


def _dependent(rows: Rows, n: int) -> bool:
    return bool(rows) and int(fmpz_mat(len(rows), n, [entry for row in rows for entry in row]).rank()) < len(rows)


def _flat_cones(forms: Forms, face: int, sign: int, error: fmpz_mat) -> list[Rows]:
    """Return, for each cell next to the face, what the rays of slope 0 along it add to the outputs."""
    rays = forms.rays(face) if face >= forms.patterns.cells else []
    if not rays:
        return [[]]
    images = forms.one_sided(face).tolist()
    flat = [k for k, slope in enumerate((forms.one_sided(face) * error).entries()) if slope == 0]
    sides = forms.sides(face)
    groups: list[list[int]] = []
    for cell in forms.cells_around(face):
        group = [k for k in flat if all(side * own >= 0 for side, own in zip(cell, sides[k], strict=True))]
        if group not in groups:
            groups.append(group)
    return [[[sign * int(entry) for entry in images[k]] for k in group] for group in groups]
