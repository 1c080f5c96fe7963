"""``theodolite probability``: the closed form, the simulation beside it, the picture, and what is refused."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import Result

import theodolite as th

Run = Callable[[str], Result]


def facts(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    pairs = [line.split("  ", 1) for line in result.stdout.splitlines() if "  " in line and not line.startswith(" ")]
    return {name: text.strip() for name, text in pairs}


def test_the_closed_form_and_its_simulation(run: Run) -> None:
    shown = facts(run("probability no-bias -N 6 -d 2 --angle pi/6 --runs 3000 --seed 5"))
    odds = th.probability.no_bias(6, 2, "pi/6")
    found = odds.simulate(3000, 5)
    assert shown["probability"].startswith(f"{odds.probability}, about")
    assert shown["Monte Carlo"] == f"{found.estimate:.6g} ({found.genuine:,} of 3,000 runs)"
    assert shown["interval"].startswith(f"{found.lower:.6g} to {found.upper:.6g}")
    assert shown["known by"].startswith("exact")
    assert shown["compared"] == "the probability above lies inside the interval"
    assert shown["seed"] == "5"


@pytest.mark.parametrize(
    ("line", "odds"),
    [
        (
            "parallel-threshold -N 9 -d 2 --threshold 0.3 --teacher-threshold=-0.2",
            ("parallel_threshold", 9, 2, 0.3, -0.2),
        ),
        (
            "nested-thresholds -N 12 -d 1 --threshold=-0.5 --threshold 1/2 --teacher-threshold=-0.4,0.6",
            ("nested_thresholds", 12, 1, [-0.5, 0.5], [-0.4, 0.6]),
        ),
        ("fixed-hyperplanes -N 3 --forbidden 1/4,3/4", ("fixed_hyperplanes", 3, [Fraction(1, 4), Fraction(3, 4)])),
        ("noisy-labels -N 40 -d 2", ("noisy_labels", 40, 2)),
    ],
)
def test_every_setting(run: Run, line: str, odds: tuple[object, ...]) -> None:
    name, *given = odds
    expected = getattr(th.probability, str(name))(*given)
    result = run(f"probability {line} --runs 0 --json -")
    assert result.exit_code == 0, result.output
    saved = json.loads(result.stdout)
    assert saved["odds"]["log_probability"] == pytest.approx(expected.log_probability, rel=1e-12)
    assert saved["odds"]["decay"] == str(expected.decay)
    assert saved["simulation"] is None
    shown = run(f"probability {line} --runs 0").stdout
    assert expected.formula in shown
    assert "Monte Carlo  " not in shown


def test_files(run: Run, tmp_path: Path) -> None:
    result = run("probability no-bias -N 40 -d 2 --angle '10 deg' --runs 200 --plot decay.svg --json odds.json")
    assert facts(result)["saved"] in ("decay.svg", "odds.json")
    assert "<path" in (tmp_path / "decay.svg").read_text()
    saved = json.loads((tmp_path / "odds.json").read_text())
    assert Fraction(saved["odds"]["probability"]) == th.probability.no_bias(40, 2, "pi/18").probability
    assert saved["simulation"]["runs"] == 200
    assert run("probability noisy-labels -N 40 -d 3 --runs 0 --plot decay.png --quiet").stdout == ""
    assert (tmp_path / "decay.png").read_bytes().startswith(b"\x89PNG")


def test_probabilities_of_zero_can_be_saved(run: Run) -> None:
    result = run("probability no-bias -N 1 -d 2 --angle 1 --runs 0 --json -")
    assert json.loads(result.stdout)["odds"]["log_probability"] == "-inf"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("luck -N 5", 2, "There is no setting 'luck'"),
        ("no-bias -N 5 -d 2", 2, "no-bias needs it"),
        ("no-bias -N 5 -d 2 --angle 1 --threshold 0", 2, "no-bias has no such number"),
        ("noisy-labels -d 2", 2, "--samples"),
        ("no-bias -N 5 -d 2 --angle 4", 1, "at most pi"),
        ("no-bias -N 0 -d 2 --angle 1", 1, "samples is 0"),
        ("parallel-threshold -N 5 -d 2 --threshold 0,1 --teacher-threshold 0,1", 1, "Use nested-thresholds"),
        ("nested-thresholds -N 5 -d 2 --threshold 1,0 --teacher-threshold 0,1", 1, "must increase"),
        ("noisy-labels -N 5 -d 2 --plot decay.html", 1, "Use one of .svg, .png, .pdf"),
        ("noisy-labels -N 5 -d 2 --plot nowhere/decay.svg", 1, "no folder"),
        ("noisy-labels -N 5 -d 2 --json odds.txt", 1, ".json"),
        ("noisy-labels -N 5 -d 2 --confidence 2", 1, "confidence is 2"),
        ("noisy-labels -N 100000000 -d 2", 1, "runs draw"),
    ],
)
def test_what_is_refused(run: Run, line: str, code: int, said: str) -> None:
    result = run(f"probability {line}")
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
