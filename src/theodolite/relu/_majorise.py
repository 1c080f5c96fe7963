"""Too many rays: refute h >= 0 by trying directions, or prove it by letting the convex kinks carry the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theodolite._numerics import as_fractions, column_profile, exact_solve
from theodolite._typing import Array
from theodolite.relu._conditions import Condition, decide
from theodolite.relu._one_sided import OneSided, as_floats
from theodolite.relu._rays import candidates, lifted

__all__ = ["carried", "without_rays"]

_TRIES = 400
_MOST_UNKNOWNS = 200_000


def without_rays(form: OneSided, count: int) -> Condition:
    """Decide a rational h by candidates and by a sufficient linear program; undecided where neither does."""
    for proposal in candidates(form, _TRIES):
        v = lifted(form.directions, proposal)
        value = form.value(v)
        if value < 0:
            return Condition(False, "h is negative in a direction that was tried", v, value, rays=count)
    smaller = carried(as_floats(form))
    if smaller is not None:
        convex = _below(form, smaller)
        if convex is not None and decide(convex, 0).holds:
            return Condition(True, "the convex kinks carry the concave ones", rays=count)
    return Condition(
        None,
        f"h has kinks of both signs on {len(form.directions)} dependent lines, and {count:,} rays to look at",
        rays=count,
    )


def carried(form: OneSided) -> Array | None:
    """Return weights (negative, positive) that write each line of negative bend by lines of positive bend, or None.

    With u_m = sum_l a_ml u_l a negative bend is at least its share of the |u_l . v|. The weights are chosen such that the
    largest part of a positive bend that is taken away is as small as possible, and below 1.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack, kron

    bends = form.bends
    down, up = np.flatnonzero(bends < 0), np.flatnonzero(bends > 0)
    unknowns = 2 * len(down) * len(up) + 1
    if not len(up) or unknowns > _MOST_UNKNOWNS:
        return None
    norms = np.linalg.norm(form.directions, axis=1)
    unit, size = form.directions / norms[:, None], bends * norms
    rank = unit.shape[1]
    block = csr_array(unit[up].T)
    span = kron(eye_array(len(down)), hstack([block, -block]))
    equalities = hstack([span, csr_array((len(down) * rank, 1))])
    share = np.abs(size[down])[None, :]
    taken = kron(csr_array(share), hstack([eye_array(len(up)), eye_array(len(up))]))
    limits = hstack([taken, csr_array(-size[up][:, None])])
    found = linprog(
        np.concatenate([np.zeros(unknowns - 1), [1.0]]),
        A_ub=limits.tocsr(),
        b_ub=np.zeros(len(up)),
        A_eq=equalities.tocsr(),
        b_eq=unit[down].ravel(),
        bounds=(0, None),
        method="highs",
    )
    if found.status != 0 or found.x[-1] >= 1:
        return None
    both = found.x[:-1].reshape(len(down), 2, len(up))
    return np.asarray((both[:, 0] - both[:, 1]) * norms[down][:, None] / norms[up][None, :])


def _below(form: OneSided, proposal: Array) -> OneSided | None:
    """Return a convex function below h, with the proposed weights made exact, or None where they fail."""
    bends = form.bends
    down, up = np.flatnonzero(bends < 0), np.flatnonzero(bends > 0)
    weights = as_fractions(proposal)
    basis = list(column_profile(form.directions[up].T))
    rest = form.directions[down] - weights @ form.directions[up]
    weights[:, basis] = weights[:, basis] + exact_solve(form.directions[up][basis].T, rest.T).T
    left_over = bends[up] + bends[down] @ np.abs(weights)
    if (left_over < 0).any():
        return None
    return replace(form.take(up, form.mean), right=left_over, left=left_over)
