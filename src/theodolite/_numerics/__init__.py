"""The floor of Theodolite: rationals, algebraic numbers, verified floats, rank decisions. Tolerances are born here only.

Nothing is imported until it is asked for: exact arithmetic loads python-flint, Jacobi singular values load SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers, which do not run __getattr__
    from theodolite._numerics._algebraic import AlgebraicNumber, eigenvalues, real_roots
    from theodolite._numerics._balls import enclose_eigenvalues, enclose_product, enclose_singular_values, verified_rank
    from theodolite._numerics._eigenspaces import spectrum_on
    from theodolite._numerics._enclosures import distinct_eigenvalue_count, enclose_rational_eigenvalues
    from theodolite._numerics._inertia import Inertia, exact_inertia
    from theodolite._numerics._ranks import (
        JacobiSVD,
        RankDecision,
        column_equilibrated,
        decide_rank,
        jacobi_singular_values,
        numerical_rank,
    )
    from theodolite._numerics._rationals import (
        as_fractions,
        as_integers,
        column_profile,
        exact_inverse,
        exact_nullspace,
        exact_product,
        exact_projector,
        exact_pseudo_inverse,
        exact_rank,
        exact_row_space,
        exact_solve,
        from_flint,
        to_flint,
        to_floats,
    )
    from theodolite._numerics._sums import AlgebraicSum, UndecidedError

__all__ = [
    "AlgebraicNumber",
    "AlgebraicSum",
    "Inertia",
    "JacobiSVD",
    "RankDecision",
    "UndecidedError",
    "as_fractions",
    "as_integers",
    "column_equilibrated",
    "column_profile",
    "decide_rank",
    "distinct_eigenvalue_count",
    "eigenvalues",
    "enclose_eigenvalues",
    "enclose_product",
    "enclose_rational_eigenvalues",
    "enclose_singular_values",
    "exact_inertia",
    "exact_inverse",
    "exact_nullspace",
    "exact_product",
    "exact_projector",
    "exact_pseudo_inverse",
    "exact_rank",
    "exact_row_space",
    "exact_solve",
    "from_flint",
    "jacobi_singular_values",
    "numerical_rank",
    "real_roots",
    "spectrum_on",
    "to_flint",
    "to_floats",
    "verified_rank",
]

_NAMES = {
    "_algebraic": "AlgebraicNumber eigenvalues real_roots",
    "_balls": "enclose_eigenvalues enclose_product enclose_singular_values verified_rank",
    "_eigenspaces": "spectrum_on",
    "_enclosures": "distinct_eigenvalue_count enclose_rational_eigenvalues",
    "_inertia": "Inertia exact_inertia",
    "_ranks": "JacobiSVD RankDecision column_equilibrated decide_rank jacobi_singular_values numerical_rank",
    "_rationals": "as_fractions as_integers column_profile exact_inverse exact_nullspace exact_product exact_projector "
    "exact_pseudo_inverse exact_rank exact_row_space exact_solve from_flint to_flint to_floats",
    "_sums": "AlgebraicSum UndecidedError",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
