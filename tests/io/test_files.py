"""NumPy and Parquet tables, names of data sets, and files that are not what they say."""

import pickle
import sys
import zipfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import datasets

from theodolite import DataError
from theodolite.io import data_names, read_table

MATRIX = np.array([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_npy(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    np.save(path, MATRIX)
    table = read_table(path)
    assert table.names == ("x1", "x2")
    np.testing.assert_array_equal(table.matrix, MATRIX)


def test_npy_keeps_the_precision_of_float32(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", MATRIX.astype(np.float32))
    assert read_table(tmp_path / "m.npy").matrix.dtype == np.float32


def test_npy_vector_and_fields(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([1, 2, 3]))
    assert read_table(tmp_path / "v.npy").matrix.tolist() == [[1.0], [2.0], [3.0]]
    np.save(tmp_path / "f.npy", np.array([(1.0, "a"), (2.0, "b")], dtype=[("size", "f8"), ("who", "U1")]))
    table = read_table(tmp_path / "f.npy")
    assert (table.names, table.numeric) == (("size", "who"), ("size",))


def test_npz_names_columns_and_targets(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=MATRIX, y=np.array([1.0, 2.0, 3.0]))
    table = read_table(tmp_path / "d.npz")
    assert table.names == ("X1", "X2", "y")
    assert table.declared_targets == ("y",)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 2, 2)), ["3 dimensions", "(2, 2, 2)"]),
        (np.float64(1.0), ["0 dimensions"]),
        (np.zeros((0, 3)), ["no rows"]),
        (np.zeros((1, 3)), ["one row"]),
        (np.zeros((3, 0)), ["no columns"]),
        (np.zeros((3, 2), complex), ["complex", "'x1'"]),
        (np.zeros(3, "M8[s]"), ["datetime64"]),
    ],
)
def test_npy_that_is_no_table(tmp_path: Path, array: np.ndarray, said: list[str]) -> None:
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "m.npy")
    for part in ["m.npy", *said]:
        assert part in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_npy_not_finite(tmp_path: Path, bad: float) -> None:
    matrix = MATRIX.copy()
    matrix[2, 1] = bad
    np.save(tmp_path / "m.npy", matrix)
    with pytest.raises(DataError, match=rf"m\.npy: column 'x2' has {bad} in row 3"):
        _ = read_table(tmp_path / "m.npy").matrix


