"""Formulas as MathML, which browsers draw themselves: no script, no font and no image is fetched."""

from __future__ import annotations

import re
from html import escape
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["setup", "to_mathml"]

log = logging.getLogger(__name__)

# Browsers ignore `mathvariant` (all values but "normal"), so letters of these alphabets are written as themselves.
_DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
_VARIANT = re.compile(r'<(mi|mn) mathvariant="(double-struck|bold)">([A-Za-z])</\1>')
_OTHER_VARIANT = re.compile(r'mathvariant="(?!normal)([a-z-]+)"')
_PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
_UNKNOWN_COMMAND = re.compile(r">\\([A-Za-z]+)<")


def to_mathml(latex: str, *, block: bool) -> str:
    """Return ``latex`` as a ``<math>`` element; ``ValueError`` where it holds something that has no MathML.

    >>> to_mathml("x", block=False)
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline" alttext="x"><mrow><mi>x</mi></mrow></math>'
    """
    source = latex.strip()
    lines = source.replace("{aligned}", "{split}")
    if r"\\" in lines and r"\begin" not in lines:
        lines = rf"\begin{{split}}{lines}\end{{split}}"
    try:
        markup = convert(lines, display="block" if block else "inline")
    except Exception as error:  # the converter's errors share no base class
        raise ValueError(f"{source!r} cannot be converted: {type(error).__name__} {error}") from error
    markup = _VARIANT.sub(lambda found: f"<{found[1]}>{_letter(found[2], found[3])}</{found[1]}>", markup)
    for problem in (_UNKNOWN_COMMAND.search(markup), _OTHER_VARIANT.search(markup)):
        if problem:
            raise ValueError(f"{source!r} uses {problem[1]!r}, which browsers would not draw")
    _check_parts(source, markup)
    return markup.replace(">", f' alttext="{escape(source)}">', 1)


def _check_parts(source: str, markup: str) -> None:
    """Refuse what the converter read wrongly without saying so: stray marks, and fractions or indices that lack a part."""
    try:
        root = ElementTree.fromstring(markup)
    except ElementTree.ParseError as error:
        raise ValueError(f"{source!r} is not understood by the converter: {error}") from error
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if len(element) != _PARTS.get(name, len(element)):
            raise ValueError(f"{source!r} has {len(element)} parts in {name}: write braces around each argument")


def _letter(variant: str, letter: str) -> str:
    first = 0x1D538 if variant == "double-struck" else 0x1D400
    if variant == "double-struck" and letter in _DOUBLE_STRUCK:
        return _DOUBLE_STRUCK[letter]
    return chr(first + ord(letter) - ord("A") - (6 if letter.islower() else 0))


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_converted(node, block=False))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{_converted(node, block=True)}</div>\n')
    raise nodes.SkipNode


def _converted(node: nodes.Element, *, block: bool) -> str:
    try:
        return to_mathml(node.astext(), block=block)
    except ValueError as error:
        log.warning("%s", error, location=node)
        return escape(node.astext())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", inline_renderers=(_visit_inline, None), block_renderers=(_visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
