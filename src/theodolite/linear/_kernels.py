"""The compiled list of families: a heap in arrays, 28 bytes a family, no Python object for any.

The order and the tree that is searched are those of ``_families.Plain``, the plain twin. Here a family is not a vector but
four integers (n, a, h, rest): the first n directions fill the eigenvalues 0..a greedily, eigenvalue a + 1 has h > 0
directions, and ``rest`` points to a chain of cells (eigenvalue, directions, next cell) for those after a + 1 (-1: none);
chains are shared between families. Eigenvalue k stands for "not taken at all", so that every family has equally many
directions. The root is (cap, k, 0, -1). Of the moves of one direction from eigenvalue l to l + 1 only three lead to children:
of the last direction of the greedy part; of the last of the eigenvalue before it, if that part ends within an eigenvalue; and
of the direction at a + 1 if it is the only one there.
"""

from typing import no_type_check

import numba
import numpy as np

__all__ = ["advance"]


@numba.njit(cache=True, nogil=True)
@no_type_check
def precedes(key, slot, other_key, other_slot, states, cells):
    """Whether one family comes before another: smaller sum, or equal sum and lexicographically larger vector."""
    if key != other_key:
        return key < other_key
    if states[slot, 0] != states[other_slot, 0]:
        return states[slot, 0] > states[other_slot, 0]
    if states[slot, 1] != states[other_slot, 1]:
        return states[slot, 1] < states[other_slot, 1]
    if states[slot, 2] != states[other_slot, 2]:
        return states[slot, 2] > states[other_slot, 2]
    cell, other = states[slot, 3], states[other_slot, 3]
    while cell != other:
        if cells[cell, 0] != cells[other, 0]:
            return cells[cell, 0] < cells[other, 0]
        if cells[cell, 1] != cells[other, 1]:
            return cells[cell, 1] > cells[other, 1]
        cell, other = cells[cell, 2], cells[other, 2]
    return False


@numba.njit(cache=True, nogil=True)
@no_type_check
def sink(keys, slots, size, states, cells):
    """Move the last entry of a heap of size + 1 to its top and down to its place; the top's slot becomes free."""
    free, key, slot = slots[0], keys[size], slots[size]
    hole, child = 0, 1
    while child < size:
        if child + 1 < size and precedes(keys[child + 1], slots[child + 1], keys[child], slots[child], states, cells):
            child += 1
        if precedes(key, slot, keys[child], slots[child], states, cells):
            break
        keys[hole], slots[hole] = keys[child], slots[child]
        hole, child = child, 2 * child + 1
    keys[hole], slots[hole] = key, slot
    slots[size] = free


@numba.njit(cache=True, nogil=True)
@no_type_check
def rise(keys, slots, size, key, states, cells):
    """Put the family in the first free slot, with this sum, into a heap of ``size``."""
    slot, hole = slots[size], size
    while hole > 0:
        parent = (hole - 1) // 2
        if not precedes(key, slot, keys[parent], slots[parent], states, cells):
            break
        keys[hole], slots[hole] = keys[parent], slots[parent]
        hole = parent
    keys[hole], slots[hole] = key, slot


@numba.njit(cache=True, nogil=True)
@no_type_check
def advance(rows, sums, multiplicities, gaps, keys, slots, states, cells, sizes):
    """Write the next families into ``rows`` and their sums into ``sums``; return how many there were.

    ``keys[:size]`` and ``slots[:size]`` are the heap, ``slots[size:]`` the free rows of ``states``; ``sizes`` holds the
    sizes of the heap and of ``cells``. There must be room for two more families and one more cell for each row asked for.
    """
    k = len(gaps)
    leaves = 1
    while leaves < k:
        leaves *= 2
    left_out = np.zeros(k, np.int64)
    tree = np.zeros(2 * leaves)
    for row in range(len(rows)):
        if sizes[0] == 0:
            return row
        n, a, h, rest = states[slots[0]]
        sums[row] = keys[0]
        sizes[0] -= 1
        sink(keys, slots, sizes[0], states, cells)

        last, part, remaining = 0, 0, n  # the greedy part ends at eigenvalue `last` with `part` directions
        rows[row] = 0
        for place in range(k + 1):
            if remaining == 0:
                break
            last, part = place, min(remaining, multiplicities[place])
            remaining -= part
            if place < k:
                rows[row, place] = part
        if a + 1 < k:
            rows[row, a + 1] = h
        cell = rest
        while cell >= 0:
            if cells[cell, 0] < k:
                rows[row, cells[cell, 0]] = cells[cell, 1]
            cell = cells[cell, 2]

        total = 0
        for place in range(k):
            total += multiplicities[place] - rows[row, place]
            left_out[place] = total
            tree[place] = total * gaps[place]
        start, half = 0, leaves // 2
        while half > 0:
            for i in range(half):
                tree[start + 2 * half + i] = tree[start + i] + tree[start + half + i]
            start, half = start + 2 * half, half // 2

        longer = rest  # the chain that begins with eigenvalue a + 1
        if h > 0 and n > 0 and (last < a or part < multiplicities[last]):
            longer = sizes[1]
            cells[longer, 0], cells[longer, 1], cells[longer, 2] = a + 1, h, rest
            sizes[1] += 1

        for move in range(3):
            slot = slots[sizes[0]]
            if move == 0:
                place = last
                if n == 0 or last == k or (last == a and h == multiplicities[a + 1]):
                    continue
                states[slot, 0], states[slot, 1] = n - 1, last
                if last == a:
                    states[slot, 2], states[slot, 3] = h + 1, rest
                else:
                    states[slot, 2], states[slot, 3] = 1, longer
            elif move == 1:
                place = last - 1
                if n == 0 or last == 0 or part == multiplicities[last]:
                    continue
                states[slot, 0], states[slot, 1] = n - part - 1, last - 1
                states[slot, 2], states[slot, 3] = part + 1, longer
            else:
                place = a + 1
                if h != 1 or place >= k:
                    continue
                follows = rest >= 0 and cells[rest, 0] == place + 1
                there = cells[rest, 1] if follows else 0
                if there == multiplicities[place + 1]:
                    continue
                states[slot, 0], states[slot, 1], states[slot, 2] = n, place, there + 1
                states[slot, 3] = cells[rest, 2] if follows else rest
            key = (left_out[place] + 1) * gaps[place]
            start, half = 0, leaves // 2
            while half > 0:
                key += tree[start + (place ^ half)]
                place &= half - 1
                start, half = start + 2 * half, half // 2
            rise(keys, slots, sizes[0], key, states, cells)
            sizes[0] += 1
    return len(rows)
