"""Many linear networks trained at once, in plain array code on the second moments of the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theodolite._typing import Array
from theodolite.linear._network import Layout, Network

__all__ = ["constant_loss", "losses", "train"]

_TOGETHER = 2**18
"""Numbers that are worked on together: they stay in the cache."""


def train(
    network: Network,
    params: list[Array],
    rate: float,
    momentum: float,
    steps: int,
    report: Callable[[int], None],
    stop: Callable[[], bool],
) -> int:
    """Train networks, each array with one entry per run, in place; return how many steps all of them did.

    One step is that of ``torch.optim.SGD``: velocity = momentum * velocity + gradient; parameters -= rate * velocity.
    """
    velocity = [np.zeros_like(part) for part in params]
    moments = _moments(network)
    size = _together(network)
    for step in range(steps):
        if stop():
            return step
        for start in range(0, len(params[0]), size):
            rows = slice(start, start + size)
            change = _gradient(network, moments, [part[rows] for part in params])
            for part, speed, pull in zip(params, velocity, change, strict=True):
                speed[rows] *= momentum
                speed[rows] += pull
                part[rows] -= rate * speed[rows]
        report(step + 1)
    return steps


def losses(network: Network, params: list[Array]) -> Array:
    """Return the loss of every network."""
    found = np.empty(len(params[0]))
    x = np.concatenate([network.samples.x, network.ones], axis=1)
    size = _together(network)
    for start in range(0, len(found), size):
        given = [part[start : start + size] for part in params]
        whole, _, _ = _products(network.layout, given)
        error = x @ np.swapaxes(whole, 1, 2) - network.samples.y
        decay = sum((part.reshape(len(part), -1) ** 2).sum(axis=1) for part in given) * (network.l2 / 2)
        found[start : start + size] = network.factor * (error**2).sum(axis=(1, 2)) + decay
    return found


def _together(network: Network) -> int:
    """Return how many networks are worked on together."""
    widths = network.layout.widths
    return max(1, _TOGETHER // ((len(widths) + 1) * max(widths) * (widths[0] + 1)))


def constant_loss(network: Network) -> float:
    """Return the loss of the best constant, as far as the network has biases."""
    y, ones = network.samples.y, network.ones
    if network.layout.biased:
        y = y - ones @ (ones.T @ y) / float((ones**2).sum())
    return float(network.factor * (y**2).sum())


def _moments(network: Network) -> tuple[Array, Array]:
    """Return the second moments of [X 1], and those of Y with it."""
    x = np.concatenate([network.samples.x, network.ones], axis=1)
    return x.T @ x, network.samples.y.T @ x


def _products(layout: Layout, params: list[Array]) -> tuple[Array, list[Array], list[Array]]:
    """Return f as a matrix on [x 1], and what every layer takes in and weighs, likewise."""
    runs = len(params[0])
    weights, rest = [], iter(params)
    current = np.broadcast_to(np.eye(layout.d_in, layout.d_in + 1), (runs, layout.d_in, layout.d_in + 1))
    inputs = []
    for k in range(1, layout.depth + 1):
        weight = next(rest)
        inputs.append(current)
        weights.append(weight)
        current = weight @ current
        if k in layout.biased:
            current = current.copy()
            current[:, :, -1] += next(rest)
    return current, inputs, weights


def _gradient(network: Network, moments: tuple[Array, Array], params: list[Array]) -> list[Array]:
    layout = network.layout
    xx, yx = moments
    whole, inputs, weights = _products(layout, params)
    pull = 2 * network.factor * (whole @ xx - yx)
    found: list[Array] = []
    for k in range(layout.depth, 0, -1):
        if k in layout.biased:
            found.append(pull[:, :, -1].copy())
        found.append(pull @ np.swapaxes(inputs[k - 1], 1, 2))
        pull = np.swapaxes(weights[k - 1], 1, 2) @ pull
    found.reverse()
    return [part + network.l2 * given for part, given in zip(found, params, strict=True)] if network.l2 else found
