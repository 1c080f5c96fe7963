"""Keys of critical sets of ReLU landscapes: what they are, and the faces and signs of the neurons of one of their supports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.relu._problem import Problem

__all__ = ["Key", "Sort", "face_words"]

_LONGEST = 16
"""Up to this many samples a label has a sign for each."""


class Sort(IntEnum):
    """What the points of a support are."""

    MINIMUM = 0
    SADDLE = 1
    MAYBE_MINIMUM = 2
    MAYBE_SADDLE = 3

    @property
    def kind(self) -> Kind:
        """What rows of this sort are, as long as no other is known."""
        return (Kind.LOCAL_MINIMUM, Kind.STRICT_SADDLE, Kind.UNDECIDED, Kind.UNDECIDED)[self]


@dataclass(frozen=True)
class Key:
    """A support by itself, so that it means the same however faces are numbered.

    ``neurons`` are the sign of the output weight and the signs of the samples, as bytes of int8, for each different pair.
    """

    sort: Sort
    neurons: tuple[tuple[int, bytes], ...]

    def packed(self, problem: Problem) -> bytes:
        """Return this as bytes: as many for every key of the same problem."""
        width = 1 + -(-problem.samples // 4)
        parts = [bytes([self.sort])]
        for sign, signs in self.neurons:
            codes = np.zeros(4 * (width - 1), dtype=np.uint8)
            codes[: problem.samples] = np.frombuffer(signs, dtype=np.int8) + 1
            quarters = codes.reshape(-1, 4)
            parts.append(
                bytes([sign + 2])
                + (quarters << np.array([0, 2, 4, 6], dtype=np.uint8)).sum(1).astype(np.uint8).tobytes()
            )
        return b"".join(parts).ljust(1 + problem.hidden * width, b"\0")

    @classmethod
    def of(cls, key: bytes, problem: Problem) -> Key:
        """Return what ``packed`` turned into ``key``; further bytes after it are ignored."""
        width = 1 + -(-problem.samples // 4)
        neurons = []
        for start in range(1, 1 + problem.hidden * width, width):
            if key[start]:
                quarters = np.frombuffer(key[start + 1 : start + width], dtype=np.uint8)
                codes = (quarters[:, None] >> np.array([0, 2, 4, 6], dtype=np.uint8)) & 3
                neurons.append((key[start] - 2, (codes.reshape(-1)[: problem.samples].astype(np.int8) - 1).tobytes()))
        return cls(Sort(key[0]), tuple(neurons))

    @property
    def label(self) -> str:
        """The neurons in signs, such as ``+[-0+] -[++-]``; ``v = 0`` where there are none."""
        return (
            " ".join(f"{'-0+'[sign + 1]}[{face_words(np.frombuffer(signs, np.int8))}]" for sign, signs in self.neurons)
            or "v = 0"
        )


def face_words(signs: Array) -> str:
    """Return the signs of a face, or how many samples are on and at a kink where there are many.

    >>> face_words(np.array([1, 0, -1])), face_words(np.array([1] * 20 + [0]))
    ('+0-', '20 of 21 on, 1 at 0')
    """
    if len(signs) <= _LONGEST:
        return "".join("-0+"[sign + 1] for sign in signs.tolist())
    zeros = int((signs == 0).sum())
    return f"{int((signs > 0).sum())} of {len(signs)} on{f', {zeros} at 0' if zeros else ''}"
