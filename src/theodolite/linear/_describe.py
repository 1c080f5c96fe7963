"""A shallow linear landscape in words, formulas and plain data for figures."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from theodolite._critical import Home
from theodolite._kind import Kind
from theodolite._panels import (
    Description,
    Formula,
    Move,
    MovesPanel,
    Panel,
    PlaneMark,
    PlanePanel,
    SignsPanel,
    SpectrumPanel,
)
from theodolite._typing import Array
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction
from theodolite.linear._sets import FamilySets, selection_label

__all__ = ["Portrait"]

_MOST_MOVES = 12
_EXTENT = 1.5
_BIAS_WORDS = {(): "", (1, 2): " with biases", (1,): " with hidden biases", (2,): " with an output bias"}


@dataclass(frozen=True, eq=False)
class Portrait:
    """Everything that a page needs of one landscape."""

    options: Options
    reduction: Reduction
    sets: FamilySets

    def description(self) -> Description:
        """Return title, formulas and facts."""
        options, reduction = self.options, self.reduction
        autoencoder = reduction.x.shape == reduction.y.shape and bool(np.array_equal(reduction.x, reduction.y))
        kind = "Linear autoencoder" if autoencoder else "Linear network"
        layout = options.layout
        layers = f"{layout.d_in}-{layout.hidden}-{layout.d_out}"
        matrix = "X^T X" if autoencoder else r"\Sigma"
        return Description(
            title=f"{kind} {layers}{_BIAS_WORDS[layout.biased]}",
            network=options.specification,
            data=f"{reduction.samples} samples, {layout.d_in} inputs, {layout.d_out} outputs",
            parameter_count=self._total,
            noun="family",
            nouns="families",
            way="swap one direction or add one",
            formulas=(self._value_formula(matrix, autoencoder), self._index_formula()),
            facts=self._facts(matrix),
        )

    @property
    def _total(self) -> int:
        return sum(prod(shape) for shape in self.options.layout.shapes)

    def _value_formula(self, matrix: str, autoencoder: bool) -> Formula:
        weight = {"half_sum": r"\tfrac{1}{2}", "sum": "", "mean": r"\tfrac{1}{N}"}[self.options.reduction]
        latex = rf"L(S) = L_0 + {weight} \sum_{{i \notin S}} \lambda_i, \quad |S| \le {self.sets.families.cap}"
        meaning = "reconstructs" if autoencoder else "fits"
        lost = (
            "half of every other eigenvalue"
            if self.options.reduction == "half_sum"
            else "every other eigenvalue's share"
        )
        return Formula(
            latex,
            f"One family per set S of at most {self.sets.families.cap} of the {self.reduction.m} positive eigenvalues "
            f"of {'XᵀX' if autoencoder else 'Σ = Yᵀ P Y, P the projector on the columns of X'}: the network {meaning} the "
            f"directions in S and loses {lost}. L₀ = {self._floor} is what no linear map can fit.",
        )

    @property
    def _floor(self) -> str:
        """The least-squares residual; below the round-off of the data it is zero as far as can be known."""
        rounding = 1e-13 * float(np.linalg.norm(self.reduction.y))
        return "0 (to rounding)" if np.sqrt(self.reduction.floor) <= rounding else f"{self.sets.families.floor:.6g}"

    def _index_formula(self) -> Formula:
        p, m = self.options.layout.hidden, self.reduction.m
        return Formula(
            rf"\mathrm{{ind}}(S) = \sum_{{i \in S}} \#\{{ j \notin S : \lambda_j > \lambda_i \}} + ({p} - |S|)({m} - |S|)",
            "Morse index, the number of independent ways down: each kept direction counts every stronger one it leaves out, "
            f"each unit that is not productive counts {m} − |S|.",
        )

    def _facts(self, matrix: str) -> tuple[tuple[str, str], ...]:
        eigenvalues = self.reduction.eigenvalues
        shown = [f"{value:.6g}" for value in eigenvalues[:12]]
        for i, multiplicity in enumerate(self.reduction.multiplicities[:12]):
            if multiplicity > 1:
                shown[i] += f" ({multiplicity} times)"
        more = f" and {len(eigenvalues) - 12} more" if len(eigenvalues) > 12 else ""
        name = "Eigenvalues of XᵀX" if matrix == "X^T X" else "Eigenvalues of Σ"
        return (
            (name, (" · ".join(shown) or "none is positive") + more),
            *(("Decided", str(assumption)) for assumption in self.reduction.assumptions()),
        )

    def panels(self, taken: Array, home: Home) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves and the plane of the largest move for the family of one row."""
        moves = self._moves(taken[0])
        return (
            self._spectrum(taken[0]),
            self._signs(taken),
            MovesPanel(
                "Way out" if moves else "No way down",
                tuple(move for move, _ in moves[:_MOST_MOVES]),
                _moves_caption(len(moves)),
            ),
            *self._plane(taken[0], moves[0][1] if moves else None),
        )

    def _spectrum(self, taken: Array) -> SpectrumPanel:
        reduction, weight = self.reduction, self.sets.families.weight
        multiplicities = np.array(reduction.multiplicities)
        return SpectrumPanel(
            "Spectrum",
            tuple(f"{i + 1}" if m == 1 else f"{i + 1} (×{m})" for i, m in enumerate(reduction.multiplicities)),
            tuple(float(value) for value in np.sqrt(reduction.eigenvalues)),
            tuple(float(share) for share in taken / multiplicities),
            tuple(float(cost) for cost in weight * (multiplicities - taken) * reduction.eigenvalues),
            "Bar length is the singular value √λ, from zero; filled is kept. An open bar says what losing it costs.",
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

    def _moves(self, taken: Array) -> list[tuple[Move, tuple[int | None, int]]]:
        """Return every step that lowers the loss with (dropped, added) groups, largest decrease first."""
        families, eigenvalues = self.sets.families, self.reduction.eigenvalues
        found: list[tuple[Move, tuple[int | None, int]]] = []
        open_groups = [j for j, m in enumerate(self.reduction.multiplicities) if taken[j] < m]
        spare = int(taken.sum()) < families.cap
        half = {"half_sum": "½"}.get(self.options.reduction, "")
        for j in open_groups:
            sources: list[int | None] = [i for i in range(j + 1, len(taken)) if taken[i]]
            for i in [None, *sources] if spare else sources:
                after = taken.copy()
                after[j] += 1
                gain = float(eigenvalues[j])
                words, formula = f"add {j + 1}", f"{half}λ{_subscript(j + 1)}"
                if i is not None:
                    after[i] -= 1
                    gain -= float(eigenvalues[i])
                    words = f"swap {i + 1} for {j + 1}"
                    formula = f"{half}(λ{_subscript(j + 1)} − λ{_subscript(i + 1)})"
                key = families.pack(after[None, :])[0].tobytes()
                move = Move(words, formula, families.weight * gain, selection_label(after), key)
                found.append((move, (i, j)))
        return sorted(found, key=lambda entry: -entry[0].decrease)

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


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _moves_caption(count: int) -> str:
    if not count:
        return "Every swap raises the loss or keeps it; no other family lies lower."
    if count > _MOST_MOVES:
        return f"The {_MOST_MOVES} largest of {count} steps."
    return "Each step lowers the loss by exactly this much, monotonically."
