r"""A set of critical points of a shallow linear network: its value, and whether it is the global minimum.

For :math:`L = \tfrac12 \lVert X W_1^T W_2^T - Y \rVert^2` with eigenvalues :math:`\lambda` of :math:`\Sigma = Y^T X
X^+ Y`, every set of critical points takes some of the positive ones, no more than there are hidden units, and has the
loss :math:`\tfrac12 (\lVert Y \rVert^2 - \sum \lambda)` over those taken. It is the global minimum if it takes as
many as it can, the largest ones, and a strict saddle otherwise (Baldi & Hornik 1989; Zhou & Liang 2017).

The certificate encloses each positive eigenvalue between two rational numbers; counting eigenvalues below each of
them by Sylvester's law of inertia proves that nothing is missing.
"""

from __future__ import annotations

from fractions import Fraction

from theodolite.checker._algebra import below_count, echelon, solve
from theodolite.checker._fields import Fields, about, refuse, sequence
from theodolite.checker._network import Matrix, check_widths, dot

__all__ = ["check_linear_set"]


def check_linear_set(fields: Fields, X: Matrix, Y: Matrix) -> tuple[str, tuple[Fraction, Fraction]]:
    """Return what kind of set was certified, and rational bounds of its loss."""
    given = fields.fields("network")
    hidden, bias, scale = given.whole("hidden", 1), given.text("bias"), given.fraction("scale")
    inputs, outputs = given.whole("inputs", 1), given.whole("outputs", 1)
    given.done()
    check_widths(X, Y, inputs, outputs)
    if scale not in (Fraction(1, 2), Fraction(1), Fraction(1, len(Y) * len(Y[0]))):
        refuse(f"The loss is {scale} times the sum of squares", "1/2, 1 and one over the number of targets are known")
    if bias not in ("none", "hidden", "output", "both"):
        refuse(f"The biases are {bias!r:.80}", "none, hidden, output and both are known")
    if bias in ("output", "both"):  # an output bias fits the means: what is left is the problem of the centred data
        X, Y = _centred(X), _centred(Y)
    elif bias == "hidden":  # a bias of the hidden layer alone is one more input, which is always 1
        X = [[*row, Fraction(1)] for row in X]
    sigma = _explained(X, Y)
    total = sum((y * y for row in Y for y in row), Fraction(0))
    low = high = total
    taken_counts, counts, upper = [], [], None
    for number, entry in enumerate(sequence(fields.take("eigenvalues"), "eigenvalues")):
        part = Fields(entry, f"eigenvalues[{number}]")
        bottom, top = part.fraction("above"), part.fraction("below")
        count, taken = part.whole("multiplicity", 1), part.whole("taken")
        part.done()
        if not 0 < bottom < top or (upper is not None and top > upper):
            refuse(f"eigenvalues[{number}] lies between {bottom} and {top}", "enclosures are positive and fall")
        if below_count(sigma, top) - below_count(sigma, bottom) != count:
            refuse(f"There are not {count} eigenvalues between {about(bottom)} and {about(top)}")
        if taken > count:
            refuse(f"{taken} of {count} equal eigenvalues are taken")
        low, high, upper = low - taken * top, high - taken * bottom, bottom
        counts.append(count)
        taken_counts.append(taken)
    positive = len(sigma) - below_count(sigma, Fraction(0)) - _kernel_size(sigma)
    if sum(counts) != positive:
        refuse(f"{sum(counts)} positive eigenvalues are listed", f"there are {positive}")
    if sum(taken_counts) > hidden:
        refuse(f"{sum(taken_counts)} eigenvalues are taken", f"there are {hidden} hidden units")
    kind = fields.text("kind")
    if any(count > 1 for count in counts):
        _check_equal(sigma, counts)
    greedy, left = [], min(hidden, positive)
    for count in counts:
        greedy.append(min(count, left))
        left -= greedy[-1]
    right = "global minimum" if greedy == taken_counts else "strict saddle"
    if kind != right:
        refuse(f"The set is called a {kind}", f"it is a {right}")
    bounds = fields.vector("value", 2)
    if not (bounds[0] <= scale * low and scale * high <= bounds[1]):
        refuse("The value is claimed more sharply than the eigenvalues are enclosed")
    return kind, (bounds[0], bounds[1])


def _check_equal(sigma: Matrix, counts: list[int]) -> None:
    """Check that eigenvalues listed as one are one: that there are no more different ones than listed."""
    # The minimal polynomial of a symmetric matrix has as many roots as there are different eigenvalues.
    size = len(sigma)
    powers = [[Fraction(i == j) for i in range(size) for j in range(size)]]
    current = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    while len(powers) <= size:
        current = [[dot(row, [other[j] for other in sigma]) for j in range(size)] for row in current]
        powers.append([entry for row in current for entry in row])
        if len(echelon(powers)[1]) < len(powers):
            break
    different = len(powers) - 1 - (1 if _kernel_size(sigma) else 0)
    if different != len(counts):
        refuse(f"{len(counts)} different positive eigenvalues are listed", f"there are {different}")


def _kernel_size(matrix: Matrix) -> int:
    return len(matrix) - len(echelon(matrix)[1])


def _centred(data: Matrix) -> list[list[Fraction]]:
    means = [sum((row[k] for row in data), Fraction(0)) / len(data) for k in range(len(data[0]))]
    return [[entry - mean for entry, mean in zip(row, means, strict=True)] for row in data]


def _explained(X: Matrix, Y: Matrix) -> list[list[Fraction]]:
    """Return Y^T X X^+ Y through a basis of the columns of X."""
    pivots = echelon(X)[1]
    basis = [[row[k] for row in X] for k in pivots]
    targets = [[row[k] for row in Y] for k in range(len(Y[0]))]
    if not basis:
        return [[Fraction(0)] * len(targets) for _ in targets]
    gram = [[dot(a, b) for b in basis] for a in basis]
    cross = [[dot(a, y) for y in targets] for a in basis]
    weights = solve(gram, cross)
    return [
        [sum((cross[k][i] * weights[k][j] for k in range(len(basis))), Fraction(0)) for j in range(len(targets))]
        for i in range(len(targets))
    ]
