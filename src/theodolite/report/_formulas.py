"""Formulas as MathML, which browsers typeset by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree

from theodolite._panels import Formula
from theodolite.report._numbers import typeset

__all__ = ["formulas", "mathml"]

_SPACE = "http://www.w3.org/1998/Math/MathML"
_LIMITS = {"∑", "∏", "max", "min", "sup", "inf"}
_STACKED = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}


def formulas(every: Sequence[Formula]) -> str:
    """Return formulas and their captions as one block of HTML."""
    if not every:
        return ""
    blocks = "".join(
        f"<div>{mathml(formula.latex)}<p>{escape(typeset(formula.caption))}</p></div>" for formula in every
    )
    return f'<div class="formula">{blocks}</div>'


def mathml(latex: str) -> str:
    """Return ``latex`` as display MathML, or as it was written where it is not LaTeX that can be converted."""
    from latex2mathml.converter import convert

    try:
        root = ElementTree.fromstring(convert(latex, display="block"))
    except Exception:  # the converter's errors have no common base, and a page must not fail over a formula
        return f"<pre>{escape(latex)}</pre>"
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SPACE}}}")
        first = element[0] if len(element) else None
        # Inside brackets the converter sets limits beside the sign; in a displayed formula they stand below and above.
        if first is not None and (first.text or "").strip() in _LIMITS and element.tag in _STACKED:
            element.tag = _STACKED[element.tag]
        if element.tag == "mo" and element.text in ("|", "∣", "#"):
            element.attrib.update(stretchy="false", lspace="0", rspace="0")
    root.attrib.pop("xmlns", None)
    return ElementTree.tostring(root, encoding="unicode")
