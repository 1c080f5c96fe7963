"""``theodolite classify``: verdict, exit code, and a way out that works."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from typer.testing import Result

Run = Callable[[str], Result]
IRIS = load_iris().data
LINE = "classify iris --network linear:4-2-4 --at"


def loss(w1: np.ndarray, w2: np.ndarray) -> float:
    return 0.5 * float(np.sum((IRIS @ w1.T @ w2.T - IRIS) ** 2))


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """A minimum, a saddle and a point that is not critical, from principal components."""
    axes = np.linalg.svd(IRIS, full_matrices=False)[2]
    for name, chosen in (("minimum", [0, 1]), ("saddle", [0, 2])):
        w1 = axes[chosen]
        np.savez(tmp_path / f"{name}.npz", w1, w1.T)
        np.save(tmp_path / f"{name}.npy", np.concatenate([w1.ravel(), w1.T.ravel()]))
    np.savez(tmp_path / "nothing.npz", np.ones((2, 4)), np.ones((4, 2)))
    return tmp_path


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_minimum(run: Run, points: Path, suffix: str) -> None:
    result = run(f"{LINE} minimum.{suffix}")
    assert result.exit_code == 0
    assert result.stdout.startswith("Global minimum: no point of the landscape has a lower loss.")
    assert "theorem" in result.stdout


def test_saddle_and_the_way_out(run: Run, points: Path) -> None:
    result = run(f"{LINE} saddle.npz --leave better.npz --json verdict.json")
    assert result.exit_code == 4
    assert result.stdout.startswith("Strict saddle: ")
    assert "way out" in result.stdout
    verdict = json.loads((points / "verdict.json").read_text())
    with np.load(points / "saddle.npz") as before, np.load(points / "better.npz") as after:
        start, end = loss(*before.values()), loss(*after.values())
    assert verdict["value"] == pytest.approx(start, rel=1e-9)
    assert start - end == pytest.approx(verdict["escape"]["decrease"], rel=1e-6)
    assert start - end > 100
    assert [np.shape(part) for part in verdict["escape"]["vector"]] == [(2, 4), (4, 2)]
    assert run(f"{LINE} better.npz --quiet").exit_code == 0


def test_not_critical(run: Run, points: Path) -> None:
    result = run(f"{LINE} nothing.npz --json -")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["kind"] == "not critical"


def test_exact_parameters_are_read(run: Run, points: Path) -> None:
    (points / "zero.json").write_text(
        '{"W1": [[0, 0, 0, 0], ["0/3", 0, 0, 0]], "W2": [[0, 0], [0, 0], [0, 0], [0, "0.0"]]}'
    )
    result = run(f"{LINE} zero.json --json -")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["kind"] == "strict saddle"


def test_exact_verdicts_are_written_exactly(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('[[1, "1/2"], [0, "-1/4"], [1, 2], "-1/3"]')
    verdict = json.loads(run("classify affine -n relu:1-2-1 --at p.json --json -").stdout)
    # x + max(x / 2 - 1 / 4, 0) * 2 - 1 / 3 - x: minus 1 / 3 up to x = 1 / 2, then x - 5 / 6
    assert verdict["value"] == "5/72"
    assert [np.shape(part) for part in verdict["escape"]["vector"]] == [(2,), (2,), (2,), ()]
    assert all(isinstance(part, str) for part in verdict["escape"]["vector"][0])


def test_there_is_no_way_out_of_a_minimum(run: Run, points: Path) -> None:
    result = run(f"{LINE} minimum.npz --leave better.npz")
    assert result.exit_code == 1
    assert "no way down" in result.stderr
    assert not (points / "better.npz").exists()


WRONG = {
    "missing.npz": "There is no file missing.npz",
    "two.npz": "shape (3, 3)",
    "one.npz": "1 parameter",
    "nan.npz": "nan",
    "short.npy": "3 entries",
    "words.json": "W1 has 'x' at [1]",
    "model.pt": "ends in '.pt'",
}


@pytest.mark.parametrize(("name", "said"), WRONG.items())
def test_parameters_that_cannot_be_used(run: Run, points: Path, name: str, said: str) -> None:
    np.savez(points / "two.npz", np.ones((3, 3)), np.ones((4, 2)))
    np.savez(points / "one.npz", np.ones((2, 4)))
    np.savez(points / "nan.npz", np.full((2, 4), np.nan), np.ones((4, 2)))
    np.save(points / "short.npy", np.ones(3))
    (points / "words.json").write_text('{"W1": ["x"]}')
    (points / "model.pt").write_bytes(b"\x80\x02")
    result = run(f"{LINE} {name}")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
