"""The landscape with weight decay: all critical points where they are known, proven verdicts everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._errors import NotCoveredError
from theodolite._evidence import Evidence, Method
from theodolite._kind import Kind
from theodolite._panels import Description, Formula, MovesPanel, Panel, SignsPanel, SpectrumPanel
from theodolite._references import cite
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._canonical import random_orthonormal
from theodolite.linear._counts import selections_by_size
from theodolite.linear._decay import judge_with_decay
from theodolite.linear._decay_verdict import judge_pairs
from theodolite.linear._families import Families
from theodolite.linear._moves import Moves, list_moves
from theodolite.linear._network import Network
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction
from theodolite.linear._regularized import Pairs, solvable_pairs
from theodolite.linear._sets import selection_label

__all__ = ["DecayProblem"]

_IN_UNITS = {
    "half_sum": (r"\tfrac{1}{2}", "the weight decay"),
    "sum": ("", "half the weight decay"),
    "mean": (r"\tfrac{1}{N}", "N/2 times the weight decay, N the number of entries of Y"),
}
"""What the formula for the loss has in front, and what its decay is, where the loss is not half the sum of squares."""


class DecayProblem:
    """``factor * ||X W1^T W2^T - Y||^2 + l2/2 (||W1||^2 + ||W2||^2)``."""

    def __init__(self, network: Network, reduction: Reduction, options: Options) -> None:
        self.network = network
        self.reduction = reduction
        self._options = options
        self._hidden = options.layout.hidden

    @cached_property
    def _known(self) -> Pairs | str:
        return solvable_pairs(self.network, self.reduction)

    @property
    def pairs(self) -> Pairs:
        """The solvable pairs; ``NotCoveredError`` with the reason where they are not known."""
        if isinstance(self._known, str):
            raise NotCoveredError(
                "The critical points of this landscape are not all known",
                cause=self._known,
                fix="Whiten the inputs, or ask only for classify() and escape(), which work everywhere",
            )
        return self._known

    @cached_property
    def families(self) -> Families:
        """The selections of pairs, in increasing loss."""
        pairs, factor = self.pairs, self._options.factor
        cap = min(self._hidden, len(pairs.gains))
        return Families(pairs.distinct_gains, pairs.multiplicities, cap, factor * pairs.floor, factor)

    @cached_property
    def evidence(self) -> Evidence:
        """How every family is known."""
        return Evidence(
            Method.THEOREM,
            (cite("kunin-2019"), cite("theodolite", "weight decay")),
            self.pairs.checked,
            f"all critical points of {self._options.specification} with weight decay {self._options.l2:g}",
        )

    def count(self) -> int:
        """Return the number of families."""
        return self.families.count()

    def count_strata(self) -> int:
        """Return the number of strata: each family is one."""
        return sum(selections_by_size(self.pairs.multiplicities, self.families.cap))

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield packed selections in increasing loss."""
        return (np.asarray(self.families.pack(taken)) for taken in self.families.chunks(limit))

    def solve(self, item: Array) -> Table:
        """Return the columns of the families packed in ``item``."""
        return self._table(np.asarray(self.families.unpack(item), dtype=np.int64))

    def _table(self, taken: Array) -> Table:
        pairs, hidden = self.pairs, self._hidden
        index, nullity = pairs.index(taken, hidden), pairs.nullity(taken, hidden)
        columns = (index, nullity, pairs.dimension(taken, hidden), index, index, nullity, nullity)
        kinds = np.where(index == 0, Kind.GLOBAL_MINIMUM.code, Kind.STRICT_SADDLE.code).astype(np.int8)
        ids = np.zeros(len(taken), dtype=np.int32)
        integers = np.stack(columns, axis=1).astype(np.int32)
        return Table(self.families.values(taken), kinds, integers, ids, self.families.pack(taken), (self.evidence,))

    def _taken(self, key: bytes) -> Array:
        row = np.frombuffer(key, dtype=np.uint8)[None, :]
        return np.asarray(self.families.unpack(row), dtype=np.int64)

    def _key(self, taken: Array) -> bytes:
        return bytes(self.families.pack(taken[None, :])[0].tobytes())

    def label(self, key: bytes) -> str:
        """Return the selection in braces."""
        return selection_label(self._taken(key)[0])

    def critical_set(self, taken: Array, home: Home) -> CriticalSet:
        """Return the family of a single row."""
        return self._table(taken).row(0, self.label, home)

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the family of the strongest pairs that the width can carry."""
        return self.critical_set(next(self.families.chunks(1)), home)

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Yield the family itself: index and nullity are constant on it."""
        fields = {name: getattr(piece, name) for name in piece.__dataclass_fields__}
        yield Stratum(**fields)

    def representative(self, piece: Piece) -> Parameters:
        """Build the member whose hidden units carry one pair each."""
        return self._member(self._taken(piece.key)[0], None)

    def sample(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member: a random orthonormal O, and random directions inside repeated strengths."""
        return self._member(self._taken(piece.key)[0], source)

    def _member(self, taken: Array, source: np.random.Generator | None) -> Parameters:
        pairs = self.pairs
        left, right, sizes = [], [], []
        for group, count in zip(pairs.groups, taken, strict=True):
            size = group.stop - group.start
            turn = np.eye(size, count) if source is None else random_orthonormal(source, size, int(count))
            left.append(pairs.left[:, group] @ turn)
            right.append(pairs.right[:, group] @ turn)
            sizes.append(np.full(int(count), pairs.sizes[group].mean()))
        s = int(taken.sum())
        turn = np.eye(self._hidden, s) if source is None else random_orthonormal(source, self._hidden, s)
        scale = np.concatenate([*sizes, np.zeros(0)])
        columns = [np.zeros((side.shape[0], 0)) for side in (pairs.left, pairs.right)]
        u, v = np.concatenate([*left, columns[0]], axis=1), np.concatenate([*right, columns[1]], axis=1)
        return (turn * scale) @ v.T, (u * scale) @ turn.T

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict: by selection where all critical points are known, else by what is proven at a point."""
        if isinstance(self._known, str):
            return judge_with_decay(self.network, core, loss, rtol)
        best = float(self.families.values(next(self.families.chunks(1)))[0])
        return judge_pairs(self, core, loss, best, rtol, home)

    def description(self) -> Description:
        """Return title, formulas and facts."""
        layout, pairs = self._options.layout, self._known
        count = sum(a * b for a, b in layout.shapes)
        formulas: tuple[Formula, ...] = ()
        facts: tuple[tuple[str, str], ...] = (("Weight decay", f"{self._options.l2:g}"),)
        if not isinstance(pairs, str):
            strengths = " · ".join(f"{value:.6g}" for value in pairs.strengths[:12]) or "none exceeds the decay"
            facts = (*facts, ("Strengths above the decay", strengths))
            facts += tuple(("Decided", str(assumption)) for assumption in pairs.checked)
            front, decay = _IN_UNITS[self._options.reduction]
            weight = r"s_i" if pairs.case == "autoencoder" else r"c"
            formulas = (
                Formula(
                    rf"L(S) = L_0 + {front} "
                    r"\sum_{i \notin S} \frac{(s_i - \lambda)^2}{" + weight + r"}, \quad s_i > \lambda",
                    f"One family per set S of at most {layout.hidden} pairs whose strength s exceeds λ, {decay}; weaker pairs "
                    "are switched off everywhere, and L₀ is the loss with every stronger pair kept.",
                ),
            )
        return Description(
            title=f"Linear network {layout.d_in}-{layout.hidden}-{layout.d_out} with weight decay {self._options.l2:g}",
            network=self._options.specification,
            data=f"{self.reduction.samples} samples, {layout.d_in} inputs, {layout.d_out} outputs",
            parameter_count=count,
            noun="family",
            nouns="families",
            way="swap one pair or add one",
            formulas=formulas,
            facts=facts,
        )

    def panels(self, piece: Piece, home: Home) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs and the steps to lower families."""
        pairs, taken = self.pairs, self._taken(piece.key)
        total = sum(a * b for a, b in self._options.layout.shapes)
        index, nullity = (int(numbers(taken, self._hidden)[0]) for numbers in (pairs.index, pairs.nullity))
        moves = list_moves(self.families, taken[0], self._key, _saving)
        multiplicities = np.array(pairs.multiplicities)
        lost = self._options.factor * (multiplicities - taken[0]) * pairs.distinct_gains
        return (
            SpectrumPanel(
                "Pairs stronger than the decay",
                tuple(f"{i + 1}" for i in range(len(multiplicities))),
                tuple(float(pairs.strengths[group].mean()) for group in pairs.groups),
                tuple(float(share) for share in taken[0] / multiplicities),
                tuple(float(cost) for cost in lost),
                "Bar length is the strength, from zero; filled is kept. An open bar says what losing it costs.",
            ),
            SignsPanel(
                f"Curvature signs, {total} weights",
                index,
                nullity,
                total - index - nullity,
                "The same at every member.",
            ),
            MovesPanel("Way out" if moves.count else "No way down", moves.shown, _moves_caption(moves)),
        )


def _saving(added: int, dropped: int | None) -> str:
    """Return in symbols what a step saves: g is what keeping a pair is worth."""
    return f"g({added + 1})" if dropped is None else f"g({added + 1}) − g({dropped + 1})"


def _moves_caption(moves: Moves) -> str:
    if moves.count > len(moves.shown):
        return f"The {len(moves.shown)} largest of {moves.count} steps; g is what keeping a pair saves."
    return "How much lower each selection lies that one step reaches; g is what keeping a pair saves."
