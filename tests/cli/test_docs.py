"""Every command in the documentation is run, and its output is compared with the one that is shown.

``python tests/cli/test_docs.py`` writes the outputs of today into the page.
"""

import os
import re
import shlex
import subprocess
import sysconfig
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"
PROGRAM = Path(sysconfig.get_path("scripts")) / "theodolite"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
NOISE = re.compile(r"(?:gradient|above best|at most) +[-+.e\d]+")
"""Sizes of rounding errors: they differ from machine to machine."""
EVIDENCE = ("checked:", "scope:", "residual:")
"""Lines with margins; which assumptions are checked is tested where they are."""


def output(command: str, folder: Path) -> str:
    words = [str(PROGRAM), *shlex.split(command)[1:]]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, env={"PATH": os.defpath, "LANG": "C.UTF-8"}, timeout=120
    )
    return (done.stdout + done.stderr).decode()


def with_outputs(page: str, folder: Path) -> str:
    """Return ``page`` with what its commands print in ``folder``."""
    samples = re.search(r"bumps\.csv`?:?\n\n```text\n(.*?)```", page, re.DOTALL)
    assert samples is not None
    (folder / "bumps.csv").write_text(samples[1])
    weights = re.search(r"weights\.json\n\n(\[.*?\])\n```", page, re.DOTALL)
    assert weights is not None
    (folder / "weights.json").write_text(weights[1])

    def run(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        printed = "".join(output(line.removeprefix("$ "), folder) for line in commands)
        return "```console\n" + "".join(line + "\n" for line in commands) + printed + "```"

    return CONSOLE.sub(run, page)


def comparable(page: str) -> list[str]:
    lines = [line for line in page.splitlines() if not line.strip().startswith(EVIDENCE)]
    return [re.sub(r"\s+", " ", NOISE.sub("*", line)) for line in lines]


def test_page_shows_what_the_program_prints(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(CONSOLE.findall(page)) >= 8
    assert comparable(with_outputs(page, tmp_path)) == comparable(page), f"run python {__file__}"


def test_every_option_is_on_the_page(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for command in ("survey", "show", "classify", "polish", "ensemble"):
        options = re.findall(r"(?m)^  (?:-\w, )?(--[\w-]+)", output(f"theodolite {command} --help", tmp_path))
        assert len(options) > 5
        assert [option for option in options if option not in page and option != "--help"] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        PAGE.write_text(with_outputs(PAGE.read_text(encoding="utf-8"), Path(empty)), encoding="utf-8")
