"""What optimization finds is on the list, and nothing else is: the loss of every converged run is a critical value."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

import theodolite as th
from tests.affine.support import landscape


def run(land, source):
    """The end of one optimization from a random start: parameters, loss and scaled gradient."""
    size = land.parameter_count
    start = source.normal(size=size) * source.choice([0.5, 1.0, 2.0])
    found = minimize(
        lambda x: land.loss(land.unpack(x)),
        start,
        jac=lambda x: land.pack(land.gradient(land.unpack(x))),
        method="BFGS",
        options={"gtol": 1e-12, "maxiter": 600},
    )
    return land.unpack(found.x)


@pytest.mark.parametrize(
    ("activation", "below"), [("relu", 0), ("leaky_relu", Fraction(1, 10)), ("leaky_relu", 2), ("quadratic", 0)]
)
def test_descent_ends_on_the_list(activation, below):
    """Local search ends at minima: exact fits, and dead neurons for ReLU; a wider tolerance recognises them."""
    land = landscape(3, activation, below, interval=(0, 1), slope=1, intercept=0)
    source = np.random.default_rng(0)
    kinds = []
    for _ in range(12):
        verdict = land.classify(run(land, source), rtol=1e-5)
        kinds.append(verdict.kind)
    allowed = {th.Kind.GLOBAL_MINIMUM, th.Kind.UNDECIDED, th.Kind.NOT_CRITICAL}
    if activation == "relu":
        allowed.add(th.Kind.SPURIOUS_MINIMUM)
    assert set(kinds) <= allowed
    assert kinds.count(th.Kind.GLOBAL_MINIMUM) >= 4


@pytest.mark.parametrize("gamma", [0.0, 0.3])
@pytest.mark.parametrize("signs", [(1,), (-1,), (1, -1), (-1, 1), (1, 1), (1, -1, 1)])
def test_saddles_by_root_finding(gamma, signs):
    """All zeros of the reduced gradient (positions, bends, c), from many starts: exactly the listed families, no others."""
    activation = "relu" if gamma == 0 else "leaky_relu"
    land = th.AffineTargetLandscape(len(signs), activation=activation, negative_slope=gamma)
    w = np.array(signs, dtype=float)

    def params(x):
        at, bends = x[: len(signs)], x[len(signs) : -1]
        return w, -w * at, bends, x[-1]

    def equations(x):
        return land.pack(land.gradient(params(x)))[len(signs) :]

    found = []
    source = np.random.default_rng(len(signs))
    for trial in range(12):
        at = np.sort(source.uniform(0.05, 0.95, len(signs)))
        bends = source.normal(size=len(signs))
        if trial % 2:  # half of the starts bend in turns, as the saddles do
            at = (np.arange(1, len(signs) + 1) + source.uniform(-0.2, 0.2, len(signs))) / (len(signs) + 1)
            bends = np.abs(bends) * signs
        start = np.concatenate([at, bends, [0.5]])
        end = least_squares(equations, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=40)
        at, bends = end.x[: len(signs)], end.x[len(signs) : -1]
        proper = np.all((at > 1e-3) & (at < 1 - 1e-3)) and np.all(np.diff(at) > 1e-3) and np.all(np.abs(bends) > 1e-3)
        loss = land.loss(params(end.x))
        if np.abs(end.fun).max() < 1e-12 and proper and loss > 1e-8:
            verdict = land.classify(params(end.x), rtol=1e-7)
            assert verdict.kind is th.Kind.STRICT_SADDLE
            found.append((verdict.family, verdict.kinks, round(loss, 10)))
    listed = {
        (s.label[:-1], len(signs), round(float(s.value), 10))
        for s in land.critical_sets()
        if s.label[-1] == str(len(signs))
        and alternating(signs)
        and s.label[:-1] in (("R", "E+", "O+") if signs[0] > 0 else ("E-", "O-"))
    }
    assert set(found) <= listed
    if listed:
        assert found


def alternating(signs):
    """Whether the signs alternate."""
    return all(a == -b for a, b in itertools.pairwise(signs))
