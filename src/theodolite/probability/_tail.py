"""The probability that each of several cells gets enough samples, to full relative precision for any number of samples."""

from __future__ import annotations

from math import gamma, inf, lgamma, log, log1p, pi, sqrt

import numpy as np

from theodolite._typing import Array

__all__ = ["log_filled"]


def log_filled(samples: int, least: int, idle: float, cells: Array) -> float:
    """Return the logarithm of the sum of N!/(n_0! ... n_m!) q_0^n_0 ... q_m^n_m over all n_1, ..., n_m >= ``least``.

    q_0 is ``idle``, q_1, ..., q_m are ``cells``, N = n_0 + ... + n_m is ``samples``; the q need not add up to 1. The
    sum is the coefficient of x^N in

        N! exp(q_0 x) T(q_1 x) ... T(q_m x),    T(z) = sum of z^j / j! over j >= least,

    which Cauchy's integral gives on any circle. On the one through the saddle point the integrand is, but for a
    positive factor, the characteristic function of a sum of Poisson numbers given to be at least ``least``, at which N
    is the mean: nothing cancels, and the trapezoidal rule errs only by the probability that the sum lies a multiple of
    the number of nodes away from N. All else is done in logarithms.
    """
    count = len(cells)
    if samples < count * least or not (cells > 0).all():
        return -inf
    if samples == count * least:
        return float(lgamma(samples + 1) - count * lgamma(least + 1) + least * np.log(cells).sum())
    total = idle + float(cells.sum())
    shares = cells / total
    mean = _saddle(samples, least, idle / total, shares)
    nodes = int(12 * sqrt(mean)) + 60
    steps = np.arange(nodes // 2 + 1)
    angles = 2 * pi * steps / nodes
    turn = np.exp(1j * angles)
    fall = -2 * np.sin(angles / 2) ** 2 + 1j * np.sin(angles)  # exp(i angle) - 1, without cancellation
    integrand = np.exp(idle / total * mean * fall - 2j * pi * (samples * steps % nodes) / nodes)
    logs = 0.0
    for rate in mean * shares:
        ratio, size = _truncated(least, float(rate), turn, fall)
        integrand *= ratio
        logs += size
    weights = np.full(len(steps), 2.0)
    weights[0] = 1.0
    if nodes % 2 == 0:
        weights[-1] = 1.0
    hit = float((weights * integrand.real).sum()) / nodes
    return samples * log(total) - _log_poisson(samples, mean) + logs + log(hit)


def _saddle(samples: int, least: int, idle: float, shares: Array) -> float:
    """Return the rate at which Poisson numbers, all but the idle one at least ``least``, add up to ``samples`` on average."""
    low, high = float(samples - len(shares) * least), float(samples)
    for _ in range(60):
        middle = (low + high) / 2
        found = idle * middle + sum(_mean(least, float(rate)) for rate in middle * shares)
        low, high = (middle, high) if found < samples else (low, middle)
    return (low + high) / 2


def _mean(least: int, rate: float) -> float:
    """Return the mean of a Poisson number given to be at least ``least``."""
    if rate <= least:
        return least * float((_series(least - 1, np.array([rate])) / _series(least, np.array([rate])))[0].real)
    from scipy.special import gammainc

    return rate * float(gammainc(least - 1, rate) if least > 1 else 1.0) / float(gammainc(least, rate))


def _series(least: int, z: Array) -> Array:
    """Return 1 + z/(least + 1) + z^2/((least + 1)(least + 2)) + ...: T(z) without its leading power."""
    total = np.ones(z.shape, dtype=complex)
    term, size, j, radius = total.copy(), 1.0, 0, float(np.abs(z).max())
    while size > 1e-18:
        j += 1
        term = term * z / (least + j)
        size *= radius / (least + j)
        total += term
    return total


def _truncated(least: int, rate: float, turn: Array, fall: Array) -> tuple[Array, float]:
    """Return T(rate turn)/T(rate), and the logarithm of T(rate) exp(-rate)."""
    if rate <= least:
        size = float(_series(least, np.array([rate]))[0].real)
        return turn**least * _series(least, rate * turn) / size, least * log(rate) - rate - lgamma(least + 1) + log(
            size
        )
    from scipy.special import gammainc

    kept = float(gammainc(least, rate))
    value = np.exp(rate * fall)
    if kept < 1:
        sizes = np.exp(np.array([j * log(rate) - rate - lgamma(j + 1) for j in range(least)]))
        value = value - np.polynomial.polynomial.polyval(turn, sizes)
    return value / kept, log(kept)


def _log_poisson(count: int, mean: float) -> float:
    """Return the logarithm of the probability that a Poisson number is ``count``, in Loader's form: nothing large cancels."""
    away = (mean - count) / count
    if count < 16:
        stirling = log(gamma(count + 1)) - (count + 0.5) * log(count) + count - 0.5 * log(2 * pi)
    else:
        stirling = 1 / (12 * count) - 1 / (360 * count**3) + 1 / (1260 * count**5) - 1 / (1680 * count**7)
    return -stirling - count * (away - log1p(away)) - 0.5 * log(2 * pi * count)
