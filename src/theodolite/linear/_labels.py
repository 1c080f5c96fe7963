"""The labels of many selections at once: each is put together from a few words for each eigenvalue."""

from __future__ import annotations

import numpy as np

from theodolite._texts import Texts
from theodolite._typing import Array
from theodolite.linear._sets import selection_label

__all__ = ["selection_labels"]

_ROWS = 2**15
"""So many selections are put together at a time, which bounds the memory."""

_SHORT = 4
"""Runs up to this length are spelt out, as ``selection_label`` does."""


def selection_labels(taken: Array) -> Texts:
    """Return the labels of the rows of ``taken``, equal to ``selection_label`` of each.

    >>> list(selection_labels(np.array([[1, 0, 2], [0, 0, 0], [1, 1, 0]])))
    ['{1, 3²}', '∅', '{1, 2}']
    """
    words = _Words(taken.shape[1], int(taken.max(initial=0)))
    parts = [words.join(taken[start : start + _ROWS]) for start in range(0, len(taken), _ROWS)]
    if not parts:
        return Texts.of(())
    shifts = np.cumsum([0, *(len(part.letters) for part in parts[:-1])])
    ends = [part.ends + shift for part, shift in zip(parts, shifts, strict=True)]
    return Texts(np.concatenate([part.letters for part in parts]), np.concatenate(ends))


class _Words:
    """The words that labels consist of: each eigenvalue with each count, alone, after a comma, and after a dash."""

    def __init__(self, columns: int, most: int) -> None:
        self._columns, self._most = columns, most
        alone = [[_inside(column, count) for count in range(1, most + 1)] for column in range(columns)]
        flat = [word for words in alone for word in words]
        groups = (flat, [f", {word}" for word in flat], [f"–{word}" for word in flat], ["{", "}", "∅"])
        self._texts = Texts.of(word for group in groups for word in group)

    def join(self, taken: Array) -> Texts:
        """Return the labels of these rows."""
        rows, width, size = len(taken), taken.shape[1], self._columns * self._most
        kept = taken > 0
        single = taken == 1
        place = np.arange(width)
        # Where the run of single ones that a cell is in begins, and where it ends.
        first = np.where(single & ~_moved(single, 1), place, 0)
        first = np.maximum.accumulate(first, axis=1)
        last = np.where(single & ~_moved(single, -1), place, width)
        last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
        long = single & (last - first >= _SHORT)
        shown = kept & ~(long & (place > first) & (place < last))
        opening = shown & (np.cumsum(shown, axis=1) == 1)
        form = np.where(long & (place == last), 2, np.where(opening, 0, 1))
        cells = form * size + place * self._most + np.maximum(taken, 1) - 1
        empty = ~kept.any(axis=1)
        words = np.empty((rows, width + 2), dtype=np.int64)
        words[:, 0] = np.where(empty, 3 * size + 2, 3 * size)
        words[:, 1:-1] = cells
        words[:, -1] = 3 * size + 1
        used = np.ones((rows, width + 2), dtype=bool)
        used[:, 1:-1] = shown
        used[:, -1] = ~empty
        texts = self._texts.take(words[used])
        return Texts(texts.letters, texts.ends[np.cumsum(used.sum(axis=1)) - 1])


def _moved(flags: Array, by: int) -> Array:
    """Return the flags of the neighbours to the left (1) or to the right (-1)."""
    out = np.zeros_like(flags)
    if by > 0:
        out[:, 1:] = flags[:, :-1]
    else:
        out[:, :-1] = flags[:, 1:]
    return out


def _inside(column: int, count: int) -> str:
    """Return what ``selection_label`` writes for one eigenvalue, without the braces."""
    return selection_label([0] * column + [count])[1:-1]
