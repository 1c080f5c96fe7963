"""``theodolite ensemble``: levels and counts as Python finds them, files, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

import theodolite as th

Run = Callable[[str], Result]
SAMPLES = "x,y\n0,0\n1,2\n2,1\n3,2\n4,5\n5,3\n6,0\n"
WORDS = "ensemble bumps.csv --target y --network relu:1-2-1+bias --runs 200 --steps 3000 --seed 3"


@pytest.fixture
def bumps(run: Run, tmp_path: Path) -> Run:
    """The program in a folder with the samples."""
    (tmp_path / "bumps.csv").write_text(SAMPLES)
    return run


def landscape() -> th.ReluLandscape:
    rows = [[float(text) for text in line.split(",")] for line in SAMPLES.split()[1:]]
    return th.ReluLandscape([[x] for x, _ in rows], [y for _, y in rows], 2, bias=True, output_bias=True)


def test_levels_and_counts_are_those_of_python(bumps: Run, tmp_path: Path) -> None:
    result = bumps(f"{WORDS} --json found.json")
    assert result.exit_code == 0, result.output
    land = landscape()
    found = th.train_ensemble(land, 200, 3, 3000, momentum=0.9)
    saved = json.loads((tmp_path / "found.json").read_text())
    assert saved["counts"] == found.counts
    assert [(level["value"], level["runs"]) for level in saved["levels"]] == [
        (pytest.approx(level.value), level.runs) for level in found.levels()
    ]
    assert saved["complete"] is True
    assert saved["listed"] is False
    assert saved["rate"] == pytest.approx(found.rate)
    assert "200 of relu:1-2-1+bias from random starts, seed 3" in result.stdout
    assert f"{found.counts['arrived']:,} arrived" in result.stdout
    assert "saved" in result.stdout


def test_against_lists_levels_without_runs(bumps: Run, tmp_path: Path) -> None:
    result = bumps(f"{WORDS} --against --json - --html strips.html")
    assert result.exit_code == 0, result.output
    saved = json.loads(result.stdout)
    assert saved["listed"] is True
    atlas = th.survey(landscape())
    assert [level["value"] for level in saved["levels"]] == pytest.approx(
        sorted({round(float(item.value), 10) for item in atlas if item.kind.is_minimum})
    )
    assert saved["levels"][0]["kind"] == "global minimum"
    assert any(level["runs"] == 0 for level in saved["levels"])
    page = (tmp_path / "strips.html").read_text(encoding="utf-8")
    assert "A small mark without a bar is a level that no run reached." in page
    short = bumps(f"{WORDS} --against --top 3")
    assert "levels of minima; no run arrived at" in short.stdout
    assert "higher" in short.stdout


def test_a_budget_ends_it_early(bumps: Run) -> None:
    result = bumps(f"{WORDS} --steps 100000000 --budget 0.3s")
    assert result.exit_code == 3, result.output
    assert "of 100,000,000 steps" in result.stdout


def test_quiet_prints_nothing(bumps: Run) -> None:
    result = bumps(f"{WORDS} --quiet")
    assert result.exit_code == 0
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--momentum 1.5", "momentum is 1.5"),
        ("--rate 0", "rate is 0"),
        ("--html page.txt", "does not end in .html"),
        ("--network residual:1x2", "Pass rate"),
    ],
)
def test_what_cannot_be_used_is_refused(bumps: Run, options: str, words: str) -> None:
    result = bumps(f"{WORDS} {options}")
    assert result.exit_code == 1
    assert words in result.output
