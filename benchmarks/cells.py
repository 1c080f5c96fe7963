"""Cells of hyperplane arrangements: Theodolite beside trees of linear programs, in one run.

    python benchmarks/cells.py [--quick] [--repeats 5] [--large] [--relucent PYTHON]

Baseline: the incremental tree of Rada & Černý (one linear program for each child that no known point decides), on one
HiGHS model that is kept and warm-started: its rows are the hyperplanes, and adding a sign only moves the bounds of one
row, so the dual simplex method goes on from the last basis. Theodolite lists half of a central arrangement and mirrors
it; the tree is timed with that symmetry, which compares like with like, and without it. HiGHS is the package highspy if
it is installed, else the copy inside SciPy. With ``--relucent`` the interpreter of an environment in which relucent
(PyPI) is installed runs it on small arrangements, as a network with one hidden layer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from itertools import combinations, product
from statistics import median

import numpy as np

import theodolite as th


def resonance(n: int) -> np.ndarray:
    return np.array([v for v in product((0, 1), repeat=n) if any(v)])


def threshold(n: int) -> np.ndarray:
    return np.array([(*v, 1) for v in product((0, 1), repeat=n)])


def braid(n: int) -> np.ndarray:
    return np.array([[int(k == i) - int(k == j) for k in range(n)] for i, j in combinations(range(n), 2)])


def generic(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d))


CASES: dict[str, tuple[np.ndarray, int]] = {
    "n=50, d=3 generic": (generic(50, 3), 2452),
    "n=100, d=3 generic": (generic(100, 3), 9902),
    "n=20, d=4 generic": (generic(20, 4), 2320),
    "n=30, d=4 generic": (generic(30, 4), 8180),
    "n=15, d=5 generic": (generic(15, 5), 2942),
    "threshold 4": (threshold(4), 1882),
    "resonance 4": (resonance(4), 370),
    "resonance 5": (resonance(5), 11292),
    "braid 6": (braid(6), 720),
}
ANCHORS = {
    "resonance 6": (resonance(6), 1_066_044, 1.0),
    "threshold 6": (threshold(6), 15_028_134, 10.0),
    "braid 9": (braid(9), 362_880, 1.0),
}
LARGE = {"resonance 7": (resonance(7), 347_326_352, 300.0)}


def highs() -> tuple[object, str]:
    """Return a silent HiGHS solver for small warm-started programs, and where it came from."""
    try:
        import highspy

        solver, source = highspy.Highs(), f"highspy {highspy.Highs().version()}"
    except ImportError:
        import scipy
        from scipy.optimize._highspy import _core

        solver, source = _core._Highs(), f"HiGHS inside SciPy {scipy.__version__}"
    for name, value in (
        ("output_flag", False),
        ("presolve", "off"),
        ("solver", "simplex"),
        ("simplex_strategy", 1),
        ("threads", 1),
    ):
        solver.setOptionValue(name, value)
    return solver, source


class Tree:
    """The incremental tree. A cone is not empty if and only if sign_i a_i . w >= 1 has a solution: any scale will do."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        self.solver, _ = highs()
        d = rows.shape[1]
        infinity = float("inf")
        everything = np.arange(d, dtype=np.int32)
        for _ in range(d):
            self.solver.addVar(-infinity, infinity)
        for row in self.rows:
            self.solver.addRow(-infinity, infinity, d, everything, row)
        self.cells: list[tuple[int, ...]] = []
        self.programs = 0

    def list(self, symmetric: bool) -> int:
        """Return the number of cells; if ``symmetric``, only those on the + side of the first row are visited."""
        if not symmetric:
            self._visit([], self.rows[0])
            return len(self.cells)
        self._bound(0, 1)
        self._visit([1], self.rows[0])
        return 2 * len(self.cells)

    def _bound(self, row: int, sign: int) -> None:
        low, high = {1: (1.0, np.inf), -1: (-np.inf, -1.0), 0: (-np.inf, np.inf)}[sign]
        self.solver.changeRowBounds(row, low, high)

    def _visit(self, signs: list[int], point: np.ndarray) -> None:
        row = len(signs)
        if row == len(self.rows):
            self.cells.append(tuple(signs))
            return
        value = float(self.rows[row] @ point)
        known = 0 if abs(value) < 1e-9 * float(np.abs(point).max()) else int(np.sign(value))
        for sign in (-1, 1):
            self._bound(row, sign)
            inside = point if sign == known else self._solve()
            if inside is not None:
                self._visit([*signs, sign], inside)
        self._bound(row, 0)

    def _solve(self) -> np.ndarray | None:
        self.programs += 1
        self.solver.run()
        if self.solver.getModelStatus().name != "kOptimal":
            return None
        return np.array(self.solver.getSolution().col_value)


RELUCENT = """
import json, sys, time
import numpy as np
import relucent
rows, repeats = json.load(sys.stdin)
rows = np.array(rows, dtype=float)
n, d = rows.shape
times = []
for _ in range(repeats):
    network = relucent.mlp(widths=[d, n, 1])
    weights = [layer for layer in network.layers.values() if hasattr(layer, "weight")]
    weights[0].weight = rows
    weights[0].bias = np.zeros((1, n))
    begun = time.perf_counter()
    found = relucent.Complex(network)
    found.bfs(start=np.full((1, d), 0.0123) + np.arange(d) * 0.1)
    times.append(time.perf_counter() - begun)
print(json.dumps([len(found), sorted(times)[len(times) // 2]]))
"""