class Bomb:
    """Unpickling it would raise ``SystemExit``."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return sys.exit, ("unpickled",)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "m.npz", np.array([Bomb()], dtype=object))
    for name in ("m.npy", "m.npz"):
        with pytest.raises(DataError, match=f"{name} holds Python objects"):
            read_table(tmp_path / name)
    (tmp_path / "p.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match=r"p\.npy is not a NumPy array.*a pickle"):
        read_table(tmp_path / "p.npy")


def test_truncated_and_lying_files(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", MATRIX)
    whole = (tmp_path / "m.npy").read_bytes()
    for cut in (7, 20, 100, len(whole) - 1):
        (tmp_path / "cut.npy").write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"cut\.npy"):
            read_table(tmp_path / "cut.npy")
    (tmp_path / "huge.npy").write_bytes(whole.replace(b"(3, 2)", b"(99999999999999, 2)"))
    with pytest.raises(DataError, match=r"huge\.npy is a broken NumPy array"):
        read_table(tmp_path / "huge.npy")
    np.savez(tmp_path / "m.npz", MATRIX)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "m.npz").read_bytes()[:-30])
    with pytest.raises(DataError, match=r"cut\.npz is a broken NumPy archive"):
        read_table(tmp_path / "cut.npz")


def test_npz_faults(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=MATRIX, y=np.zeros(2))
    with pytest.raises(DataError, match=r"d\.npz holds arrays of different lengths: X has 3 rows, y has 2 rows"):
        read_table(tmp_path / "d.npz")
    np.savez(tmp_path / "e.npz")
    with pytest.raises(DataError, match=r"e\.npz"):
        read_table(tmp_path / "e.npz")
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(DataError, match=r"z\.npz is not a NumPy archive, as its name says: it holds a ZIP archive"):
        read_table(tmp_path / "z.npz")


def test_parquet(tmp_path: Path) -> None:
    columns = {
        "size": [1.5, 2.5],
        "count": [1, 2],
        "yes": [True, False],
        "price": [Decimal("0.10"), Decimal("0.20")],
        "who": ["ann", "bob"],
        "group": pa.array(["a", "b"]).dictionary_encode(),
        "gap": [1.0, None],
        "when": [[1], [2]],
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    np.testing.assert_allclose(table.take(["size", "count", "yes", "price"]), [[1.5, 1, 1, 0.1], [2.5, 2, 0, 0.2]])
    assert table.column("who").labels == ("ann", "bob")
    assert table.column("group").labels == ("a", "b")
    with pytest.raises(DataError, match=r"t\.parquet: column 'gap' has no value in row 2"):
        table.take(["gap"])
    with pytest.raises(DataError, match=r"t\.parquet: column 'when' has entries of type list"):
        table.take(["when"])
    assert read_table(tmp_path / "t.parquet", exact=True).take(["price"]).tolist() == [
        [Fraction(1, 10)],
        [Fraction(1, 5)],
    ]


def test_parquet_faults(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1.0, 2.0]}), tmp_path / "t.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:50])
    with pytest.raises(DataError, match=r"cut\.parquet is a broken Parquet table"):
        read_table(tmp_path / "cut.parquet")


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"a": [1.0, 2.0]}), tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"needs pyarrow.*theodolite\[parquet\]"):
        read_table(tmp_path / "t.parquet")


def test_suffixes_that_lie(tmp_path: Path) -> None:
    for name in ("t.npy", "t.npz", "t.parquet"):
        (tmp_path / name).write_text("a,b\n1,2\n3,4\n")
        with pytest.raises(DataError, match=r"it holds text.*Rename it to t\.csv"):
            read_table(tmp_path / name)
    np.save(tmp_path / "m.npy", MATRIX)
    (tmp_path / "m.npy").rename(tmp_path / "m.csv")
    with pytest.raises(DataError, match=r"m\.csv is not a table in text.*a NumPy array.*Rename it to m\.npy"):
        read_table(tmp_path / "m.csv")


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a\n1\n2\n")
    with pytest.raises(DataError, match=r"no file and no data set called 'irsi'.*Did you mean iris"):
        read_table("irsi")
    with pytest.raises(DataError, match=r"no file .*peple\.csv\. Did you mean .*people\.csv"):
        read_table(tmp_path / "peple.csv")
    with pytest.raises(DataError, match=r"^\S* is a folder\. Give a file"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="No data was named"):
        read_table("")
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"has the ending '\.xlsx'.*\.csv"):
        read_table(tmp_path / "t.xlsx")
    (tmp_path / "bare").write_text("1\n2\n")
    with pytest.raises(DataError, match="has no ending"):
        read_table(str(tmp_path / "bare"))
    with pytest.raises(DataError, match="cannot be read"):
        read_table("x" * 5000)
    with pytest.raises(DataError, match=r"\\x00"):
        read_table("a\0b")


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_bundled_sets_are_those_of_scikit_learn(name: str) -> None:
    peer = getattr(datasets, f"load_{name}")()
    table = read_table(name)
    np.testing.assert_array_equal(table.matrix, peer.data)
    labels = table.columns[-1].labels
    assert labels == tuple(peer.target_names[peer.target])


@pytest.mark.parametrize("name", ["digits", "diabetes", "linnerud", "sklearn:iris", "sklearn:digits"])
def test_scikit_learn_sets(name: str) -> None:
    peer = getattr(datasets, f"load_{name.removeprefix('sklearn:')}")()
    table = read_table(name)
    inputs = [column for column in table.numeric if column not in table.declared_targets]
    np.testing.assert_array_equal(table.take(inputs), peer.data)
    assert table.declared_targets


def test_exact_digits_are_whole_numbers_and_diabetes_is_not() -> None:
    assert read_table("digits", exact=True).take(["pixel_0_3"])[:3, 0].tolist() == [Fraction(n) for n in (13, 12, 4)]
    with pytest.raises(DataError, match="binary floating-point"):
        read_table("diabetes", exact=True).take(["age"])


@pytest.mark.parametrize("name", ["california_housing", "sklearn:california_housing", "olivetti_faces"])
def test_sets_that_would_be_downloaded_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="makes no request"):
        read_table(name)


def test_unknown_scikit_learn_set() -> None:
    with pytest.raises(DataError, match=r"no data set called 'boston'.*digits"):
        read_table("sklearn:boston")


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DataError, match=r"needs scikit-learn.*theodolite\[sklearn\].*iris"):
        read_table("digits")
    assert read_table("iris").rows == 150


def test_every_name_can_be_read() -> None:
    assert {"iris", "wine", "breast_cancer", "digits"} <= set(data_names())
    for name in data_names():
        assert read_table(name).rows > 1
