"""From findings to the verdicts and ways out that users see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from theodolite._critical import CriticalSet
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Parameters, Real
from theodolite._verdict import Direction, Verdict
from theodolite.affine._descents import Descent, first_step, loss_at, step_along
from theodolite.affine._finding import Finding
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["AffineVerdict", "direction_of", "verdict_of"]

_MOST_EXACT = 64
"""Up to this many neurons a decrease found in floating point is confirmed in rational arithmetic."""


@dataclass(frozen=True)
class AffineVerdict(Verdict):
    """A verdict on a network that fits an affine target.

    ``neuron_types`` has one name per neuron, ``family`` and ``kinks`` say which saddle with kinks it is, ``order`` at which
    power of the step the loss falls, ``radius`` how far (in the largest change of w, b and v, for any c) a minimum is proven,
    ``autodiff_is_zero`` that automatic differentiation reports a zero gradient although the loss falls to first order.
    """

    neuron_types: tuple[str, ...] = ()
    family: str | None = None
    kinks: int | None = None
    order: int | None = None
    radius: Real | None = None
    autodiff_is_zero: bool = False

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about the point, in reading order."""
        for name, text in super().facts():
            if name == "known by":
                if self.family is not None:
                    yield "family", f"{self.family} with {self.kinks} breakpoints"
                if self.radius is not None:
                    yield "minimum in", f"every change of weights by at most {float(self.radius):.6g}, whatever c"
                if self.autodiff_is_zero:
                    yield "beware", "automatic differentiation reports a zero gradient here"
                yield "neurons", _counted(self.neuron_types)
            yield name, text


def _counted(names: tuple[str, ...]) -> str:
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def verdict_of(
    finding: Finding,
    critical_set: CriticalSet | None,
    neuron_types: tuple[str, ...],
    method: Method,
    direction: Direction | None,
    gap: Real | None,
    scope: str,
) -> AffineVerdict:
    """Return what users see; ``finding`` is in the landscape's own parameters."""
    known = isinstance(finding.inertia, tuple)
    checks = finding.assumptions
    if not known and finding.entry is not None:
        checks = (*checks, Assumption(f"no index: {finding.inertia}"))
    if finding.kind is Kind.UNDECIDED:
        method, scope = Method.NUMERIC, finding.assumptions[0].statement
    entry = finding.entry
    references = [cite("cheridito-2021")]
    if known:
        references.append(cite("theodolite", theorem="Inertia at an affine target"))
    return AffineVerdict(
        kind=finding.kind,
        value=finding.value,
        scaled_gradient=finding.scaled_gradient,
        evidence=Evidence(method, tuple(references), checks, scope),
        critical_set=critical_set,
        nearest=None if finding.nearest is None else finding.nearest.parameters,
        distance=finding.distance,
        gap=gap,
        index=finding.inertia[0] if isinstance(finding.inertia, tuple) else None,
        nullity=finding.inertia[1] if isinstance(finding.inertia, tuple) else None,
        escape=direction,
        neuron_types=neuron_types,
        family=None if entry is None or entry.family is None else entry.family.name,
        kinks=None if entry is None else entry.kinks,
        order=None if finding.descent is None else finding.descent.order,
        radius=finding.radius,
        autodiff_is_zero=finding.misleading,
    )


def direction_of(problem: Problem, network: Network, descent: Descent, precise: Problem) -> Direction | None:
    """Return ``descent`` with a step that lowers the loss, or None where rounding hides every decrease.

    ``precise`` is the same problem in rational arithmetic.
    """
    found = step_along(problem, network, descent, problem.number(0) if problem.exact else _noise(problem, network))
    method, statement = Method.EXACT, "decrease at the step computed in rational arithmetic"
    if not problem.exact and len(network.w) <= _MOST_EXACT:
        found = _confirmed(precise, network, descent, None if found is None else found[0])
        method, statement = (
            Method.VERIFIED,
            "decrease at the step computed in rational arithmetic for the floats as given",
        )
    elif not problem.exact:
        method, statement = Method.THEOREM, "decrease at the step is larger than rounding can make it"
    if found is None:
        return None
    step, fall = found
    evidence = Evidence(
        method, (cite("theodolite", theorem="Ways down at an affine target"),), (Assumption(statement),)
    )
    return Direction(
        vector=descent.direction.parameters,
        order=descent.order,
        curvature=descent.rate if descent.order == 2 else None,
        step=step,
        decrease=fall,
        words=descent.words,
        evidence=evidence,
        curve=partial(_along, problem, network, descent.direction),
    )


def _along(problem: Problem, network: Network, direction: Network, t: float) -> Parameters:
    return network.moved(direction, Fraction(t) if problem.exact else float(t)).parameters


def _noise(problem: Problem, network: Network) -> float:
    """Return a bound on what rounding can do to the difference of two losses near ``network``."""
    reach = np.abs(network.w) * problem.reach + np.abs(network.b)
    inner = reach**2 if problem.quadratic else reach * max(1.0, float(abs(problem.gamma)))
    terms = float(
        abs(network.c) + (np.abs(network.v) * inner).sum() + abs(problem.alpha) * problem.reach + abs(problem.beta)
    )
    blur = 64 * np.finfo(np.float64).eps * terms
    spread = float(np.sqrt(float(loss_at(problem, network) / problem.length)))
    return float(problem.length) * blur * (2 * spread + blur)


def _confirmed(precise: Problem, network: Network, descent: Descent, step: float | None) -> tuple[float, Number] | None:
    """Return a step and its decrease in rational arithmetic between the very floats that it leads from and to.

    Without a proposed ``step``, because rounding hid every decrease, steps are tried from long to short.
    """
    here = network.map(precise.array)
    before = loss_at(precise, here)
    best: tuple[float, Number] | None = None
    way = replace(descent, direction=descent.direction.map(precise.array), rate=precise.number(descent.rate))
    start = first_step(precise, here, way, before)
    for trial in (step,) if step is not None else (start * 2.0**-k for k in range(0, 80, 2)):
        fall = float(before - loss_at(precise, network.moved(descent.direction, trial).map(precise.array)))
        if fall > 0 and (best is None or fall > best[1]):
            best = trial, fall
        elif best is not None:
            break
    return best
