"""The few types that every file shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat, TypeAlias

import numpy as np
from jaxtyping import Float, Shaped

__all__ = ["Array", "Matrix", "Parameters", "ParametersLike", "Real", "Seed", "Vector"]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Vector: TypeAlias = Float[np.ndarray, " _"]
Matrix: TypeAlias = Float[np.ndarray, "_ _"]

Parameters: TypeAlias = tuple[Shaped[np.ndarray, "..."], ...]
"""One array per entry of ``parameter_shapes``: float64, or objects that are all ``Fraction``."""

ParametersLike: TypeAlias = Sequence[Any]
"""What users may pass as parameters: any sequence of array-likes of the right sizes."""

Real: TypeAlias = SupportsFloat
"""A float, a ``Fraction``, or an algebraic number: ``float(x)`` always works."""

Seed: TypeAlias = int | np.integer[Any] | np.random.Generator
