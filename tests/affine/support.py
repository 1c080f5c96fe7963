"""What the tests of affine targets share: landscapes and slow, obvious ways to compute the same numbers."""

import itertools
from fractions import Fraction

import flint
import mpmath
import numpy as np

import theodolite as th

ACTIVATIONS = (
    ("relu", 0),
    ("leaky_relu", Fraction(9, 16)),
    ("leaky_relu", Fraction(16, 9)),
    ("leaky_relu", Fraction(1, 3)),
    ("leaky_relu", 1),
    ("quadratic", 0),
)


def landscape(
    hidden, activation="relu", slope_below=0, *, interval=(-1, 5), slope=Fraction(-3, 2), intercept=2, **options
):
    """A landscape whose numbers are all exact unless floats are passed."""
    return th.AffineTargetLandscape(
        hidden,
        activation=activation,
        negative_slope=slope_below,
        interval=interval,
        slope=slope,
        intercept=intercept,
        **options,
    )


def flat(params):
    """All parameters in one list."""
    return [entry for array in params for entry in np.ravel(array)]


def signs_of_roots(matrix):
    """Numbers of negative, zero and positive eigenvalues of a rational symmetric matrix, from its characteristic polynomial."""
    size = len(matrix)
    entries = [flint.fmpq(int(x.numerator), int(x.denominator)) for row in matrix for x in row]
    terms = flint.fmpq_mat(size, size, entries).charpoly().coeffs()
    zeros = next(k for k, term in enumerate(terms) if term != 0)
    kept = [term > 0 for term in terms if term != 0]
    positive = sum(a != b for a, b in itertools.pairwise(kept))
    return size - zeros - positive, zeros, positive


def activate(land, z):
    """The activation, one number at a time."""
    if land.problem.activation == "quadratic":
        return z * z
    return z if z >= 0 else land.problem.gamma * z


def slope_at(land, z):
    """Its derivative where z is not 0."""
    if land.problem.activation == "quadratic":
        return 2 * z
    return 1 if z > 0 else land.problem.gamma


def by_quadrature(land, params):
    """Loss and gradient by numerical integration between breakpoints."""
    p = land.problem
    w, b, v = ([mpmath.mpf(x.numerator) / x.denominator for x in map(Fraction, np.ravel(part))] for part in params[:3])
    c = Fraction(np.ravel(params[3])[0])
    start, end, alpha, beta, c = (
        mpmath.mpf(Fraction(x).numerator) / Fraction(x).denominator for x in (p.start, p.end, p.alpha, p.beta, c)
    )
    breaks = sorted({-b_ / w_ for w_, b_ in zip(w, b, strict=True) if w_ and start < -b_ / w_ < end} | {start, end})

    def residual(x):
        return c + sum(v_ * activate(land, w_ * x + b_) for w_, b_, v_ in zip(w, b, v, strict=True)) - alpha * x - beta

    def integral(f):
        return mpmath.quad(f, breaks)

    loss = integral(lambda x: residual(x) ** 2)
    gradient = [
        [
            2 * v_ * integral(lambda x, w_=w_, b_=b_: residual(x) * slope_at(land, w_ * x + b_) * x)
            for w_, b_, v_ in zip(w, b, v, strict=True)
        ],
        [
            2 * v_ * integral(lambda x, w_=w_, b_=b_: residual(x) * slope_at(land, w_ * x + b_))
            for w_, b_, v_ in zip(w, b, v, strict=True)
        ],
        [
            2 * integral(lambda x, w_=w_, b_=b_: residual(x) * activate(land, w_ * x + b_))
            for w_, b_ in zip(w, b, strict=True)
        ],
        [2 * integral(residual)],
    ]
    return float(loss), [float(x) for part in gradient for x in part]
