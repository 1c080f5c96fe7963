"""Nothing in the built pages may be fetched from another host: every offending address is a build warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["fetched", "setup", "style_addresses"]

log = logging.getLogger(__name__)

_REMOTE = re.compile(r"(https?:)?//", re.IGNORECASE)
_STYLE = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*['"]?((?:https?:)?//[^'")\s]+)""", re.IGNORECASE)
# Attributes whose address a browser fetches without being asked; links that a reader may click are not among them.
_FETCHING = {"src", "srcset", "poster", "data", "background", "action", "formaction", "manifest"}
_FETCHING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
}


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        given = {name: value or "" for name, value in attributes}
        rel = set(given.get("rel", "").lower().split())
        for name, value in given.items():
            fetches = name in _FETCHING or (tag == "link" and name == "href" and rel & _FETCHING_LINKS)
            fetches = fetches or (tag in ("image", "use") and name in ("href", "xlink:href"))
            if fetches and _REMOTE.match(value.strip()):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "style":
                self.found += style_addresses(value)

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.found += style_addresses(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def style_addresses(css: str) -> list[str]:
    """Return the remote addresses that a style sheet would fetch.

    >>> style_addresses('@import "https://example.org/a.css"; p {background: url(local.png)}')
    ['https://example.org/a.css']
    """
    return _STYLE.findall(css)


def fetched(page: str) -> list[str]:
    """Return whatever a browser that opens this HTML would fetch from another host.

    >>> fetched('<a href="https://arxiv.org">paper</a><script src="https://cdn.example.org/x.js"></script>')
    ['<script src=https://cdn.example.org/x.js>']
    """
    collector = _Collector()
    collector.feed(page)
    return collector.found


def offenders(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield file and address of everything remote that the built pages below ``folder`` would fetch."""
    for file in sorted(folder.rglob("*.html")):
        yield from ((file, address) for address in fetched(file.read_text("utf-8")))
    for file in sorted(folder.rglob("*.css")):
        yield from ((file, address) for address in style_addresses(file.read_text("utf-8")))


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for file, address in offenders(Path(app.outdir)):
            log.warning("%s fetches %s", file.relative_to(app.outdir), address)


def setup(app: Sphinx) -> dict[str, Any]:
    """Check all pages once they are written."""
    app.connect("build-finished", _check)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
