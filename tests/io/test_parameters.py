"""Parameter files: the order is kept, exact numbers stay exact, faults are named."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import DataError
from theodolite.io import read_parameters


def test_npz_in_the_order_of_saving(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", W2=np.ones((2, 3)), W1=np.zeros((3, 2)))
    assert [array.shape for array in read_parameters(tmp_path / "p.npz")] == [(2, 3), (3, 2)]


def test_many_unnamed_arrays_keep_their_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", *[np.full(1, k) for k in range(12)])
    assert [int(array[0]) for array in read_parameters(tmp_path / "p.npz")] == list(range(12))


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.arange(6.0))
    (vector,) = read_parameters(tmp_path / "p.npy")
    assert vector.tolist() == [0, 1, 2, 3, 4, 5]


def test_json_exact_and_not(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"W1": [["1/3", 2], ["0.1", "-1e-2"]], "W2": [[0.5, 1]]}')
    first, second = read_parameters(tmp_path / "p.json")
    assert first.tolist() == [[Fraction(1, 3), 2], [Fraction(1, 10), Fraction(-1, 100)]]
    assert second.dtype == np.float64
    assert second.tolist() == [[0.5, 1.0]]


@given(st.lists(st.lists(st.fractions(max_denominator=10**6), min_size=2, max_size=2), min_size=1, max_size=3))
def test_fractions_survive(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Fraction]]) -> None:
    path = tmp_path_factory.mktemp("json") / "p.json"
    path.write_text(json.dumps([[[str(entry) for entry in row] for row in rows]]))
    (array,) = read_parameters(path)
    assert array.tolist() == rows


JSON_FAULTS = {
    "": "is not JSON",
    "{": "is not JSON",
    "3": "holds 3, not a list",
    '"abc"': "holds 'abc'",
    "[]": "is empty",
    "[[1, NaN]]": "NaN is not a finite number",
    "[[1, Infinity]]": "Infinity is not a finite number",
    "[[1, 1e999]]": r"array 1 has 'inf' at \[2\]",
    '[[1], ["x", 2]]': r"array 2 has 'x' at \[1\]",
    '[["1/0"]]': r"array 1 has '1/0' at \[1\]",
    '[["1e999999999"]]': r"array 1 has '1e999999999' at \[1\]",
    "[[true]]": r"array 1 has 'True' at \[1\]",
    "[[null]]": r"array 1 has 'None' at \[1\]",
    '[[{"a": 1}]]': r"array 1 has .* at \[1\]",
    '{"W1": [[1, 2], [3]]}': r"W1 is ragged: its part 2 has shape \(1,\), its first has \(2,\)",
    "[" * 100_000: "is not JSON",
    "[[" + "9" * 5000 + "]]": "is not JSON",
    "[[" + "9" * 400 + "]]": "array 1 has",
}


@pytest.mark.parametrize(("text", "said"), JSON_FAULTS.items(), ids=lambda value: value[:20])
def test_json_faults(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(DataError, match=r"p\.json.*" + said):
        read_parameters(tmp_path / "p.json")


def test_files_that_are_no_parameters(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*p\.npz"):
        read_parameters(tmp_path / "p.npz")
    with pytest.raises(DataError, match=r"ends in '\.pt'"):
        read_parameters(tmp_path / "p.pt")
    (tmp_path / "p.npz").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError, match=r"p\.npz is not a NumPy archive.*PNG image"):
        read_parameters(tmp_path / "p.npz")
    (tmp_path / "p.json").write_bytes(b"\xff\x00\x81")
    with pytest.raises(DataError, match=r"p\.json is not text in UTF-8"):
        read_parameters(tmp_path / "p.json")
    np.savez(tmp_path / "q.npz", np.array([{}], dtype=object))
    with pytest.raises(DataError, match=r"q\.npz holds Python objects"):
        read_parameters(tmp_path / "q.npz")
