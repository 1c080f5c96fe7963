"""``theodolite show``: what was saved is what is shown."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

import theodolite as th

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


def test_with_its_data_again(saved: Run, tmp_path: Path) -> None:
    assert "best step" not in saved("show iris.json").stdout
    result = saved("show iris.json --reread --html iris.html")
    assert result.exit_code == 0
    assert "to {1, 2}: -151.74" in result.stdout
    assert saved("show iris.json --html plain.html -q").exit_code == 0
    assert (tmp_path / "iris.html").stat().st_size > (tmp_path / "plain.html").stat().st_size


def test_data_that_has_changed_is_noticed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,5\n4,4\n")
    assert run("survey t.csv -n linear:2-1-2 --json t.json -q").exit_code == 0
    assert run("show t.json --reread -q").exit_code == 0
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,5\n4,5\n")
    result = run("show t.json --reread -q")
    assert result.exit_code == 1
    assert "belongs to another landscape" in result.stderr


@pytest.mark.parametrize(
    "command", ["theodolite.survey(land)", "theodolite survey", "rm -r folder", "theodolite survey 'a"]
)
def test_commands_that_cannot_be_repeated(run: Run, tmp_path: Path, command: str) -> None:
    assert run("survey iris -n linear:4-2-4 --json iris.json -q").exit_code == 0
    replace(th.load_atlas(tmp_path / "iris.json"), command=command).save(tmp_path / "iris.json")
    assert run("show iris.json -q").exit_code == 0
    result = run("show iris.json --reread")
    assert result.exit_code == 1
    assert "iris.json" in result.stderr
    assert "unexpected" not in result.stderr
