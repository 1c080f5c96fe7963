"""The certificate of a class of critical points on an affine target: an exactly critical member."""

from __future__ import annotations

from theodolite._certificate import Certificate
from theodolite._errors import NotCoveredError
from theodolite._typing import Parameters
from theodolite.affine._descents import calculus
from theodolite.affine._problem import Network, Problem
from theodolite.checker._sealing import sealed

__all__ = ["certificate"]


def certificate(problem: Problem, hidden: int, member: Parameters) -> Certificate:
    """Return the certificate of the class of ``member``, which has to be rational."""
    if not problem.exact or any(part.dtype != object for part in member):
        raise NotCoveredError(
            "There is no certificate for this class",
            cause="its members are irrational, or interval, target and slope were given as floats",
            fix="Pass them as integers, Fractions or decimal strings",
        )
    network = Network.of(member)
    entries = {
        "network": {
            "hidden": hidden,
            "activation": problem.activation.value,
            "negative_slope": problem.gamma,
            "interval": [problem.start, problem.end],
            "slope": problem.alpha,
            "intercept": problem.beta,
        },
        "point": {"w": list(network.w), "b": list(network.b), "v": list(network.v), "c": network.c},
        "value": calculus(problem, network).loss,
    }
    return Certificate(sealed("affine target critical point", entries))
