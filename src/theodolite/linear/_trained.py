"""What a linear landscape does with many networks at once: trains them in arrays, and knows by their loss where most lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from theodolite._critical import CriticalSet
from theodolite._endings import Endings, Nearness
from theodolite._errors import TheodoliteError
from theodolite._trainable import Trainable
from theodolite._typing import Array, Parameters
from theodolite.linear._exact_data import in_floats
from theodolite.linear._network import Network
from theodolite.linear._training import constant_loss, losses, train

__all__ = ["TrainedInArrays"]


class TrainedInArrays(Trainable):
    """The part of ``LinearLandscape`` that trains ensembles."""

    _network: Network

    if TYPE_CHECKING:

        def critical_sets(self, **filters: Any) -> Iterator[CriticalSet]: ...

    def training_rate(self) -> float:
        """Return a rate that suits random starts: a tenth of what the curvature in the outputs allows."""
        network = self._network
        size = float(np.linalg.norm(np.concatenate([network.samples.x, network.ones], axis=1), 2))
        return 0.1 / max(2 * network.factor * size**2, float(np.finfo(float).tiny))

    def training_scale(self) -> float:
        """Return the loss of the best constant if there are biases, else that of the zero network."""
        return constant_loss(self._network)

    def train_many(
        self,
        params: Parameters,
        rate: float,
        momentum: float,
        steps: int,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> int:
        """Take networks down the gradient in place, many side by side; return how many steps were done."""
        with np.errstate(over="ignore", invalid="ignore"):
            return train(self._network, list(params), rate, momentum, steps, report, stop)

    def losses_of(self, params: Parameters) -> Array:
        """Return the loss of each network."""
        with np.errstate(over="ignore", invalid="ignore"):
            return losses(self._network, list(params))

    def endings_of(
        self, params: Parameters, near: Nearness, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> Endings:
        """Return the critical point that each network is near to.

        A loss that is lower than all critical values but the lowest leads there, and if it is close it has arrived; all other
        networks are judged one by one.
        """
        try:
            lowest = list(islice(self.critical_sets(), 2))
        except TheodoliteError:
            return super().endings_of(params, near, report, stop)
        best = float(lowest[0].value)
        most = best + near.close
        if len(lowest) > 1:
            most = min(most, (best + float(lowest[1].value)) / 2)
        low = np.flatnonzero(self.losses_of(params) <= most)
        rest = np.setdiff1d(np.arange(len(params[0])), low)
        found = super().endings_of(tuple(part[rest] for part in params), near, report, stop).among(rest, len(params[0]))
        if len(low):
            found.note(low, in_floats(lowest[0].representative()), best, lowest[0].kind)
        return found
