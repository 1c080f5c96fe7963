"""An affine-target landscape in words, formulas and plain data for figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theodolite._critical import CriticalSet
from theodolite._kind import Kind
from theodolite._panels import Curve, CurvePanel, Description, Formula, Panel, SignsPanel, TextPanel
from theodolite._typing import Array
from theodolite.affine._catalogue import Catalogue, Entry
from theodolite.affine._descents import calculus
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._motion import moving_families
from theodolite.affine._options import Options
from theodolite.affine._problem import Activation, Network, Problem
from theodolite.affine._squared import SquaredLoss

if TYPE_CHECKING:
    from theodolite.affine._landscape import AffineTargetLandscape

__all__ = ["describe", "figures"]

_POINTS = 121
_VALUES = {
    Activation.RELU: Formula(
        r"L_n = \frac{\alpha^2 T^3}{12 (n+1)^4}, \quad n = 0, 2, 4, \dots \le N",
        "The loss of every critical point that is not an exact fit: n is the number of distinct breakpoints, T the length of the "
        "interval, alpha the slope of the target.",
    ),
    Activation.LEAKY_RELU: Formula(
        r"L = \frac{\alpha^2 (1-\gamma)^2 T^3}{12 D^4}, \quad D = e + (n-1) \sqrt{1+\gamma}",
        "The loss of the saddles with n kinks; e is 2 for E+, twice the root of gamma for E-, one plus that root for O+ and O-.",
    ),
    Activation.QUADRATIC: Formula(
        r"L = \frac{\alpha^2 T^3}{12}",
        "Every critical point that is not an exact fit is a constant fit: the network gives the target's value at the midpoint.",
    ),
}


def describe(options: Options, catalogue: Catalogue) -> Description:
    """Return title, formulas and facts."""
    p = options.problem
    noun = {Activation.RELU: "ReLU", Activation.LEAKY_RELU: "Leaky ReLU", Activation.QUADRATIC: "Quadratic"}[
        p.activation
    ]
    target = _line_text(p)
    interval = f"[{p.start}, {p.end}]"
    facts = [("Interval", interval), ("Target", target)]
    if p.activation is Activation.LEAKY_RELU:
        facts.append(("Negative slope", str(p.gamma)))
    facts.append(("Arithmetic", "rational" if p.exact else "floating point"))
    if not catalogue.attained:
        facts.append(("Global minimum", "none: the infimum 0 is approached but not attained"))
    return Description(
        title=f"{noun} network 1-{options.hidden}-1 on an affine target",
        network=options.specification,
        data=f"the true loss of {target} on {interval}",
        parameter_count=3 * options.hidden + 1,
        noun="class",
        nouns="classes",
        way="move a breakpoint or wake a neuron",
        formulas=(
            Formula(
                r"L(w,b,v,c) = \int_{T_0}^{T_1} \Bigl(c + \sum_j v_j\, s(w_j x + b_j) - \alpha x - \beta\Bigr)^2 dx",
                "The loss is an integral over all inputs, not a sum over samples.",
            ),
            _VALUES[p.activation],
        ),
        facts=tuple(facts),
    )


def _line_text(p: Problem) -> str:
    """Return the target as text: x, 2 x - 1, or 3."""
    if p.alpha == 0:
        return str(p.beta)
    tilt = {1: "x", -1: "-x"}.get(p.alpha, f"{p.alpha} x")
    if p.beta == 0:
        return tilt
    return f"{tilt} {'-' if p.beta < 0 else '+'} {abs(p.beta)}"


def figures(land: AffineTargetLandscape, critical_set: CriticalSet) -> tuple[Panel, ...]:
    """Return the panels of one class, drawn for its canonical member."""
    params = land.representative_of(critical_set)
    network = Network.of(params)
    problem = land.problem if params[0].dtype == object else land.problem.as_float()
    values = calculus(problem, network)
    entry = Entry.of(critical_set.key)
    panels: list[Panel] = [*_functions(problem, network, values, land.neuron_types(params))]
    size = land.parameter_count
    if critical_set.index is not None and critical_set.nullity is not None:
        positive = size - critical_set.index - critical_set.nullity
        caption = (
            "Every zero is a direction along the class itself."
            if critical_set.nullity == critical_set.dimension
            else "Some zeros are not directions along the class: the Hessian alone does not settle the kind, the theorem does."
        )
        panels.append(
            SignsPanel(
                f"Curvature signs, {size} parameters", critical_set.index, critical_set.nullity, positive, caption
            )
        )
    if problem.activation is Activation.LEAKY_RELU and entry.family is not None:
        panels += moving_families(problem, entry.kinks)
    if entry.kind is Kind.SPURIOUS_MINIMUM:
        panels.append(_floor(problem))
    elif not entry.kind.is_minimum:
        panels += _way_out(land, params)
    return tuple(panels)


def _functions(
    problem: Problem, network: Network, values: KinkedLoss | SquaredLoss, types: tuple[str, ...]
) -> tuple[Panel, ...]:
    """Return the realization over the target, and the residual."""
    start, end, middle = float(problem.start), float(problem.end), float(problem.middle)
    if isinstance(values, KinkedLoss):
        x = values.residual.knots.astype(np.float64) + middle
        left, right = (side.astype(np.float64) for side in values.residual.ends)
        residual = np.concatenate([left, right[-1:]])
        ticks = tuple(float(tick) for tick in x[1:-1])
    else:
        x = np.linspace(start, end, _POINTS)
        r0, r1, r2 = values.residual.astype(np.float64)
        residual = r0 + r1 * (x - middle) + r2 * (x - middle) ** 2
        ticks = ()
    target = float(problem.alpha) * x + float(problem.beta)
    counts = {name: types.count(name) for name in dict.fromkeys(types)}
    neurons = ", ".join(f"{count} {name}" for name, count in counts.items())
    one = "one member; all members of the class realize this function" if ticks else "one member"
    return (
        CurvePanel(
            "Realization",
            f"The network (solid) and the target (dashed), {one}. Ticks are breakpoints. Neurons: {neurons}.",
            "x",
            "output",
            (_curve("target", "target", x, target), _curve("network", "model", x, target + residual)),
            ticks,
        ),
        CurvePanel(
            "Residual",
            "Network minus target. At a critical point it vanishes at the midpoint of every piece between breakpoints.",
            "x",
            "network − target",
            (
                _curve("zero", "reference", np.array([start, end]), np.zeros(2)),
                _curve("residual", "model", x, residual),
            ),
            ticks,
        ),
    )


def _floor(problem: Problem) -> CurvePanel:
    """Return the loss while one dead neuron is brought to life: the flat floor, its edge, and both ways on from there."""
    p = problem.as_float()
    a = np.sign(p.alpha)
    shifts = np.linspace(-0.6, 1.0, _POINTS)
    curves = []
    for name, role, sign in (("v with the sign of the slope", "model", a), ("v with the other sign", "target", -a)):
        losses = []
        for shift in shifts:
            w = np.array([1.0 / p.length])
            b = shift - w * p.end
            v = np.array([sign * abs(p.alpha) * p.length / 2])
            net = Network(w, b, v, p.alpha * p.middle + p.beta)
            losses.append(float(calculus(p, net).loss))
        curves.append(_curve(name, role, shifts, np.array(losses)))
    return CurvePanel(
        "The floor and the way past it",
        "One neuron, raised by its bias until its breakpoint enters the interval from the right. Left of 0 it is dead: nothing "
        "changes, and the gradient is zero. Beyond 0 the loss falls or rises with the sign of v: the way past the floor "
        "starts at its edge.",
        "value of w x + b at the right end",
        "loss",
        tuple(curves),
        (0.0,),
    )


def _way_out(land: AffineTargetLandscape, params: tuple[Array, ...]) -> list[Panel]:
    """Return the way out in words and the loss along it."""
    escape = land.escape(params)
    order = {1: "first", 2: "second", 3: "third"}[escape.order]
    sentences = [
        f"{escape.words[0].upper()}{escape.words[1:]}: the loss falls at {order} order.",
        f"A step of {escape.step:g} lowers it by {float(escape.decrease):.6g}.",
    ]
    steps = np.linspace(0.0, 1.5 * escape.step, _POINTS)
    losses = np.array([float(land.loss(escape.at(float(t)))) for t in steps])
    return [
        TextPanel("Way out", tuple(sentences)),
        CurvePanel(
            "Loss along the way out",
            "From the member drawn above, in the direction named; the tick is the step recommended.",
            "step",
            "loss",
            (_curve("loss", "model", steps, losses),),
            (escape.step,),
        ),
    ]


def _curve(name: str, role: str, x: Array, y: Array) -> Curve:
    return Curve(name, role, tuple(float(value) for value in x), tuple(float(value) for value in y))
