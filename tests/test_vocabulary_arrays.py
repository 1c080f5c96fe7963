"""Whatever people pass as numbers becomes a checked array, or one of our errors naming the offender."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from theodolite._arrays import as_matrix, check_rtol, coerce_parameters, given_epsilon, to_fractions
from theodolite._errors import DataError, ShapeError

DOUBLE = 2.0**-52
SINGLE = 2.0**-23
SHAPES = ((2, 2), (1, 2))


class Lazy:
    """An array-like that NumPy must ask, as JAX arrays are."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, 2.0]], dtype=dtype)


@pytest.mark.parametrize(
    ("data", "epsilon", "exact"),
    [
        ([[1, 2]], DOUBLE, True),
        (((1, 2),), DOUBLE, True),
        ([[1.0, 2]], DOUBLE, False),
        (np.array([[1, 2]], dtype=np.uint8), DOUBLE, True),
        (np.array([[1, 2]], dtype=np.float16), 2.0**-10, False),
        (np.array([[1, 2]], dtype=np.float32), SINGLE, False),
        (np.array([[1, 2]], dtype=np.longdouble), DOUBLE, False),
        (np.array([[1, 2]], dtype=">f8"), DOUBLE, False),
        (np.ma.masked_array([[1.0, 2.0]]), DOUBLE, False),
        (Lazy(), DOUBLE, False),
        (torch.tensor([[1.0, 2.0]], requires_grad=True), SINGLE, False),
        (torch.tensor([[1.0, 2.0]], dtype=torch.float64), DOUBLE, False),
        (torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16), 2.0**-7, False),
        (torch.tensor([[1.0, 2.0]], dtype=torch.float16), 2.0**-10, False),
        (torch.tensor([[1, 2]]), DOUBLE, True),
        (pd.DataFrame({"a": [1], "b": [2]}), DOUBLE, True),
        (pd.DataFrame([[1.0, 2.0]]), DOUBLE, False),
        (pd.DataFrame({"a": np.float32([1]), "b": [2.0]}), SINGLE, False),
        (pd.DataFrame({"a": pd.array([1], dtype="Int64"), "b": [Decimal(2)]}, dtype=object), DOUBLE, True),
        (pl.DataFrame({"a": [1], "b": [2.0]}), DOUBLE, False),
        (pl.DataFrame({"a": [Decimal("1.0")], "b": [2]}), DOUBLE, True),
        (pa.table({"a": [1], "b": [2]}), DOUBLE, True),
        ([[Fraction(1), Decimal("2.0")]], DOUBLE, True),
        ([["1", "4/2"]], DOUBLE, True),
        ([[True, "2e0"]], DOUBLE, True),
        ([[Fraction(1), 2.0]], DOUBLE, False),
        ([["1", 2.0]], DOUBLE, False),
        ([[np.int8(1), 2**1]], DOUBLE, True),
    ],
)
def test_numbers_are_read_with_their_round_off_and_exactness(data, epsilon, exact):
    matrix = as_matrix("X", data)
    assert matrix.values.dtype == np.float64
    assert matrix.values.tolist() == [[1.0, 2.0]]
    assert matrix.epsilon == epsilon
    if exact:
        assert matrix.exact.tolist() == [[Fraction(1), Fraction(2)]]
        assert all(type(entry) is Fraction for entry in matrix.exact.flat)
    else:
        assert matrix.exact is None


