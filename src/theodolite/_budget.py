"""How much time long work may take, as people write it."""

from __future__ import annotations

import math
import re

from theodolite._errors import DataError
from theodolite._typing import Real

__all__ = ["seconds"]


def seconds(budget: Real | str) -> float:
    """Return a time given in seconds or as text in seconds.

    >>> seconds("1h30m"), seconds("250ms"), seconds(2)
    (5400.0, 0.25, 2.0)
    """
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    number = math.nan
    if isinstance(budget, str):
        parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|h)\s*", budget)
        if parts and re.fullmatch(r"\s*(?:(?:\d+(?:\.\d*)?|\.\d+)\s*(?:ms|s|m|h)\s*)+", budget):
            number = sum(float(digits) * units[unit] for digits, unit in parts)
    elif not isinstance(budget, bool):
        try:
            number = float(budget)
        except (TypeError, ValueError):
            number = math.nan
    if not 0 <= number < math.inf:
        raise DataError(f"The budget is {budget!r}", fix="Write seconds, or for example '30s', '5m', '1h30m'")
    return number
