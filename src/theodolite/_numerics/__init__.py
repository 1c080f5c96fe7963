"""The floor of Theodolite: rationals, algebraic numbers, verified floats, rank decisions. Tolerances are born here only.

Nothing is imported until it is asked for: exact arithmetic loads python-flint, Jacobi singular values load SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "_ranks": (
        "JacobiSVD",
        "RankDecision",
        "column_equilibrated",
        "decide_rank",
        "jacobi_singular_values",
        "numerical_rank",
    ),
    "_rationals": (
        "as_fractions",
        "as_integers",
        "column_profile",
        "exact_inverse",
        "exact_nullspace",
        "exact_product",
        "exact_projector",
        "exact_pseudo_inverse",
        "exact_rank",
        "exact_row_space",
        "exact_solve",
        "from_flint",
        "to_flint",
        "to_floats",
    ),
    "_inertia": ("Inertia", "exact_inertia"),
    "_algebraic": ("AlgebraicNumber", "eigenvalues", "real_roots"),
    "_eigenspaces": ("spectrum_on",),
    "_balls": ("enclose_eigenvalues", "enclose_product", "enclose_singular_values", "verified_rank"),
    "_sums": ("AlgebraicSum", "UndecidedError"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