def test_a_vector_is_one_column():
    for data in ([1, 2, 3], pd.Series([1, 2, 3]), pl.Series([1, 2, 3]), pa.array([1, 2, 3]), torch.arange(1, 4)):
        assert as_matrix("y", data).values.tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 3], "b": [2, 4]}),
        pl.DataFrame({"a": [1, 3], "b": [2, 4]}),
        pa.table({"a": [1, 3], "b": [2, 4]}),
    ],
)
def test_tables_keep_the_names_and_order_of_their_columns(frame):
    matrix = as_matrix("X", frame)
    assert matrix.names == ("a", "b")
    assert matrix.values.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_columns_of_pandas_need_no_text_names():
    assert as_matrix("X", pd.DataFrame(np.eye(2))).names == ("0", "1")
    columns = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    assert as_matrix("X", pd.DataFrame(np.eye(2), columns=columns)).values.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1.0, np.nan]], r"X has nan at row 0, column 1"),
        ([[1.0, 2.0], [np.inf, -np.inf]], r"X has inf at row 1, column 0: 2 of 4 entries"),
        (np.array([[np.finfo(np.longdouble).max]]), r"X has inf at row 0, column 0"),
        ([[1, "one"]], r"X has 'one' at row 0, column 1"),
        ([["1", "nan"]], r"X has 'nan' at row 0, column 1"),
        ([["1", "-inf"]], r"X has '-inf'"),
        ([["1/0"]], r"X has '1/0' at row 0, column 0"),
        ([[""]], r"X has ''"),
        ([[None, 1]], r"X has None at row 0, column 0"),
        ([[object(), 1]], r"X has <object object"),
        ([[[], 1]], r"X cannot be read|X has \[\]"),
        ([[Decimal("sNaN")]], r"X has Decimal\('sNaN'\)"),
        ([[Fraction(1), float("nan")]], r"X has nan at row 0, column 1"),
        ([["9" * 5000]], r"X has '9+\.\.\. \(5002 characters\)"),
        ([[10**400]], r"X has a number beyond 1.8e308 at row 0, column 0"),
        ([["1e400"]], r"X has a number beyond 1.8e308"),
        ([["1e999999999"]], r"its exponent is beyond 5000"),
        ([[Decimal("1e-999999")]], r"its exponent is beyond 5000"),
        ([[1j]], r"X has complex numbers \(complex128\)"),
        (torch.ones(2, dtype=torch.complex64), r"X has complex numbers"),
        ([[1, 2], [3]], r"X cannot be read as an array: row 1 has 1 entries, row 0 has 2 entries"),
        ([[1, 2], [3, 4], 5], r"row 2 has a single number"),
        ([[[1], [2, 3]], [[4], [5]]], r"X cannot be read as an array"),
        ([torch.ones(1, requires_grad=True)], r"X cannot be read as an array: Can't call numpy"),
        (torch.ones(1, device="meta"), r"X cannot be read as an array: Cannot copy out of meta"),
        (torch.eye(2).to_sparse(), r"X cannot be read as an array: .*[Ss]parse"),
        (scipy.sparse.eye(2).tocsr(), r"X is of type csr_matrix"),
        (np.ma.masked_array([[1, 2]], mask=[[0, 1]]), r"X is masked at row 0, column 1"),
        (np.array(["2020-01-01"], dtype="M8[D]"), r"X has entries of type datetime64"),
        (np.zeros(2, dtype=[("a", float)]), r"X has entries of type"),
        (np.array([b"1"]), r"X has b'1'"),
        (None, r"X is of type NoneType"),
        (7, r"X is of type int"),
        ("iris", r"X is of type str"),
        ({"a": [1]}, r"X is of type dict"),
        ((x for x in [1]), r"X is of type generator"),
        (pd.DataFrame({"a": [1.0, None]}), r"Column 'a' of X has a missing value in row 1"),
        (pd.DataFrame({"a": pd.array([None, 1], dtype="Int64")}), r"Column 'a' of X has a missing value in row 0"),
        (pl.DataFrame({"a": [1, None]}), r"Column 'a' of X has a missing value in row 1"),
        (pa.table({"a": [1, None]}), r"Column 'a' of X has a missing value in row 1"),
        (pl.DataFrame({"a": [1.0, float("nan")]}), r"X has nan at row 1, column 0"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), r"Column 'b' of X has type String: only numeric"),
        (pl.DataFrame({"a": ["x"]}), r"Column 'a' of X has type String"),
        (pa.table({"a": ["x"]}), r"Column 'a' of X has type String"),
        (pd.DataFrame({"a": pd.Categorical(["x"])}), r"Column 'a' of X has type Categorical"),
        (pd.DataFrame({"a": [1, "x"]}, dtype=object), r"X has 'x' at row 1, column 0"),
        (pd.DataFrame({"a": [1j]}), r"Column 'a' of X"),
        (pd.DataFrame(np.eye(2), columns=["a", "a"]), r"X is a table of a kind that cannot be read: .*unique"),
        (pd.DataFrame(), r"X has no columns"),
        (pl.LazyFrame({"a": [1]}), r"X is a table of a kind that cannot be read"),
    ],
)
def test_what_is_not_a_finite_real_number_is_refused_by_name_and_place(data, said):
    with pytest.raises(DataError, match=said):
        as_matrix("X", data)


def test_more_than_two_dimensions_are_a_wrong_shape():
    with pytest.raises(ShapeError, match=r"X has 3 dimensions, shape \(1, 2, 3\)"):
        as_matrix("X", np.zeros((1, 2, 3)))


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=5), elements=st.floats()))
def test_any_float_array_is_either_copied_or_refused_at_its_first_bad_entry(data):
    if np.isfinite(data).all():
        values = as_matrix("X", data).values
        assert values.tobytes() == data.tobytes()
        assert not np.shares_memory(values, data)
    else:
        row, column = np.argwhere(~np.isfinite(data.reshape(len(data), -1)))[0]
        with pytest.raises(DataError, match=f"at row {row}, column {column}"):
            as_matrix("X", data)


@given(st.lists(st.fractions() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False), min_size=1))
def test_exact_numbers_are_kept_and_rounded_correctly(entries):
    small = [entry for entry in entries if not isinstance(entry, Decimal) or abs(entry.adjusted()) < 300] or [0]
    matrix = as_matrix("X", np.array(small, dtype=object))
    assert matrix.exact.ravel().tolist() == [Fraction(entry) for entry in small]
    assert matrix.values.ravel().tolist() == [float(Fraction(entry)) for entry in small]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_binary_number_that_it_is(number):
    (fraction,) = to_fractions("X", np.array([number], dtype=object))
    assert fraction == Fraction(*number.as_integer_ratio())
    assert to_fractions("X", np.array([repr(number)], dtype=object))[0] == Fraction(repr(number))


