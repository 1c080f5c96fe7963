"""What is certified: dominance in a ball, regularity about a minimizer, a rate of gradient descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from theodolite._errors import NotCoveredError
from theodolite._evidence import Evidence
from theodolite._notebook import facts_html, facts_text
from theodolite._typing import Array, Integer, Parameters, Seed
from theodolite.dominance._probe import EmpiricalCheck, Probe, check_count

__all__ = ["DescentCertificate", "Dominance", "Regularity"]


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.8g}"


class _Shown:
    """Shows its facts in terminals and notebooks."""

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        raise NotImplementedError

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


@dataclass(frozen=True)
class Dominance(_Shown):
    """Gradient dominance, the Polyak-Lojasiewicz inequality, in a ball: loss - minimum <= ``constant`` * ||gradient||^2.

    It holds at every point each of whose layers is within ``radius`` of the centre, in the spectral norm (the hidden layer of
    an activated network in the Frobenius norm). ``constant`` is 1/(2 ``mu``), and infinite where nothing positive is
    proven; ``mu`` is the largest of ``mu_ntk`` (smallest squared singular value of the Jacobian), ``mu_comp``
    (products of layers) and ``mu_prod`` (single layers), those ``None`` that were not computed.

    ``pointwise`` is the ratio at the centre itself: infinite at a critical point that is no minimum. At a minimizer it is
    0/0; what stands there, and with ``radius`` 0 in ``constant`` too, is the sharp limit from nearby, or ``None``
    where that is not known. The evidence says which.
    """

    constant: float | None
    mu: float
    mu_ntk: float | None
    mu_comp: float
    mu_prod: float | None
    radius: float
    pointwise: float | None
    evidence: Evidence
    is_limit: bool = False
    probe: Probe | None = field(default=None, repr=False, compare=False)

    def empirical_check(self, samples: Integer = 1000, rng: Seed = 0) -> EmpiricalCheck:
        """Sample the ball, adversarial directions first, and compare both sides of the inequality.

        It checks the code and shows how tight the constant is; the proof is elsewhere.
        """
        if self.probe is None:
            return EmpiricalCheck(True, check_count(samples), float("inf"))
        if self.is_limit and self.constant is not None:
            return self.probe.limit(self.constant, samples, rng)
        return self.probe.dominance(self.mu, self.radius, samples, rng)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "constant", f"{_number(self.constant)}{' (pointwise limit)' if self.is_limit else ''}"
        yield "radius", f"{_number(self.radius)} for each layer"
        parts = ((self.mu_ntk, "Jacobian"), (self.mu_comp, "products of layers"), (self.mu_prod, "single layers"))
        yield "mu", ", ".join([_number(self.mu), *(f"{_number(mu)} by {name}" for mu, name in parts if mu is not None)])
        yield "at the point", _number(self.pointwise)
        yield "known by", str(self.evidence)


@dataclass(frozen=True)
class Regularity(_Shown):
    """The regularity condition about a minimizer W*: with D = W - W*,

    <gradient(W), D> >= ``alpha`` ||D||^2 + ``beta`` ||gradient(W)||^2

    for every D with ||D|| <= ``radius`` (all layers together) and ||J D|| >= ``gamma`` ||D||, J the Jacobian of the outputs at
    W*. Each step of gradient descent of at most 2 ``beta`` then comes closer to W*: the squared distance shrinks by the factor
    1 - 2 step ``alpha``. All are ``None`` where nothing is proven; the evidence says why.
    """

    alpha: float | None
    beta: float | None
    gamma: float | None
    radius: float | None
    evidence: Evidence
    minimizer: Parameters = field(default=(), repr=False, compare=False)
    probe: Probe | None = field(default=None, repr=False, compare=False)

    def empirical_check(self, samples: Integer = 1000, rng: Seed = 0) -> EmpiricalCheck:
        """Sample directions that the condition is claimed for, and compare both sides."""
        if self.probe is None or self.alpha is None or self.beta is None or self.gamma is None or self.radius is None:
            return EmpiricalCheck(True, check_count(samples), float("inf"))
        return self.probe.regularity(self.alpha, self.beta, self.gamma, self.radius, samples, rng)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "alpha", _number(self.alpha)
        yield "beta", _number(self.beta)
        yield "gamma", _number(self.gamma)
        yield "radius", f"{_number(self.radius)} for all layers together"
        yield "known by", str(self.evidence)


@dataclass(frozen=True)
class DescentCertificate(_Shown):
    """What gradient descent with a constant step does from here, guaranteed.

    With ``step`` (or a smaller one, at a rate closer to 1) the loss above the minimum after t steps is at most ``rate``^t
    times that at the start, no layer leaves the ball of ``radius`` (spectral norm), and the limit is a global
    minimizer. ``mu`` and ``smoothness`` are the constants on that ball, ``rate`` is 1 - ``step`` ``mu``; ``excess`` is
    the loss above the minimum at the start, and a global minimizer lies within ``distance`` (all layers together).
    ``step``, ``rate`` and ``radius`` are ``None`` where nothing is guaranteed; the evidence says why.
    """

    step: float | None
    rate: float | None
    radius: float | None
    evidence: Evidence
    mu: float | None = None
    smoothness: float | None = None
    excess: float | None = None
    distance: float | None = None
    largest_radius: float | None = None
    probe: Probe | None = field(default=None, repr=False, compare=False)

    @property
    def certified(self) -> bool:
        """Whether a rate is guaranteed."""
        return self.step is not None

    def run(self, steps: Integer) -> Array:
        """Return the loss above the minimum along gradient descent with ``step``: at the start, then after each step."""
        if self.probe is None or self.step is None:
            raise NotCoveredError("There is no certified step to take", cause=self.evidence.scope)
        return self.probe.run(self.step, check_count(steps))[0]

    def guarantee(self, steps: Integer) -> Array:
        """Return the guaranteed upper bounds on what ``run`` returns."""
        import numpy as np

        if self.rate is None or self.excess is None:
            raise NotCoveredError("There is no certified rate", cause=self.evidence.scope)
        return np.asarray(self.excess * self.rate ** np.arange(check_count(steps) + 1.0))

    def empirical_check(self, samples: Integer = 1000, rng: Seed = 0) -> EmpiricalCheck:
        """Run gradient descent for so many steps and compare with the guarantee."""
        if self.probe is None or self.step is None or self.mu is None or self.radius is None:
            return EmpiricalCheck(True, check_count(samples), float("inf"))
        return self.probe.descent(self.step, self.mu, self.radius, samples, rng)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "step", _number(self.step)
        yield "rate", _number(self.rate) if self.rate is None else f"{self.rate:.10g} per step"
        yield "radius", f"{_number(self.radius)} for each layer"
        for name, value in (("mu", self.mu), ("smoothness", self.smoothness), ("above best", self.excess)):
            if value is not None:
                yield name, _number(value)
        if self.distance is not None:
            yield "minimizer", f"within {_number(self.distance)}, all layers together"
        yield "known by", str(self.evidence)
