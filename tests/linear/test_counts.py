"""Index, nullity and dimension against exact Hessians: rational members, inertia by Descartes' rule, nothing rounded.

The Hessian is taken from the loss alone: the loss has degree two in each single entry, so central second differences
with step one are exact in rational arithmetic.
"""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from theodolite import DataError
from theodolite.linear._counts import Counts, selections_by_size


def matrix(rows: int, columns: int, entries: dict[tuple[int, int], int] | None = None) -> fmpq_mat:
    out = fmpq_mat(rows, columns)
    for place, entry in (entries or {}).items():
        out[place] = entry
    return out


def reflection(rng: np.random.Generator, n: int) -> fmpq_mat:
    """A rational orthogonal matrix: I - 2 v v' / v'v with a random vector v of small integers."""
    v = [int(x) for x in rng.integers(-2, 3, n)]
    square = sum(x * x for x in v) or 1
    return fmpq_mat(n, n, [fmpq(int(i == j)) - fmpq(2 * v[i] * v[j], square) for i in range(n) for j in range(n)])


def invertible(rng: np.random.Generator, n: int) -> fmpq_mat:
    """A rational matrix of determinant 1: lower times upper triangular with unit diagonals."""
    low, high = (fmpq_mat(n, n, [int(x) for x in rng.integers(-1, 2, n * n)]) for _ in range(2))
    for i, j in product(range(n), repeat=2):
        low[i, j] = 1 if i == j else low[i, j] if i > j else 0
        high[i, j] = 1 if i == j else high[i, j] if i < j else 0
    return low * high


def columns_of(m: fmpq_mat, start: int, stop: int) -> fmpq_mat:
    return fmpq_mat(m.nrows(), stop - start, [m[i, j] for i in range(m.nrows()) for j in range(start, stop)])


def beside(*blocks: fmpq_mat) -> fmpq_mat:
    return fmpq_mat(
        blocks[0].nrows(),
        sum(b.ncols() for b in blocks),
        [b[i, j] for i in range(blocks[0].nrows()) for b in blocks for j in range(b.ncols())],
    )


