"""A deep linear landscape in words, formulas and plain data for figures."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from theodolite._critical import Piece
from theodolite._kind import Kind
from theodolite._panels import Description, Formula, MovesPanel, Panel, ProfilePanel, SignsPanel, TextPanel
from theodolite._typing import Array, Parameters
from theodolite.linear._deep_escape import descent_curve
from theodolite.linear._deep_normal import DeepPoint, normal_form
from theodolite.linear._deep_sets import DeepSets
from theodolite.linear._escape import lowest
from theodolite.linear._options import Options
from theodolite.linear._parts import Parts
from theodolite.linear._reduction import Reduction

__all__ = ["DeepPortrait"]

_TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class DeepPortrait:
    """Everything that a page needs of one landscape."""

    options: Options
    reduction: Reduction
    sets: DeepSets

    @property
    def _parts(self) -> Parts:
        return Parts(self.options, self.reduction, self.sets.families)

    def description(self) -> Description:
        """Return title, formulas and facts."""
        told = self._parts.description(
            self._index_formula(), "set", "sets", "join strings, swap one direction or add one"
        )
        return msgspec.structs.replace(told, formulas=(*told.formulas, self._strictness_formula()))

    def _index_formula(self) -> Formula:
        return Formula(
            r"\mathrm{ind} = \sum_{i \in S} \#\{ j \notin S : \lambda_j > \lambda_i \} + "
            r"\sum_{j < k} (n_{jk} - n_{j,k+1})(m_{kj} - m_{k,j+1})",
            "Morse index, the number of independent ways down, from ranks alone: n_jk is the rank of the layers between j and k, "
            "m_kj that of the layers below j times X Yᵀ times the layers above k, both less |S|.",
        )

    def _strictness_formula(self) -> Formula:
        cap = self.sets.families.cap
        return Formula(
            r"S = \{1, \dots, r\},\ r < "
            + str(cap)
            + r":\quad \text{non-strict} \iff n_{jk} = 0 \ \text{or}\ m_{kj} = 0"
            r"\ \text{for all}\ j < k",
            "A set that leaves a larger eigenvalue out is strict. One that takes the largest but not all it could is a "
            "saddle too: strict if some pair of layers can still move the loss to second order, else non-strict, where the "
            "Hessian has no negative eigenvalue and every second-order test says minimum.",
        )

    def panels(self, piece: Piece, member: Parameters) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves, and at a non-strict saddle the loss along the descent curve."""
        taken, _, _ = self.sets.read(piece.key)
        moves = self._parts.moves(taken[0], self._key)
        signs = self._signs(piece)
        caption = (
            f"The {len(moves.shown)} largest of {moves.count} steps."
            if moves.count > len(moves.shown)
            else "How much lower each selection lies that one step reaches."
        )
        return (
            self._parts.spectrum(taken[0]),
            signs,
            MovesPanel(
                "Way out" if moves.count else "No way down",
                moves.shown,
                caption if moves.count else "Every step raises the loss or keeps it; no other selection lies lower.",
            ),
            *([self._profile(piece, member)] if piece.kind is Kind.NON_STRICT_SADDLE else []),
        )

    def _key(self, taken: Array) -> bytes:
        rows, branches = self.sets.branches(taken[None, :])
        return bytes(self.sets.pack(rows[:1], branches[:1])[0].tobytes())

    def _signs(self, piece: Piece) -> SignsPanel | TextPanel:
        total = self._parts.total
        if piece.index is None or piece.nullity is None:
            low, high = piece.index_range or (0, total)
            least, most = piece.nullity_range or (0, total)
            bounds = "" if piece.ranges_exact else " at most: the strata are too many to be listed"
            return TextPanel(
                f"Curvature signs, {total} weights",
                (
                    f"Between {low} and {high} negative and {least} to {most} zero{bounds}.",
                    "They differ between the strata.",
                ),
            )
        captions = {
            Kind.NON_STRICT_SADDLE: "No negative eigenvalue, and still no minimum: the way down is of higher order.",
            Kind.GLOBAL_MINIMUM: "No negative eigenvalue; the theorem says that no point lies lower.",
        }
        span = piece.index_range
        wide = "" if span is None or span[0] == span[1] else f" Members have {span[0]} to {span[1]} negative ones."
        return SignsPanel(
            f"Curvature signs, {total} weights",
            piece.index,
            piece.nullity,
            total - piece.index - piece.nullity,
            captions.get(piece.kind, "Each negative eigenvalue is an independent way down.") + wide,
        )

    def _profile(self, piece: Piece, member: Parameters) -> ProfilePanel:
        """Return the loss along the descent curve from a member."""
        reduction, factor = self.reduction, self.options.factor
        point = DeepPoint.of(reduction, member)
        normal = normal_form(reduction, point, self.sets.counts.arcs, self.sets.families.cap, _TOLERANCE)
        if normal is None:
            raise AssertionError("a member has a normal form")
        way = descent_curve(reduction, normal, factor)
        coefficients = (float(piece.value), *(float(c) for c in way.change[1:]))
        return ProfilePanel(
            "Why the Hessian is blind here",
            f"The loss falls with the power {way.order} of the parameter along this curve; the quadratic model is flat, so that "
            "second-order tests take the saddle for a minimum.",
            coefficients,
            1.1 * lowest(way.change)[1],
        )
