"""The certificate of a critical set of a shallow linear network: eigenvalues between rational numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._certificate import Certificate
from theodolite._errors import NotCoveredError
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.checker._sealing import sealed
from theodolite.linear._exact_problem import ExactProblem
from theodolite.linear._options import Options

__all__ = ["certificate"]

_BITS = 64
_MOST_BITS = 65536
_FACTORS = {"half_sum": Fraction(1, 2), "sum": Fraction(1)}


def certificate(problem: Any, options: Options, X: Array, Y: Array, key: bytes) -> Certificate:
    """Return the certificate of the family with this key on exactly given data."""
    if not isinstance(problem, ExactProblem):
        raise NotCoveredError(
            f"There is no certificate for critical sets of {options.specification} here",
            cause="certificates are about exactly given data and one hidden layer without weight decay",
            fix="Pass integers, Fractions or decimal strings",
        )
    families, spectrum = problem.sets.families, problem.spectrum
    row = np.frombuffer(key, dtype=np.uint8)[None, : families.key_width]
    taken = [int(count) for count in families.unpack(row)[0]]
    enclosures = _separated(problem)
    kind = Kind.GLOBAL_MINIMUM if taken == _largest(problem) else Kind.STRICT_SADDLE
    weight = _FACTORS.get(options.reduction) or Fraction(1, Y.size)
    total = _total(Y, centred=2 in options.layout.biased)
    low = total - sum((p * high for p, (_, high) in zip(taken, enclosures, strict=True)), Fraction(0))
    high = total - sum((p * low for p, (low, _) in zip(taken, enclosures, strict=True)), Fraction(0))
    biases = {(): "none", (1,): "hidden", (2,): "output", (1, 2): "both"}
    entries = {
        "network": {
            "inputs": X.shape[1],
            "hidden": options.layout.hidden,
            "outputs": Y.shape[1],
            "bias": biases[options.layout.biased],
            "scale": weight,
        },
        "eigenvalues": [
            {"above": below, "below": above, "multiplicity": count, "taken": number}
            for (below, above), count, number in zip(enclosures, spectrum.multiplicities, taken, strict=True)
        ],
        "kind": str(kind),
        "value": [weight * low, weight * high],
    }
    return Certificate(sealed("linear critical set", entries, X.tolist(), Y.tolist()))


def _largest(problem: ExactProblem) -> list[int]:
    """Return how many of each eigenvalue the global minimum takes."""
    taken, left = [], problem.sets.families.cap
    for count in problem.spectrum.multiplicities:
        taken.append(min(count, left))
        left -= taken[-1]
    return taken


def _separated(problem: ExactProblem) -> list[tuple[Fraction, Fraction]]:
    """Return rational numbers below and above each positive eigenvalue, enclosing no other."""
    bits = _BITS
    while bits <= _MOST_BITS:
        width = Fraction(1, 2**bits)
        found = [(low - width, high + width) for low, high in problem.spectrum.ends(bits)]
        ends = [*found, (Fraction(0), Fraction(0))]
        if all(below > lower[1] for (below, _), lower in zip(found, ends[1:], strict=True)):
            return found
        bits *= 2
    raise NotCoveredError("Two eigenvalues are too close to be told apart in a certificate")


def _total(Y: Array, *, centred: bool) -> Fraction:
    shift = Y.sum(axis=0) / Fraction(len(Y)) if centred else 0
    return Fraction(((Y - shift) ** 2).sum())
