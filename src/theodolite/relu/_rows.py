r"""From the solutions on one support to its row: dimension, index and nullity over all strata, in closed form.

A stratum with neurons j on faces F_j of dimension d_j, output weights not 0 for j in A, has the dimension
:math:`\sum_{j \in A} (d_j + 1) + \sum_{j \notin A} d_j - \operatorname{rank} B`, plus 1 for an output bias: weights move in
their faces, output weights with them, and the fit takes away the rank of its columns B. Neurons of a saddle along which the
loss falls lie on a hyperplane through their cell, which takes away 1 more each.
"""

from __future__ import annotations

from collections.abc import Iterable

from theodolite._critical import CriticalSet
from theodolite._table import Table
from theodolite.relu._evidence import evidence, loss_of
from theodolite.relu._keys import Key, Sort
from theodolite.relu._patterns import Patterns
from theodolite.relu._saddles import Saddle
from theodolite.relu._supports import Solution

__all__ = ["rows_of"]


def rows_of(
    patterns: Patterns, hidden: int, solutions: Iterable[Solution], saddles: Iterable[Saddle], boundary: bool
) -> Table:
    """Return one row for each support of local minima, and of saddles."""
    minima = [_minimum(patterns, hidden, solution, boundary) for solution in solutions]
    return Table.of(minima + [_saddle(patterns, hidden, saddle, boundary) for saddle in saddles])


def _minimum(patterns: Patterns, hidden: int, solution: Solution, boundary: bool) -> CriticalSet:
    pairs, dims = solution.support.pairs, patterns.dimensions
    spare = hidden - len(pairs)
    active = [int(dims[face]) + 1 for face, _ in pairs]
    best = max([*active, *(int(dims[face]) for face in solution.zeros)], default=0)
    smooth = all(face < patterns.cells for face, _ in pairs)
    idle = [face for face in solution.zeros if face < patterns.cells]
    nullity, span = None, None
    if smooth and (pairs or idle):
        free = _parameters(patterns, hidden) - solution.rank
        extra = spare if _felt(patterns, idle) else 0
        span = free - min(extra, patterns.problem.samples - solution.rank), free
        nullity = free if pairs or not extra else None
    return _row(
        patterns,
        solution,
        Sort.MINIMUM if solution.decided else Sort.MAYBE_MINIMUM,
        boundary,
        dimension=sum(active) + spare * best + int(patterns.problem.offset) - solution.rank,
        index=0 if smooth else None,
        indices=(0, 0) if smooth else None,
        nullity=nullity,
        nullities=span,
        exact=span is None or span[0] == span[1],
    )


def _saddle(patterns: Patterns, hidden: int, saddle: Saddle, boundary: bool) -> CriticalSet:
    solution, width = saddle.solution, patterns.problem.width
    pairs = solution.support.pairs
    spare = hidden - len(pairs)
    idle = [face for face in solution.zeros if face < patterns.cells]
    felt = not pairs and _felt(patterns, idle)
    least = 1 if pairs or idle else spare
    rest = (spare - least) * (width + 1 if pairs else width)
    free = _parameters(patterns, hidden) - solution.rank
    return _row(
        patterns,
        solution,
        Sort.SADDLE if saddle.decided else Sort.MAYBE_SADDLE,
        boundary,
        dimension=len(pairs) * (width + 1) + least * (width - 1) + rest + int(patterns.problem.offset) - solution.rank,
        index=least,
        indices=(least, spare),
        nullity=None if felt else free - 2 * least,
        nullities=(free - 2 * spare, free - 2 * least),
        exact=not felt,
    )


def _row(
    patterns: Patterns,
    solution: Solution,
    sort: Sort,
    boundary: bool,
    *,
    dimension: int,
    index: int | None,
    indices: tuple[int, int] | None,
    nullity: int | None,
    nullities: tuple[int, int] | None,
    exact: bool,
) -> CriticalSet:
    """Return the row, without index and nullity where nothing was decided."""
    decided = sort in (Sort.MINIMUM, Sort.SADDLE)
    neurons = tuple((sign, patterns.signs[face].tobytes()) for face, sign in solution.support.pairs)
    return CriticalSet(
        value=loss_of(patterns.problem, solution.sse),
        kind=sort.kind,
        index=index if decided else None,
        nullity=nullity if decided else None,
        dimension=dimension,
        label="",
        evidence=evidence(patterns.problem, boundary, solution.margin),
        index_range=indices if decided else None,
        nullity_range=nullities if decided else None,
        ranges_exact=exact,
        key=Key(sort, neurons).packed(patterns.problem),
    )


def _parameters(patterns: Patterns, hidden: int) -> int:
    return hidden * (patterns.problem.width + 1) + int(patterns.problem.offset)


def _felt(patterns: Patterns, cells: Iterable[int]) -> bool:
    """Return whether a neuron of output weight 0 in one of these cells has outputs that are not 0 on all samples."""
    slope = patterns.problem.slope
    return any((patterns.signs[cell] > 0).any() or (slope != 0 and (patterns.signs[cell] < 0).any()) for cell in cells)
