"""Help texts, completion and version; the examples in the help texts really run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import theodolite as th
from theodolite.cli import app
from theodolite.cli._app import COMMANDS

Run = Callable[[str], Result]
NAMES = [command.__name__ for command in COMMANDS]


def examples(run: Run, name: str) -> list[str]:
    lines = [line.strip() for line in run(f"{name} --help").stdout.splitlines()]
    return [line.removeprefix("theodolite ") for line in lines if line.startswith("theodolite ")]


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(run: Run, name: str) -> None:
    result = run(f"{name} --help")
    assert result.exit_code == 0
    assert f"Usage: theodolite {name}" in result.stdout
    assert "Examples:" in result.stdout
    for parameter in get_command(app).commands[name].params:
        assert parameter.help
        assert not parameter.opts[0].startswith("-") or parameter.opts[0] in result.stdout


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(run: Run, name: str, tmp_path: Path) -> None:
    axes = np.linalg.svd(th.io.read_table("iris").matrix, full_matrices=False)[2][[0, 2]]
    np.savez(tmp_path / "weights.npz", axes, axes.T)
    (tmp_path / "params.json").write_text('[[1, "1/2"], [0, "-1/4"], [1, 2], "-1/3"]')
    lines = np.array([[1, 0], [0, 1], [1, 1], [2, -1]])
    np.savetxt(tmp_path / "A.csv", lines, fmt="%d", delimiter=",")
    np.savetxt(tmp_path / "b.csv", [[0], [1], [1], [3]], fmt="%d")
    np.save(tmp_path / "A.npy", lines)
    (tmp_path / "bumps.csv").write_text("x,y\n0,0\n1,2\n2,1\n3,2\n4,5\n5,3\n6,0\n")
    lines = run(f"{name} --help").stdout.splitlines()
    (weights,) = [line for line in lines if line.strip().startswith("[[[")] or ["[]"]
    (tmp_path / "weights.json").write_text(weights)
    (tmp_path / "A.csv").write_text("x,y\n1,0\n0,1\n1,1\n")
    (tmp_path / "b.csv").write_text("b\n0\n0\n1\n")
    np.save(tmp_path / "A.npy", np.eye(3, dtype=int))
    found = examples(run, name)
    assert len(found) >= 3
    for line in found:
        result = run(line)
        stopped = 3 if "--budget" in line else 4 if name in ("classify", "certify") else 0
        assert result.exit_code == stopped, (line, result.output)


def test_overview(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in NAMES:
        assert f"\n  {name} " in result.stdout
    assert "Exit codes" in result.stdout
    assert run("").exit_code == 2


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"theodolite {th.__version__}\n"


COMPLETIONS = {
    ("theodolite s", 1): {"survey", "show"},
    ("theodolite survey a", 2): {"affine"},
    ("theodolite survey i", 2): {"iris", "iris.csv"},
    ("theodolite survey folder/", 2): {"folder/a.npy"},
    ("theodolite survey iris --network l", 4): {"linear:4-2-4", "leaky_relu(0.1):2-3-1"},
    ("theodolite survey iris --reduction ", 4): {"half_sum", "mean", "sum"},
}


@pytest.mark.parametrize(("typed", "offered"), COMPLETIONS.items())
def test_completion(typed: tuple[str, int], offered: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("iris.csv", "iris.txt.bak", "folder/a.npy", "folder/b.png"):
        (tmp_path / name).touch()
    words, place = typed
    variables = {"_THEODOLITE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    result = CliRunner().invoke(app, [], prog_name="theodolite", env=variables)
    assert set(result.stdout.split()) == offered
