"""What is measured at a point of an activated network, in floating point."""

from __future__ import annotations

from math import inf

import numpy as np

from theodolite._evidence import Assumption, Method
from theodolite._typing import Parameters
from theodolite.activated._options import Setting
from theodolite.dominance import ActivatedModel, ActivatedSubject, check_sizes, measure_activated

__all__ = ["flatness", "read"]

_EPSILON = float(np.finfo(np.float64).eps)


def flatness(model: ActivatedModel, weights: Parameters) -> float:
    """Return how large rounding can make a gradient that is zero."""
    size = float(np.linalg.norm(model.residual(weights))) + model.rounding(weights)
    inputs = model.activation.slope(weights[0] @ model.x)
    steep = float(np.linalg.norm(weights[1])) * float(inputs.max(initial=0.0)) * float(np.linalg.norm(model.x))
    steep += float(np.linalg.norm(model.hidden(weights)))
    return float(16 * max(*weights[0].shape, *model.x.shape) * _EPSILON * steep * size)


def read(setting: Setting, weights: Parameters) -> ActivatedSubject:
    """Return what is known at ``weights``."""
    model = setting.model
    check_sizes(model.x, model.y, weights)
    sizes = measure_activated(model, weights)
    size, rounding = float(np.linalg.norm(model.residual(weights))), model.rounding(weights)
    slope = float(sum(np.sum(part**2) for part in model.gradient(weights)))
    minimal = size <= rounding
    still = slope**0.5 <= flatness(model, weights)
    rank = setting.rank
    checked = [
        Assumption(f"{setting.samples} samples of rank {rank.rank}", min(rank.margin, 1e300), rank.tolerance),
    ]
    if minimal:
        checked.append(
            Assumption("the residual is zero to rounding: a minimizer", rounding / size if size else None, rounding)
        )
    if model.activation.has_kink:
        checked.append(Assumption(f"the nearest kink is {sizes.kink:.4g} away"))
    return ActivatedSubject(
        model=model,
        weights=weights,
        sizes=sizes,
        unit=2 * setting.factor,
        minimal=minimal,
        ratio=inf if still else size**2 / 2 / slope,
        local=_local(setting, weights) if minimal and sizes.kink > 0 else None,
        number=float,
        method=Method.THEOREM,
        checked=tuple(checked),
        scope=f"{setting.specification} with {setting.reduction} loss",
    )


def _local(setting: Setting, weights: Parameters) -> float | None:
    """Return the squared smallest nonzero singular value of the Jacobian where its rank is the largest possible.

    With independent samples that rank is p (q + n - p), p the smallest of hidden units, outputs and samples; with dependent
    ones the rank is known to stay only if the Jacobian has full row rank.
    """
    outputs, samples = setting.model.y.shape
    width = min(setting.hidden, outputs, samples)
    rank = width * (outputs + samples - width) if setting.independent else outputs * samples
    if outputs * samples * sum(weight.size for weight in weights) > 4_000_000:
        return None
    values = np.linalg.svd(setting.model.jacobian(weights), compute_uv=False)
    if len(values) < rank or not values[rank - 1] > 100 * max(len(values), 10) * _EPSILON * values[0]:
        return None
    return float(values[rank - 1] ** 2)
