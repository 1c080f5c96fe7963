"""What a page shows of gradient descent next to the global minima: the certified ball, and the guarantee beside a real run."""

from __future__ import annotations

from math import inf

import numpy as np

from theodolite._panels import Curve, CurvePanel, Panel, TextPanel
from theodolite._typing import Array, Parameters
from theodolite.dominance import DescentCertificate, chain_descent, chain_dominance
from theodolite.linear._certificates import Certifier

__all__ = ["descent_panels"]

_PARAMETERS_MOST = 1000
_STEPS_MOST = 1000
_POINTS = 120
_SHARES = (0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4, 1e-5)
"""How far from the minimizer, relative to its size, a run may start: the first from which a rate is certified."""
_DECADES = 1e-12


def descent_panels(certifier: Certifier, core: Parameters, name: str) -> tuple[Panel, ...]:
    """Return ball and run for the global minimizer ``core``; nothing where no constant holds around it."""
    if sum(part.size for part in core) > _PARAMETERS_MOST:
        return ()
    here = certifier.subject(core, "float64", name)
    source = np.random.default_rng(0)
    directions = [source.standard_normal(part.shape) for part in core]
    size = float(np.sqrt(sum(np.sum(part**2) for part in core)))
    length = float(np.sqrt(sum(np.sum(part**2) for part in directions)))
    for share in _SHARES:
        start = tuple(part + share * size / length * step for part, step in zip(core, directions, strict=True))
        found = chain_descent(certifier.subject(start, "float64", name))
        if found.certified and found.largest_radius is not None and 0 < found.largest_radius < inf:
            break
    else:
        return ()
    radius = found.largest_radius / 2
    ball = chain_dominance(here, radius)
    sentences = (
        f"Wherever each layer is within {radius:.4g} of this network's (spectral norm), the loss above the minimum is at most "
        f"{ball.constant:.4g} times the squared gradient: there is no saddle and no plateau.",
        f"Gradient descent from a point {share * size:.3g} away, with the step {found.step:.4g}, is guaranteed to lower the loss "
        f"above the minimum to {found.rate:.8g} of itself in each step, and to end in a global minimum within "
        f"{found.radius:.3g} of its start.",
    )
    return (TextPanel("Gradient dominance around this minimum", sentences), _run(found))


def _run(found: DescentCertificate) -> CurvePanel:
    excess = found.run(_STEPS_MOST)
    small = np.flatnonzero(excess <= _DECADES * excess[0])
    last = int(small[0]) if small.size else _STEPS_MOST
    places = np.unique(np.linspace(0, max(last, 2), _POINTS).astype(int))
    return CurvePanel(
        "Gradient descent: the guarantee and a run",
        "The loss above the minimum in each step of a real run, and what was guaranteed before it began. The run lies under the "
        "guarantee: the rate is that of the worst direction on the ball.",
        "step",
        "loss above the minimum",
        (
            _curve("guaranteed", "target", places, found.guarantee(_STEPS_MOST)),
            _curve("gradient descent", "model", places, excess),
        ),
        logarithmic=True,
    )


def _curve(name: str, role: str, places: Array, values: Array) -> Curve:
    return Curve(name, role, tuple(places.astype(float).tolist()), tuple(values[places].tolist()))
