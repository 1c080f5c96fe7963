"""Training many small ReLU networks: the compiled kernel against a loop of PyTorch networks and the best batched forms.

Run ``python benchmarks/ensembles.py``. All sides do the same thing in one process: gradient descent with momentum on half the
sum of squares in float64, from the same starts, and all must reach the same losses. The loop trains one ``torch`` network after
the other with ``torch.optim.SGD``: a few networks are timed, and the time of all is scaled from that. The batched forms hold all
networks in stacked arrays: NumPy's ``matmul``, PyTorch's ``bmm`` with derivatives by hand, and ``vmap`` in JAX where that is
installed; the better of two block sizes counts. The limit is what the same core does in fused multiply-adds in numba just before
and after the kernel; the kernel's own operations are counted, two for a multiply-add. All times but that of four threads are
processor times of one thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch

import theodolite as th
from _timing import median_of_five
from relu_sweep import fused_multiply_adds
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, plain_step, train

CASES = ((20, 2, 4), (50, 3, 8))
RUNS, STEPS = 100_000, 300
LOOPED, BATCHED = 20, (1000, 4000)
RATE, MOMENTUM = 1e-3, 0.9


def main() -> None:
    """Print a table of rates and ratios."""
    torch.set_num_threads(1)
    print(f"{RUNS:,} networks, {STEPS} steps")
    if find_spec("jax") is None:
        print("JAX is not installed: its vmap is left out")
    print(
        f"{'case':>14} {'kernel':>12} {'limit':>11} {'of it':>6} {'x torch loop':>12} {'x best batched':>22} {'4 threads':>9}"
    )
    for n, d, h in CASES:
        report(n, d, h)


def report(n: int, d: int, h: int) -> None:
    """Time one case and print its line."""
    rng = np.random.default_rng(n + d + h)
    land = th.ReluLandscape(rng.normal(size=(n, d)), rng.normal(size=n), h)
    problem = land.problem
    starts = Fleet(rng.normal(size=(RUNS, h, d)) / d**0.5, rng.normal(size=(RUNS, h)) / h**0.5, np.zeros(RUNS))

    def kernel(threads: int) -> Fleet:
        fleet = copied(starts, RUNS)
        train(problem, fleet, RATE, MOMENTUM, STEPS, lambda done: None, lambda: False, threads)
        return fleet

    kernel(1)  # compiles, on the very first run
    limits = [fused_multiply_adds()]
    one, found = processor_time(lambda: kernel(1))
    limits.append(fused_multiply_adds())
    limit = sum(limits) / 2
    alone, _ = median_of_five(lambda: kernel(1))
    four, _ = median_of_five(lambda: kernel(4))
    losses = found.losses(problem)

    loop, by_loop = processor_time(lambda: torch_loop(problem, starts))
    np.testing.assert_allclose(by_loop, losses[:LOOPED], rtol=1e-8)
    batched = {}
    forms: dict[str, Any] = {"numpy": numpy_batch, "torch": torch_batch}
    if find_spec("jax") is not None:
        forms["jax"] = jax_batch
    for name, form in forms.items():
        for size in BATCHED:
            block = copied(starts, size)
            form(problem, copied(block, size))
            time, by_batch = processor_time(
                lambda form=form, block=block, size=size: form(problem, copied(block, size))
            )
            np.testing.assert_allclose(by_batch, losses[:size], rtol=1e-8)
            batched[name] = min(batched.get(name, np.inf), time / size)
    best = min(batched, key=batched.__getitem__)
    each = one / RUNS
    rate = RUNS * STEPS / one
    print(
        f"{f'n={n} d={d} h={h}':>14} {rate / 1e6:>8.1f} M/s {limit / 1e9:>5.0f} GF/s {rate * flops(n, d, h) / limit:>6.0%} "
        f"{loop / LOOPED / each:>12,.0f} {f'{batched[best] / each:.1f} ({best})':>22} {alone / four:>8.1f}x"
    )


def processor_time(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median processor time of five calls, which other work on the machine changes less, and the last result."""
    times = []
    for _ in range(5):
        start = process_time()
        result = call()
        times.append(process_time() - start)
    return median(times), result


