"""From words over the hyperplanes searched to words over the rows given, and back from a sign vector to its place in
the list."""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._reduce import Arrangement
from theodolite.arrangement._rows import FEW
from theodolite.arrangement._words import bit, kernel, mask_of_first, words_for

__all__ = [
    "across",
    "expand",
    "expand_all",
    "fill_opposites",
    "key_rows",
    "locate",
    "over_given_rows",
    "packed_signs",
    "unpack",
]


def expand(arrangement: Arrangement, words: Array, *, opposite: bool = False) -> Array:
    """Return the words over the given rows of cells given over the hyperplanes.

    With ``opposite``, of the cells on the other side of the origin: in reverse order, so that they stay sorted.
    """
    out = np.empty((len(words), words_for(len(arrangement.place))), dtype=np.uint64)
    if opposite:
        _mirror(expand(arrangement, words), _given_mask(arrangement), out)
    else:
        _expand_into(arrangement, words, out)
    return out


def expand_all(arrangement: Arrangement, blocks: list[Array]) -> Array:
    """Return the words over the given rows of all cells: those of the ``blocks``, and of a central arrangement their
    opposites before them."""
    half = sum(map(len, blocks))
    at = half if arrangement.central else 0
    out = np.empty((half + at, words_for(len(arrangement.place))), dtype=np.uint64)
    for block in blocks:
        _expand_into(arrangement, block, out[at : at + len(block)])
        at += len(block)
    if arrangement.central:
        fill_opposites(arrangement, out, 0, half)
    return out


def fill_opposites(arrangement: Arrangement, out: Array, start: int, stop: int) -> None:
    """Write to the first half of ``out`` the opposites of the cells ``start`` to ``stop`` of its second half."""
    half = len(out) // 2
    _mirror(out[half + start : half + stop], _given_mask(arrangement), out[half - stop : half - start])


def _expand_into(arrangement: Arrangement, words: Array, out: Array) -> None:
    if arrangement.direct:
        out[:] = words
    elif not arrangement.central and _shifted(arrangement):
        _shift(words, mask_of_first(len(arrangement.place)), out)
    else:
        _gather(words, arrangement.place, arrangement.turn, out)


def _given_mask(arrangement: Arrangement) -> Array:
    """Return the mask of the given rows that are not zero."""
    if arrangement.direct:
        return mask_of_first(len(arrangement.place))
    mask: Array = packed_signs(np.abs(arrangement.turn)[None])[0]
    return mask


def _shifted(arrangement: Arrangement) -> bool:
    """Whether hyperplane i + 1 is given row i: the usual affine arrangement."""
    n = len(arrangement.place)
    return bool(np.all(arrangement.turn == 1)) and bool(np.all(arrangement.place == np.arange(1, n + 1)))


@kernel
@no_type_check
def _mirror(words, rows, out):
    n, width = words.shape
    for i in range(n):
        for w in range(width):
            out[n - 1 - i, w] = ~words[i, w] & rows[w]


@kernel
@no_type_check
def _shift(words, rows, out):
    for i in range(words.shape[0]):
        for w in range(out.shape[1]):
            word = words[i, w] << np.uint64(1)
            if w + 1 < words.shape[1]:
                word |= words[i, w + 1] >> np.uint64(63)
            out[i, w] = word & rows[w]


