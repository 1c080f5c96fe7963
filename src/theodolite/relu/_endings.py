"""Where trainings of a ReLU network lead: one polish for all runs that ended in the same joint cell.

On a joint cell, with the signs of the output weights, the loss is a convex quadratic in the u_j = |v_j| w_j. If the
polished point of one run lies in the closure of the cell, it is the minimum over the cell, and every run that ended there leads
to the same loss. Otherwise each run of the cell is polished for itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theodolite._endings import Endings
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet

__all__ = ["endings"]


def endings(
    problem: Problem,
    fleet: Fleet,
    polish: Callable[[Point], tuple[Point, float, Kind]],
    report: Callable[[int], None],
    stop: Callable[[], bool],
) -> Endings:
    """Return where each network of a fleet leads; ``polish`` takes a point to a local minimum, its loss and its kind."""
    runs = len(fleet.weights)
    found = Endings.unknown(runs)
    finite = (
        np.isfinite(fleet.weights).all(axis=(1, 2)) & np.isfinite(fleet.outer).all(axis=1) & np.isfinite(fleet.offsets)
    )
    found.judged[~finite] = True
    alive = np.flatnonzero(finite)
    groups = _cells(problem, fleet, alive)
    done = runs - len(alive)
    for members in groups:
        if stop():
            break
        first, value, kind = polish(_point(fleet, members[0]))
        together = _same_cell(problem, _point(fleet, members[0]), first)
        found.note(_mask(runs, members if together else members[:1]), value, kind)
        for run in () if together else members[1:]:
            if stop():
                break
            _, value, kind = polish(_point(fleet, run))
            found.note(_mask(runs, [run]), value, kind)
        done += len(members)
        report(done)
    return found


def _mask(runs: int, members: Array | list[int]) -> Array:
    mask = np.zeros(runs, dtype=np.bool_)
    mask[members] = True
    return mask


def _point(fleet: Fleet, run: int) -> Point:
    return Point(fleet.weights[run].copy(), fleet.outer[run].copy(), float(fleet.offsets[run]))


def _cells(problem: Problem, fleet: Fleet, runs: Array) -> list[Array]:
    """Return the runs grouped by the signs of all neurons, up to the order of neurons: largest groups first."""
    if not len(runs):
        return []
    codes = []
    for start in range(0, len(runs), 4096):
        part = runs[start : start + 4096]
        before = np.einsum("rhd,nd->rhn", fleet.weights[part], problem.inputs)
        bits = np.concatenate([before > 0, before < 0, (fleet.outer[part] > 0)[:, :, None]], axis=2)
        codes.append(np.packbits(bits, axis=2))
    packed = np.ascontiguousarray(np.concatenate(codes))
    whole = packed.view(np.dtype((np.void, packed.shape[2])))[:, :, 0]
    ordered = np.ascontiguousarray(np.sort(whole, axis=1))
    keys = ordered.view(np.uint8).reshape(len(runs), -1)
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    by_group = runs[np.argsort(group.ravel(), kind="stable")]
    pieces = np.split(by_group, np.cumsum(counts)[:-1])
    return sorted(pieces, key=lambda piece: (-len(piece), int(piece[0])))


def _same_cell(problem: Problem, before: Point, after: Point) -> bool:
    """Return whether no neuron crossed a sample and no output weight its zero on the way."""
    sides = (before.weights @ problem.inputs.T) * (after.weights @ problem.inputs.T)
    return bool((sides >= 0).all() and (before.outer * after.outer >= 0).all())
