"""Text tables: what is read, and every fault with its file, row and column."""

import csv
import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import DataError
from theodolite.io import DataTable, read_table


def write(folder: Path, content: str | bytes, name: str = "people.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


READABLE = {
    "commas": "a,b\n1,2\n3,4\n",
    "no last newline": "a,b\n1,2\n3,4",
    "windows line ends": "a,b\r\n1,2\r\n3,4\r\n",
    "old mac line ends": "a,b\r1,2\r3,4\r",
    "byte order mark": b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
    "utf-16": "a\tb\n1\t2\n3\t4\n".encode("utf-16"),
    "semicolons": "a;b\n1;2\n3;4\n",
    "tabs": "a\tb\n1\t2\n3\t4\n",
    "bars": "a|b\n1|2\n3|4\n",
    "spaces": "a b\n1 2\n3   4\n",
    "quotes": '"a","b"\n"1","2"\n"3","4"\n',
    "spaces after commas": "a, b\n1, 2\n3, 4\n",
    "blank lines": "\na,b\n1,2\n\n3,4\n\n\n",
    "exponents": "a,b\n1e0,+2.\n.3E1,4.0\n",
}


@pytest.mark.parametrize("content", READABLE.values(), ids=READABLE)
def test_forms_of_one_table(tmp_path: Path, content: str | bytes) -> None:
    table = read_table(write(tmp_path, content))
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.matrix, [[1.0, 2.0], [3.0, 4.0]])


HEADERS = {
    "1,2\n3,4\n": ("x1", "x2"),
    "5.1,3.5,setosa\n4.9,3.0,setosa\n": ("x1", "x2", "x3"),
    "0,1\n1,0\n": ("x1", "x2"),
    ",0,1,2\n0,5,6,7\n1,8,9,9\n": ("column 1", "0", "1", "2"),
    "0,1,class\n5,6,7\n8,9,9\n": ("0", "1", "class"),
    ",a\n0,5\n1,6\n": ("column 1", "a"),
    'name,"a, b"\nx,1\ny,2\n': ("name", "a, b"),
    "nan,1\n2,3\n": ("x1", "x2"),
    "ä,数\n1,2\n3,4\n": ("ä", "数"),
}


@pytest.mark.parametrize(("content", "names"), HEADERS.items())
def test_header_is_found(tmp_path: Path, content: str, names: tuple[str, ...]) -> None:
    assert read_table(write(tmp_path, content)).names == names


def test_header_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "0,1,2\n5,6,7\n8,9,9\n")
    with pytest.raises(DataError, match=r"people\.csv .* counts its columns: 0, 1, 2.*--no-header"):
        read_table(path)
    assert read_table(path, header=False).rows == 3
    assert read_table(path, header=True).rows == 2