def flops(n: int, d: int, h: int) -> int:
    """Return what one step of one network takes: products, slope, error, pull and the two derivatives; and the update."""
    neuron = (2 * d - 1) + 1 + 2 + 2 + 2 + 2 * d
    return n * (h * neuron + 1) + h * (d + 1) * 3


def copied(fleet: Fleet, runs: int) -> Fleet:
    """Return the first networks, with numbers of their own."""
    return Fleet(fleet.weights[:runs].copy(), fleet.outer[:runs].copy(), fleet.offsets[:runs].copy())


def torch_loop(problem: Problem, starts: Fleet) -> np.ndarray:
    """Return the losses after training a few networks one after the other."""
    x, y = torch.tensor(problem.inputs), torch.tensor(problem.targets)
    out = []
    for run in range(LOOPED):
        w = torch.tensor(starts.weights[run], requires_grad=True)
        v = torch.tensor(starts.outer[run], requires_grad=True)
        optimizer = torch.optim.SGD([w, v], lr=RATE, momentum=MOMENTUM)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = 0.5 * ((torch.relu(x @ w.T) @ v - y) ** 2).sum()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            out.append(float(0.5 * ((torch.relu(x @ w.T) @ v - y) ** 2).sum()))
    return np.array(out)


def numpy_batch(problem: Problem, fleet: Fleet) -> np.ndarray:
    """Return the losses after training all networks in stacked NumPy arrays."""
    velocity = fleet.zeros()
    for _ in range(STEPS):
        plain_step(problem, fleet, velocity, RATE, MOMENTUM)
    return fleet.losses(problem)


def torch_batch(problem: Problem, fleet: Fleet) -> np.ndarray:
    """Return the losses after training all networks in stacked PyTorch tensors, derivatives written by hand."""
    x, y = torch.tensor(problem.inputs), torch.tensor(problem.targets)
    w, v = torch.tensor(fleet.weights), torch.tensor(fleet.outer)
    dw, dv = torch.zeros_like(w), torch.zeros_like(v)
    h, d = w.shape[1:]
    for _ in range(STEPS):
        after = (w.reshape(-1, d) @ x.T).reshape(len(w), h, -1).relu_()
        error = torch.bmm(v[:, None, :], after)[:, 0] - y
        pulled = (after > 0) * (v[:, :, None] * error[:, None, :])
        dv.mul_(MOMENTUM).add_(torch.bmm(after, error[:, :, None])[:, :, 0])
        dw.mul_(MOMENTUM).add_((pulled.reshape(-1, len(y)) @ x).reshape(w.shape))
        w.sub_(dw, alpha=RATE)
        v.sub_(dv, alpha=RATE)
    return Fleet(w.numpy(), v.numpy(), fleet.offsets).losses(problem)


def jax_batch(problem: Problem, fleet: Fleet) -> np.ndarray:
    """Return the losses after training all networks in one compiled ``vmap``."""
    import jax

    jax.config.update("jax_enable_x64", True)
    x, y = jax.numpy.asarray(problem.inputs), jax.numpy.asarray(problem.targets)

    def loss(params: Any) -> Any:
        w, v = params
        return 0.5 * ((jax.nn.relu(x @ w.T) @ v - y) ** 2).sum()

    def run(w: Any, v: Any) -> Any:
        def step(_: int, state: Any) -> Any:
            params, velocity = state
            velocity = jax.tree.map(lambda a, b: MOMENTUM * a + b, velocity, jax.grad(loss)(params))
            return jax.tree.map(lambda a, b: a - RATE * b, params, velocity), velocity

        start = (w, v)
        return jax.lax.fori_loop(0, STEPS, step, (start, jax.tree.map(jax.numpy.zeros_like, start)))[0]

    trained = _jitted(jax, run)(fleet.weights, fleet.outer)
    return Fleet(*map(np.asarray, trained), fleet.offsets).losses(problem)


_KEPT: dict[str, Any] = {}


def _jitted(jax: Any, run: Any) -> Any:
    """Compile once for each case, not once for each timing."""
    return _KEPT.setdefault(repr(run.__closure__), jax.jit(jax.vmap(run)))


if __name__ == "__main__":
    main()
