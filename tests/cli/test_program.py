"""The installed program in environments that are not ours: no variables, other encodings, pipes, terminals, signals."""

import os
import pty
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from theodolite import load_atlas

PROGRAM = Path(sysconfig.get_path("scripts")) / "theodolite"
SURVEY = ["survey", "iris", "--network", "linear:4-2-4"]
BARE = {"PATH": os.defpath}


def start(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, *arguments], cwd=folder, env=BARE | variables, capture_output=True, timeout=120)


def on_a_terminal(arguments: list[str], folder: Path, columns: int) -> str:
    """Run with a terminal as standard output and return what it was sent."""
    leader, follower = pty.openpty()
    variables = BARE | {"TERM": "xterm-256color", "COLUMNS": str(columns), "LANG": "C.UTF-8"}
    process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, env=variables, stdout=follower, stderr=follower)
    os.close(follower)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(leader)
    assert process.wait(timeout=120) == 0
    return b"".join(chunks).decode()


def test_without_an_environment(tmp_path: Path) -> None:
    result = start(SURVEY, tmp_path)
    assert result.returncode == 0
    assert result.stderr == b""
    assert "all critical points, in 11 families" in result.stdout.decode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_encodings_that_lack_letters(tmp_path: Path, encoding: str) -> None:
    result = start(SURVEY, tmp_path, PYTHONIOENCODING=encoding, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 0, result.stderr
    assert " 10  {} " in result.stdout.decode(encoding)


def test_json_is_utf8_whatever_the_encoding(tmp_path: Path) -> None:
    result = start([*SURVEY, "--json", "-"], tmp_path, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert result.returncode == 0
    (tmp_path / "iris.json").write_bytes(result.stdout)
    assert load_atlas(tmp_path / "iris.json")[10].label == "∅"


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    script = """
import sys
from typer.testing import CliRunner
from theodolite.cli import app
assert CliRunner().invoke(app, ["survey", "--help"]).exit_code == 0
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", script], env=BARE, capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "scipy",
        "numba",
        "flint",
        "matplotlib",
        "contourpy",
        "pyarrow",
        "pandas",
        "polars",
        "sklearn",
        "distributed",
    }
    assert "theodolite" in loaded
    assert heavy.isdisjoint(loaded)


def test_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "theodolite", "--version"]
    assert subprocess.run(command, env=BARE, cwd=tmp_path, capture_output=True).stdout.startswith(b"theodolite ")


def test_lines_in_a_pipe_are_whole(tmp_path: Path) -> None:
    output = start([*SURVEY, "--target", "species"][:4], tmp_path, COLUMNS="20").stdout.decode()
    assert "{1, 3}  strict saddle" in output
    assert not [line for line in output.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize(
    ("columns", "there", "missing"), [(120, "best step", "no room"), (80, "dimension", "to {1, 2}")]
)
def test_terminals(tmp_path: Path, columns: int, there: str, missing: str) -> None:
    output = on_a_terminal(SURVEY, tmp_path, columns)
    assert "\x1b[" in output
    assert there in output
    assert missing not in output


def test_a_narrow_terminal(tmp_path: Path) -> None:
    output = on_a_terminal([*SURVEY, "--top", "2"], tmp_path, 40)
    assert "{1, 2} global minimum" in output
    plain = [line for line in output.replace("\r", "").split("\n") if "\x1b" not in line]
    assert max(map(len, plain)) <= 40


def test_help_on_a_terminal_keeps_its_examples_whole(tmp_path: Path) -> None:
    output = on_a_terminal(["survey", "--help"], tmp_path, 110)
    assert "╭" in output
    assert "linear:4-2-4" in output


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    command = f"'{PROGRAM}' survey wine --network linear:13-6-13 --json - | head -c 100"
    result = subprocess.run(["bash", "-c", command], env=BARE, cwd=tmp_path, capture_output=True)
    assert len(result.stdout) == 100
    assert b"Traceback" not in result.stderr
    assert b"error" not in result.stderr


def test_interrupt_keeps_what_was_found(tmp_path: Path) -> None:
    arguments = [
        "survey",
        "digits",
        "--network",
        "linear:64-10-64",
        "--budget",
        "100s",
        "--store",
        "pieces",
        "--top",
        "1",
    ]
    process = subprocess.Popen(
        [PROGRAM, *arguments], cwd=tmp_path, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not any((tmp_path / "pieces").rglob("*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert b"then it was interrupted" in output
    assert b"run the same command again: pieces keeps what is done" in output
    assert b"Traceback" not in errors


def test_on_a_dask_cluster(tmp_path: Path) -> None:
    script = """
import subprocess, sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        sys.exit(subprocess.run([*sys.argv[1:], "--cluster", cluster.scheduler_address]).returncode)
"""
    (tmp_path / "cluster.py").write_text(script)
    command = [
        sys.executable,
        "cluster.py",
        str(PROGRAM),
        "survey",
        "wine",
        "-n",
        "linear:13-4-13",
        "-q",
        "--out",
        "there.csv",
    ]
    result = subprocess.run(command, cwd=tmp_path, env=BARE, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert start([*command[3:-1], "here.csv"], tmp_path).returncode == 0
    assert (tmp_path / "there.csv").read_text() == (tmp_path / "here.csv").read_text()


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    result = start([*SURVEY, "--cluster", "nonsense"], tmp_path)
    assert result.returncode == 1
    assert b"No dask scheduler answers at 'nonsense'" in result.stderr