class Member:
    """A rational member of one stratum, built from the normal form of all critical points (columns are samples)."""

    def __init__(self, counts: Counts, taken: tuple[int, ...], outer: int, inner: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        h, m, rho = counts.hidden, counts.rank, counts.input_rank
        u, v = reflection(rng, counts.outputs), reflection(rng, rho)
        q, p = reflection(rng, counts.inputs), reflection(rng, rho + 1)
        roots = [len(counts.multiplicities) - i for i, size in enumerate(counts.multiplicities) for _ in range(size)]
        scales = matrix(rho, rho, {(i, i): int(x) for i, x in enumerate(rng.integers(1, 4, rho))})
        inverse = matrix(rho, rho)
        for i in range(rho):
            inverse[i, i] = 1 / scales[i, i]
        target = u * matrix(counts.outputs, rho, {(i, i): root for i, root in enumerate(roots)}) * v.transpose()
        seen, sample_space = columns_of(q, 0, rho), columns_of(p, 0, rho).transpose()
        self.x = seen * scales * sample_space
        unfit = fmpq_mat(counts.outputs, 1, [int(x) for x in rng.integers(-2, 3, counts.outputs)])
        self.y = target * sample_space + unfit * columns_of(p, rho, rho + 1).transpose()
        chosen, start = [], 0
        for size, number in zip(counts.multiplicities, taken, strict=True):
            turned = columns_of(u, start, start + size) * reflection(rng, size)
            chosen.append(columns_of(turned, 0, number))
            start += size
        us = beside(matrix(counts.outputs, 0), *chosen)
        z = columns_of(columns_of(u, m, counts.outputs) * reflection(rng, counts.outputs - m), 0, outer)
        n = columns_of(columns_of(v, m, rho) * reflection(rng, rho - m), 0, inner)
        idle = h - us.ncols() - outer - inner
        g = invertible(rng, h)
        b = beside(us, z, matrix(counts.outputs, inner + idle)) * g.inv()
        rows = beside(target.transpose() * us, matrix(rho, outer), n, matrix(rho, idle))
        free = fmpq_mat(h, counts.inputs - rho, [int(x) for x in rng.integers(-2, 3, h * (counts.inputs - rho))])
        w1 = g * rows.transpose() * inverse * seen.transpose() + free * columns_of(q, rho, counts.inputs).transpose()
        self.weights = (w1, b)
        self.point = [weight[i, j] for weight in self.weights for i, j in np.ndindex(weight.nrows(), weight.ncols())]
        self.counts, self.u, self.v, self.a = counts, u, v, g * rows.transpose()
        self.to_inputs, self.unseen = inverse * seen.transpose(), columns_of(q, rho, counts.inputs).transpose()

    def loss(self, point: list[fmpq]) -> fmpq:
        w1, w2 = (fmpq_mat(w.nrows(), w.ncols(), part) for w, part in zip(self.weights, self.split(point), strict=True))
        residual = w2 * w1 * self.x - self.y
        return sum((entry * entry for entry in residual.entries()), fmpq(0)) / 2

    def split(self, point: list[fmpq]) -> tuple[list[fmpq], list[fmpq]]:
        first = self.weights[0].nrows() * self.weights[0].ncols()
        return point[:first], point[first:]

    def moved(self, *steps: tuple[int, int]) -> fmpq:
        point = list(self.point)
        for place, step in steps:
            point[place] += step
        return self.loss(point)

    def gradient(self) -> list[fmpq]:
        return [(self.moved((i, 1)) - self.moved((i, -1))) / 2 for i in range(len(self.point))]

    def hessian(self) -> fmpq_mat:
        size = len(self.point)
        here = self.loss(self.point)
        out = fmpq_mat(size, size)
        for i in range(size):
            out[i, i] = self.moved((i, 1)) + self.moved((i, -1)) - 2 * here
            for j in range(i):
                mixed = sum(a * b * self.moved((i, a), (j, b)) for a, b in product((1, -1), repeat=2)) / 4
                out[i, j] = out[j, i] = mixed
        return out


def inertia(symmetric: fmpq_mat) -> tuple[int, int]:
    """Numbers of negative and zero eigenvalues: all roots are real, so Descartes' rule counts them exactly."""
    coefficients = symmetric.charpoly().coeffs()
    zero = next(i for i, c in enumerate(coefficients) if c != 0)
    signs = [(c > 0) != (i % 2 == 1) for i, c in enumerate(coefficients) if c != 0]
    return sum(a != b for a, b in pairwise(signs)), zero


def skew(basis: fmpq_mat, i: int, j: int) -> fmpq_mat:
    return basis * matrix(basis.ncols(), basis.ncols(), {(i, j): 1, (j, i): -1}) * basis.transpose()


def tangents(member: Member) -> fmpq_mat:
    """Velocities of every motion within the stratum: changes of hidden basis, turns of the chosen spaces, unseen inputs."""
    counts, a, b = member.counts, member.a, member.weights[1]
    h, rho, m = counts.hidden, counts.input_rank, counts.rank
    rows: list[list[fmpq]] = []

    def add(da: fmpq_mat, db: fmpq_mat) -> None:
        rows.append([*(da * member.to_inputs).entries(), *db.entries()])

    for i, j in product(range(h), repeat=2):
        change = matrix(h, h, {(i, j): 1})
        add(change * a, -1 * b * change)
    starts = np.cumsum((0, *counts.multiplicities)).tolist()
    for start, size in zip(starts, counts.multiplicities, strict=False):
        for i, j in combinations(range(start, start + size), 2):
            add(-1 * a * skew(member.v, i, j), skew(member.u, i, j) * b)
    for i, j in combinations(range(m, counts.outputs), 2):
        add(0 * a, skew(member.u, i, j) * b)
    for i, j in combinations(range(m, rho), 2):
        add(-1 * a * skew(member.v, i, j), 0 * b)
    for i, j in product(range(h), range(counts.inputs - rho)):
        free = matrix(h, counts.inputs - rho, {(i, j): 1}) * member.unseen
        rows.append([*free.entries(), *(0 * b).entries()])
    return fmpq_mat(rows)


@st.composite
def places(draw: st.DrawFn) -> tuple:
    """Sizes of a small network and of Sigma, a family and one of its strata, and a seed."""
    sizes = tuple(draw(st.lists(st.integers(1, 2), max_size=3).filter(lambda sizes: sum(sizes) <= 4)))
    rank = sum(sizes)
    hidden = draw(st.integers(1, 4))
    outputs = draw(st.integers(max(rank, 1), max(rank, 1) + 1))
    input_rank = draw(st.integers(rank, rank + 1))
    inputs = draw(st.integers(max(input_rank, 1), max(input_rank, 1) + 1))
    spare, taken = hidden, []
    for size in sizes:
        taken.append(draw(st.integers(0, min(size, spare))))
        spare -= taken[-1]
    outer = draw(st.integers(0, min(outputs - rank, spare)))
    inner = draw(st.integers(0, min(input_rank - rank, spare - outer)))
    return (sizes, hidden, inputs, outputs, input_rank), tuple(taken), outer, inner, draw(st.integers(0, 2**16))


@settings(max_examples=60)
@given(places())
def test_every_stratum_against_an_exact_hessian(place: tuple) -> None:
    sizes, taken, outer, inner, seed = place
    counts = Counts(*sizes)
    member = Member(counts, taken, outer, inner, seed)
    assert not any(member.gradient())
    hessian, row = member.hessian(), np.array([taken], dtype=np.int64).reshape(1, -1)
    (index,), (nullity,) = counts.index(row), counts.stratum_nullity(row, outer, inner)
    assert inertia(hessian) == (index, nullity)
    motions = tangents(member)
    assert motions.rank() == counts.stratum_dimension(row, outer, inner)[0]
    assert not any((hessian * motions.transpose()).entries())


TABLE = [
    # sizes (multiplicities, hidden, inputs, outputs, rank X), taken, outer, inner; index, nullity, positive, dimension
    ((1,), 1, 1, 1, 1, (0,), 0, 0, (1, 0, 1, 0)),
    ((1,), 1, 1, 1, 1, (1,), 0, 0, (0, 1, 1, 1)),
    ((1, 1), 1, 2, 2, 2, (0, 1), 0, 0, (1, 1, 2, 1)),
    ((1, 1), 2, 2, 2, 2, (0, 0), 0, 0, (4, 0, 4, 0)),
    ((1, 1), 2, 2, 2, 2, (0, 1), 0, 0, (2, 3, 3, 3)),
    ((2, 1), 2, 3, 3, 3, (1, 1), 0, 0, (1, 5, 6, 5)),
    ((3,), 2, 3, 3, 3, (1,), 0, 0, (2, 5, 5, 5)),
    ((1, 1), 3, 3, 3, 3, (1, 0), 1, 0, (2, 8, 8, 7)),
    ((1, 1), 3, 3, 3, 3, (1, 0), 0, 1, (2, 8, 8, 7)),
    ((1, 1), 3, 3, 3, 3, (1, 0), 1, 1, (2, 8, 8, 8)),
    ((1, 1), 1, 3, 2, 2, (1, 0), 0, 0, (0, 2, 3, 2)),
    ((), 2, 2, 1, 0, (), 1, 0, (0, 6, 0, 6)),
    ((), 1, 1, 1, 1, (), 0, 1, (0, 1, 1, 1)),
    ((), 1, 1, 1, 1, (), 0, 0, (0, 2, 0, 0)),
    ((1, 1, 1, 1), 3, 4, 4, 4, (0, 1, 0, 1), 0, 0, (5, 8, 11, 8)),
    ((2,), 4, 2, 4, 2, (2,), 1, 0, (0, 16, 8, 15)),
]


@pytest.mark.parametrize("line", TABLE)
def test_worked_examples(line: tuple) -> None:
    *sizes, taken, outer, inner, (index, nullity, positive, dimension) = line
    counts, row = Counts(*sizes), np.array([taken], dtype=np.int64).reshape(1, -1)
    assert counts.index(row)[0] == index
    assert counts.stratum_nullity(row, outer, inner)[0] == nullity
    assert counts.hidden * (counts.inputs + counts.outputs) - index - nullity == positive
    assert counts.stratum_dimension(row, outer, inner)[0] == dimension


def test_index_of_all_families_of_an_example() -> None:
    # Sigma = diag(9, 4, 4, 1), two hidden units; the index does not grow with the value
    counts = Counts((1, 2, 1), 2, 4, 4, 4)
    taken = np.array([[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 2, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert counts.index(taken.astype(np.uint16)).tolist() == [0, 2, 3, 2, 3, 4, 6, 8]


@st.composite
def landscapes(draw: st.DrawFn) -> tuple:
    sizes = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    rank = sum(sizes)
    input_rank = rank + draw(st.integers(0, 4))
    return (
        sizes,
        draw(st.integers(1, 9)),
        input_rank + draw(st.integers(0, 2)),
        rank + draw(st.integers(0, 4)),
        input_rank,
    )


@given(landscapes())
def test_ranges_and_generic_members_against_all_strata(sizes: tuple) -> None:
    counts = Counts(*sizes)
    families = [p for p in product(*(range(m + 1) for m in counts.multiplicities)) if sum(p) <= counts.hidden]
    rows = np.array(families, dtype=np.uint16).reshape(len(families), len(counts.multiplicities))
    low, high = counts.nullity_range(rows)
    generic = counts.generic(rows)
    for i, taken in enumerate(families):
        spare = counts.hidden - sum(taken)
        rooms = range(counts.outer_room + 1), range(counts.inner_room + 1)
        labels = [(a, b) for a, b in product(*rooms) if a + b <= spare]
        assert list(counts.strata(taken)) == labels
        row = rows[i : i + 1]
        nullity = {label: int(counts.stratum_nullity(row, *label)[0]) for label in labels}
        dimension = {label: int(counts.stratum_dimension(row, *label)[0]) for label in labels}
        assert (low[i], high[i]) == (min(nullity.values()), max(nullity.values()))
        largest = [label for label in labels if dimension[label] == max(dimension.values())]
        assert (generic.outer[i], generic.inner[i]) == largest[-1]
        assert generic.unique[i] == (len(largest) == 1)
        assert {dimension[label] for label in largest} == {generic.dimension[i]}
        assert {nullity[label] for label in largest} == {generic.nullity[i]}
        assert counts.strata_of_size(sum(taken)) == len(labels)
    assert counts.count_strata() == sum(len(list(counts.strata(taken))) for taken in families)
    assert sum(selections_by_size(counts.multiplicities, counts.hidden)) == len(families)


def test_strata_are_counted_without_listing() -> None:
    assert Counts((1, 1), 3, 3, 3, 3).count_strata() == 15
    assert Counts((1,) * 500, 600, 700, 700, 600).count_strata() > 2**500


def test_rigid_families_with_no_spare_unit_have_two_pieces() -> None:
    assert Counts((1,), 1, 1, 1, 1).components(np.array([[0], [1]])).tolist() == [1, 2]  # w2 w1 = 1: two branches
    assert Counts((2, 1), 2, 3, 3, 3).components(np.array([[2, 0], [1, 1], [1, 0], [0, 1]])).tolist() == [2, 1, 1, 1]
    assert Counts((), 2, 2, 1, 0).components(np.zeros((1, 0), dtype=np.int64)).tolist() == [1]


def test_impossible_and_absurd_sizes_are_refused() -> None:
    with pytest.raises(DataError, match="Impossible sizes"):
        Counts((2, 1), 1, 4, 2, 3)
    with pytest.raises(DataError, match="Impossible sizes"):
        Counts((1, 1), 1, 4, 2, 1)
    with pytest.raises(DataError, match="64-bit"):
        Counts((1,), 2**31, 1, 1, 1)
