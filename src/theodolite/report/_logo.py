"""The mark of the project: contours of a map with two wells, the pass between them, and a sight line on it."""

from __future__ import annotations

from math import cos, pi, sqrt

__all__ = ["logo"]

_LEVELS = ((0.82, "var(--ink2)", 0.9), (1.0, "var(--saddle)", 1.3), (1.16, "var(--ink2)", 0.9))
_POINTS = 48


def logo() -> str:
    """Return the mark as an SVG: Cassini ovals, the points whose distances to two wells have a constant product."""
    paths = "".join(
        f'<path d="{_oval(level)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for level, colour, width in _LEVELS
    )
    sight = '<path d="M17 1V9.2M17 14.8V23" stroke="var(--ink)" stroke-width="1.1"/>'
    return f'<svg width="34" height="24" viewBox="0 0 34 24" role="img" aria-label="Theodolite">{paths}{sight}</svg>'


def _oval(level: float) -> str:
    """Return the Cassini oval of half focal distance 1 and product ``level`` squared, above and below its axis."""
    outer = sqrt(1 + level**2)
    inner = sqrt(max(0.0, 1 - level**2))
    spans = [(-outer, outer)] if level > 1 else [(-outer, -inner), (inner, outer)]
    out = []
    for left, right in spans:
        xs = [(left + right) / 2 - (right - left) / 2 * cos(pi * k / _POINTS) for k in range(_POINTS + 1)]
        heights = [sqrt(max(0.0, sqrt(4 * x * x + level**4) - x * x - 1)) for x in xs]
        upper = [(x, y) for x, y in zip(xs, heights, strict=True)]
        lower = [(x, -y) for x, y in reversed(upper)]
        ring = "L".join(f"{17 + 9.3 * x:.1f} {12 - 9.3 * y:.1f}" for x, y in upper + lower)
        out.append(f"M{ring}Z")
    return "".join(out)
