"""The index of a known strict saddle of a 20-5-20 linear network: by formula, by a dense Hessian, and by Lanczos methods.

Run ``python benchmarks/linear.py index``. PyTorch, curvlinops and hessian-eigenthings are optional; to have them, make an
environment of their own::

    python -m venv /tmp/benchvenv
    /tmp/benchvenv/bin/pip install curvlinops-for-pytorch hessian-eigenthings
    /tmp/benchvenv/bin/pip install -e .
    /tmp/benchvenv/bin/python benchmarks/linear.py index

A Lanczos method lists some eigenvalues, those asked for; the index is then read off as the number of negative ones among them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

import theodolite as th
from _timing import median_of_five

INPUTS, HIDDEN, SAMPLES = 20, 5, 200
CLEAR = 1e-8
"""Eigenvalues below this fraction of the largest count as zero, for every peer alike."""


def lanczos(operator: object, count: int | None) -> np.ndarray:
    """Return the ``count`` smallest eigenvalues by ARPACK; with ``None`` exactly what eigsh returns by default."""
    try:
        if count is None:
            return eigsh(operator, return_eigenvectors=False)
        return eigsh(operator, k=count, which="SA", return_eigenvectors=False)
    except ArpackNoConvergence as failure:
        return failure.eigenvalues


def torch_peers(params: tuple, x: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Return the peers that differentiate a PyTorch model, those of them that are installed."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    model = nn.Sequential(nn.Linear(INPUTS, HIDDEN, bias=False), nn.Linear(HIDDEN, INPUTS, bias=False)).double()
    with torch.no_grad():
        for layer, weight in zip(model, params, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def loss(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return ((inputs @ first.T @ second.T - targets) ** 2).sum() / 2

    def dense() -> np.ndarray:
        blocks = torch.autograd.functional.hessian(loss, tuple(torch.from_numpy(weight) for weight in params))
        sizes = [weight.size for weight in params]
        rows = [torch.cat([blocks[i][j].reshape(sizes[i], sizes[j]) for j in range(2)], dim=1) for i in range(2)]
        return torch.linalg.eigvalsh(torch.cat(rows)).numpy()

    peers: dict[str, Callable[[], np.ndarray]] = {"PyTorch dense Hessian, eigvalsh": dense}
    if find_spec("curvlinops"):
        from curvlinops import HessianLinearOperator

        operator = HessianLinearOperator(
            model, nn.MSELoss(reduction="sum"), list(model.parameters()), [(inputs, targets)]
        )
        matrix_free = operator.to_scipy(dtype=np.float64)
        peers["curvlinops, eigsh by default"] = lambda: lanczos(matrix_free, None)
        peers["curvlinops, eigsh k=6 smallest"] = lambda: lanczos(matrix_free, 6)
        peers["curvlinops, eigsh k=60 smallest"] = lambda: lanczos(matrix_free, 60)
    if find_spec("hessian_eigenthings"):
        from hessian_eigenthings import HessianOperator, supervised_loss
        from hessian_eigenthings import lanczos as their_lanczos

        hessian = HessianOperator(model, [(inputs, targets)], supervised_loss(nn.MSELoss(reduction="sum")))
        peers["hessian-eigenthings by default"] = lambda: their_lanczos(hessian, seed=0).eigenvalues.numpy()
        reorthogonal = {"reorthogonalize": True, "max_iter": hessian.size}
        peers["hessian-eigenthings k=60, all steps, reorthogonal"] = lambda: their_lanczos(
            hessian, k=60, which="SA", seed=0, **reorthogonal
        ).eigenvalues.numpy()
        for k in (10, 60):
            peers[f"hessian-eigenthings k={k} smallest"] = lambda k=k: their_lanczos(
                hessian, k=k, which="SA", seed=0
            ).eigenvalues.numpy()
    return peers


def main() -> None:
    """Print time, number of negative eigenvalues and whether it is the index, for each method."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, INPUTS))
    y = x @ rng.normal(size=(INPUTS, INPUTS)) + rng.normal(size=(SAMPLES, INPUTS))
    land = th.LinearLandscape(x, y, HIDDEN)
    saddle = next(family for family in land.critical_sets() if family.label == "{1, 2, 4}")
    params = saddle.representative()
    dense = land.hessian(params).todense()
    spectrum = np.linalg.eigvalsh(dense)
    clear = CLEAR * abs(spectrum).max()
    index, zeros = int((spectrum < -clear).sum()), np.sort(abs(spectrum))[: saddle.nullity]
    print(f"{land.specification}, saddle {saddle.label}, {land.parameter_count} parameters")
    print(f"  index {saddle.index} by formula, {index} by dense inertia")
    print(f"  (largest zero eigenvalue {zeros.max():.1e}, smallest other {np.sort(abs(spectrum))[saddle.nullity]:.1e})")
    assert saddle.index == index

    verdicts: list[th.Verdict] = []
    elapsed, _ = median_of_five(lambda: verdicts.append(land.classify(params)) or np.zeros(0))
    report("classify(params): formula, with family and way out", elapsed, verdicts[-1].index, index)
    counts, row = land._problem.sets.counts, land._problem.sets.taken(saddle.key)
    elapsed, formula = median_of_five(lambda: counts.index(row))
    report("formula alone, the family known", elapsed, int(formula[0]), index)

    operator = land.hessian(params)
    peers: dict[str, Callable[[], np.ndarray]] = {
        "own Hessian products, dense, eigvalsh": lambda: np.linalg.eigvalsh(operator.todense()),
        "own Hessian products, eigsh by default": lambda: lanczos(operator, None),
        "own Hessian products, eigsh k=60 smallest": lambda: lanczos(operator, 60),
    }
    missing = [name for name in ("torch", "curvlinops", "hessian_eigenthings") if not find_spec(name)]
    if "torch" not in missing:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peers |= torch_peers(params, x, y)
    for name, call in peers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            elapsed, eigenvalues = median_of_five(call)
        report(name, elapsed, int((eigenvalues < -clear).sum()), index)
    for name in missing:
        print(f"  {name} is not installed: skipped")


def report(name: str, elapsed: float, found: int | None, index: int) -> None:
    """Print one line."""
    print(f"  {name:<52} {1e3 * elapsed:10.2f} ms   {found} {'right' if found == index else 'WRONG'}")
