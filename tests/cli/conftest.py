"""The program run inside the tests, in an empty folder."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from theodolite.cli import app

Run = Callable[[str], Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line, given without the word ``theodolite``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(line: str) -> Result:
        return CliRunner().invoke(app, shlex.split(line))

    return invoke