def test_delimiter_can_be_said(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "a;b,c\n1;2,1\n3;4,1\n"), delimiter=",").names == ("a;b", "c")


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n"])
def test_delimiters_that_cannot_be(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(DataError, match="The delimiter is"):
        read_table(write(tmp_path, "a,b\n1,2\n3,4\n"), delimiter=delimiter)


def test_labels_are_kept_apart(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,who\n1,ann\n2,bob\n"))
    assert table.numeric == ("a",)
    assert table.column("who").labels == ("ann", "bob")


BROKEN = {
    "string": ("a,age\n1,34\n2,n/a\n3,36\n", ["'age'", "'n/a'", "row 2 (line 3)", "1 of its 3"]),
    "string in the first row": ("a,age\n1,old\n2,5\n3,36\n", ["'age'", "'old'", "row 1 (line 2)"]),
    "missing": ("a,age\n1,34\n2,\n", ["'age'", "no value", "row 2 (line 3)"]),
    "nan": ("a,age\n1,34\n2,nan\n", ["'age'", "'nan'", "row 2 (line 3)"]),
    "infinity": ("a,age\n-inf,34\n2,5\n", ["'a'", "'-inf'", "row 1 (line 2)"]),
    "only nan": ("a,age\nnan,34\nnan,5\n", ["'a'", "'nan'", "row 1"]),
    "too large": ("a,age\n1e999,34\n2,5\n", ["'a'", "'1e999'", "row 1 (line 2)"]),
    "underscore": ("a,age\n1_000,34\n2,5\n", ["'a'", "'1_000'", "row 1"]),
    "decimal comma": ("a;age\n3,5;34\n2,5;5\n", ["'a'", "'3,5'", "decimals with a point"]),
    "line after quoted lines": ('who,age\n"a\nb",34\n"c",x\n', ["'age'", "'x'", "row 2 (line 4)"]),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("exact", [False, True])
def test_fault_in_a_column_that_is_used(tmp_path: Path, content: str, said: list[str], exact: bool) -> None:
    table = read_table(write(tmp_path, content), exact=exact)
    with pytest.raises(DataError) as caught:
        _ = table.matrix
    for part in ["people.csv", *said]:
        assert part in str(caught.value)


def test_fault_in_a_column_that_is_not_used(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,age\n1,34\n2,n/a\n"))
    np.testing.assert_array_equal(table.take(["a"]), [[1.0], [2.0]])


UNREADABLE = {
    "ragged short": ("a,b\n1,2\n3\n", ["ragged", "line 3 has 1 field", "line 1 has 2"]),
    "ragged long": ("a,b\n1,2\n3,4,5\n", ["ragged", "line 3 has 3 fields", "line 1 has 2"]),
    "no bytes": ("", ["is empty"]),
    "blank": ("\n \n\n", ["is empty"]),
    "header only": ("a,b\n", ["no rows"]),
    "one row": ("a,b\n1,2\n", ["one row"]),
    "same names": ("a,b,a\n1,2,3\n4,5,6\n", ["two columns called 'a'", "columns 1 and 3"]),
    "open quote": ('a,b\n1,"2\n3,4\n', ["cannot be cut into fields", "quote"]),
    "latin-1": (b"a,b\n1,2\n\xe9,4\n", ["not text in UTF-8", "line 3", "0xE9"]),
    "null byte": (b"a,b\n1,2\n3,\0\n", ["line 3", "null byte"]),
    "image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["PNG image"]),
    "pdf": (b"%PDF-1.7 ...", ["PDF"]),
    "workbook": (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", ["Excel workbook"]),
    "web page": ("<!DOCTYPE html>\n<html>", ["web page"]),
    "json": ('[{"a": 1}]', ["JSON"]),
    "gzip": (b"\x1f\x8b\x08\0\0", ["gzip"]),
    "NumPy array": (b"\x93NUMPY\x01\0", ["NumPy array", "people.npy"]),
    "long field": ("a,b\n1," + "9" * 200_000 + "\n1,2\n", ["people.csv", "line 2"]),
}


@pytest.mark.parametrize(("content", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_file_that_cannot_be_read(tmp_path: Path, content: str | bytes, said: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, content))
    for part in ["people.csv", *said]:
        assert part in str(caught.value)


def test_exact_numbers_are_decimals(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a\n0.1\n1e-3\n"), exact=True)
    assert table.matrix.tolist() == [[Fraction(1, 10)], [Fraction(1, 1000)]]


@pytest.mark.parametrize("number", ["1e-999999999", "0." + "3" * 2000, "1" * 2000, "1e" + "9" * 5000])
def test_exact_numbers_of_absurd_length_are_refused_at_once(tmp_path: Path, number: str) -> None:
    table = read_table(write(tmp_path, f"a\n1\n{number}\n"), exact=True)
    with pytest.raises(DataError, match=r"column 'a' .* row 2 \(line 3\)"):
        _ = table.matrix


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="0123456789"), min_size=1, max_size=8
).filter(lambda name: name.lower() not in ("nan", "inf", "infinity"))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    rows=st.integers(2, 6),
    delimiter=st.sampled_from(",;\t|"),
    data=st.data(),
)
def test_what_the_csv_module_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], rows: int, delimiter: str, data: st.DataObject
) -> None:
    matrix = data.draw(
        st.lists(st.lists(NUMBERS, min_size=len(names), max_size=len(names)), min_size=rows, max_size=rows)
    )
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([names, *matrix])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    table: DataTable = read_table(path, delimiter=delimiter)
    assert table.names == tuple(names)
    np.testing.assert_array_equal(table.matrix, np.array(matrix))


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused_but_never_crashes(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "t.csv"
    path.write_bytes(noise)
    try:
        table = read_table(path)
        assert np.isfinite(table.matrix).all()
    except DataError as error:
        assert "t.csv" in str(error)  # noqa: PT017 - either outcome is right, but a refusal must name the file
