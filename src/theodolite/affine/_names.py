"""The sorts of neurons by the names that the theory uses."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.affine._problem import Network, Problem
from theodolite.affine._structure import Sort, sort_neurons

__all__ = ["neuron_names"]

_RELU = {
    Sort.DEGENERATE: "degenerate",
    Sort.DEAD: "inactive",
    Sort.START: "semi-inactive-T0",
    Sort.END: "semi-inactive-T1",
    Sort.CONSTANT: "semi-active",
    Sort.AFFINE: "type-1-active",
    Sort.KINK: "type-2-active",
}
_LEAKY = {Sort.DEGENERATE: "degenerate", Sort.CONSTANT: "constant", Sort.KINK: "kink"}


def neuron_names(problem: Problem, network: Network, grain: float) -> tuple[str, ...]:
    """Return the name of each neuron's sort; what vanishes up to ``grain`` relative to its own terms counts as zero."""
    w, b = network.w, network.b
    ends = [w * problem.start + b, w * problem.end + b]
    if problem.quadratic:
        return tuple("generic" if x != 0 else "constant" if y != 0 else "degenerate" for x, y in zip(w, b, strict=True))
    if grain:
        terms = np.abs(w) * problem.reach + np.abs(b)
        ends = [np.where(np.abs(end) <= grain * terms, 0.0, end) for end in ends]
    sorts = sort_neurons(problem, w, b, *ends)
    if problem.gamma == 0:
        return tuple(_RELU[Sort(sort)] for sort in sorts.tolist())
    rising: Array = ends[0] + ends[1] > 0
    return tuple(
        _LEAKY.get(Sort(sort)) or ("affine+" if up else "affine-")
        for sort, up in zip(sorts.tolist(), rising.tolist(), strict=True)
    )
