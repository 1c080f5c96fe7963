"""The sum of squares along a ray, event by event: compiled for floats, its own Python twin for Fractions."""

from typing import no_type_check

import numba

__all__ = ["first_stop"]


@numba.njit(cache=True, nogil=True)
@no_type_check
def first_stop(error, rate, seen, slope, curve, rows, jumps, times, crossing):
    """Return where S stops falling: time, the event there (-1: between events; -2: not before the last event).

    ``error`` and ``rate`` (overwritten) are those of the samples at time 0, ``seen`` zeros, ``slope`` and ``curve`` half the
    first and second derivative of S there. At event k the rate of sample ``rows[k]`` changes by ``jumps[k]``; events are in the
    order of ``times``. Without ``crossing`` the first event is a stop.
    """
    now = slope * 0
    k = 0
    while k < len(times):
        time = times[k]
        ahead = slope + curve * (time - now)
        if ahead >= 0:
            return now - slope / curve, -1
        if not crossing:
            return time, k
        first = k
        while k < len(times) and times[k] == time:
            i, jump = rows[k], jumps[k]
            error[i] += rate[i] * (time - seen[i])
            seen[i] = time
            ahead += error[i] * jump
            curve += jump * (2 * rate[i] + jump)
            rate[i] += jump
            k += 1
        now, slope = time, ahead
        if slope >= 0:
            return time, first
    if curve > 0:
        return now - slope / curve, -2
    return now, -2
