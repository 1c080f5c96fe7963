"""Many short texts as one block of bytes: a million labels cost what their letters cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from theodolite._typing import Array

__all__ = ["Texts"]


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts in UTF-8, one after the other; text i ends before byte ``ends[i]`` of ``letters``.

    >>> names = Texts.of(["{1}", "∅"])
    >>> len(names), names[1], names.ends.tolist()
    (2, '∅', [3, 6])
    """

    letters: UInt8[np.ndarray, " bytes"]
    ends: Int64[np.ndarray, " texts"]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Pack ``texts``."""
        block, ends = bytearray(), []
        for text in texts:
            block += text.encode()
            ends.append(len(block))
        return cls(np.frombuffer(bytes(block), dtype=np.uint8), np.array(ends, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i: int) -> str:
        start = self.ends[i - 1] if i else 0
        return self.letters[start : self.ends[i]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def take(self, rows: Array | slice) -> Texts:
        """Return the texts named by an index array, a mask or a slice."""
        starts = np.concatenate([[0], self.ends]).astype(np.int64)[:-1][rows]
        lengths = self.ends[rows] - starts
        ends = np.cumsum(lengths)
        places = np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
        return Texts(self.letters[places], ends)
