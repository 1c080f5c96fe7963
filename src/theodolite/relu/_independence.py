"""Which sets of faces have linearly independent columns, the column of an output bias included: decided modulo primes.

The columns of a set are integers. Their images under a random matrix, k rows for k columns, form a square matrix; a determinant
that is not 0 modulo a prime proves independence. Where it is 0 modulo two primes of 31 bits the columns are taken for dependent:
independent ones would look like that with a chance below 1e-17.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int64

from theodolite._typing import Array
from theodolite.relu._forms import Forms

__all__ = ["Independence"]

_PRIMES = (2**31 - 1, 2**31 - 19)
_BATCH = 2**14


@dataclass(frozen=True, eq=False)
class Independence:
    """Decides about sets of at most ``most`` faces."""

    forms: Forms
    most: int

    def of(self, sets: Int64[np.ndarray, "S m"]) -> Bool[np.ndarray, " S"]:
        """Return which of the sets, rows of face numbers, have independent columns."""
        found = np.zeros(len(sets), dtype=bool)
        widths = self.forms.patterns.dimensions[sets]
        kinds, of_kind = np.unique(widths, axis=0, return_inverse=True)
        for number, kind in enumerate(kinds.tolist()):
            places = np.flatnonzero(of_kind.reshape(-1) == number)
            for start in range(0, len(places), _BATCH):
                batch = places[start : start + _BATCH]
                for images, prime in zip(self._images, _PRIMES, strict=True):
                    batch = batch[~found[batch]]
                    found[batch] = self._regular(images, sets[batch], kind, prime)
        return found

    def _regular(self, images: Array, sets: Array, widths: list[int], prime: int) -> Array:
        """Return whether the leading minors of the images of sets of faces of these dimensions are not 0."""
        free = len(self.forms.constant)
        size = sum(widths) + free
        parts = [images[sets[:, j], :size, : widths[j]] for j in range(len(widths))]
        if free:
            parts.append(np.broadcast_to(images[-1, :size, :1], (len(sets), size, 1)))
        matrix = np.ascontiguousarray(np.moveaxis(np.concatenate(parts, axis=2), 0, -1))
        regular = np.ones(len(sets), dtype=bool)
        for k in range(size):
            pivot = matrix[k, k]
            regular &= pivot != 0
            rest = matrix[k + 1 :, k + 1 :]
            matrix[k + 1 :, k + 1 :] = (pivot * rest - matrix[k + 1 :, k, None] * matrix[k, None, k + 1 :]) % prime
        return regular

    @cached_property
    def _images(self) -> list[Array]:
        """The images of the columns of all faces modulo each prime, and last that of the output bias."""
        return [self._modulo(prime) for prime in _PRIMES]

    def _modulo(self, prime: int) -> Array:
        forms, found = self.forms, self.forms.patterns
        width = max(1, found.problem.width)
        size = self.most * width + len(forms.constant)
        random = np.random.default_rng(prime).integers(1, prime, size=(size, len(forms.targets)))
        images = np.zeros((len(found) + 1, size, width), dtype=np.int64)
        flats: dict[int, Array] = {}
        for face in range(len(found)):
            flat = int(found.flats[face])
            if flat not in flats:
                flats[flat] = np.array(
                    [[entry % prime for entry in column] for column in forms.images(face)], dtype=np.int64
                ).reshape(-1, len(forms.targets))
            weights = np.array([weight % prime for weight in forms.weights(face)], dtype=np.int64)
            turned = random * weights % prime
            columns = flats[flat]
            images[face, :, : len(columns)] = (turned[:, None, :] * columns % prime).sum(axis=2) % prime
        images[-1, :, 0] = random.sum(axis=1) % prime
        return images
