r"""A critical point of a network with one input that fits an affine target on an interval (the loss is an integral).

.. math::  L = \int_{T_0}^{T_1} (c + \sum_j v_j s(w_j x + b_j) - \alpha x - \beta)^2 dx

The interval is cut at the breakpoints; on each piece the integrand is a polynomial and is integrated exactly. A point
is critical if its gradient vanishes, with s'(0) = 1 at a neuron that is 0 on the whole interval (Cheridito, Jentzen &
Rossmannek 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from theodolite.checker._fields import Fields, about, refuse

__all__ = ["check_affine_point"]

Polynomial = list[Fraction]


def check_affine_point(fields: Fields) -> Fraction:
    """Return the loss of the certified critical point."""
    given = fields.fields("network")
    hidden, activation = given.whole("hidden", 1), given.text("activation")
    slope = given.fraction("negative_slope")
    start, end = given.vector("interval", 2)
    alpha, beta = given.fraction("slope"), given.fraction("intercept")
    given.done()
    if (
        activation not in ("relu", "leaky_relu", "quadratic")
        or not start < end
        or (activation == "relu" and slope != 0)
    ):
        refuse("The network cannot be read")
    part = fields.fields("point")
    w, b, v = (part.vector(name, hidden) for name in ("w", "b", "v"))
    c = part.fraction("c")
    part.done()
    squared = activation == "quadratic"
    breaks = {-bj / wj for wj, bj in zip(w, b, strict=True) if wj and not squared}
    ends = [start, *sorted(t for t in breaks if start < t < end), end]
    loss = Fraction(0)
    gradient = [Fraction(0)] * (3 * hidden + 1)
    for left, right in pairwise(ends):
        middle = (left + right) / 2
        outputs: list[Polynomial] = []
        inner: list[Polynomial] = []
        for wj, bj in zip(w, b, strict=True):
            line = [bj, wj]
            if squared:
                outputs.append(_times(line, line))
                inner.append([2 * bj, 2 * wj])
            else:
                before = wj * middle + bj
                share = Fraction(1) if before > 0 or (wj == 0 and bj == 0) else slope
                outputs.append([share * bj, share * wj])
                inner.append([share])
        residual = [c - beta, -alpha, Fraction(0)]
        for vj, output in zip(v, outputs, strict=True):
            for k, entry in enumerate(output):
                residual[k] += vj * entry
        loss += _integral(_times(residual, residual), left, right)
        for j in range(hidden):
            pulled = _times(residual, inner[j])
            gradient[j] += v[j] * _integral(_times(pulled, [Fraction(0), Fraction(1)]), left, right)
            gradient[hidden + j] += v[j] * _integral(pulled, left, right)
            gradient[2 * hidden + j] += _integral(_times(residual, outputs[j]), left, right)
        gradient[-1] += _integral(residual, left, right)
    if any(gradient):
        refuse("The point is not critical", "its gradient does not vanish")
    if loss != fields.fraction("value"):
        refuse(f"The loss of the point is {about(loss)}", "another one is claimed")
    return loss


def _times(left: Sequence[Fraction], right: Sequence[Fraction]) -> Polynomial:
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def _integral(polynomial: Sequence[Fraction], left: Fraction, right: Fraction) -> Fraction:
    return sum(
        (entry * (right ** (k + 1) - left ** (k + 1)) / (k + 1) for k, entry in enumerate(polynomial)), Fraction(0)
    )
