"""The compiled sweep over sets of patterns: one small least squares problem each, a strip of sets at a time.

A set is m patterns in increasing order. Patterns are eliminated one after the other, as in Cholesky's method: what is left of
the products of all later ones is computed once for all sets that start alike. The last pattern runs over strips of lanes, whose
numbers lie side by side so that the compiler makes vectors of them; of a strip only two bits for each set are kept (``_strip``).
``make_sweep`` freezes m, the number of coordinates d of a pattern and the number of facets tested, so that all small
loops have known lengths. Small scratch lies on the stack: arrays made by NumPy cost a factor of five. ``_twin`` says the same
slowly.

Helpers are compiled into their callers, and editing one of them does not renew what numba has cached of ``make_sweep``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, no_type_check

from numba import njit
from numba.np.numpy_support import carray

from theodolite.relu._judge import in_order, judge, put
from theodolite.relu._products import next_sums
from theodolite.relu._stack import stack
from theodolite.relu._strip import (
    CALLED,
    DOUBTFUL_FROM,
    LANES,
    factor_pattern,
    left_of_pairs,
    left_over,
    lowest_bit,
    strip_bits,
)

__all__ = ["make_sweep"]


@cache
def make_sweep(m: int, d: int, facets: int, stepping: bool) -> Callable[..., Any]:
    """Return the sweep over sets of m patterns of d coordinates that tests ``facets`` rows of the last one (0: none of any).

    It takes, for K patterns in strips of ``LANES``, which end at L,

    - ``products`` (K', d, d, L): of the columns of patterns ``offset``, ... with those of all patterns. Where it is
      ``stepping``, which is for pairs only, they are made as they are needed, from ``steps``, in ``sums``;
      ``grams`` (d, d, L): of each pattern with itself; ``moments`` (d, L): of each with the target, which has norm
      1 like the columns. What is beyond the last pattern is the unit matrix, zero and zero;
    - ``tests`` (facets, d, L): rows that points in the cone of a pattern are positive on; ``rows``, ``first``: all of them;
    - ``tables`` (m - 3, K, d, d, L), ``gone`` and ``owns`` (m - 2, d, d, L), ``rights`` (m - 2, d, L): room for what is left of
      products, for rows of the factor, and for what is left of ``grams`` and ``moments``, after the first, second, ... pattern;
    - ``chosen`` (max(1, m - 1),): the first m - 1 patterns to begin with; ``stop``: where the first ends;
    - ``faces``: the names of all patterns; ``names`` (m - 1,): room for some;
    - ``below``: only sets whose sum of squares may be below it are returned;
    - ``sets``, ``values``, ``doubtful``: where to put sets that may have every block of the solution in its cone or the opposite
      one, their sums of squares, and sets that this arithmetic is not good enough for; room for K more of each at least.

    It returns how many sets and doubtful sets there are. Where ``chosen[0]`` is not ``stop`` then, the room did not suffice, and
    another call with ``chosen`` as it is goes on.
    """
    p, final = max(1, m - 1), m - 2
    square, size_factors, size_vectors, size_solution = d * d, p * d * d, p * d, m * d

    @njit(**CALLED)
    @no_type_check
    def sweep(
        products,
        offset,
        steps,
        sums,
        grams,
        moments,
        tests,
        rows,
        first,
        tables,
        gone,
        owns,
        rights,
        chosen,
        stop,
        names,
        faces,
        below,
        sets,
        values,
        doubtful,
    ):
        factor = carray(stack(size_factors), (p, d, d))
        inverse = carray(stack(size_vectors), (p, d))
        project = carray(stack(size_vectors), (p, d))
        solution = carray(stack(size_solution), (m, d))
        least_at = carray(stack(p), (p,))
        rest_at = carray(stack(p), (p,))
        mine = carray(stack(square), (d, d))
        cross = carray(stack(square), (d, d))
        schur = carray(stack(square), (d, d))
        rest = carray(stack(d), (d,))
        # The scratch above stays in registers, because no other function sees it.
        cross_of_one = carray(stack(square), (d, d))
        schur_of_one = carray(stack(square), (d, d))
        rest_of_one = carray(stack(d), (d,))
        sizes = carray(stack(d), (d,))
        means = carray(stack(d), (d,))
        scales, shifts = steps[3], steps[4]
        count = len(faces)
        found = 0
        doubts = 0
        level = 0
        begun = m > 1 and stepping
        while True:
            if m > 1 and chosen[level] >= (stop if level == 0 else count - (m - 1 - level)):
                if level == 0:
                    break
                level -= 1
                chosen[level] += 1
                for later in range(level + 1, m - 1):
                    chosen[later] = chosen[later - 1] + 1
                continue
            new = chosen[level]
            before = 1.0 if level == 0 else least_at[level - 1]
            left = 1.0 if level == 0 else rest_at[level - 1]
            own = grams if level == 0 else owns[level - 1]
            right = moments if level == 0 else rights[level - 1]
            if m > 1:
                if before > 0.0:
                    before, left = factor_pattern(
                        d, own, right, new, factor[level], inverse[level], project[level], before, left
                    )
                least_at[level] = before
                rest_at[level] = left
            if level < final:
                if before > 0.0:
                    start = (new + 1) // LANES * LANES
                    line = products[new - offset] if level == 0 else tables[level - 1, new]
                    left_over(
                        d,
                        line,
                        start,
                        own,
                        right,
                        factor[level],
                        inverse[level],
                        project[level],
                        gone[level],
                        owns[level],
                        rights[level],
                    )
                    if level < m - 3:
                        for other in range(new + 1, count - 1):
                            line = products[other - offset] if level == 0 else tables[level - 1, other]
                            left_of_pairs(
                                d,
                                line,
                                (other + 1) // LANES * LANES,
                                gone[level],
                                gone[level, :, :, other],
                                tables[level, other],
                            )
                level += 1
                continue
            begin = new + 1 if m > 1 else 0
            room = count - begin
            if found + room > len(sets) or doubts + room > len(doubtful):
                break
            if m == 2 and stepping:
                next_sums(steps, new, begun, begin // LANES * LANES, sums)
                begun = False
                for k in range(d):
                    sizes[k], means[k] = scales[k, new], shifts[k, new]
            if before == 0.0:  # no set that starts like this is any better
                in_order(faces, chosen, names)
                for last in range(begin, count):
                    put(m, names, faces[last], doubtful[doubts])
                    doubts += 1
                chosen[level] += 1
                continue
            at = max(level, 0)
            if m > 2:
                for i in range(d):
                    for t in range(d):
                        mine[i, t] = gone[m - 3, i, t, new]
                line = products[new - offset] if m == 3 else tables[m - 4, new]
            else:
                line = sums if stepping else products[0 if m == 1 else new - offset]
            ordered = False
            for base in range(begin // LANES * LANES, count, LANES):
                bits = strip_bits(
                    m,
                    d,
                    facets,
                    stepping,
                    base,
                    line,
                    scales,
                    shifts,
                    sizes,
                    means,
                    own,
                    right,
                    gone[max(0, m - 3)],
                    mine,
                    factor[at],
                    inverse[at],
                    project[at],
                    tests,
                    left - below,
                    1.0 / before,
                    cross,
                    schur,
                    rest,
                )
                if bits != 0 and not ordered:
                    in_order(faces, chosen, names)
                    ordered = True
                while bits != 0:
                    bit = lowest_bit(bits)
                    bits &= bits - 1
                    lane = bit % DOUBTFUL_FROM
                    last = base + lane
                    if last < begin or last >= count:
                        continue
                    if bit >= DOUBTFUL_FROM:
                        put(m, names, faces[last], doubtful[doubts])
                        doubts += 1
                        continue
                    kept, value = judge(
                        m,
                        d,
                        facets > 0,
                        stepping,
                        last,
                        line,
                        scales,
                        shifts,
                        sizes,
                        means,
                        chosen,
                        own,
                        right,
                        gone,
                        mine,
                        factor,
                        inverse,
                        project,
                        rows,
                        first,
                        left,
                        before,
                        cross_of_one,
                        schur_of_one,
                        rest_of_one,
                        solution,
                    )
                    if kept:
                        put(m, names, faces[last], sets[found])
                        values[found] = value
                        found += 1
            if m == 1:
                chosen[0] = stop
                break
            chosen[level] += 1
        return found, doubts

    compiled: Callable[..., Any] = sweep
    return compiled
