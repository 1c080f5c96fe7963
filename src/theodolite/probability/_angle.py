"""Angles between 0 and pi, kept as exact fractions of pi where they are given as such."""

from __future__ import annotations

import re
from fractions import Fraction
from math import pi
from typing import Any

from theodolite._arrays import as_number
from theodolite._errors import DataError
from theodolite._typing import Real

__all__ = ["in_pi", "share_of_pi"]

_IN_PI = re.compile(r"(?P<times>[\d./]+)?\s*\*?\s*pi\s*(?:/\s*(?P<parts>[\d.]+))?")
_IN_DEGREES = re.compile(r"(?P<degrees>[\d./]+)\s*(?:deg|degrees|°)")


def share_of_pi(angle: Any) -> Real:
    """Return angle/pi: a ``Fraction`` for 0 and for texts such as "pi/3", "2pi/3" or "60 deg", else a float.

    >>> share_of_pi("2pi/3"), share_of_pi("60 deg"), share_of_pi(0)
    (Fraction(2, 3), Fraction(1, 3), Fraction(0, 1))
    """
    share: Real = _share(angle)
    if not 0 <= float(share) <= 1:
        raise DataError(
            f"The angle is {angle!r}",
            cause="an angle between two directions is at least 0 and at most pi",
            fix='Pass it in radians, or as text: "pi/3", "60 deg"',
        )
    return share


def in_pi(share: Real) -> str:
    """Return an angle as text, of its share of pi.

    >>> in_pi(Fraction(2, 3)), in_pi(Fraction(1, 6)), in_pi(Fraction(0)), in_pi(0.25)
    ('2pi/3', 'pi/6', '0', '0.785398')
    """
    if not isinstance(share, Fraction):
        return f"{float(share) * pi:.6g}"
    top, bottom = share.as_integer_ratio()
    return f"{'' if top == 1 else top}pi{'' if bottom == 1 else f'/{bottom}'}" if top else "0"


def _share(angle: Any) -> Any:
    if isinstance(angle, str):
        text = angle.strip().lower().replace("π", "pi")
        if found := _IN_PI.fullmatch(text):
            parts = as_number("The angle", found["parts"] or 1)
            if not parts:
                raise DataError(f"The angle is {angle!r}", fix='Pass it in radians, or as text: "pi/3", "60 deg"')
            return Fraction(as_number("The angle", found["times"] or 1)) / Fraction(parts)
        if found := _IN_DEGREES.fullmatch(text):
            return Fraction(as_number("The angle", found["degrees"])) / 180
    number = as_number("The angle", angle)
    return Fraction(0) if number == 0 else float(number) / pi
