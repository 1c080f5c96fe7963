"""The positive eigenvalues of floats taken as the binary numbers they are: rigorous intervals, proven multiplicities."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._evidence import Assumption
from theodolite._numerics import distinct_eigenvalue_count, enclose_rational_eigenvalues
from theodolite.linear._exact_core import Ends, ExactCore, Spectrum

__all__ = ["verified_spectrum"]

_FIRST_BITS = 100
_MOST_BITS = 2000
_EPSILON = float(np.finfo(np.float64).eps)


def verified_spectrum(core: ExactCore) -> Spectrum:
    """Return the distinct positive eigenvalues with rigorous bounds.

    Disjoint intervals hold different eigenvalues. Where intervals overlap the degree of the minimal polynomial says how many
    different ones there are: once as many groups of intervals are apart, each of them is one repeated eigenvalue.
    """
    bits, distinct = _FIRST_BITS, -1
    while True:
        groups = _groups(enclose_rational_eigenvalues(core.sigma, bits)[: core.m])
        if len(groups) == core.m or len(groups) == distinct:
            break
        if distinct < 0:
            distinct = distinct_eigenvalue_count(core.sigma) - (core.m < len(core.sigma))
            continue
        if bits > _MOST_BITS:
            raise NotCoveredError(
                f"{distinct} different eigenvalues were not told apart",
                cause=f"some agree to {_MOST_BITS} bits",
                fix="Use arithmetic='float64', which takes them as equal",
            )
        bits *= 2
    multiplicities = tuple(len(group) for group in groups)
    ends = [_joint(group) for group in groups]
    floats = tuple(float((low + high) / 2) for low, high in ends)
    gaps = [float((a[0] - b[1]) / a[1]) for a, b in pairwise(ends)]
    margin = min(gaps) / _EPSILON if gaps else None
    checked = Assumption(
        f"{core.m} positive eigenvalues, {len(groups)} distinct values, for the floats as given", margin, _EPSILON
    )
    return Spectrum(floats, multiplicities, partial(_ends, core, multiplicities), checked)


def _groups(intervals: list[Ends]) -> list[list[Ends]]:
    """Return runs of intervals that overlap, largest first."""
    groups: list[list[Ends]] = []
    for interval in intervals:
        if groups and min(low for low, _ in groups[-1]) <= interval[1]:
            groups[-1].append(interval)
        else:
            groups.append([interval])
    return groups


def _joint(group: list[Ends]) -> Ends:
    """Return what the intervals around one eigenvalue have in common."""
    return max(low for low, _ in group), min(high for _, high in group)


def _ends(core: ExactCore, multiplicities: tuple[int, ...], bits: int) -> list[Ends]:
    """Return bounds of each distinct eigenvalue, at most ``2**-bits`` apart."""
    size = sum((abs(entry) for entry in np.diag(core.sigma)), Fraction(1))
    found = enclose_rational_eigenvalues(core.sigma, bits + int(size).bit_length())
    groups, at = [], 0
    for multiplicity in multiplicities:
        groups.append(_joint(found[at : at + multiplicity]))
        at += multiplicity
    return groups
