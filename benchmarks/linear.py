"""Shallow linear networks against what one would do without them: search, Hessians, sorting, start-up.

Run ``python benchmarks/linear.py [search] [index] [values] [start]``; without names, all four.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import linear_index
import linear_search
import linear_values
from _timing import median_of_five


def start() -> None:
    """Print how long fresh interpreters take to import the package and to print the help."""
    script = Path(sys.executable).with_name("theodolite")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import numpy": [sys.executable, "-c", "import numpy"],
        "import theodolite": [sys.executable, "-c", "import theodolite"],
        "theodolite --help": [str(script), "--help"],
    }
    for name, command in commands.items():
        if not Path(command[0]).exists():
            print(f"  {name}: not installed beside this Python")
            continue
        elapsed, _ = median_of_five(lambda command=command: subprocess.run(command, check=True, capture_output=True))
        print(f"  {name:<20} {elapsed:.3f} s")


PARTS = {
    "search": linear_search.main,
    "index": linear_index.main,
    "values": linear_values.main,
    "start": start,
}


if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        print(f"-- {part}")
        PARTS[part]()
