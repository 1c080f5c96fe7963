"""Slopes above 1: s_gamma(z) = -gamma s_{1/gamma}(-z), so that w, b -> -w, -b and v -> -gamma v keeps the function."""

from __future__ import annotations

from dataclasses import dataclass, replace

from theodolite.affine._problem import Network, Problem

__all__ = ["Dual"]


@dataclass(frozen=True)
class Dual:
    """The way between a problem and the one with 0 <= gamma <= 1 that classification works with (``core``)."""

    problem: Problem

    @property
    def turned(self) -> bool:
        """Whether the two differ."""
        return not self.problem.quadratic and self.problem.gamma > 1

    @property
    def core(self) -> Problem:
        """The problem with slope at most 1."""
        return replace(self.problem, gamma=1 / self.problem.gamma) if self.turned else self.problem

    def inward(self, network: Network) -> Network:
        """Return the parameters (or a direction) for ``core``."""
        if not self.turned:
            return network
        return Network(-network.w, -network.b, -self.problem.gamma * network.v, network.c)

    def outward(self, network: Network) -> Network:
        """Return the parameters (or a direction) of the problem itself."""
        if not self.turned:
            return network
        return Network(-network.w, -network.b, -network.v / self.problem.gamma, network.c)