@kernel
@no_type_check
def _gather(words, place, turn, out):
    """Move bits by tables: for each four hyperplanes and each of their 16 signs, the bits of the given rows on them."""
    n, width = words.shape
    table = np.zeros((16 * width, 16, out.shape[1]), dtype=np.uint64)
    flip = np.zeros(out.shape[1], dtype=np.uint64)
    last = 0
    for row in range(place.shape[0]):
        if turn[row] == 0:
            continue
        block, spot = place[row] // 4, 3 - place[row] % 4
        last = max(last, block + 1)
        for value in range(16):
            if (value >> spot) & 1:
                table[block, value, row // 64] |= bit(row)
        if turn[row] < 0:
            flip[row // 64] |= bit(row)
    for i in range(n):
        for w in range(out.shape[1]):
            out[i, w] = flip[w]
        for block in range(last):
            value = (words[i, block // 16] >> np.uint64(60 - 4 * (block % 16))) & np.uint64(15)
            for w in range(out.shape[1]):
                out[i, w] ^= table[block, value, w]


def unpack(words: Array, turn: Array) -> Array:
    """Return the signs that ``words`` hold, int8 (cells, rows); rows with ``turn`` 0 get sign 0."""
    octets = np.ascontiguousarray(words, dtype=">u8").view(np.uint8)
    signs = np.unpackbits(octets, axis=1, count=len(turn)).view(np.int8)
    signs *= 2
    signs -= 1
    if not np.all(turn):
        signs[:, turn == 0] = 0
    return signs


def packed_signs(signs: Array) -> Array:
    """Return the words of signs (cells, rows)."""
    octets = np.zeros((len(signs), 8 * words_for(signs.shape[1])), dtype=np.uint8)
    bits = np.packbits(signs > 0, axis=1)
    octets[:, : bits.shape[1]] = bits
    return octets.view(">u8").astype(np.uint64)


def over_given_rows(arrangement: Arrangement, sides: Array) -> Array:
    """Return the signs over the given rows, int8 (cells, rows), from those over the hyperplanes."""
    present = arrangement.place >= 0
    out = np.zeros((len(sides), len(present)), dtype=np.int8)
    out[:, present] = sides[:, arrangement.place[present]] * arrangement.turn[present]
    return out


def key_rows(arrangement: Arrangement) -> tuple[Array, Array]:
    """Return given rows, one for each hyperplane in the order by which cells are sorted, and their directions."""
    first = np.full(len(arrangement.rows), -1, dtype=np.int64)
    for row in range(len(arrangement.place) - 1, -1, -1):
        if arrangement.place[row] >= 0:
            first[arrangement.place[row]] = row
    first = first[first >= 0]  # the hyperplane at infinity need not be among the given rows
    return first, arrangement.turn[first]


def locate(packed: Array, rows: Array, turn: Array, wanted: Array) -> int:
    """Return the place of the sign vector ``wanted`` (words) among the sorted cells, or -1."""
    if len(packed) > FEW:
        return int(_bisect(packed, rows, turn, wanted))
    places = np.flatnonzero(np.all(packed == wanted, axis=1))
    return int(places[0]) if len(places) else -1


def across(packed: Array, rows: Array, turn: Array, wanted: Array, lines: Array, members: Array) -> Array:
    """Return the cell beyond each hyperplane from the cell with words ``wanted``, or -1 where there is none.

    The given rows on hyperplane k are ``members[lines[k] : lines[k + 1]]``.
    """
    out = np.full(len(lines) - 1, -1, dtype=np.int64)
    if len(packed) > FEW:
        _bisect_across(packed, rows, turn, wanted.copy(), lines, members, out)
        return out
    for k in range(len(out)):
        on_it = np.zeros(len(packed[0]) * 64, dtype=np.int8)
        on_it[members[lines[k] : lines[k + 1]]] = 1
        if np.any(on_it):
            out[k] = locate(packed, rows, turn, wanted ^ packed_signs(on_it[None])[0])
    return out


@kernel
@no_type_check
def _bisect(packed, rows, turn, wanted):
    """Return the place of the sign vector ``wanted`` (words) among the sorted cells, or -1.

    Compares bit by bit in the order of ``rows``, turned where ``turn`` is negative.
    """
    low, high = 0, packed.shape[0]
    while low < high:
        middle = (low + high) // 2
        order = 0
        for k in range(rows.shape[0]):
            word, mask = rows[k] // 64, bit(rows[k])
            here = packed[middle, word] & mask
            there = wanted[word] & mask
            if here != there:
                order = 1 if (there != 0) == (turn[k] > 0) else -1
                break
        if order == 0:
            return middle
        if order > 0:
            low = middle + 1
        else:
            high = middle
    return -1


@kernel
@no_type_check
def _bisect_across(packed, rows, turn, wanted, lines, members, out):
    """Fill ``out`` as ``across`` says; ``wanted`` is changed on the way and is at the end what it was."""
    for k in range(lines.shape[0] - 1):
        for i in range(lines[k], lines[k + 1]):
            wanted[members[i] // 64] ^= bit(members[i])
        out[k] = _bisect(packed, rows, turn, wanted) if lines[k] < lines[k + 1] else -1
        for i in range(lines[k], lines[k + 1]):
            wanted[members[i] // 64] ^= bit(members[i])
