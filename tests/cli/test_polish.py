"""``theodolite polish``: starts, ends, files, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

import theodolite as th

Run = Callable[[str], Result]
SAMPLES = "x,y\n0,0\n1,2\n2,1\n3,2\n4,5\n5,3\n6,0\n"
WORDS = "polish bumps.csv --target y --network relu:1-2-1+bias"


@pytest.fixture
def bumps(run: Run, tmp_path: Path) -> Run:
    """The program in a folder with the samples."""
    (tmp_path / "bumps.csv").write_text(SAMPLES)
    return run


def landscape(*, exact: bool) -> th.ReluLandscape:
    rows = [line.split(",") for line in SAMPLES.split()[1:]]
    number = Fraction if exact else float
    X, y = [[number(x)] for x, _ in rows], [number(y) for _, y in rows]
    arithmetic = "exact" if exact else "auto"
    return th.ReluLandscape(X, y, 2, bias=True, output_bias=True, arithmetic=arithmetic)


def test_the_end_is_the_one_that_python_finds(bumps: Run, tmp_path: Path) -> None:
    (tmp_path / "start.json").write_text('[[[1], [-1]], [0, 3], [1, "1/2"], 0]')
    result = bumps(f"{WORDS} --exact --at start.json --json end.json --out end.npz")
    assert result.exit_code == 0, result.output
    done = landscape(exact=True).polish([[[1], [-1]], [0, 3], [1, Fraction(1, 2)], 0])
    found = json.loads((tmp_path / "end.json").read_text())
    assert [Fraction(loss) for loss in found["losses"]] == done.losses
    assert Fraction(found["verdict"]["value"]) == done.losses[-1]
    assert found["verdict"]["kind"] == str(done.verdict.kind)
    assert found["complete"]
    with np.load(tmp_path / "end.npz") as arrays:
        saved = list(arrays.values())
    assert all(np.allclose(a, np.array(b, dtype=float)) for a, b in zip(saved, done.params, strict=True))
    assert "from loss 23.25" in result.stdout
    assert "saved" in result.stdout
    assert bumps("classify bumps.csv -t y -n relu:1-2-1+bias --at end.npz --quiet").exit_code in (0, 4)


def test_the_lowest_of_several_ends_is_kept(bumps: Run) -> None:
    one = bumps(f"{WORDS} --starts 12 --random 3")
    assert one.exit_code == 0, one.output
    assert "12 random starts from seed 3" in one.stdout
    lines = one.stdout.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("ended at"))
    last = next(k for k, line in enumerate(lines) if line.startswith("descent"))
    ends = [line.split(maxsplit=2)[2] if k == first else line.strip() for k, line in enumerate(lines[:last])][first:]
    losses = [float(end.split(",")[0]) for end in ends]
    assert losses == sorted(losses)
    assert sum(int(end.split(", ")[2].split()[0]) for end in ends) == 12
    loss = next(float(line.split()[1]) for line in lines if line.startswith("loss"))
    assert loss == pytest.approx(losses[0])
    land = landscape(exact=True)
    listed = [float(item.value) for item in th.survey(land).minima()]
    assert all(min(abs(value - loss) for value in listed) < 1e-6 for loss in losses)
    assert bumps(f"{WORDS} --starts 12 --random 3").stdout == one.stdout


def test_random_starts_differ_by_seed_and_repeat(bumps: Run) -> None:
    starts = [json.loads(bumps(f"{WORDS} --random {seed} --json -").stdout)["losses"][0] for seed in (1, 2, 1)]
    assert starts[0] == starts[2] != starts[1]
    exact = json.loads(bumps(f"{WORDS} --random 1 --exact --json -").stdout)["losses"]
    assert all(isinstance(loss, str) for loss in exact)
    assert float(Fraction(exact[0])) == pytest.approx(starts[0], rel=1e-2)


def test_no_time_is_told_by_the_exit_code(bumps: Run) -> None:
    result = bumps(f"{WORDS} --budget 0s --starts 3")
    assert result.exit_code == 3
    assert "ended by the budget" in result.stdout


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"{WORDS} --at a.json --starts 2", 2, "not both"),
        (f"{WORDS} --at missing.json", 1, "There is no file missing.json"),
        (f"{WORDS} --out end.csv", 1, "does not end in .npz"),
        ("polish iris --network linear:4-2-4", 1, "cannot be polished"),
        ("polish iris --network relu:4-2-4", 1, "several outputs"),
        ("polish iris --network relu:4-2-2-4", 1, "one hidden layer"),
    ],
)
def test_what_cannot_be_done_is_said(bumps: Run, line: str, code: int, said: str) -> None:
    result = bumps(line)
    assert result.exit_code == code
    assert said in " ".join(result.output.split())


def test_quiet_prints_nothing(bumps: Run) -> None:
    result = bumps(f"{WORDS} --random 7 --quiet")
    assert result.exit_code == 0
    assert result.output == ""


def test_surveys_of_tables_write_pages_and_rows(bumps: Run, tmp_path: Path) -> None:
    line = "survey bumps.csv --target y --network relu:1-2-1+bias --exact --html page.html --out rows.csv --out a.json"
    result = bumps(line)
    assert result.exit_code == 0, result.output
    assert "all local minima and differentiable saddles, in 28 classes" in result.stdout
    page = (tmp_path / "page.html").read_text()
    assert "28 classes of local minima and differentiable saddles" in page
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 29
    atlas = th.load_atlas(tmp_path / "a.json", landscape(exact=True))
    assert atlas[0].value == 1
    assert landscape(exact=True).loss(atlas[0].representative()) == 1


def test_a_refused_survey_says_how_to_go_on(bumps: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "many.csv", rng.normal(size=(60, 3)), header="a,b,y", comments="", delimiter=",")
    result = bumps("survey many.csv --target y --network relu:2-3-1+bias")
    assert result.exit_code == 1
    assert "candidates to visit" in result.output
    assert "--budget" in result.output
