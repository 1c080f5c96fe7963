"""``theodolite verify``: what holds is said in a few lines, what does not hold ends with exit code 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from theodolite.checker._fields import seal_of
from theodolite.cli._app import app

RUNNER = CliRunner()


@pytest.fixture
def best(tmp_path: Path) -> Path:
    path = tmp_path / "best.json"
    command = ["survey", "iris", "--network", "linear:4-2-4", "--exact", "--quiet", "--certificate", str(path)]
    assert RUNNER.invoke(app, command).exit_code == 0
    return path


def test_the_global_minimum_of_iris(best: Path) -> None:
    result = RUNNER.invoke(app, ["verify", str(best), "iris"])
    assert result.exit_code == 0, result.output
    assert "The certificate holds." in result.output
    assert "a global minimum of a shallow linear network" in result.output
    assert "between 7.765306" in result.output


def test_other_columns_are_other_data(best: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b,c,d\n1,2,3,4\n5,6,7,9\n")
    result = RUNNER.invoke(app, ["verify", str(best), str(tmp_path / "other.csv")])
    assert result.exit_code == 1
    assert "made for other data" in result.output


def test_a_changed_claim_is_refused(best: Path) -> None:
    content = json.loads(best.read_text())
    content["kind"] = "strict saddle"
    content["seal"] = seal_of(content)
    best.write_text(json.dumps(content))
    result = RUNNER.invoke(app, ["verify", str(best), "iris"])
    assert result.exit_code == 1
    assert "it is a global minimum" in result.output


def test_data_is_asked_for(best: Path) -> None:
    result = RUNNER.invoke(app, ["verify", str(best)])
    assert result.exit_code == 1
    assert "about data" in result.output


def test_no_data_is_needed_on_an_affine_target(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    made = RUNNER.invoke(app, ["survey", "affine", "--network", "relu:1-3-1", "--quiet", "--certificate", str(path)])
    assert made.exit_code == 0, made.output
    result = RUNNER.invoke(app, ["verify", str(path)])
    assert result.exit_code == 0, result.output
    assert "a critical point on an affine target" in result.output


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1, 2")
    result = RUNNER.invoke(app, ["verify", str(tmp_path / "x.json")])
    assert result.exit_code == 1
    assert "truncated" in result.output


@pytest.fixture
def decimals(tmp_path: Path) -> Path:
    path = tmp_path / "decimals.csv"
    rows = ["0.1,0.5", "0.4,-0.2", "-0.7,1.1", "1.3,0.3", "-1.2,-0.4", "0.9,0.8"]
    path.write_text("x,y\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("network", ["relu:1-2-1+bias", "leaky_relu(0.1):1-1-1+bias", "relu:1-1-1+output-bias"])
def test_relu_networks_on_decimals(decimals: Path, tmp_path: Path, network: str) -> None:
    path = tmp_path / "best.json"
    data = [str(decimals), "--target", "y"]
    made = RUNNER.invoke(app, ["survey", *data, "--network", network, "--exact", "--quiet", "--certificate", str(path)])
    assert made.exit_code == 0, made.output
    result = RUNNER.invoke(app, ["verify", str(path), *data])
    assert result.exit_code == 0, result.output
    assert "the global minimum of a ReLU network" in result.output
    decimals.write_text(decimals.read_text().replace("1.1", "1.2"))
    refused = RUNNER.invoke(app, ["verify", str(path), *data])
    assert refused.exit_code == 1
    assert "made for other data" in refused.output


def test_a_point_is_certified_by_classify(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x,y\n1,1\n-1,1\n")
    (tmp_path / "at.json").write_text("[[[1]], [1]]")
    path = tmp_path / "point.json"
    network = ["--target", "y", "--network", "relu:1-1-1", "--exact"]
    command = ["classify", str(tmp_path / "data.csv"), *network, "--at", str(tmp_path / "at.json")]
    made = RUNNER.invoke(app, [*command, "--certificate", str(path)])
    assert made.exit_code == 0, made.output
    result = RUNNER.invoke(app, ["verify", str(path), str(tmp_path / "data.csv"), "--target", "y"])
    assert result.exit_code == 0, result.output
    assert "a local minimum of a ReLU network" in result.output
    assert "nothing is lower within the radius 0.99999999" in result.output


def test_linear_points_have_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "at.json").write_text("[[[0,0,0,0],[0,0,0,0]], [[0,0],[0,0],[0,0],[0,0]]]")
    command = ["classify", "iris", "--network", "linear:4-2-4", "--at", str(tmp_path / "at.json")]
    result = RUNNER.invoke(app, [*command, "--certificate", str(tmp_path / "no.json")])
    assert result.exit_code == 1
    assert "no certificates for single points" in result.output
