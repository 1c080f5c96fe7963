"""``theodolite certify``: the guarantee, the reason why there is none, and what is not covered."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from typer.testing import Result

import theodolite as th

Run = Callable[[str], Result]
IRIS = load_iris().data


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """Parameters next to a minimum and far from any, for three networks of iris."""
    rng = np.random.default_rng(0)
    best = th.LinearLandscape(IRIS, IRIS, hidden=4).global_minimum().representative()
    np.savez(tmp_path / "near.npz", *(part + 1e-7 * rng.normal(size=part.shape) for part in best))
    np.savez(tmp_path / "far.npz", *(rng.normal(size=part.shape) for part in best))
    np.savez(tmp_path / "zero.npz", *(np.zeros((4, 4)) for _ in range(3)))
    return tmp_path


@pytest.mark.parametrize("option", ["", " --verified", " --reduction mean"])
def test_a_guaranteed_rate(run: Run, points: Path, option: str) -> None:
    result = run(f"certify iris --network linear:4-4-4 --at near.npz --radius 0.01{option} --json found.json")
    assert result.exit_code == 0, result.output
    assert "a rate is guaranteed" in result.stdout
    assert "in the ball" in result.stdout
    assert ("verified" in result.stdout) == (option == " --verified")
    found = json.loads((points / "found.json").read_text())
    land = th.LinearLandscape(IRIS, IRIS, hidden=4, reduction="mean" if "mean" in option else "half_sum")
    with np.load(points / "near.npz") as saved:
        params = tuple(saved[name] for name in saved.files)
    assert found["descent"]["rate"] == pytest.approx(land.certify_descent(params).rate, rel=1e-6)
    assert found["ball"]["constant"] == pytest.approx(land.dominance(params, 0.01).constant, rel=1e-6)


def test_no_rate_far_away(run: Run, points: Path) -> None:
    result = run("certify iris --network linear:4-4-4 --at far.npz")
    assert result.exit_code == 4
    assert "no rate is guaranteed" in result.stdout
    printed = run("certify iris --network linear:4-4-4 --at far.npz --json -")
    assert printed.exit_code == 4
    assert json.loads(printed.stdout)["descent"]["step"] is None


def test_residual_networks(run: Run, points: Path) -> None:
    result = run("certify iris --network residual:4x3 --at zero.npz --radius 0.1")
    assert result.exit_code == 0
    assert "which alone gives mu" in result.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("certify iris --network linear:4-4-4+bias --at near.npz", "is not covered"),
        ("certify iris --network linear:4-4-4 --at near.npz --l2 0.1", "weight decay"),
        ("certify affine --network relu:1-2-1 --at near.npz", "is not covered here"),
        ("certify iris --network linear:4-4-4 --at missing.npz", "missing.npz"),
        ("certify iris --network linear:4-4-4 --at near.npz --json found.txt", ".json"),
    ],
)
def test_what_is_refused(run: Run, points: Path, line: str, said: str) -> None:
    result = run(line)
    assert result.exit_code == 1
    assert said in result.stderr