def test_large_integers_lose_nothing_in_the_exact_matrix():
    matrix = as_matrix("X", np.array([[2**62 + 1]], dtype=np.int64))
    assert matrix.exact[0, 0] == 2**62 + 1
    assert matrix.values[0, 0] == 2.0**62


@pytest.mark.parametrize(
    "params",
    [
        [[[1, 2], [3, 4]], [[5, 6]]],
        (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5, 6])),
        [np.array([1, 2, 3, 4]), torch.tensor([[5.0], [6.0]], requires_grad=True)],
        [pd.DataFrame([[1, 2], [3, 4]]), pd.Series([5, 6])],
    ],
)
def test_parameters_of_the_right_sizes_are_reshaped(params):
    first, second = coerce_parameters(params, SHAPES)
    assert first.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert second.tolist() == [[5.0, 6.0]]
    assert first.dtype == second.dtype == np.float64


def test_parameters_of_a_torch_model_fit():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 1, bias=False))
    arrays = coerce_parameters(list(model.parameters()), SHAPES)
    for array, weight in zip(arrays, model.parameters(), strict=True):
        assert array.tolist() == weight.tolist()


def test_parameters_are_copies():
    given_arrays = [np.eye(2), np.zeros((1, 2))]
    coerce_parameters(given_arrays, SHAPES)[0][0, 0] = 7
    assert given_arrays[0][0, 0] == 1


def test_exact_parameters_stay_exact_only_if_all_are():
    exact = coerce_parameters([[[1, "1/3"], [0, 0]], [Decimal("0.1"), Fraction(2, 7)]], SHAPES, keep_exact=True)
    assert exact[0][0, 1] == Fraction(1, 3)
    assert exact[1].tolist() == [[Fraction(1, 10), Fraction(2, 7)]]
    for mixed in (
        [[[1, "1/3"], [0, 0]], [0.1, 2]],
        [[[1, 2], [0, 0]], np.array([Fraction(1), 0.5], dtype=object)],
    ):
        assert [array.dtype for array in coerce_parameters(mixed, SHAPES, keep_exact=True)] == [np.float64] * 2
    assert coerce_parameters([[[1, 2], [3, 4]], [5, 6]], SHAPES)[0].dtype == np.float64


@pytest.mark.parametrize(
    ("params", "error", "said"),
    [
        (np.zeros(6), ShapeError, "one vector: 2 arrays are expected. Use unpack"),
        ([np.eye(2)], ShapeError, r"1 parameter arrays were given: this network has 2, of shapes \(2, 2\), \(1, 2\)"),
        ([np.eye(2), [1, 2, 3]], ShapeError, r"Parameter 2 has shape \(3,\): its place needs shape \(1, 2\)"),
        ([np.eye(2), [1, np.nan]], DataError, "Parameter 2 has nan at position 1"),
        ([[[1, np.inf], [0, 0]], [1, 2]], DataError, "Parameter 1 has inf at row 0, column 1"),
        ([np.eye(2), ["a", 1]], DataError, "Parameter 2 has 'a' at position 0"),
        ([np.eye(2), [10**400, 1]], DataError, "Parameter 2 has a number beyond"),
        ([np.eye(2), [1j, 1]], DataError, "Parameter 2 has complex numbers"),
        (None, DataError, "The parameters are of type NoneType"),
        (3, DataError, "The parameters are of type int"),
        ("ab", DataError, "The parameters are of type str"),
        (iter([np.eye(2), [1, 2]]), DataError, "The parameters are of type list_iterator"),
        ({"w": 1, "v": 2}, DataError, r"The parameters are of type dict.*list\(model.parameters\(\)\)"),
    ],
)
def test_parameters_that_do_not_fit_are_named(params, error, said):
    with pytest.raises(error, match=said):
        coerce_parameters(params, SHAPES)


def test_an_iterator_is_refused_before_it_is_used_up():
    arrays = iter([np.eye(2), [1, 2]])
    with pytest.raises(DataError, match="list_iterator"):
        given_epsilon(arrays)
    assert len(list(arrays)) == 2


@pytest.mark.parametrize(
    ("params", "epsilon"),
    [
        ([np.eye(2), [1, 2]], DOUBLE),
        ([np.eye(2), np.float32([1, 2])], SINGLE),
        ([torch.eye(2, dtype=torch.bfloat16), np.float16([1, 2])], 2.0**-7),
        ([[[Fraction(1)]]], DOUBLE),
        ([], DOUBLE),
    ],
)
def test_the_coarsest_type_decides_the_round_off(params, epsilon):
    assert given_epsilon(params) == epsilon


def test_relative_tolerances_lie_between_zero_and_one():
    assert [check_rtol(value) for value in (1e-6, np.float32(0.5))] == [1e-6, 0.5]
    for bad in (0, 1, -1.0, float("nan"), float("inf"), True, "1e-6", None):
        with pytest.raises(DataError, match="rtol is"):
            check_rtol(bad)
