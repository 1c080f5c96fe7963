"""What is said of a network with an activation in verified arithmetic: every bound is true of the exact numbers."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
from flint import arb, arb_mat

from theodolite._evidence import Assumption, Method
from theodolite._numerics import as_fractions, exact_product, exact_rank
from theodolite._typing import Array, Parameters
from theodolite.dominance._activated import ActivatedModel, ActivatedSizes
from theodolite.dominance._activated_certify import ActivatedSubject
from theodolite.dominance._activations import Activation
from theodolite.dominance._enclosures import (
    above,
    ball,
    balls,
    below,
    largest,
    norm_above,
    norm_below,
    precise,
    smallest,
)

__all__ = ["read_activated_verified"]

_ENTRIES_MOST = 40_000


def _value(activation: Activation, z: Fraction) -> arb:
    if activation.name == "tanh":
        return ball(z).tanh()
    if activation.name == "sigmoid":
        return 1 / (1 + (-ball(z)).exp())
    return ball(z if z > 0 else Fraction(activation.negative_slope or 0) * z)


def _slope(activation: Activation, z: arb) -> arb:
    """Return the slope at a number of a smooth activation."""
    if activation.name == "tanh":
        return 1 / z.cosh() ** 2
    return 1 / (2 + z.exp() + (-z).exp())


def _least_slope(activation: Activation, z: Fraction, reach: arb) -> Fraction:
    """Return a lower bound on the slope within ``reach`` of ``z``."""
    if activation.negative_slope is None:
        return below(_slope(activation, ball(abs(z)) + reach))
    a = Fraction(activation.negative_slope)
    if ball(z) - reach > 0:
        return Fraction(1)
    return a if ball(z) + reach < 0 else min(a, Fraction(1))


def _point_slope(activation: Activation, z: Fraction) -> arb:
    if activation.negative_slope is None:
        return _slope(activation, ball(z))
    return ball(Fraction(1) if z > 0 else Fraction(activation.negative_slope))


def read_activated_verified(model: ActivatedModel, weights: Parameters, unit: Fraction, scope: str) -> ActivatedSubject:
    """Return what is known at ``weights``, floats taken as the binary numbers that they are."""
    s = model.activation
    x, first, second = (as_fractions(part) for part in (model.x, *weights))
    inputs = exact_product(first, x)
    width, samples, outputs = len(first), x.shape[1], len(second)
    with precise():
        hidden = arb_mat(width, samples, [_value(s, z) for z in inputs.flat])
        slopes = arb_mat(width, samples, [_point_slope(s, z) for z in inputs.flat])
        data, out = balls(x), balls(second)
        error = out * hidden - balls(model.y)
        pulled = out.transpose() * error
        turned = arb_mat(width, samples, [a * b for a, b in zip(slopes.entries(), pulled.entries(), strict=True)])
        slope = norm_below(turned * data.transpose(), error * hidden.transpose())
        residual = norm_above(error)
        lengths = [norm_above(balls(x[:, [j]])) for j in range(samples)]
        kink = _kink(s, inputs, lengths)
        bends = {"tanh": above(4 / (3 * arb(3).sqrt())), "sigmoid": above(1 / (6 * arb(3).sqrt()))}
        lipschitz = {"tanh": Fraction(1), "sigmoid": Fraction(1, 4)}
        sizes = ActivatedSizes(
            x_low=smallest(data, samples),
            x_high=largest(data),
            hidden_low=smallest(hidden, samples),
            hidden_high=largest(hidden),
            out_low=smallest(out, outputs),
            out_high=largest(out),
            slope=lambda radius: _least(s, inputs, lengths, Fraction(radius)),
            lipschitz=lipschitz.get(s.name, max(Fraction(1), Fraction(s.lipschitz))),
            bend=bends.get(s.name, Fraction(0)),
            kink=kink,
            residual=residual,
            ntk=_ntk(data, out, hidden, slopes),
        )
    rank = exact_rank(x)
    checked = [Assumption(f"{samples} samples of rank {rank}, exactly")]
    if s.has_kink:
        checked.append(Assumption(f"the nearest kink is {kink:.4g} away"))
    return ActivatedSubject(
        model=model,
        weights=weights,
        sizes=sizes,
        unit=unit,
        minimal=not residual,
        ratio=residual**2 / 2 / slope**2 if slope else (inf if residual else Fraction(0)),
        local=sizes.ntk**2 if sizes.ntk and not residual else None,
        number=Fraction,
        method=Method.VERIFIED,
        checked=tuple(checked),
        scope=scope,
    )


def _least(activation: Activation, inputs: Array, lengths: list[Fraction], radius: Fraction) -> Fraction:
    with precise():
        reach = [ball(radius * length) for length in lengths]
        return min(
            _least_slope(activation, z, far) for row in inputs.tolist() for z, far in zip(row, reach, strict=True)
        )


def _kink(activation: Activation, inputs: Array, lengths: list[Fraction]) -> float:
    """Return a lower bound on how far W1 can move before an entry of W1 x changes its sign."""
    if not activation.has_kink:
        return inf
    room = [abs(z) / far for row in inputs.tolist() for z, far in zip(row, lengths, strict=True) if far]
    return float(np.nextafter(float(min(room)), 0)) if room else inf


def _ntk(data: arb_mat, out: arb_mat, hidden: arb_mat, slopes: arb_mat) -> Fraction | None:
    """Return a lower bound on the smallest singular value of the Jacobian, ``None`` where it is too large to enclose."""
    outputs, width, samples = out.nrows(), out.ncols(), hidden.ncols()
    rows = outputs * samples
    if rows * width * (data.nrows() + outputs) > _ENTRIES_MOST:
        return None
    w, h, m, x = out.tolist(), hidden.tolist(), slopes.tolist(), data.tolist()
    jacobian = [
        [w[i][a] * m[a][j] * x[b][j] for a in range(width) for b in range(len(x))]
        + [h[a][j] if k == i else arb(0) for k in range(outputs) for a in range(width)]
        for i in range(outputs)
        for j in range(samples)
    ]
    return smallest(arb_mat(jacobian), rows)
