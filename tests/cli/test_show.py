"""``theodolite show``: what was saved is what is shown."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[[str], Result]


@pytest.fixture
def saved(run: Run) -> Run:
    assert run("survey iris --network linear:4-2-4 --out iris.json --out iris.npz --out direct.csv -q").exit_code == 0
    return run


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_the_table_again(saved: Run, suffix: str) -> None:
    result = saved(f"show iris.{suffix}")
    assert result.exit_code == 0
    assert "all critical points, in 11 families" in result.stdout
    assert "made by   theodolite survey iris --network linear:4-2-4" in result.stdout
    assert "159.5034" in result.stdout


@pytest.mark.parametrize("row", ["3", "'{1}'", "'{ 1 }'"])
def test_one_row_by_number_or_label(saved: Run, row: str) -> None:
    output = saved(f"show iris.json --row {row}").stdout
    assert "row        3" in output
    assert "{1}, strict saddle" in output
    assert "165.49" in output


@pytest.mark.parametrize("row", ["11", "'{9}'", "-1"])
def test_rows_that_are_not_there(saved: Run, row: str) -> None:
    result = saved(f"show iris.json --row {row}")
    assert result.exit_code == 1
    assert f"iris.json has no row {row!r}".replace("\"'", "'").replace("'\"", "'") in result.stderr
    assert "0 to 10" in result.stderr


def test_conversion(saved: Run, tmp_path: Path) -> None:
    assert saved("show iris.npz --out again.csv -q").exit_code == 0
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "direct.csv").read_text()
    with (tmp_path / "again.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 12


def test_files_that_are_no_atlases(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"format": "something"}')
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.npz").write_bytes(b"PK\x03\x04")
    for name in ("a.json", "b.json", "c.npz", "d.json"):
        result = run(f"show {name}")
        assert result.exit_code == 1
        assert name in result.stderr
        assert "Traceback" not in result.stderr
