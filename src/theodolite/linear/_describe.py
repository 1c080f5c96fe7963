"""A shallow linear landscape in words, formulas and plain data for figures."""

from __future__ import annotations

from dataclasses import dataclass

from theodolite._critical import Home
from theodolite._kind import Kind
from theodolite._panels import (
    Description,
    Formula,
    MovesPanel,
    Panel,
    PlaneMark,
    PlanePanel,
    SignsPanel,
)
from theodolite._typing import Array
from theodolite.linear._options import Options
from theodolite.linear._parts import Parts, moves_caption
from theodolite.linear._reduction import Reduction
from theodolite.linear._sets import FamilySets, selection_label

__all__ = ["Portrait"]

_EXTENT = 1.5


@dataclass(frozen=True, eq=False)
class Portrait:
    """Everything that a page needs of one landscape."""

    options: Options
    reduction: Reduction
    sets: FamilySets

    @property
    def _parts(self) -> Parts:
        return Parts(self.options, self.reduction, self.sets.families)

    def description(self) -> Description:
        """Return title, formulas and facts."""
        return self._parts.description(self._index_formula(), "family", "families", "swap one direction or add one")

    @property
    def _total(self) -> int:
        return self._parts.total

    def _index_formula(self) -> Formula:
        p, m = self.options.layout.hidden, self.reduction.m
        return Formula(
            rf"\mathrm{{ind}}(S) = \sum_{{i \in S}} \#\{{ j \notin S : \lambda_j > \lambda_i \}} + ({p} - |S|)({m} - |S|)",
            "Morse index, the number of independent ways down: each kept direction counts every stronger one it leaves out, "
            f"each unit that is not productive counts {m} − |S|.",
        )

    def panels(self, taken: Array, home: Home) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves and the plane of the largest move for the family of one row."""
        moves = self._parts.moves(taken[0], self._key)
        return (
            self._parts.spectrum(taken[0]),
            self._signs(taken),
            MovesPanel(
                "Way out" if moves.count else "No way down",
                moves.shown,
                moves_caption(moves.count),
            ),
            *self._plane(taken[0], moves.largest),
        )

    def _signs(self, taken: Array) -> SignsPanel:
        counts = self.sets.counts
        generic = counts.generic(taken)
        index, nullity = int(counts.index(taken)[0]), int(generic.nullity[0])
        nullity += self.sets.zeros
        dimension, total = int(generic.dimension[0]) + self.sets.zeros, self._total
        if nullity == 0:
            caption = "No zeros: an isolated point."
        elif nullity == dimension:
            caption = "Every zero is a direction along the family itself; none is undecided."
        else:
            caption = (
                f"{nullity - dimension} of the zeros are not directions along the family: there the Hessian "
                "alone does not settle the kind, the theorem does."
            )
        return SignsPanel(f"Curvature signs, {total} weights", index, nullity, total - index - nullity, caption)

    def _key(self, taken: Array) -> bytes:
        return bytes(self.sets.families.pack(taken[None, :])[0].tobytes())

    def _plane(self, taken: Array, step: tuple[int | None, int] | None) -> tuple[PlanePanel, ...]:
        """Return the plane of one hidden unit that carries a mixture x u_i + y u_j of two directions, A and B balanced.

        There 1/2 ||B A - M||^2 = 1/2 (lambda_i (x^2 - 1)^2 + lambda_j (y^2 - 1)^2 + (lambda_i + lambda_j) x^2 y^2) + constant.
        """
        pair = self._pair(taken, step)
        if pair is None:
            return ()
        i, j, here = pair
        base = taken.copy()
        if here == (1, 0):
            base[i] -= 1
        if here == (0, 0) and int(base.sum()) >= self.sets.families.cap:
            return ()
        families, eigenvalues = self.sets.families, self.reduction.eigenvalues
        first, second = (families.weight * float(eigenvalues[k]) for k in (i, j))
        bottom = float(families.values(base[None, :])[0]) - first - second
        coefficients = (
            (bottom + first + second, 0.0, -2 * second, 0.0, second),
            (0.0,) * 5,
            (-2 * first, 0.0, first + second, 0.0, 0.0),
            (0.0,) * 5,
            (first, 0.0, 0.0, 0.0, 0.0),
        )
        marks = []
        for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
            after = base.copy()
            after[i] += abs(x)
            after[j] += abs(y)
            row = self.sets.table(after[None, :])
            kind = Kind.from_code(int(row.kind[0]))
            key = row.keys[0].tobytes()
            mark = PlaneMark(x, y, kind, selection_label(after), float(row.value[0]), key, (x, y) == here)
            marks.append(mark)
        label, words = selection_label(taken), "a slice" if step is None else "the way out"
        return (
            PlanePanel(
                f"{words[0].upper()}{words[1:]} of {label}" if step else f"A slice through {label}",
                f"A plane through the {self._total} weights: one hidden "
                f"unit carries a mixture of directions {i + 1} and {j + 1}, the others stay; both layers balanced.",
                f"weight on direction {i + 1}",
                f"weight on direction {j + 1}",
                coefficients,
                _EXTENT,
                tuple(marks),
                3 if step else None,
            ),
        )

    def _pair(self, taken: Array, step: tuple[int | None, int] | None) -> tuple[int, int, tuple[int, int]] | None:
        """Return the two directions that the plane mixes and where the family lies in it."""
        left = [k for k, m in enumerate(self.reduction.multiplicities) if taken[k] < m]
        if step is not None and step[0] is not None:
            return step[0], step[1], (1, 0)
        if step is not None:
            others = [k for k in left if k != step[1]]
            return (others[0], step[1], (0, 0)) if others else None
        kept = [k for k in range(len(taken)) if taken[k]]
        return (kept[-1], left[0], (1, 0)) if kept and left else None
