"""What pages of shallow and deep linear landscapes share: title, value formula, spectrum, steps to lower selections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from theodolite._panels import Description, Formula, SpectrumPanel
from theodolite._typing import Array
from theodolite.linear._families import Families
from theodolite.linear._moves import MOST_MOVES, Moves, list_moves
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction

__all__ = ["Parts", "moves_caption"]


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of one landscape's pages."""

    options: Options
    reduction: Reduction
    families: Families

    def description(self, index: Formula, noun: str, nouns: str, way: str) -> Description:
        """Return title, formulas and facts."""
        options, reduction = self.options, self.reduction
        autoencoder = reduction.x.shape == reduction.y.shape and bool(np.array_equal(reduction.x, reduction.y))
        kind = "Linear autoencoder" if autoencoder else "Linear network"
        layout = options.layout
        matrix = "X^T X" if autoencoder else r"\Sigma"
        return Description(
            title=f"{kind} {'-'.join(map(str, layout.widths))}{self._bias_words()}",
            network=options.specification,
            data=f"{reduction.samples} samples, {layout.d_in} inputs, {layout.d_out} outputs",
            parameter_count=self.total,
            noun=noun,
            nouns=nouns,
            way=way,
            formulas=(self._value_formula(matrix, autoencoder), index),
            facts=self._facts(matrix),
        )

    def _bias_words(self) -> str:
        biased, depth = self.options.layout.biased, self.options.layout.depth
        if not biased:
            return ""
        if biased == (depth,):
            return " with an output bias"
        if len(biased) == depth:
            return " with biases"
        if len(biased) == depth - 1 and depth not in biased:
            return " with hidden biases"
        return f" with biases in {', '.join(map(str, biased))}"

    @property
    def total(self) -> int:
        """The number of parameters."""
        return sum(prod(shape) for shape in self.options.layout.shapes)

    def _value_formula(self, matrix: str, autoencoder: bool) -> Formula:
        weight = {"half_sum": r"\tfrac{1}{2}", "sum": "", "mean": r"\tfrac{1}{N}"}[self.options.reduction]
        latex = rf"L(S) = L_0 + {weight} \sum_{{i \notin S}} \lambda_i, \quad |S| \le {self.families.cap}"
        meaning = "reconstructs" if autoencoder else "fits"
        lost = (
            "half of every other eigenvalue"
            if self.options.reduction == "half_sum"
            else "every other eigenvalue"
            if self.options.reduction == "sum"
            else "every other eigenvalue, divided by the number N of entries of Y"
        )
        ties = any(count > 1 for count in self.reduction.multiplicities)
        noun = "One family" if self.options.layout.depth == 2 else "One critical set, or a strict and a non-strict one,"
        centred = self.options.layout.depth in self.options.layout.biased
        return Formula(
            latex,
            f"{noun} per set S of at most {self.families.cap} of the {self.reduction.m} positive eigenvalues "
            f"of {'XᵀX' if autoencoder else 'Σ = Yᵀ P Y, P the projector on the columns of X'}"
            f"{', all columns centred' if centred else ''}: the network {meaning} the "
            f"directions in S and loses {lost}. "
            f"{'Sets that take equally many of every repeated eigenvalue are one family. ' if ties else ''}"
            f"L₀ = {self._floor} is what no {'affine' if self.options.layout.biased else 'linear'} map can fit.",
        )

    @property
    def _floor(self) -> str:
        """The least-squares residual; below the round-off of the data it is zero as far as can be known."""
        if self.reduction.floor == 0:
            return "0"
        rounding = 1e-13 * float(np.linalg.norm(self.reduction.y))
        return "0 (to rounding)" if np.sqrt(self.reduction.floor) <= rounding else f"{self.families.floor:.6g}"

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

    def spectrum(self, taken: Array) -> SpectrumPanel:
        reduction, weight = self.reduction, self.families.weight
        multiplicities = np.array(reduction.multiplicities)
        return SpectrumPanel(
            "Spectrum",
            tuple(f"{i + 1}" if m == 1 else f"{i + 1} (×{m})" for i, m in enumerate(reduction.multiplicities)),
            tuple(float(value) for value in np.sqrt(reduction.eigenvalues)),
            tuple(float(share) for share in taken / multiplicities),
            tuple(float(cost) for cost in weight * (multiplicities - taken) * reduction.eigenvalues),
            "Bar length is the singular value √λ, from zero; filled is kept. An open bar says what losing it costs.",
        )

    def moves(self, taken: Array, key: Callable[[Array], bytes]) -> Moves:
        """Return the steps down from a selection; ``key`` gives the key of the set where one ends."""
        before, behind = {"half_sum": ("½", ""), "sum": ("", ""), "mean": ("", "/N")}[self.options.reduction]

        def formula(added: int, dropped: int | None) -> str:
            gained = f"λ{_subscript(added + 1)}"
            difference = gained if dropped is None else f"({gained} − λ{_subscript(dropped + 1)})"
            return f"{before}{difference}{behind}"

        return list_moves(self.families, taken, key, formula)


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def moves_caption(count: int) -> str:
    """Return what is said below a list of steps."""
    if not count:
        return "Every swap raises the loss or keeps it; no other family lies lower."
    if count > MOST_MOVES:
        return f"The {MOST_MOVES} largest of {count} steps."
    return "Each step lowers the loss by exactly this much, monotonically."
