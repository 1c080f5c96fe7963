r"""A local minimum of a ReLU landscape, kinks included, with the radius in which nothing is lower.

With residual e and neuron j,

.. math::  P = \sum_{w \cdot x_i > 0} e_i x_i + \gamma \sum_{w \cdot x_i < 0} e_i x_i +
    \tfrac{1 + \gamma}{2} \sum_{w \cdot x_i = 0} e_i x_i

and :math:`\kappa = \sum e_i |c_i|` for every line of samples :math:`x_i = c_i u` on the kink. The point is a local
minimum if and only if :math:`\sum e_i = 0` (with an output bias), the function

.. math::  h(d) = \operatorname{sign}(v_j) (P \cdot d + \tfrac{1 - \gamma}{2} \sum_l \kappa_l |u_l \cdot d|)

is nowhere negative for neurons with :math:`v_j \ne 0`, and P and all kappa vanish for those with :math:`v_j = 0`. h
is linear on the cells of the u, so it is enough to look at their rays and, where the u do not span, along the
directions orthogonal to all of them.

Nothing is lower within the radius r if :math:`r |x_i| \le |w_j \cdot x_i|` off the kinks and :math:`r \le |v_j|`
where that is not 0: then the samples stay on their sides, and the loss is convex on each closed side.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

from theodolite.checker._algebra import echelon, null_vector, rank
from theodolite.checker._fields import Fields, about, refuse
from theodolite.checker._network import Network, Point, dot, read_point

__all__ = ["check_local_minimum"]

_MOST_RAYS = 10**6


def check_local_minimum(fields: Fields, network: Network) -> tuple[Fraction, Fraction, int]:
    """Return the loss of the certified local minimum, the radius, and how many directions were looked at."""
    point = read_point(fields, network)
    value, radius = fields.fraction("value"), fields.fraction("radius")
    residual = point.residual(network)
    loss = network.scale * sum((e * e for e in residual), Fraction(0))
    if loss != value:
        refuse(f"The loss of the point is {about(loss)}", f"{about(value)} is claimed")
    if network.offset and sum(residual) != 0:
        refuse("The point is no local minimum", "the residuals do not add up to 0")
    _check_radius(point, network, radius)
    return value, radius, sum(_check_neuron(j, point, network, residual) for j in range(network.hidden))


def _check_radius(point: Point, network: Network, radius: Fraction) -> None:
    if radius <= 0:
        refuse(f"The radius is {radius}")
    for j, (w, v) in enumerate(zip(point.weights, point.outer, strict=True)):
        if v and radius > abs(v):
            refuse("The radius is too large", f"output weight {j} changes its sign within it")
        for i, row in enumerate(network.rows):
            before = dot(w, row)
            if before and radius**2 * dot(row, row) > before**2:
                refuse("The radius is too large", f"neuron {j} changes its side on sample {i} within it")


def _check_neuron(j: int, point: Point, network: Network, residual: list[Fraction]) -> int:
    """Refuse if the loss falls when neuron j moves; return how many directions had to be looked at."""
    width, slope = len(network.rows[0]), network.slope
    pull = [Fraction(0)] * width
    lines: list[tuple[list[Fraction], Fraction]] = []
    for row, e in zip(network.rows, residual, strict=True):
        if not any(row):
            continue
        before = dot(point.weights[j], row)
        share = Fraction(1) if before > 0 else slope if before < 0 else (1 + slope) / 2
        pull = [p + share * e * x for p, x in zip(pull, row, strict=True)]
        if before == 0:
            _add(lines, row, e)
    if point.outer[j] == 0:
        if any(pull) or any(kappa for _, kappa in lines):
            refuse(
                "The point is no local minimum",
                f"neuron {j} has output weight 0 and lowers the loss when it is switched on",
            )
        return 0
    sign = 1 if point.outer[j] > 0 else -1
    spanned = [u for u, _ in lines]
    if rank([*spanned, pull]) > rank(spanned):
        refuse("The point is no local minimum", f"the loss has a slope as neuron {j} moves along its kinks")
    directions = _rays(spanned, width)
    for ray in directions:
        for way in (1, -1):
            change = way * dot(pull, ray) + (1 - slope) / 2 * sum((k * abs(dot(u, ray)) for u, k in lines), Fraction(0))
            if sign * change < 0:
                refuse("The point is no local minimum", f"the loss falls as neuron {j} leaves its kinks")
    return 2 * len(directions)


def _add(lines: list[tuple[list[Fraction], Fraction]], row: list[Fraction], e: Fraction) -> None:
    """Add a sample on the kink to the line that it spans."""
    for number, (u, kappa) in enumerate(lines):
        place = next(k for k, entry in enumerate(u) if entry)
        c = row[place] / u[place]
        if all(entry == c * other for entry, other in zip(row, u, strict=True)):
            lines[number] = (u, kappa + e * abs(c))
            return
    lines.append((row, e))


def _rays(vectors: list[list[Fraction]], width: int) -> list[list[Fraction]]:
    """Return a vector on every ray, up to its sign, of the arrangement that is orthogonal to ``vectors``, within their span."""
    size = rank(vectors)
    if size == 0:
        return []
    if comb(len(vectors), size - 1) > _MOST_RAYS:
        refuse(f"{len(vectors)} samples lie on the kink of one neuron", "that is more than this checker looks at")
    # Coordinates in which the vectors span everything: their pivot columns.
    pivots = echelon(vectors)[1]
    short = [[u[k] for k in pivots] for u in vectors]
    rays = []
    for chosen in combinations(short, size - 1):
        ray = null_vector(list(chosen), size) if chosen else [Fraction(1)]
        if ray is not None:
            full = [Fraction(0)] * width
            for k, entry in zip(pivots, ray, strict=True):
                full[k] = entry
            rays.append(full)
    return rays
