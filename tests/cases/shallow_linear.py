"""Exact small cases of shallow linear networks: integer critical points with their class, inertia and counts.

Columns are samples here, as in the papers: X is d_in x n, Y is d_out x n, W1 is hidden x d_in, W2 is d_out x hidden.
Each point was made by hand so that its gradient vanishes in integers; its inertia is that of the integer Hessian
(characteristic polynomial and Descartes' rule). ``taken`` counts the directions taken per distinct positive eigenvalue
of Sigma = Y P Y^T.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """One point: data, weights, and everything that is known about it."""

    name: str
    x: list[list[int]]
    y: list[list[int]]
    w1: list[list[int]]
    w2: list[list[int]]
    eigenvalues: list[int]
    taken: list[int]
    outer: int
    inner: int
    loss: Fraction
    inertia: tuple[int, int, int]
    dimension: int
    families: int
    strata: int


def _eye(n: int) -> list[list[int]]:
    return [[int(i == j) for j in range(n)] for i in range(n)]


def _diag(*entries: int) -> list[list[int]]:
    return [[entry if i == j else 0 for j in range(len(entries))] for i, entry in enumerate(entries)]


F = Fraction
CASES = (
    Case("scalar origin", [[1]], [[1]], [[0]], [[0]], [1], [0], 0, 0, F(1, 2), (1, 0, 1), 0, 2, 2),
    Case("scalar minimum", [[1]], [[1]], [[1]], [[1]], [1], [1], 0, 0, F(0), (0, 1, 1), 1, 2, 2),
    Case(
        "width 1, lesser eigenvalue",
        _eye(2),
        _diag(2, 1),
        [[0, 1]],
        [[0], [1]],
        [4, 1],
        [0, 1],
        0,
        0,
        F(2),
        (1, 1, 2),
        1,
        3,
        3,
    ),
    Case(
        "width 2, origin",
        _eye(2),
        _diag(2, 1),
        [[0, 0], [0, 0]],
        [[0, 0], [0, 0]],
        [4, 1],
        [0, 0],
        0,
        0,
        F(5, 2),
        (4, 0, 4),
        0,
        4,
        4,
    ),
    Case(
        "rotation and idle unit",
        _eye(2),
        _diag(2, 1),
        [[0, 1], [0, 0]],
        [[0, 0], [1, 0]],
        [4, 1],
        [0, 1],
        0,
        0,
        F(2),
        (2, 3, 3),
        3,
        4,
        4,
    ),
    Case(
        "repeated eigenvalue split",
        _eye(3),
        _diag(2, 2, 1),
        [[1, 0, 0], [0, 0, 1]],
        [[2, 0], [0, 0], [0, 1]],
        [4, 1],
        [1, 1],
        0,
        0,
        F(2),
        (1, 5, 6),
        5,
        5,
        5,
    ),
    Case(
        "all eigenvalues equal",
        _eye(3),
        _eye(3),
        [[1, 0, 0], [0, 0, 0]],
        [[1, 0], [0, 0], [0, 0]],
        [1],
        [1],
        0,
        0,
        F(1),
        (2, 5, 5),
        5,
        3,
        3,
    ),
    Case(
        "zero eigenvalue, outer 1",
        _eye(3),
        _diag(2, 1, 0),
        _diag(1, 0, 0),
        [[2, 0, 0], [0, 0, 0], [0, 5, 0]],
        [4, 1],
        [1, 0],
        1,
        0,
        F(1, 2),
        (2, 8, 8),
        7,
        4,
        15,
    ),
    Case(
        "inner 1 with a gauge part",
        _eye(3),
        _diag(2, 1, 0),
        [[1, 0, 0], [5, 0, 7], [0, 0, 0]],
        _diag(2, 0, 0),
        [4, 1],
        [1, 0],
        0,
        1,
        F(1, 2),
        (2, 8, 8),
        7,
        4,
        15,
    ),
    Case(
        "outer 1 and inner 1, no idle unit",
        _eye(3),
        _diag(2, 1, 0),
        [[1, 0, 0], [0, 0, 0], [0, 0, 7]],
        [[2, 0, 0], [0, 0, 0], [0, 5, 0]],
        [4, 1],
        [1, 0],
        1,
        1,
        F(1, 2),
        (2, 8, 8),
        8,
        4,
        15,
    ),
    Case(
        "rank-deficient X, Y outside its row space",
        [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[2, 0, 5], [0, 1, 7]],
        [[1, 0, 9]],
        [[2], [0]],
        [4, 1],
        [1, 0],
        0,
        0,
        F(75, 2),
        (0, 2, 3),
        2,
        3,
        3,
    ),
    Case(
        "inputs not white",
        _diag(1, 2),
        [[3, 0], [0, 2]],
        [[0, 1]],
        [[0], [1]],
        [9, 4],
        [0, 1],
        0,
        0,
        F(9, 2),
        (1, 1, 2),
        1,
        3,
        3,
    ),
    Case("X = 0", [[0], [0]], [[3]], [[1, 2], [3, 4]], [[5, 6]], [], [], 1, 0, F(9, 2), (0, 6, 0), 6, 1, 2),
    Case("nothing to learn", [[1, 0]], [[0, 3]], [[5]], [[0]], [], [], 0, 1, F(9, 2), (0, 1, 1), 1, 1, 3),
    Case("nothing to learn, Hessian zero", [[1, 0]], [[0, 3]], [[0]], [[0]], [], [], 0, 0, F(9, 2), (0, 2, 0), 0, 1, 3),
    Case(
        "two of four",
        _eye(4),
        _diag(4, 3, 2, 1),
        [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
        [[0, 0, 0], [3, 0, 0], [0, 0, 0], [0, 1, 0]],
        [16, 9, 4, 1],
        [0, 1, 0, 1],
        0,
        0,
        F(10),
        (5, 8, 11),
        8,
        15,
        15,
    ),
    Case(
        "tall and wide minimum",
        _eye(2),
        [[1, 0], [0, 1], [0, 0], [0, 0]],
        [[1, 0], [0, 1], [0, 0], [0, 0]],
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 0]],
        [1],
        [2],
        1,
        0,
        F(0),
        (0, 16, 8),
        15,
        3,
        9,
    ),
)
