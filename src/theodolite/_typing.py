"""The few types that every file shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat, TypeAlias

import numpy as np
from jaxtyping import Float, Shaped

__all__ = [
    "Array",
    "Batches",
    "Biased",
    "Integer",
    "Matrix",
    "Number",
    "Option",
    "Parameters",
    "ParametersLike",
    "Real",
    "Seed",
    "Vector",
    "Widths",
]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Vector: TypeAlias = Float[np.ndarray, " _"]
Matrix: TypeAlias = Float[np.ndarray, "_ _"]

Parameters: TypeAlias = tuple[Shaped[np.ndarray, "..."], ...]
"""One array per entry of ``parameter_shapes``: float64, or objects that are all ``Fraction``."""

Real: TypeAlias = SupportsFloat
"""A float, a ``Fraction``, or an algebraic number: ``float(x)`` always works."""

if TYPE_CHECKING:
    Batches: TypeAlias = Iterable[Any]
    Biased: TypeAlias = bool | str | tuple[int, ...]
    Integer: TypeAlias = int | np.integer[Any]
    Number: TypeAlias = float
    Option: TypeAlias = str
    ParametersLike: TypeAlias = Sequence[Any]
    Seed: TypeAlias = int | np.integer[Any] | np.random.Generator
    Widths: TypeAlias = int | tuple[int, ...]
else:  # arguments of users, which are checked by hand so that what does not fit gets one of our own errors
    Batches = Biased = Integer = Number = Option = ParametersLike = Seed = Widths = Any
