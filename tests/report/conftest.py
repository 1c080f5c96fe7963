"""Atlases without a landscape package: a linear autoencoder by the formulas of Baldi & Hornik, and stranger ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from theodolite import Assumption, CriticalSet, Evidence, Kind, Method, cite
from theodolite._panels import (
    Curve,
    CurvePanel,
    Description,
    Formula,
    Move,
    MovesPanel,
    Panel,
    PlaneMark,
    PlanePanel,
    ProfilePanel,
    SignsPanel,
    SpectrumPanel,
    TextPanel,
)

IRIS = (630.0080141991946, 36.157941441366276, 11.653215506394934, 3.55142885304406)
"""Eigenvalues of the centred iris data, rows as samples."""

THEOREM = Evidence(
    Method.THEOREM,
    (cite("baldi-hornik-1989"), cite("zhou-liang-2017")),
    (Assumption("the eigenvalues are positive and distinct", 3.1e12, 1e-13),),
    "all critical points of this loss",
    2.2e-16,
)


@dataclass
class Atlas:
    """What the page asks of an atlas, and nothing more."""

    sets: list[CriticalSet]
    description: Description
    landscape: Any = None
    complete: bool = True
    ordered: bool = True
    evidence: Evidence | None = THEOREM
    command: str | None = "theodolite survey iris --network linear:4-2-4 --center --html iris.html"
    versions: dict[str, str] = field(
        default_factory=lambda: {"theodolite": "0.1.0", "Python": "3.11", "NumPy": "2.4.6"}
    )
    fingerprint: str = "012f498fe9c8b3b34212c3c5d98e1f03f2f79931cd49349beb1bad64dcf164a7"

    def __len__(self) -> int:
        return len(self.sets)

    def __iter__(self) -> Iterator[CriticalSet]:
        return iter(self.sets)

    def __getitem__(self, i: int) -> CriticalSet:
        return self.sets[i]


def description(title: str = "Linear autoencoder 4-2-4 on iris", **more: Any) -> Description:
    base = {
        "title": title,
        "network": "linear network 4-2-4",
        "data": "iris, 150 × 4, centred",
        "parameter_count": 16,
        "noun": "family",
        "nouns": "families",
        "way": "swap one direction or add one",
    }
    return Description(**{**base, **more})


def label(selection: tuple[int, ...]) -> str:
    return "{" + ", ".join(str(i + 1) for i in selection) + "}" if selection else "∅"


class Autoencoder:
    """Every critical set of 1/2 ||X W1' W2' - X||^2 with distinct eigenvalues: one for each selection of directions."""

    def __init__(self, eigenvalues: tuple[float, ...] = IRIS, hidden: int = 2) -> None:
        self.eigenvalues = np.array(eigenvalues)
        self.hidden = hidden
        d = len(eigenvalues)
        self.selections = sorted(
            (s for size in range(min(hidden, d) + 1) for s in combinations(range(d), size)), key=self.value
        )

    def value(self, selection: tuple[int, ...]) -> float:
        return float(self.eigenvalues.sum() - sum(self.eigenvalues[i] for i in selection)) / 2

    def index(self, selection: tuple[int, ...]) -> int:
        lost = [j for j in range(len(self.eigenvalues)) if j not in selection]
        swaps = sum(j < i for i in selection for j in lost)
        return swaps + (self.hidden - len(selection)) * len(lost)

    def dimension(self, selection: tuple[int, ...]) -> int:
        s, p = len(selection), self.hidden
        return p * p - (p - s) ** 2

    def sets(self) -> list[CriticalSet]:
        return [
            CriticalSet(
                value=self.value(s),
                kind=Kind.STRICT_SADDLE if self.index(s) else Kind.GLOBAL_MINIMUM,
                index=self.index(s),
                nullity=self.dimension(s),
                dimension=self.dimension(s),
                label=label(s),
                evidence=THEOREM,
                key=bytes(s) or b"none",
            )
            for s in self.selections
        ]

    def count(self) -> int:
        return len(self.selections)

    def moves(self, s: tuple[int, ...]) -> tuple[Move, ...]:
        out = []
        for j in range(len(self.eigenvalues)):
            if j in s:
                continue
            if len(s) < self.hidden:
                to = tuple(sorted((*s, j)))
                out.append(Move(f"add {j + 1}", f"½λ{j + 1}", self.eigenvalues[j] / 2, label(to), bytes(to)))
            else:
                for i in s:
                    if j < i:
                        to = tuple(sorted({*s, j} - {i}))
                        gain = (self.eigenvalues[j] - self.eigenvalues[i]) / 2
                        out.append(
                            Move(f"swap {i + 1} for {j + 1}", f"½(λ{j + 1} − λ{i + 1})", gain, label(to), bytes(to))
                        )
        return tuple(sorted(out, key=lambda move: -move.decrease))

    def panels(self, item: CriticalSet) -> tuple[Panel, ...]:
        s = () if item.key == b"none" else tuple(item.key)
        d = len(self.eigenvalues)
        out: list[Panel] = [
            SpectrumPanel(
                "Spectrum",
                tuple(str(i + 1) for i in range(d)),
                tuple(np.sqrt(self.eigenvalues).tolist()),
                tuple(1.0 if i in s else 0.0 for i in range(d)),
                tuple((self.eigenvalues / 2).tolist()),
                "Bar length is the singular value, from zero; filled is kept.",
            ),
            SignsPanel(
                f"Curvature signs, {2 * d * self.hidden} weights",
                self.index(s),
                self.dimension(s),
                2 * d * self.hidden - self.index(s) - self.dimension(s),
                "",
            ),
            MovesPanel("Way out", self.moves(s), ""),
        ]
        plane = self.plane(s)
        return (*out, plane) if plane else tuple(out)

    def plane(self, s: tuple[int, ...]) -> PlanePanel | None:
        """One hidden unit carries x u_i + y u_j, encoder and decoder tied: (1 - (x²+y²)/2 ...) is a quartic."""
        moves = self.moves(s)
        d = len(self.eigenvalues)
        if not moves:
            if not 0 < len(s) < d:
                return None
            i, j, fixed = s[0], next(q for q in range(d) if q not in s), s[1:]
            here, goal = (1.0, 0.0), None
        else:
            to = tuple(moves[0].key)
            j = next(q for q in to if q not in s)
            if len(s) == len(to):
                i, fixed, here = next(q for q in s if q not in to), tuple(q for q in s if q in to), (1.0, 0.0)
            elif len(to) < d:
                i, fixed, here = next(q for q in range(d) if q not in to), s, (0.0, 0.0)
            else:
                return None
            goal = 0
        a, b = float(self.eigenvalues[i]), float(self.eigenvalues[j])
        rest = float(sum(self.eigenvalues[q] for q in range(d) if q not in (*fixed, i, j))) / 2
        # 1/2 tr (I - v v') D (I - v v')' with D = diag(a, b): a/2 + b/2 - (a x² + b y²) + (x² + y²)(a x² + b y²)/2
        c = [[0.0] * 5 for _ in range(5)]
        c[0][0], c[2][0], c[0][2] = rest + (a + b) / 2, -a, -b
        c[4][0], c[0][4], c[2][2] = a / 2, b / 2, (a + b) / 2

        def mark(x: float, y: float, t: tuple[int, ...]) -> PlaneMark:
            t = tuple(sorted(t))
            kind = Kind.STRICT_SADDLE if self.index(t) else Kind.GLOBAL_MINIMUM
            return PlaneMark(x, y, kind, label(t), self.value(t), bytes(t) or b"none", (x, y) == here)

        marks = [mark(0, 1, (*fixed, j)), mark(0, -1, (*fixed, j)), mark(1, 0, (*fixed, i)), mark(-1, 0, (*fixed, i))]
        marks.append(mark(0, 0, fixed))
        words = f"The way out of {label(s)}: {moves[0].words}" if moves else f"The plane through {label(s)}"
        caption = f"One hidden unit carries a mixture of directions {i + 1} and {j + 1}; encoder and decoder are tied."
        return PlanePanel(
            words,
            caption,
            f"weight on direction {i + 1}",
            f"weight on direction {j + 1}",
            tuple(map(tuple, c)),
            1.5,
            tuple(marks),
            goal,
        )


FORMULAS = (
    Formula(
        r"L(S) = \frac{1}{2}\left(\sum_{j=1}^{4}\lambda_j - \sum_{i\in S}\lambda_i\right), \quad |S|\le 2",
        "One family per set S of at most two eigen-directions: the network keeps the directions in S and loses half of "
        "every other eigenvalue.",
    ),
    Formula(
        r"\mathrm{ind}(S) = \sum_{i\in S}\#\{j\notin S:\lambda_j>\lambda_i\} + (2-|S|)(4-|S|)",
        "Index: the number of independent ways down. Each kept direction counts every stronger one that it leaves out; "
        "each idle hidden unit counts 4 − |S|.",
    ),
)


def autoencoder(eigenvalues: tuple[float, ...] = IRIS, hidden: int = 2, limit: int | None = None, **more: Any) -> Atlas:
    land = Autoencoder(eigenvalues, hidden)
    sets = land.sets()
    facts = (("Eigenvalues of XᵀX", " · ".join(f"{x:.4g}" for x in eigenvalues)),)
    about = description(
        f"Linear autoencoder {len(eigenvalues)}-{hidden}-{len(eigenvalues)}",
        network=f"linear network {len(eigenvalues)}-{hidden}-{len(eigenvalues)}",
        parameter_count=2 * hidden * len(eigenvalues),
        formulas=FORMULAS,
        facts=facts,
    )
    complete = limit is None or limit >= len(sets)
    return Atlas(sets[:limit], about, land, complete=complete, **more)


def plain_set(value: float, kind: Kind = Kind.STRICT_SADDLE, name: str = "set", i: int = 0, **more: Any) -> CriticalSet:
    base: dict[str, Any] = {"index": 1, "nullity": 0, "dimension": 0, "evidence": THEOREM}
    return CriticalSet(value, kind, label=name, key=i.to_bytes(4, "big"), **{**base, **more})


class Gallery:
    """A landscape that answers every set with every sort of panel."""

    def panels(self, item: CriticalSet) -> tuple[Panel, ...]:
        t = np.linspace(-2, 2, 41)
        hinge = np.maximum(0, t)
        rng = np.random.default_rng(0)
        noisy = hinge + 0.1 * rng.standard_normal(len(t))
        return (
            TextPanel(f"About {item.label}", ("It is one of a kind.", "Nothing more is known.")),
            SignsPanel("Curvature signs, 100 weights", 3, 7, 90, ""),
            MovesPanel("Way out", (), ""),
            ProfilePanel(
                "Along the descent curve", "The loss falls to fourth order.", (2.0, 0.0, 0.0, 0.0, -1.0, 0.3), 1.5
            ),
            CurvePanel(
                "The fitted function",
                "Breakpoints are ticked.",
                "x",
                "y",
                (
                    Curve("samples", "data", tuple(t.tolist()), tuple(noisy.tolist())),
                    Curve("network", "model", tuple(t.tolist()), tuple(hinge.tolist())),
                    Curve("target", "target", tuple(t.tolist()), tuple((hinge * 0.9 + 0.05).tolist())),
                ),
                (0.0,),
            ),
        )


def every_kind() -> Atlas:
    kinds = [kind for kind in Kind if kind is not Kind.NOT_CRITICAL]
    sets = [
        plain_set(
            float(i + 1),
            kind,
            f"cell {i}: {kind}",
            i,
            index=None if kind in (Kind.SADDLE, Kind.UNDECIDED) else i,
            index_range=(i, i + 3) if kind is Kind.NON_STRICT_SADDLE else None,
            dimension=None if kind is Kind.LOCAL_MINIMUM else i,
        )
        for i, kind in enumerate(kinds)
    ]
    return Atlas(
        sets, description("Every kind", noun="cell", nouns="cells", way=""), Gallery(), complete=False, ordered=False
    )


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of atlases."""
    return SimpleNamespace(
        atlas=Atlas,
        autoencoder=autoencoder,
        description=description,
        every_kind=every_kind,
        gallery=Gallery,
        iris=IRIS,
        plain_set=plain_set,
        theorem=THEOREM,
    )
