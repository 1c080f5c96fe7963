"""The zero-loss networks: all of them, a canonical one, random ones.

With independent samples (X of full row rank here, X^+ its pseudo-inverse) and hidden outputs H (samples x hidden) in the
range of the activation whose columns span those of Y, all zero-loss networks with these hidden outputs are

    W1^T = X^+ s^-1(H) + (I - X^+ X) N,      W2^T = H^+ Y + (I - H^+ H) Z,      N and Z arbitrary.

Below samples are columns, as in ``ActivatedModel``: H is hidden x samples.
"""

from __future__ import annotations

import numpy as np

from theodolite._errors import DataError, NotCoveredError
from theodolite._typing import Matrix, Parameters
from theodolite.activated._options import Setting

__all__ = ["canonical_hidden", "member", "random_member", "require_cover"]


def require_cover(setting: Setting) -> int:
    """Return the rank of Y; ``NotCoveredError`` where the zero-loss networks have no explicit form."""
    if not setting.independent:
        raise NotCoveredError(
            f"The minimizers on {setting.samples} samples of rank {setting.rank.rank} have no explicit form",
            cause="with dependent samples the inputs of the hidden layer cannot be chosen freely, and there may be spurious "
            "minima",
            fix="Use at most as many samples as inputs; dominance and classify() work at any point",
        )
    rank = int(np.linalg.matrix_rank(setting.model.y))
    if rank > setting.hidden:
        raise NotCoveredError(
            f"No network with {setting.hidden} hidden units has zero loss",
            cause=f"the targets have rank {rank}",
            fix=f"Use at least {rank} hidden units",
        )
    return rank


def member(setting: Setting, hidden: Matrix, inner: Matrix | None = None, outer: Matrix | None = None) -> Parameters:
    """Return the zero-loss network with hidden outputs ``hidden``; ``inner`` (N) and ``outer`` (Z) choose what is free."""
    model = setting.model
    low, high = model.activation.span
    outside = ~((hidden > low) & (hidden < high))
    if outside.any():
        i, j = np.argwhere(outside)[0]
        raise DataError(
            f"{model.activation.name} cannot reach {hidden[i, j]:g} (sample {j}, hidden unit {i})",
            cause=f"its values lie strictly between {low:g} and {high:g}",
            fix="Pass hidden outputs inside that range",
        )
    back = np.linalg.pinv(hidden)
    missed = float(np.linalg.norm(model.y - model.y @ back @ hidden))
    if missed > 1e-9 * max(float(np.linalg.norm(model.y)), np.finfo(float).tiny):
        raise DataError(
            "These hidden outputs cannot be combined to the targets",
            cause=f"what they miss has norm {missed:.3g}",
            fix="Pass hidden outputs whose columns span those of Y",
        )
    undo = np.linalg.pinv(model.x)
    first, second = model.activation.inverse(hidden) @ undo, model.y @ back
    if inner is not None:
        first = first + inner - inner @ model.x @ undo
    if outer is not None:
        second = second + outer - outer @ hidden @ back
    return first, second


def canonical_hidden(setting: Setting) -> Matrix:
    """Return the hidden outputs of the canonical member, the same on every call.

    With as many samples as hidden units: I/2 for tanh, I/2 + 1/4 for the sigmoid; for leaky ReLU half of the singular values of Y
    go to each layer.
    """
    rank, name = require_cover(setting), setting.model.activation.name
    samples, width = setting.samples, setting.hidden
    _, values, right = np.linalg.svd(setting.model.y, full_matrices=False)
    rows = right[:rank]
    if name == "leaky_relu":
        found = np.sqrt(values[:rank])[:, None] * rows
    elif width >= samples:
        found = np.eye(samples) / 2 if name == "tanh" else np.eye(samples) / 2 + 0.25
    elif name == "tanh":
        found = rows / 2
    elif width > rank:
        found = np.concatenate([np.full((1, samples), 0.5), 0.5 + rows / 4])
    else:
        found = _positive_basis(rows)
    rest = 0.5 if name == "sigmoid" else 0.0
    spare = np.full((width - len(found), samples), rest)
    return np.concatenate([found, spare])


def _positive_basis(rows: Matrix) -> Matrix:
    """Return a basis of the span of orthonormal ``rows`` with entries between 0 and 1, around a positive vector in it."""
    from scipy.optimize import linprog

    rank, samples = rows.shape
    # Largest t with (c rows)_j >= t and |c_i| <= 1.
    solved = linprog(
        np.append(np.zeros(rank), -1.0),
        A_ub=np.concatenate([-rows.T, np.ones((samples, 1))], axis=1),
        b_ub=np.zeros(samples),
        bounds=[(-1, 1)] * rank + [(None, None)],
    )
    least = float(solved.x[-1]) if solved.success else 0.0
    if least <= 1e-9:
        raise NotCoveredError(
            f"No zero-loss network with {rank} sigmoid units was found",
            cause="every combination of the targets has entries of both signs or zero, and a sigmoid is positive",
            fix=f"Use at least {rank + 1} hidden units",
        )
    centre = solved.x[:-1] @ rows
    scale = 0.5 / float(centre.max())
    reach = 0.5 * scale * least
    turned = np.stack([scale * centre + reach * row for row in rows])
    if np.linalg.svd(turned, compute_uv=False)[-1] < 1e-6 * reach:
        turned[0] = scale * centre - reach * rows[0]
    return turned


def random_member(setting: Setting, source: np.random.Generator) -> Parameters:
    """Draw a zero-loss network: random hidden outputs, and random parts that the loss does not see."""
    require_cover(setting)
    model, width, samples = setting.model, setting.hidden, setting.samples
    name = model.activation.name
    if width >= samples:
        if name == "leaky_relu":
            hidden = source.standard_normal((width, samples))
        else:
            low, high = model.activation.span
            hidden = low + (high - low) * source.uniform(0.1, 0.9, (width, samples))
    else:
        hidden = _mixed(canonical_hidden(setting), name, source)
    size = float(np.linalg.norm(model.y)) / max(float(np.linalg.norm(hidden)), np.finfo(float).tiny)
    inner = source.standard_normal((width, len(model.x))) / np.sqrt(len(model.x))
    outer = size * source.standard_normal((len(model.y), width)) / np.sqrt(width)
    return member(setting, hidden, inner, outer)


def _mixed(hidden: Matrix, name: str, source: np.random.Generator) -> Matrix:
    """Return a random basis of the same span, and inside the same range: averages stay where the entries are."""
    width = len(hidden)
    share = source.dirichlet(np.ones(width), width)
    mixed = (0.5 * np.eye(width) + 0.5 * share) @ hidden
    if name == "sigmoid":
        return np.asarray(mixed)
    return np.asarray(mixed * source.uniform(0.5, 1.5, (width, 1)) if name == "leaky_relu" else mixed)
