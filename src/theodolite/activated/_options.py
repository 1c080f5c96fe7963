"""The options and data of an activated landscape, checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from theodolite._arrays import as_matrix
from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite._numerics import RankDecision, numerical_rank
from theodolite.dominance import ActivatedModel, activation_named

__all__ = ["Setting", "check_setting"]

_KINDS = ("leaky_relu", "tanh", "sigmoid")
_REDUCTIONS = ("half_sum", "sum", "mean")


@dataclass(frozen=True, eq=False)
class Setting:
    """Model, width, loss and the rank of the samples: ``factor * ||s(X W1^T) W2^T - Y||^2``."""

    model: ActivatedModel
    hidden: int
    reduction: str
    factor: float
    rank: RankDecision
    fingerprint: str

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.model.x.shape[1])

    @property
    def independent(self) -> bool:
        """Whether no sample is a linear combination of the others."""
        return self.rank.rank == self.samples

    @property
    def shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The shapes of W1 and W2."""
        return (self.hidden, len(self.model.x)), (len(self.model.y), self.hidden)

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        activation = self.model.activation
        slope = "" if activation.negative_slope is None else f"({activation.negative_slope:g})"
        return f"{activation.name}{slope}:{len(self.model.x)}-{self.hidden}-{len(self.model.y)}"


def check_setting(X: Any, Y: Any, hidden: Any, activation: Any, negative_slope: Any, reduction: Any) -> Setting:
    """Return the setting, or raise the error that names what cannot be used."""
    x, y = as_matrix("X", X), as_matrix("Y", Y)
    if len(x.values) != len(y.values):
        raise ShapeError(
            f"X has {len(x.values)} rows and Y has {len(y.values)}",
            cause="each row is one sample of both",
            fix="Pass as many rows of Y as of X",
        )
    for name, values in (("X", x.values), ("Y", y.values)):
        if not values.size:
            raise ShapeError(f"{name} has shape {values.shape}", fix="Pass at least one row and one column")
    if isinstance(hidden, (tuple, list)) and len(hidden) == 1:
        (hidden,) = hidden
    if isinstance(hidden, bool) or not isinstance(hidden, (int, np.integer)) or hidden < 1:
        raise ShapeError(
            f"hidden is {hidden!r}", cause="activated networks are covered with one hidden layer", fix="Pass its width"
        )
    if reduction not in _REDUCTIONS:
        raise DataError(f"reduction is {reduction!r}", fix=f"Use one of {', '.join(_REDUCTIONS)}")
    slope = _checked_slope(negative_slope) if activation == "leaky_relu" else 1.0
    found = activation_named(activation, slope) if isinstance(activation, str) else None
    if found is None:
        if activation == "relu":
            raise NotCoveredError(
                "relu is not covered here",
                cause="it is not injective: dead neurons make critical points of any loss",
                fix="Use ReLU landscapes, or leaky_relu with a positive slope",
            )
        raise DataError(f"activation is {activation!r}", fix=f"Use one of {', '.join(_KINDS)}")
    factor = {"half_sum": 0.5, "sum": 1.0, "mean": 1.0 / y.values.size}[reduction]
    columns = np.ascontiguousarray(x.values.T), np.ascontiguousarray(y.values.T)
    digest = hashlib.sha256()
    digest.update(f"{found.name} {found.negative_slope!r} {int(hidden)} {reduction} {columns[0].shape}".encode())
    for part in columns:
        digest.update(part.tobytes())
    error = x.epsilon * float(np.linalg.norm(columns[0]))
    model = ActivatedModel(*columns, found)
    return Setting(model, int(hidden), reduction, factor, numerical_rank(columns[0], error), digest.hexdigest())


def _checked_slope(slope: Any) -> float:
    try:
        number = float(slope)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if isinstance(slope, bool) or not 0 < number < np.inf:
        raise DataError(
            f"negative_slope is {slope!r}",
            cause="the activation has to be injective",
            fix="Pass a positive number such as 0.01",
        )
    return number
