"""The exactly critical networks that may lie next to one given in floats, one for each class, and what each costs to reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._catalogue import Entry
from theodolite.affine._families import Family, Layout, families_of, layout
from theodolite.affine._fits import recentred
from theodolite.affine._problem import Network, Problem
from theodolite.affine._sizes import Sizes
from theodolite.affine._structure import Sort, Structure

__all__ = ["Candidate", "candidates"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """An exactly critical network near the given one: ``cost`` is the largest relative change, ``doubts`` what is unclear."""

    entry: Entry
    network: Network
    structure: Structure
    cost: float
    doubts: tuple[str, ...] = ()
    inertia_doubt: str = ""


def candidates(sizes: Sizes) -> list[Candidate]:
    """Return the nearest critical network of every class that could be near."""
    p = sizes.problem
    if p.alpha == 0:
        return []
    if p.quadratic:
        return [_squared_constant(sizes)]
    found = [_constant(sizes)]
    for family, kinks in _families_at(p, float(sizes.values.loss), len(sizes.network.w)):
        place = layout(p, family, kinks)
        if place is not None:
            found.append(_kinked(sizes, place))
    return found


def _constant(sizes: Sizes) -> Candidate:
    """Return the nearest critical network that is constant."""
    p, net = sizes.problem, sizes.network
    sorts, cost = _idle_sorts(sizes)
    still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
    near = _settled(sizes, sorts)
    v = np.where(still, 0.0, net.v)
    network = recentred(p, near.w, near.b, v, p.middle)
    cost_c = abs(network.c - net.c) / sizes.terms_of_f
    structure = Structure(p, network, sorts, v == 0, np.full(len(sorts), -1))
    low, high, doubt = _grades(sizes, sorts)
    kinds = (Kind.SPURIOUS_MINIMUM, Kind.NON_STRICT_SADDLE, Kind.STRICT_SADDLE)
    if p.gamma != 0:
        low = high = 2
    doubts = () if low == high else (f"{kinds[low]} and {kinds[high]} are equally near",)
    return Candidate(Entry(kinds[high]), network, structure, max(float(cost.max()), float(cost_c)), doubts, doubt)


def _idle_sorts(sizes: Sizes) -> tuple[Array, Array]:
    """Return for each neuron the nearest sort that takes no part, and the relative change it costs."""
    p, net = sizes.problem, sizes.network
    low, high = (end / sizes.terms for end in sizes.ends)
    level = np.abs(net.w) * p.reach / sizes.terms
    to_constant = np.maximum(level, sizes.flatness)
    sorts = np.full(len(net.w), Sort.CONSTANT, dtype=np.int64)
    cost = to_constant
    if p.gamma == 0:
        to_constant = np.where(net.b > 0, to_constant, np.inf)
        to_dead = np.maximum(np.maximum(low, high), 0.0)
        dead = to_dead <= to_constant
        sorts[dead] = Sort.DEAD
        sorts[dead & (sizes.ends[0] >= -sizes.edges[0]) & (low > high)] = Sort.START
        sorts[dead & (sizes.ends[1] >= -sizes.edges[1]) & (high > low)] = Sort.END
        cost = np.minimum(to_dead, to_constant)
    zero = (net.w == 0) & (net.b == 0)
    sorts[zero] = Sort.DEGENERATE
    return sorts, np.where(zero, sizes.flatness, cost)


def _settled(sizes: Sizes, sorts: Array) -> Network:
    """Return the neurons with w and b changed to what their sorts demand (v is left)."""
    p, net = sizes.problem, sizes.network
    w = np.where(sorts == Sort.CONSTANT, 0.0, net.w)
    b = np.where(sorts == Sort.START, -w * p.start, np.where(sorts == Sort.END, -w * p.end, net.b))
    return Network(w, b, net.v, net.c)


def _grades(sizes: Sizes, sorts: Array) -> tuple[int, int, str]:
    """Return the lowest and the highest kind of a constant network within reach (0 minimum, 1 flat, 2 strict), and doubts.

    The doubt says why index and nullity are open although the kind may not be.
    """
    p, net, clear = sizes.problem, sizes.network, sizes.clear
    starting = sizes.ends[0] > sizes.ends[1]
    tilt = np.where(starting, 1, -1) * p.alpha * net.v
    signed = np.where(tilt > 0, 0, np.where(tilt < 0, 2, 1))
    limp, vague_v = net.v == 0, sizes.flatness <= clear
    on_edge = np.isin(sorts, (Sort.START, Sort.END))
    off_edge = on_edge & (np.maximum(*sizes.ends) > np.where(starting, *sizes.edges))
    edge_low = np.where(limp, 1, np.where(vague_v, np.minimum(signed, 1), signed))
    edge_low = np.where(off_edge, 0, edge_low)
    edge_high = np.where(limp, 1, np.where(vague_v, np.maximum(signed, 1), signed))
    near_edge = (sorts == Sort.DEAD) & (sizes.top >= -clear)
    still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
    low = np.where(on_edge, edge_low, np.where(still, 2, 0))
    high = np.where(on_edge | near_edge, edge_high, np.where(still, 2, 0))
    unclear = sizes.tiny | (sizes.span <= clear * sizes.terms) & ~((net.w == 0) & (net.b == 0))
    high = np.where(unclear, 2, high)
    doubt = ""
    if (near_edge | off_edge | unclear | (on_edge & vague_v & (net.v != 0))).any():
        doubt = "a neuron is too near a class boundary to say whether the loss has a second derivative"
    return int(low.max()), int(high.max()), doubt


def _kinked(sizes: Sizes, place: Layout) -> Candidate:
    """Return the nearest saddle of one family."""
    p, net = sizes.problem, sizes.network
    sorts, cost = _idle_sorts(sizes)
    group = np.full(len(sorts), -1)
    to_kink = np.full(len(sorts), np.inf)
    for sign in (1, -1):
        mine = np.flatnonzero(np.sign(net.w) == sign)
        targets = np.flatnonzero(place.signs == sign)
        if not len(mine) or not len(targets):
            continue
        at = -net.b[mine] / net.w[mine]
        slot = np.searchsorted((place.at[targets][1:] + place.at[targets][:-1]) / 2, at)
        group[mine] = targets[slot]
        to_kink[mine] = np.abs(net.w[mine] * place.at[targets[slot]] + net.b[mine]) / sizes.terms[mine]
    bent = to_kink < cost
    sorts[bent] = Sort.KINK
    group[~bent] = -1
    cost = np.where(bent, to_kink, cost)
    near = _settled(sizes, sorts)
    b = near.b.copy()
    b[bent] = -near.w[bent] * place.at[group[bent]]
    still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
    v = np.where(still, 0.0, net.v)
    amount = np.where(bent, v * np.abs(net.w), 0.0)
    total, size = (np.bincount(group[bent], part[bent], len(place.at)) for part in (amount, np.abs(amount)))
    worst = float(cost.max())
    doubt = ""
    if (size == 0).any():
        worst = np.inf
    else:
        missing = (place.bends - total) / size
        worst = max(worst, float(np.abs(missing).max()))
        v[bent] += missing[group[bent]] * np.abs(v[bent])
    network = recentred(p, near.w, b, v, p.start + place.lengths[0] / 2)
    worst = max(worst, float(abs(network.c - net.c) / sizes.terms_of_f))
    edge = (sorts == Sort.DEAD) & (sizes.top >= -sizes.clear)
    limp = (sizes.flatness <= sizes.clear) & (net.v != 0) & ~still & (sorts != Sort.DEAD)
    if (edge | limp | sizes.tiny).any():
        doubt = "a neuron is too near a class boundary to say on which side it is"
    structure = Structure(p, network, sorts, network.v == 0, group)
    entry = Entry(Kind.STRICT_SADDLE, place.family, len(place.at))
    return Candidate(entry, network, structure, worst, (), doubt)


def _squared_constant(sizes: Sizes) -> Candidate:
    """Return the nearest critical network of squared neurons."""
    p, net = sizes.problem, sizes.network
    shift = net.b + net.w * p.middle
    three = np.stack([np.abs(net.v), np.abs(shift), np.abs(net.w) * p.length / 2])
    order = np.argsort(three, axis=0)
    columns = np.arange(len(net.w))
    second, first = three[order[1], columns], three[order[2], columns]
    waking = first > 0
    vague = waking & (first <= sizes.clear * sizes.unit)
    sorts = np.where(waking, order[2] + 1, 0)
    w = np.where(sorts == 3, net.w, 0.0)
    b = np.where(sorts == 2, net.b, np.where(sorts == 3, -w * p.middle, 0.0))
    v = np.where(sorts == 1, net.v, 0.0)
    network = recentred(p, w, b, v, p.middle)
    relative = np.where(vague, first / sizes.unit, second / np.where(waking, first, 1.0))
    cost = max(float(relative.max()), float(abs(network.c - net.c) / sizes.terms_of_f))
    doubts: tuple[str, ...] = ()
    if vague.any() and not (waking & ~vague).any():
        doubts = ("whether some neuron is not zero is up to rounding",)
    entry = Entry(Kind.STRICT_SADDLE if waking.any() else Kind.NON_STRICT_SADDLE)
    structure = Structure(p, network, sorts, network.v == 0, np.full(len(sorts), -1))
    doubt = "whether some neuron is zero is up to rounding" if vague.any() else ""
    return Candidate(entry, network, structure, cost, doubts, doubt)


def _families_at(problem: Problem, loss: float, hidden: int) -> list[tuple[Family, int]]:
    """Return the families whose loss could be this one up to one part in a thousand."""
    gamma = float(problem.gamma)
    if gamma == 1 or loss <= 0:
        return []
    pieces = (float(problem.plateau) * (1 - gamma) ** 2 / loss) ** 0.25
    g, p = gamma**0.5, (1 + gamma) ** 0.5
    found = []
    for ends, parity in ((2.0, 0), (2 * g, 0), (1 + g, 1)):
        kinks = round((pieces - ends) / p) + 1 if np.isfinite(pieces) else 0
        if kinks % 2 != parity or not 1 <= kinks <= hidden:
            continue
        for family in families_of(problem.gamma, kinks):
            width = {"R": 2.0, "E+": 2.0, "E-": 2 * g}.get(family.name, 1 + g) + (kinks - 1) * p
            if (family, kinks) not in found and abs(width / pieces - 1) < 2.5e-4:
                found.append((family, kinks))
    return found
