"""Exact small cases of deep linear networks: critical points with their selection, kind and inertia.

Columns are samples here, as in the papers: X is d_0 x n, Y is d_H x n, W_k is d_k x d_(k-1). Matrices are written row by row.
Each point was made by hand so that its gradient vanishes in integers (one case: halves); its inertia (negative, zero,
positive) is that of the rational Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BIASED", "CASES", "Biased", "Case"]


@dataclass(frozen=True)
class Case:
    """One point: data, weights, and everything that is known about it; ``selection`` counts eigenvalues from 1, largest first."""

    name: str
    x: str
    y: str
    weights: tuple[str, ...]
    selection: tuple[int, ...]
    loss: str
    kind: str
    inertia: tuple[int, int, int]


@dataclass(frozen=True)
class Biased:
    """One point of a network with biases: ``biases`` maps layers to vectors, ``twice`` is twice the loss."""

    name: str
    x: list[list[int]]
    y: list[list[int]]
    weights: list[list[list[int]]]
    biases: dict[int, list[int]]
    twice: int
    kind: str
    inertia: tuple[int, int, int]


CASES = (
    Case(
        "H=3 origin, non-strict",
        "1 0; 0 1",
        "3 0; 0 1",
        ("0 0; 0 0", "0 0; 0 0", "0 0; 0 0"),
        (),
        "5",
        "nonstrict",
        (0, 12, 0),
    ),
    Case("H=2 origin, strict", "1 0; 0 1", "3 0; 0 1", ("0 0; 0 0", "0 0; 0 0"), (), "5", "strict", (4, 0, 4)),
    Case(
        "H=3 top-1, Z=0, non-strict",
        "1 0; 0 1",
        "3 0; 0 1",
        ("1 0; 1 0", "2 -1; 2 -1", "6 -3; 0 0"),
        (1,),
        "0.5",
        "nonstrict",
        (0, 9, 3),
    ),
    Case(
        "H=3 wrong selection S={2}",
        "1 0; 0 1",
        "3 0; 0 1",
        ("0 1; 0 1", "2 -1; 0 0", "0 0; 1 0"),
        (2,),
        "4.5",
        "strict",
        (1, 9, 2),
    ),
    Case(
        "H=3 top-1, not tightened",
        "1 0; 0 1",
        "3 0; 0 1",
        ("1 0; 0 0", "1 1; 0 1", "3 -3; 0 0"),
        (1,),
        "0.5",
        "strict",
        (1, 7, 4),
    ),
    Case(
        "H=3 top-1, tightened with Z_1, Z_3 nonzero, R=1, non-strict",
        "1 0 0; 0 1 0; 0 0 1",
        "3 0 0; 0 2 0; 0 0 0",
        ("1 0 1; 1 0 2; 0 0 1", "3 -2 1; -3 2 -1", "0 -3; 0 0; 1 1"),
        (1,),
        "2",
        "nonstrict",
        (0, 15, 6),
    ),
    Case(
        "H=3 global, bottleneck, arbitrary Z",
        "1 0 0; 0 1 0; 0 0 1",
        "3 0 0; 0 2 0; 0 0 1",
        ("1 1 -1; 1 2 -2; -1 -2 3", "2 -1 0", "3; 0; 0"),
        (1,),
        "2.5",
        "global",
        (0, 10, 5),
    ),
    Case(
        "H=3 global, rank Sigma=1, T=0, Z3Z2Z1=0",
        "1 0; 0 1",
        "2 0; 0 0",
        ("1 0; -1 1; -1 0", "0 1 -2; 0 2 -3", "4 -2; 0 0"),
        (1,),
        "0",
        "global",
        (0, 12, 4),
    ),
    Case(
        "H=4 top-1, not tightened",
        "1 0; 0 1",
        "3 0; 0 2",
        ("1 1; 1 2", "2 -1; -2 1", "2 1; -2 -1", "3 0; 1 1"),
        (1,),
        "2",
        "strict",
        (1, 11, 4),
    ),
    Case(
        "H=4 r=0, tightened although Z_1,Z_4 nonzero, non-strict",
        "1 0; 0 1",
        "2 0; 0 1",
        ("1 0; -1 0", "0 0; 0 0", "0 0; 0 0", "0 0; 2 -1"),
        (),
        "2.5",
        "nonstrict",
        (0, 16, 0),
    ),
    Case(
        "H=3 rank-deficient X, S={2}",
        "1 0 0; 0 1 0; 0 0 0",
        "3 0 0; 0 1 0",
        ("0 1 1; 0 -1 0", "1 0; 1 0", "0 0; 2 -1"),
        (2,),
        "4.5",
        "strict",
        (1, 11, 2),
    ),
    Case(
        "H=3 tie lam=(4,4,1), S={1}",
        "1 0 0; 0 1 0; 0 0 1",
        "2 0 0; 0 2 0; 0 0 1",
        ("1 0 0; 1 0 0", "2 -1; 2 -1", "0 2; 0 0; 0 0"),
        (1,),
        "2.5",
        "nonstrict",
        (0, 12, 4),
    ),
    Case(
        "H=5 bottleneck d_3=1, r=0, strict",
        "1 0; 0 1",
        "2 0; 0 1",
        ("1 -1; 1 0", "0 1; 0 1", "0 0", "0; 0", "2 -1; 0 0"),
        (),
        "2.5",
        "strict",
        (1, 14, 1),
    ),
    Case(
        "H=3 r=0, R>0, non-strict",
        "1 0 0; 0 1 0; 0 0 1",
        "2 0 0; 0 0 0; 0 0 0",
        ("0 1 0; 0 1 0", "0 0; 0 0", "0 0; 1 0; 0 0"),
        (),
        "2",
        "nonstrict",
        (0, 15, 1),
    ),
    Case(
        "H=3 X=diag(1,2), S={2}",
        "1 0; 0 2",
        "3 0; 0 1",
        ("0 0.5; 0 0", "1 1; 1 2", "0 0; 2 -1"),
        (2,),
        "4.5",
        "strict",
        (2, 7, 3),
    ),
    Case(
        "H=4 n=4 samples, residual outside the row space of X, lam=(36,4)",
        "1 1 1 1; 1 -1 1 -1",
        "4 4 2 2; 1 -1 1 -1",
        ("1 1; -1 0; 0 0", "0 -1 -2; 0 0 0", "1 -1; 1 0; 0 -1", "3 0 0; 0 0 0"),
        (1,),
        "4",
        "strict",
        (1, 19, 4),
    ),
)

BIASED = (
    Biased(
        "H=3 r=0 origin weights, non-strict, all biases",
        [[0, 2]],
        [[0, 2]],
        [[[0]], [[0]], [[0]]],
        {1: [5], 2: [7], 3: [1]},
        2,
        "nonstrict",
        (0, 5, 1),
    ),
    Biased(
        "H=3 r=0, bias only in the output layer",
        [[0, 2]],
        [[0, 2]],
        [[[0]], [[0]], [[0]]],
        {3: [1]},
        2,
        "nonstrict",
        (0, 3, 1),
    ),
    Biased(
        "H=3 width 2, r=0, not tightened: strict",
        [[0, 2]],
        [[0, 2]],
        [[[0], [0]], [[1, 0], [0, 1]], [[0, 0]]],
        {1: [1, 1], 2: [1, -1], 3: [1]},
        2,
        "strict",
        (2, 8, 3),
    ),
    Biased(
        "H=3 top-1 of centred lam=(36,4), Z=0, non-strict, biases 1,3",
        [[1, -1, 1, -1], [1, 1, -1, -1]],
        [[4, -2, 4, -2], [2, 2, 0, 0]],
        [[[1, 0], [0, 0]], [[1, 0], [0, 0]], [[3, 0], [0, 0]]],
        {1: [1, 2], 3: [-2, 1]},
        4,
        "nonstrict",
        (0, 11, 5),
    ),
    Biased(
        "H=4 r=0 W=0, biases in 2,4",
        [[0, 2]],
        [[0, 2]],
        [[[0]], [[0]], [[0]], [[0]]],
        {2: [4], 4: [1]},
        2,
        "nonstrict",
        (0, 5, 1),
    ),
    Biased(
        "H=3 K={2}: non-strict saddle",
        [[1, -1]],
        [[3, -3], [1, 1]],
        [[[0]], [[0]], [[0], [1]]],
        {2: [1]},
        18,
        "uncovered",
        (0, 3, 2),
    ),
    Biased(
        "H=3 K={1,2}: same, one more zero",
        [[1, -1]],
        [[3, -3], [1, 1]],
        [[[0]], [[0]], [[0], [1]]],
        {1: [4], 2: [1]},
        18,
        "uncovered",
        (0, 4, 2),
    ),
)
