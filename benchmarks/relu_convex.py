"""What the convex program of pyscnn finds on the data of relu_optimum.py: its loss, and how many neurons that takes.

pyscnn solves networks of unlimited width with weight decay as a convex program on sampled patterns. It is not a dependency:
install it, with what it asks for, in an environment of its own that also has Theodolite.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from relu_optimum import data

ROWS = [("1-D, bias", 200, 1), ("2-D, bias", 50, 2)]
DECAY = (1e-3, 1e-2, 5e-2)


def main() -> None:
    """Print one row for each data set and weight decay."""
    try:
        from scnn.optimize import optimize
        from scnn.regularizers import NeuronGL1
    except ImportError as error:
        print(f"pyscnn cannot be imported ({error}): nothing was measured")
        return
    print("| data | samples | weight decay | S | neurons | seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, n, d in ROWS:
        X, y = data(n, d, False)
        inputs = np.column_stack([X / np.abs(X).max(), np.ones(n)]).astype(np.float32)
        scale = float(np.std(y))
        targets = (y / scale).astype(np.float32).reshape(-1, 1)
        for decay in DECAY:
            begun = perf_counter()
            model, _ = optimize("relu", 1000, inputs, targets, regularizer=NeuronGL1(decay), unitize_data=False, seed=0)
            spent = perf_counter() - begun
            weights, outer = model.parameters[0], model.parameters[1]
            error = np.maximum(inputs @ weights.T, 0) @ outer.T - targets
            used = int((np.abs(outer).ravel() * np.linalg.norm(weights, axis=1) > 1e-6).sum())
            print(
                f"| {name} | {n} | {decay:g} | {float((error**2).sum()) * scale**2:.6g} | {used} | {spent:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
