r"""Dependent lines on which h is convex: h >= 0 exactly if 0 lies in a zonotope.

.. math::  h(v) = \max \Bigl\{ \bigl(g + \sum_\ell \mu_\ell u_\ell\bigr) \cdot v : -l_\ell \le \mu_\ell \le r_\ell \Bigr\},

so :math:`h \ge 0` exactly if some such :math:`\mu` has :math:`g + \sum \mu_\ell u_\ell = 0`. A linear program in floating point
proposes :math:`\mu` or a v with h(v) < 0, and rationals confirm it. Where 0 lies on the boundary, the face that it lies on is a
smaller question of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from theodolite._numerics import as_fractions, column_profile, exact_solve
from theodolite._typing import Array
from theodolite.relu._conditions import Condition
from theodolite.relu._one_sided import OneSided, as_floats
from theodolite.relu._rays import by_rays, lifted, ray_count

__all__ = ["Gauge", "gauge", "in_zonotope"]

_INSIDE = 1 - 1e-9
_WORDS = "the gradients beside the kinks balance"


@dataclass(frozen=True, eq=False)
class Gauge:
    """By which factor the zonotope must grow about its centre to reach 0, where it then touches, and the outer normal there."""

    factor: float
    weights: Float[np.ndarray, " l"]
    normal: Float[np.ndarray, " k"]


def gauge(form: OneSided) -> Gauge | None:
    """Return the gauge of a convex h in floats whose lines span everything, or None where the linear program fails."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    lines = len(form.directions)
    columns = np.abs(form.directions).max(axis=0)
    unit = form.directions / columns
    norms = np.linalg.norm(unit, axis=1)
    unit = unit / norms[:, None]
    half, middle = (form.right + form.left) / 2 * norms, (form.right - form.left) / 2 * norms
    scale = float(half.max())
    half, target = half / scale, -(form.linear / columns + middle @ unit) / scale
    cost = np.zeros(lines + 1)
    cost[-1] = 1.0
    equalities = hstack([csr_array(unit.T), csr_array((unit.shape[1], 1))])
    width = csr_array(-half[:, None])
    box = vstack([hstack([eye_array(lines), width]), hstack([-eye_array(lines), width])])
    found = linprog(
        cost,
        A_ub=box.tocsr(),
        b_ub=np.zeros(2 * lines),
        A_eq=equalities.tocsr(),
        b_eq=target,
        bounds=[(None, None)] * lines + [(0, None)],
        method="highs",
    )
    if found.status != 0:
        return None
    weights = (found.x[:-1] * scale + middle) / norms
    return Gauge(float(found.x[-1]), weights, np.asarray(found.eqlin.marginals) / columns)


def in_zonotope(form: OneSided, most_rays: int) -> Condition:
    """Decide a convex rational h (``right + left > 0`` on every line) whose lines span everything."""
    rough = as_floats(form)
    with np.errstate(over="ignore", invalid="ignore"):
        finite = all(np.isfinite(part).all() for part in (rough.linear, rough.right, rough.left, rough.directions))
    proposal = gauge(rough) if finite else None
    if proposal is not None:
        if proposal.factor < _INSIDE and _balances(form, proposal.weights):
            return Condition(True, f"{_WORDS}: {len(form.directions)} dependent kinks, weights confirmed in rationals")
        if proposal.factor > 0.5:
            v = lifted(form.directions, proposal.normal)
            value = form.value(v)
            if value < 0:
                return Condition(False, "the gradients beside the kinks do not balance", v, value)
            if value == 0 and v.any():
                return _on_face(form, v, most_rays)
    count = ray_count(*form.directions.shape)
    if count <= most_rays:
        return by_rays(form, most_rays)
    return Condition(
        None, f"whether {_WORDS}: no proposal could be confirmed, and there are {count:,} rays", rays=count
    )


def _balances(form: OneSided, proposal: Array) -> bool:
    """Correct the proposed weights so that the gradients add up to 0 exactly, and return whether they stay in their ranges."""
    weights = as_fractions(proposal)
    room = (form.bends * np.abs(form.directions).max(axis=1)).astype(np.float64)
    order = np.argsort(-room)
    basis = order[list(column_profile(form.directions[order].T))]
    rest = -(form.linear + weights @ form.directions)
    weights[basis] = weights[basis] + exact_solve(form.directions[basis].T, rest[:, None])[:, 0]
    return bool((weights <= form.right).all() and (weights >= -form.left).all())


def _on_face(form: OneSided, v: Array, most_rays: int) -> Condition:
    """Decide h where h(v) = 0: it is the one-sided derivative of h at v that must not be negative."""
    from theodolite.relu._conditions import decide

    across = form.directions @ v
    moving = across != 0
    slopes = np.where(across > 0, form.right, -form.left)[moving]
    inner = form.take(~moving, form.linear + slopes @ form.directions[moving])
    found = decide(inner, most_rays)
    if found.direction is None:
        return found
    reach = form.directions[moving] @ found.direction
    near = [abs(a) / abs(r) for a, r in zip(across[moving], reach, strict=True) if r != 0]
    direction = v + min(near, default=1) / 2 * found.direction
    return replace(found, direction=direction, slope=form.value(direction))
