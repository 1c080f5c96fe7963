"""``theodolite cells``: what is printed and saved is what the library says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import theodolite as th
from tests.arrangement.families import threshold
from theodolite.cli import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    np.savetxt("A.csv", threshold(4), fmt="%d", delimiter=",")
    np.save("A.npy", threshold(4))
    Path("decimals.csv").write_text("x,y\n0.1,0.3\n0.7,2.1\n1,0\n")
    Path("b.csv").write_text("b\n1\n2\n0.5\n")
    Path("names.csv").write_text("x,y,name\n1,2,a\n3,4,b\n")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["cells", *words])


@pytest.mark.parametrize("source", [["A.csv", "--no-header"], ["A.npy"]])
def test_list_and_count(folder: Path, source: list[str]) -> None:
    listed = run(*source, "--out", "cells.npz")
    assert listed.exit_code == 0, listed.output
    assert "1,882" in listed.output
    expected = th.cells(threshold(4))
    with np.load(folder / "cells.npz") as saved:
        assert np.array_equal(saved["packed"], expected.packed)
        assert (int(saved["rows"]), bool(saved["complete"])) == (16, True)
    counted = run(*source, "--count", "--verify")
    assert "1,882" in counted.output
    assert "Zaslavsky" in counted.output


def test_text_is_decimal(folder: Path) -> None:
    assert run("decimals.csv", "--out", "signs.npy", "--quiet").output == ""
    assert len(np.load(folder / "signs.npy")) == 4  # the first two rows are one line
    assert run("decimals.csv", "--offsets", "b.csv", "--out", "signs.npy", "-q").exit_code == 0
    assert np.array_equal(
        np.load(folder / "signs.npy"), th.cells([["0.1", "0.3"], ["0.7", "2.1"], [1, 0]], ["1", "2", "0.5"]).signs()
    )


def test_one_row_is_an_arrangement(folder: Path) -> None:
    Path("one.csv").write_text("0.5,2,3\n")
    Path("offset.csv").write_text("7\n")
    assert run("one.csv", "--no-header", "--offsets", "offset.csv", "--out", "signs.npy", "-q").exit_code == 0
    assert np.load(folder / "signs.npy").tolist() == [[-1], [1]]


def test_stopping_early_has_its_own_code(folder: Path) -> None:
    stopped = run("A.npy", "--budget", "0s", "--store", "parts")
    assert stopped.exit_code == 3
    assert "not complete" in stopped.output
    assert run("A.npy", "--store", "parts").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.csv"], 1, "missing.csv"),
        (["names.csv"], 1, "'name'"),
        (["decimals.csv", "--offsets", "decimals.csv"], 1, "2 columns"),
        (["A.npy", "--offsets", "b.csv"], 1, "3 entries"),
        (["A.npy", "--out", "cells.txt"], 1, "'.txt'"),
        (["A.npy", "--out", "nowhere/cells.npz"], 1, "no folder"),
        (["A.npy", "--count", "--out", "cells.npz"], 2, "cannot be saved"),
        (["A.npy", "--budget", "soon"], 2, "soon"),
    ],
)
def test_what_cannot_be_done(folder: Path, words: list[str], code: int, said: str) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output
