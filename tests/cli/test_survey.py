"""``theodolite survey``: the numbers are those of an eigenvalue solver, options do what they say, errors name the offender."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import OneHotEncoder
from typer.testing import Result

import theodolite as th

Run = Callable[[str], Result]
IRIS = load_iris().data


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_critical_value_of_iris(run: Run, tmp_path: Path) -> None:
    assert run("survey iris --network linear:4-2-4 --out iris.csv").exit_code == 0
    eigenvalues = np.linalg.eigvalsh(IRIS.T @ IRIS)[::-1]
    kept = [(), *((i,) for i in range(4)), *((i, j) for i in range(4) for j in range(i))]
    expected = sorted(0.5 * (eigenvalues.sum() - sum(eigenvalues[i] for i in chosen)) for chosen in kept)
    found = rows(tmp_path / "iris.csv")
    np.testing.assert_allclose([float(row["value"]) for row in found], expected, rtol=1e-9, atol=1e-9)
    assert [row["row"] for row in found] == [str(i) for i in range(11)]
    assert {row["kind"] for row in found} == {"global minimum", "strict saddle"}


def test_what_is_printed(run: Run) -> None:
    result = run("survey iris --network linear:4-2-4")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "all critical points, in 11 families" in result.stdout
    assert "1 family of global minima, 10 families of strict saddles, no spurious minima" in result.stdout
    assert "known by  theorem" in result.stdout
    assert "not used  species" in result.stdout
    assert "\x1b" not in result.stdout
    table = [line for line in result.stdout.splitlines() if line.split(" ")[-1] and "{1, 3}  strict saddle" in line]
    assert len(table) == 1
    assert "159.5034" in table[0]
    assert "to {1, 2}: -151.74" in table[0]


def test_top_says_what_is_left_out(run: Run) -> None:
    output = run("survey iris --network linear:4-2-4 --top 3").stdout
    assert "8 not shown" in output
    assert output.count("strict saddle  ") == 2
    assert "11 not shown" in run("survey iris --network linear:4-2-4 --top 0").stdout


def test_targets_center_and_one_hot(run: Run, tmp_path: Path) -> None:
    line = "survey iris --network linear:4-2-3 --target species --one-hot --center --reduction mean --out iris.csv -q"
    assert run(line).exit_code == 0
    X = IRIS - IRIS.mean(axis=0)
    Y = OneHotEncoder(sparse_output=False).fit_transform(load_iris().target[:, None])
    Y -= Y.mean(axis=0)
    best = np.sum((X @ np.linalg.lstsq(X, Y, rcond=None)[0] - Y) ** 2) / Y.size  # two directions are all there are
    assert float(rows(tmp_path / "iris.csv")[0]["value"]) == pytest.approx(best, rel=1e-9)


def test_standardize_and_target(run: Run, tmp_path: Path) -> None:
    assert run("survey diabetes -n linear:10-1-1 --standardize --out d.csv -q").exit_code == 0
    from sklearn.datasets import load_diabetes
    from sklearn.preprocessing import StandardScaler

    data = load_diabetes()
    X, y = StandardScaler().fit_transform(data.data), StandardScaler().fit_transform(data.target[:, None])
    best = 0.5 * np.sum((X @ np.linalg.lstsq(X, y, rcond=None)[0] - y) ** 2)
    assert float(rows(tmp_path / "d.csv")[0]["value"]) == pytest.approx(best, rel=1e-9)


def test_weight_decay_shrinks_singular_values(run: Run, tmp_path: Path) -> None:
    assert run("survey iris -n linear:4-2-4 --l2 10 --limit 1 --out iris.csv -q").exit_code == 0
    eigenvalues = np.linalg.eigvalsh(IRIS.T @ IRIS)[::-1]
    # one kept direction costs min over s of 1/2 eigenvalue (1 - s)^2 + l2 s, at s = 1 - l2 / eigenvalue
    kept = sum(10 - 50 / value for value in eigenvalues[:2] if value > 10)
    best = kept + 0.5 * eigenvalues[2:].sum()
    assert float(rows(tmp_path / "iris.csv")[0]["value"]) == pytest.approx(best, rel=1e-9)


def test_biases_centre_the_data(run: Run, tmp_path: Path) -> None:
    assert run("survey iris -n linear:4-2-4+bias --out with.csv -q").exit_code == 0
    assert run("survey iris -n linear:4-2-4 --center --out centred.csv -q").exit_code == 0
    values = [[float(row["value"]) for row in rows(tmp_path / name)] for name in ("with.csv", "centred.csv")]
    np.testing.assert_allclose(*values, rtol=1e-9)


def test_affine_targets_are_exact(run: Run, tmp_path: Path) -> None:
    line = "survey affine -n relu:1-3-1 --slope 1/3 --intercept=-7 --interval=-1/2,0.5 --out affine.csv -q"
    assert run(line).exit_code == 0
    found = rows(tmp_path / "affine.csv")
    assert (found[0]["kind"], found[0]["exact_value"]) == ("global minimum", "0")
    # what a constant leaves of the target: the variance of x / 3 over an interval of length 1
    constant = [row for row in found if row["label"].startswith("constant fit")]
    assert {row["exact_value"] for row in constant} == {"1/108"}
    assert {float(row["value"]) for row in constant} == {1 / 108}


def test_inputs_and_drop(run: Run, tmp_path: Path) -> None:
    assert run("survey iris -n linear:2-1-2 --input sepal_length,petal_length --out a.csv -q").exit_code == 0
    assert run("survey iris -n linear:2-1-2 --drop sepal_width --drop petal_width --out b.csv -q").exit_code == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_json_on_standard_output_is_the_atlas(run: Run, tmp_path: Path) -> None:
    result = run("survey iris --network linear:4-2-4 --json -")
    saved = json.loads(result.stdout)
    assert saved["complete"] is True
    assert saved["command"] == "theodolite survey iris --network linear:4-2-4 --json -"
    (tmp_path / "copy.json").write_text(result.stdout)
    atlas = th.load_atlas(tmp_path / "copy.json")
    assert len(atlas) == 11
    assert "iris: 150 samples, 4 inputs" in atlas.description.data


@pytest.mark.parametrize("suffix", ["json", "npz", "parquet"])
def test_saved_atlases_can_be_loaded(run: Run, tmp_path: Path, suffix: str) -> None:
    result = run(f"survey iris --network linear:4-2-4 --out iris.{suffix}")
    assert f"saved     iris.{suffix}" in result.stdout
    atlas = th.load_atlas(tmp_path / f"iris.{suffix}")
    assert atlas[0].label == "{1, 2}"


def test_a_quiet_run_says_nothing(run: Run) -> None:
    result = run("survey iris --network linear:4-2-4 --quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_limit_is_done_and_budget_is_not(run: Run) -> None:
    result = run("survey iris --network linear:4-2-4 --limit 3")
    assert result.exit_code == 0
    assert "the lowest 3 of 11 families (the limit asked for); not complete" in result.stdout
    result = run("survey digits --network linear:64-10-64 --budget 0.01s --top 1")
    assert result.exit_code == 3
    assert "of 110,962,066,532 families (then the time was up); not complete" in result.stdout


def test_store_is_filled_and_used(run: Run, tmp_path: Path) -> None:
    line = "survey wine --network linear:13-4-13 --store pieces --out {}.csv -q"
    assert run(line.format("a")).exit_code == 0
    stored = sorted(path for path in (tmp_path / "pieces").rglob("*") if path.is_file())
    assert stored
    stamps = [path.stat().st_mtime_ns for path in stored]
    assert run(line.format("b")).exit_code == 0
    assert [path.stat().st_mtime_ns for path in stored] == stamps
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_header_and_delimiter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("0:1:2\n5:6:8\n8:9:1\n7:0:2\n")
    result = run("survey t.txt --network linear:3-1-3 --delimiter : --no-header")
    assert "t.txt: 4 samples" in result.stdout
    assert "t.txt: 3 samples" in run("survey t.txt --network linear:3-1-3 --delimiter : --header").stdout


WRONG = {
    "survey irs -n linear:4-2-4": "no file and no data set called 'irs'",
    "survey nowhere.csv -n linear:4-2-4": "There is no file nowhere.csv",
    "survey iris -n linear:5-2-5": "linear:5-2-5 has 5 inputs, but iris has 4",
    "survey iris -n linear:4-0-4": "width d1 is 0",
    "survey iris -n linear:4-1000000000-4": "8,000,000,000 weights",
    "survey iris -n linear:4--2-4": "width d1 is missing",
    "survey iris -n lineer:4-2-4": "Did you mean linear:4-2-4",
    "survey iris -n tanh:4-2-4": "cannot be surveyed",
    "survey iris -n linear:4-2-1": "--target",
    "survey iris -n linear:4-2-1 --target specis": "Did you mean 'species'",
    "survey iris -n linear:4-2-1 --target species": "--one-hot",
    "survey iris -n linear:4-2-4 --reduction median": "'median'",
    "survey iris -n linear:4-2-4 --standardize --exact": "square root",
    "survey iris -n linear:4-2-4 --out iris.xlsx": "'.xlsx'",
    "survey iris -n linear:4-2-4 --json iris.txt": "iris.txt does not end in .json",
    "survey iris -n linear:4-2-4 --html missing/iris.html": "there is no folder missing",
    "survey digits -n linear:64-10-64": "--limit 1000",
    "survey affine -n relu:1-5-1 --slope steep": "--slope has 'steep'",
    "survey affine -n relu:1-5-1 --interval 3": "The interval is '3'",
    "survey affine -n relu:1-5-1 --interval 1,1/0": "--interval has '1/0'",
    "survey affine -n relu:1-5-1 --center --target y": "center, targets cannot be chosen",
    "survey affine -n linear:4-2-4": "not covered on an affine target",
    "survey iris -n linear:4-2-4 --slope 2": "--slope was given for iris",
    "survey text.csv -n linear:2-1-2": "text.csv: column 'b' has 'x' in row 2 (line 3)",
    "survey picture.csv -n linear:2-1-2": "PNG image",
}


@pytest.mark.parametrize(("line", "said"), WRONG.items())
def test_errors_are_a_few_lines_on_standard_error(run: Run, tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "text.csv").write_text("a,b\n1,2\n3,x\n")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = run(line)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) <= 3
    assert "Traceback" not in result.stderr
    assert not [path for path in tmp_path.iterdir() if path.name not in ("text.csv", "picture.csv")]


USAGE = {
    "survey": "DATA",
    "survey iris": "--network",
    "survey iris -n linear:4-2-4 --limit 0": "--limit",
    "survey iris -n linear:4-2-4 --budget soon": "--budget",
    "survey iris -n linear:4-2-4 --workers 2 --cluster tcp://x:1": "not both",
    "survey iris -n linear:4-2-4 --nonsense": "--nonsense",
    "frobnicate": "frobnicate",
}


@pytest.mark.parametrize(("line", "said"), USAGE.items())
def test_commands_that_are_not_understood(run: Run, line: str, said: str) -> None:
    result = run(line)
    assert result.exit_code == 2
    assert said in result.stderr


def test_debug_shows_where(run: Run) -> None:
    result = run("survey irs -n linear:4-2-4 --debug")
    assert isinstance(result.exception, th.DataError)


def test_the_unexpected_is_explained_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(th, "survey", broken)
    result = run("survey iris -n linear:4-2-4")
    assert result.exit_code == 1
    assert "something unexpected" in result.stderr
    assert "RuntimeError: a wheel came off" in result.stderr
    assert "--debug" in result.stderr


def test_interrupted_before_anything_was_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(th, "survey", interrupted)
    result = run("survey iris -n linear:4-2-4")
    assert result.exit_code == 3
    assert result.stderr == "error: interrupted\n"


def test_workers_change_nothing(run: Run, tmp_path: Path) -> None:
    assert run("survey iris --network linear:4-2-4 --workers 2 --out two.csv -q").exit_code == 0
    assert run("survey iris --network linear:4-2-4 --workers 1 --out one.csv -q").exit_code == 0
    assert (tmp_path / "two.csv").read_text() == (tmp_path / "one.csv").read_text()


def test_control_characters_in_names_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,\x1b[31mred\n1,2\n3,5\n4,4\n")
    result = run("survey t.csv -n linear:2-1-2")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\x1b" not in run("survey t.csv -n linear:3-1-3").stderr


def test_exact_numbers_are_decided_exactly(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n0.1,0\n0,0.3\n0.2,0\n")
    result = run("survey t.csv -n linear:2-1-2 --exact --out t-exact.csv")
    assert result.exit_code == 0, result.stderr
    assert "known by  exact" in result.stdout
    # X' X is diagonal with 1/20 and 9/100; half of what is left out is lost
    assert [row["exact_value"] for row in rows(tmp_path / "t-exact.csv")] == ["1/40", "9/200", "7/100"]
