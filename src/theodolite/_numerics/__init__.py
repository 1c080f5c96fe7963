"""The floor of Theodolite: rationals, algebraic numbers, verified floats, rank decisions. Tolerances are born here only.

Nothing is imported until it is asked for: exact arithmetic loads python-flint, Jacobi singular values load SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "JacobiSVD": "_ranks",
    "RankDecision": "_ranks",
    "column_equilibrated": "_ranks",
    "decide_rank": "_ranks",
    "jacobi_singular_values": "_ranks",
    "numerical_rank": "_ranks",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
