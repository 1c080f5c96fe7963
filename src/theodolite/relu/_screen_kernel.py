"""The inner loop of the screen: one least squares fit and its tests for each set of faces, compiled."""

from typing import no_type_check

import numba
import numpy as np

__all__ = ["screen"]


@numba.njit(cache=True, nogil=True)
@no_type_check
def screen(
    sets,
    columns,
    ranks,
    clear,
    tests,
    test_places,
    slopes,
    slope_places,
    targets,
    constant,
    hidden,
    independent,
    dependent,
    margin,
    kept,
):
    """Set ``kept`` where a set of faces cannot be ruled out.

    ``columns`` (F, width, n) are orthonormal for each face, ``ranks`` how many there are; ``clear`` is 0 where coefficients of
    them tell the weights, 1 where they only tell the fit, 2 where not even that. ``tests`` are rows for coefficients and
    ``slopes`` rows for residuals, those of face a from place a to place a + 1. The residual and all rows have length at most 1.
    """
    size, n = sets.shape[1], targets.shape[0]
    width = columns.shape[1]
    basis = np.empty((size * width + 1, n))
    triangle = np.zeros((size * width + 1, size * width + 1))
    along = np.empty(size * width + 1)
    residual = np.empty(n)
    allowed = np.empty(size, dtype=np.int64)
    for at in range(sets.shape[0]):
        count = 0
        if constant:
            for i in range(n):
                basis[0, i] = 1 / np.sqrt(n)
            count = 1
        trusted, full = True, True
        for k in range(size):
            face = sets[at, k]
            if clear[face] == 2:
                trusted = False
                break
            if clear[face] == 1:
                full = False
            for c in range(ranks[face]):
                for i in range(n):
                    basis[count, i] = columns[face, c, i]
                for b in range(count):
                    triangle[b, count] = 0.0
                for _ in range(2):
                    for b in range(count):
                        part = 0.0
                        for i in range(n):
                            part += basis[b, i] * basis[count, i]
                        triangle[b, count] += part
                        for i in range(n):
                            basis[count, i] -= part * basis[b, i]
                length = 0.0
                for i in range(n):
                    length += basis[count, i] ** 2
                length = np.sqrt(length)
                if length < dependent:
                    full = False
                elif length < independent:
                    trusted = False
                else:
                    for i in range(n):
                        basis[count, i] /= length
                    triangle[count, count] = length
                    count += 1
            if not trusted:
                break
        if not trusted:
            kept[at] = True
            continue
        for i in range(n):
            residual[i] = targets[i]
        for b in range(count):
            part = 0.0
            for i in range(n):
                part += basis[b, i] * residual[i]
            along[b] = part
            for i in range(n):
                residual[i] -= part * basis[b, i]
        # The residual is minus what is left of the targets: slopes have the other sign below.
        possible = True
        for k in range(size):
            face = sets[at, k]
            up, down = False, False
            for row in range(slope_places[face], slope_places[face + 1]):
                value = 0.0
                for i in range(n):
                    value -= slopes[row, i] * residual[i]
                up = up or value > margin
                down = down or value < -margin
                if up and down:
                    break
            if up and down:
                possible = False
                break
            allowed[k] = (0 if down else 1) + (0 if up else 2)
        if not possible:
            continue
        if not full:
            kept[at] = True
            continue
        largest = 0.0
        for b in range(count - 1, -1, -1):
            for c in range(b + 1, count):
                along[b] -= triangle[b, c] * along[c]
            along[b] /= triangle[b, b] if not (constant and b == 0) else 1.0
            largest = max(largest, abs(along[b]))
        place = 1 if constant else 0
        doubled = 0
        for k in range(size):
            face = sets[at, k]
            up, down = False, False
            for row in range(test_places[face], test_places[face + 1]):
                value = 0.0
                for c in range(ranks[face]):
                    value += tests[row, c] * along[place + c]
                up = up or value > margin * largest
                down = down or value < -margin * largest
                if up and down:
                    break
            place += ranks[face]
            fits = (0 if down else 1) + (0 if up else 2)
            if not (fits & allowed[k]):
                if allowed[k] != 3:
                    possible = False
                    break
                doubled += 1
        kept[at] = possible and doubled + size <= hidden
