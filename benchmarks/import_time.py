"""How long `import theodolite` and `theodolite --help` take beyond NumPy's own import, against `import scipy.optimize`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 7


def seconds(*arguments: str) -> float:
    """Return the wall time of one fresh interpreter that does this."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the median of several rounds; every round times all candidates, so that they see the same machine."""
    candidates = {
        "import numpy": ("-c", "import numpy"),
        "import theodolite": ("-c", "import theodolite"),
        "import scipy.optimize": ("-c", "import scipy.optimize"),
        "theodolite --help": ("-m", "theodolite", "--help"),
    }
    for arguments in candidates.values():  # compiled files and caches first
        seconds(*arguments)
    rounds = [{name: seconds(*arguments) for name, arguments in candidates.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(times[name] for times in rounds) for name in candidates}
    for name, median in medians.items():
        print(f"{name:<22} {median:.3f} s, {median - medians['import numpy']:+.3f} s beyond NumPy")


if __name__ == "__main__":
    main()