def beside_relucent(python: str) -> None:
    """Run relucent in its own environment on small arrangements and print the ratios."""
    print(f"\n{'beside relucent':22}{'cells':>8}{'relucent':>12}{'found':>8}{'theodolite':>12}{'ratio':>9}")
    for name, rows in {"n=8, d=3": generic(8, 3), "n=12, d=3": generic(12, 3), "threshold 2": threshold(2)}.items():
        ours = timed(lambda rows=rows: th.cells(rows), 5)
        sent = json.dumps([rows.tolist(), 1])
        line = f"{name:22}{th.count_cells(rows):8d}"
        try:
            done = subprocess.run(
                [python, "-c", RELUCENT], input=sent, capture_output=True, text=True, timeout=120, check=False
            )
        except subprocess.TimeoutExpired:
            print(f"{line}  more than 120 s")
            continue
        if done.returncode:
            print(f"{line}  {(done.stderr.strip().splitlines() or ['it failed'])[-1][:90]}")
            continue
        count, seconds = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"{line}{seconds * 1e3:10.0f}ms{count:8d}{ours * 1e3:10.3f}ms{seconds / ours:9.0f}", flush=True)


def timed(function: Callable[[], object], repeats: int) -> float:
    """Return the median time of one call, each repeat long enough for the clock."""
    function()
    inner = 1
    times = []
    while len(times) < repeats:
        begun = time.perf_counter()
        for _ in range(inner):
            function()
        taken = time.perf_counter() - begun
        if taken < 0.005:
            inner *= 4
            continue
        times.append(taken / inner)
    return median(times)


def climb(rows: np.ndarray, symmetric: bool, repeats: int) -> tuple[float, set[int], int]:
    """Return the median time of the tree, the counts that it found, and how many programs it solved."""
    counts, times, programs = set(), [], 0
    for _ in range(repeats):
        tree = Tree(rows.astype(float))
        begun = time.perf_counter()
        counts.add(tree.list(symmetric))
        times.append(time.perf_counter() - begun)
        programs = tree.programs
    return median(times), counts, programs


def compare(names: list[str], repeats: int) -> None:
    """Print the table of ratios."""
    print(f"baseline: warm-started dual simplex tree, {highs()[1]}; one core; medians of {repeats}")
    head = f"{'case':22}{'cells':>8}{'LP tree':>12}{'programs':>10}{'without symmetry':>18}{'theodolite':>12}"
    print(f"{head}{'ratio':>8}{'without':>9}{'signs by':>10}")
    for name in names:
        rows, count = CASES[name]
        slow, halves, programs = climb(rows, True, repeats)
        slower, wholes, _ = climb(rows, False, repeats)
        ours = timed(lambda rows=rows: th.cells(rows), repeats)
        found = th.cells(rows)
        assert found.count == count, (name, found.count)
        wrong = "" if halves | wholes == {count} else f" (the tree found {sorted(halves | wholes)})"
        way = "sweep" if "swept" in str(found.evidence) else "rays"
        print(
            f"{name:22}{count:8d}{slow * 1e3:10.1f}ms{programs:10d}{slower * 1e3:16.1f}ms{ours * 1e3:10.3f}ms"
            f"{slow / ours:8.0f}{slower / ours:9.0f}{way:>10}{wrong}",
            flush=True,
        )


def anchors(large: bool) -> None:
    """Count exactly known families, one core."""
    print(f"\n{'count only':22}{'cells':>14}{'seconds':>10}{'target':>8}{'cells/s':>14}")
    for name, (rows, count, target) in {**ANCHORS, **(LARGE if large else {})}.items():
        begun = time.process_time()
        found = th.count_cells(rows)
        taken = time.process_time() - begun
        assert found == count, (name, found)
        print(f"{name:22}{count:14,}{taken:10.2f}{target:8.0f}{count / taken:14,.0f}", flush=True)


def beside_copies(repeats: int) -> None:
    """Print the bytes of packed signs written each second, against a copy of the same memory."""
    print(f"\n{'packed signs':22}{'cells':>10}{'bytes/cell':>12}{'listed':>12}{'copied':>12}{'copy is':>10}")
    for n, d in ((100, 3), (100, 4), (300, 3), (1000, 3), (4000, 2)):
        rows = generic(n, d)
        found = th.cells(rows)
        packed = found.packed
        ours = timed(lambda rows=rows: th.cells(rows), repeats)
        copy = timed(packed.copy, repeats)
        size = packed.nbytes
        print(
            f"{f'n={n}, d={d}':22}{found.count:10d}{packed.shape[1] * 8:12d}{size / ours / 1e9:9.2f}GB/s"
            f"{size / copy / 1e9:9.2f}GB/s{ours / copy:8.1f} x",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smaller cases only, once")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="count resonance 7 as well (some minutes)")
    parser.add_argument("--relucent", metavar="PYTHON", help="interpreter of an environment with relucent")
    options = parser.parse_args()
    names = [name for name, (_, count) in CASES.items() if not options.quick or count < 3000]
    repeats = 1 if options.quick else options.repeats
    compare(names, repeats)
    if not options.quick:
        anchors(options.large)
    beside_copies(max(3, repeats))
    if options.relucent:
        beside_relucent(options.relucent)


if __name__ == "__main__":
    main()
