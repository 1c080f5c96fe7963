"""Sorts cells by their words."""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._words import kernel

__all__ = ["sort_words"]


@kernel
@no_type_check
def _sort_ties(words, order):
    """Sort ``order``, in which the first words ascend, by the rows of ``words`` that it names."""
    n, width = words.shape
    stack = np.empty((64 * width + 64, 3), dtype=np.int64)
    start = 0
    for i in range(1, n + 1):
        if i == n or words[order[i], 0] != words[order[start], 0]:
            if i - start > 1:
                _sort_part(words, order, start, i, stack)
            start = i


@kernel
@no_type_check
def _sort_part(words, order, start, stop, stack):
    """Sort a part of ``order`` by all words but the first: quicksort in three parts, one word after the other."""
    width = words.shape[1]
    stack[0, 0], stack[0, 1], stack[0, 2] = start, stop, 1
    depth = 1
    while depth:
        depth -= 1
        low, high, word = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        while high - low > 1 and word < width:
            if high - low < 12:
                for i in range(low + 1, high):
                    item = order[i]
                    j = i
                    while j > low and _below(words, item, order[j - 1], word):
                        order[j] = order[j - 1]
                        j -= 1
                    order[j] = item
                break
            a, b, c = words[order[low], word], words[order[(low + high) // 2], word], words[order[high - 1], word]
            pivot = max(min(a, b), min(max(a, b), c))
            under, i, over = low, low, high
            while i < over:
                value = words[order[i], word]
                if value < pivot:
                    order[i], order[under] = order[under], order[i]
                    under += 1
                    i += 1
                elif value > pivot:
                    over -= 1
                    order[i], order[over] = order[over], order[i]
                else:
                    i += 1
            # Go on with the smallest part last, so that the stack stays short: put the two others on it.
            stack[depth, 0], stack[depth, 1], stack[depth, 2] = under, over, word + 1
            if under - low < high - over:
                stack[depth + 1, 0], stack[depth + 1, 1], stack[depth + 1, 2] = over, high, word
                high = under
            else:
                stack[depth + 1, 0], stack[depth + 1, 1], stack[depth + 1, 2] = low, under, word
                low = over
            depth += 2


@kernel
@no_type_check
def _below(words, one, two, word):
    for w in range(word, words.shape[1]):
        if words[one, w] != words[two, w]:
            return words[one, w] < words[two, w]
    return False


def sort_words(words: Array) -> Array:
    """Return the rows of ``words`` (cells, width) in increasing order."""
    if words.shape[1] == 1:
        return np.sort(words, axis=0)
    order = np.argsort(words[:, 0])
    _sort_ties(words, order)
    return np.asarray(words[order])
