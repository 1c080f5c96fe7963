"""Constants of gradient dominance at width 64 and depth 5, and how tight certified ones are.

Run ``OMP_NUM_THREADS=1 python benchmarks/dominance.py``. The first table has times and values of mu_ntk, mu_comp and mu_prod;
PyTorch's way to the same number, the smallest eigenvalue of its tangent kernel, is beside them at a width where it fits into
memory. The second table compares certified constants with the worst that sampling finds, adversarial directions included.
"""

from __future__ import annotations

from importlib.util import find_spec
from time import perf_counter

import numpy as np

import theodolite as th
from _timing import median_of_five
from theodolite.dominance import comp_constant, measure, ntk_constant, product_constant


def land_of(width: int, depth: int, rng: np.random.Generator) -> tuple[th.LinearLandscape, tuple[np.ndarray, ...]]:
    """Return a square network on random data, and layers near the identity."""
    x = rng.normal(size=(4 * width, width))
    y = x @ (np.eye(width) + 0.3 * rng.normal(size=(width, width)) / width**0.5)
    land = th.LinearLandscape(x, y, (width,) * (depth - 1))
    layers = tuple(np.eye(width) + 0.1 * rng.normal(size=(width, width)) / width**0.5 for _ in range(depth))
    return land, layers


def torch_kernel(land: th.LinearLandscape, layers: tuple[np.ndarray, ...]) -> float:
    """Return the smallest eigenvalue of J J^T, the Jacobian by PyTorch's automatic differentiation."""
    import torch

    torch.set_num_threads(1)
    x = torch.from_numpy(np.ascontiguousarray(land.certifier.chain.x))

    def outputs(*weights: torch.Tensor) -> torch.Tensor:
        product = x
        for weight in weights:
            product = weight @ product
        return product.reshape(-1)

    blocks = torch.autograd.functional.jacobian(outputs, tuple(map(torch.from_numpy, layers)))
    jacobian = torch.cat([block.reshape(len(block), -1) for block in blocks], dim=1)
    return float(torch.linalg.eigvalsh(jacobian @ jacobian.T)[0])


def times(width: int, depth: int) -> None:
    """Print values and times of the three constants."""
    land, layers = land_of(width, depth, np.random.default_rng(0))
    chain = land.certifier.chain
    start = perf_counter()
    sizes = measure(chain, layers)
    elapsed = perf_counter() - start
    print(f"\nwidth {width}, depth {depth}: {land.parameter_count} weights, {chain.rank * width} rows of the Jacobian")
    print(f"  all singular values and norms           {elapsed:9.3f} s")
    for name, constant in (("ntk", ntk_constant), ("comp", comp_constant), ("prod", product_constant)):
        print(f"  mu_{name:<5} {constant(sizes):14.8g}")
    if width <= 16 and find_spec("torch"):
        elapsed, value = median_of_five(lambda: torch_kernel(land, layers))
        print(f"  PyTorch: Jacobian, eigvalsh of its kernel {elapsed:7.3f} s   mu_ntk {value:.8g}")


def tightness() -> None:
    """Print the certified constant beside the worst ratio that sampling finds."""
    print("\ncertified constant against sampled, ||grad||^2 / (2 mu excess) at its smallest (1: attained)")
    print(f"  {'network':<22}{'radius':>8}{'mu':>14}{'sampled / mu':>14}")
    rng = np.random.default_rng(1)
    scalar = th.LinearLandscape([[1.0]], [[5.0]], 1)
    cases: list[tuple[th.Landscape, tuple, float]] = [(scalar, (np.ones((1, 1)), 5 * np.ones((1, 1))), 3.0)]
    identity = th.LinearLandscape(np.eye(4), np.diag([4.0, 3, 2, 1]), (4, 4))
    cases += [(identity, identity.global_minimum().representative(), radius) for radius in (0.1, 0.5, 0.9)]
    for width, depth in ((4, 2), (8, 3), (16, 3)):
        land, layers = land_of(width, depth, rng)
        cases += [(land, layers, radius) for radius in (0.01, 0.1)]
    x = rng.normal(size=(3, 4))
    tanh = th.ActivatedLandscape(x, rng.normal(size=(3, 2)), 4, activation="tanh")
    cases += [(tanh, tanh.global_minimum().representative(), radius) for radius in (0.001, 0.01)]
    for land, layers, radius in cases:
        found = land.dominance(layers, radius)
        check = found.empirical_check(2000, 0)
        assert check.holds
        print(f"  {land.specification:<22}{radius:>8g}{found.mu:>14.6g}{check.tightness:>14.4f}")


if __name__ == "__main__":
    times(16, 5)
    times(64, 5)
    tightness()
