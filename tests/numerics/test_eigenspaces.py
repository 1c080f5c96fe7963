"""Spectra on rational invariant subspaces, against subspaces built from known eigenvectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import DataError, ShapeError
from theodolite._numerics import as_fractions, eigenvalues, exact_inverse, spectrum_on


@given(st.integers(0, 2**32), st.lists(st.integers(0, 3), min_size=1, max_size=5), st.data())
def test_selection_of_known_eigenvectors(seed, values, data):
    size = len(values)
    rng = np.random.default_rng(seed)
    skew = as_fractions(rng.integers(-2, 3, (size, size)))
    skew = skew - skew.T
    identity = as_fractions(np.eye(size, dtype=int))
    basis = (identity - skew) @ exact_inverse(identity + skew)  # Cayley: rational orthogonal
    sigma = basis @ np.diag(as_fractions(values)) @ basis.T
    chosen = data.draw(st.lists(st.integers(0, size - 1), max_size=size + 2))
    mixing = as_fractions(rng.integers(1, 4, (len(chosen), len(chosen))) + 7 * np.eye(len(chosen), dtype=int))
    found = spectrum_on(sigma, basis[:, chosen] @ mixing if chosen else basis[:, :0])
    kept = [values[i] for i in set(chosen)]
    assert [(value.rational, taken) for value, taken in found] == [
        (value, kept.count(value)) for value in sorted(set(kept), reverse=True)
    ]


def test_conjugates_come_together():
    block = np.array([[0, 1], [1, 1]])
    sigma = np.kron(np.eye(2, dtype=int), block)
    basis = np.array([[1, 0], [0, 1], [2, 0], [0, 2]])
    assert [(str(value), taken) for value, taken in spectrum_on(sigma, basis)] == [("(1+√5)/2", 1), ("(1-√5)/2", 1)]
    assert dict(spectrum_on(sigma, basis)).keys() == dict(eigenvalues(sigma)).keys()


def test_refusals():
    with pytest.raises(DataError, match="leads out"):
        spectrum_on(np.array([[0, 1], [1, 0]]), np.array([[1], [0]]))
    with pytest.raises(ShapeError, match=r"\(3, 1\)"):
        spectrum_on(np.eye(2), np.ones((3, 1)))
    with pytest.raises(DataError, match="not symmetric"):
        spectrum_on(np.array([[0, 1], [0, 0]]), np.eye(2))
