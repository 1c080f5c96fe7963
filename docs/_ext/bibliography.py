"""``{bibliography}`` lists every registered paper; ``{cite}`` cites one by its key. Both read ``theodolite.REFERENCES``."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

import theodolite

__all__ = ["Bibliography", "Cite", "setup"]


class Bibliography(SphinxDirective):
    """All papers, oldest first; each entry can be linked to by its key."""

    def run(self) -> list[nodes.Node]:
        """Return one definition list."""
        papers = [paper for paper in theodolite.REFERENCES.values() if paper.key != "theodolite"]
        listing = nodes.definition_list(classes=["bibliography"])
        for paper in sorted(papers, key=lambda paper: (paper.year, paper.authors)):
            where = nodes.paragraph()
            if paper.url is None:
                where += nodes.Text(paper.journal or "")
            else:
                where += nodes.reference("", f"arXiv:{paper.arxiv}", refuri=paper.url, internal=False)
            where += [nodes.Text(", cited in code as "), nodes.literal(text=paper.key)]
            term = nodes.term("", f"{paper.authors} ({paper.year}). {paper.title}.", ids=[f"paper-{paper.key}"])
            listing += nodes.definition_list_item("", term, nodes.definition("", where))
        return [listing]


class Cite(SphinxRole):
    """A paper by key, and after a semicolon the theorem in it: ``{cite}`zhou-liang-2017; Theorem 1` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the citation as a link to the paper's entry on the bibliography page."""
        key, _, theorem = (part.strip() for part in self.text.partition(";"))
        try:
            paper = theodolite.cite(key, theorem or None)
        except theodolite.DataError as error:
            message = self.inliner.reporter.error(str(error), line=self.lineno)
            return [nodes.literal(text=key)], [message]
        text = ", ".join(part for part in (f"{paper.authors} ({paper.year})", theorem) if part)
        page = self.env.app.builder.get_relative_uri(self.env.docname, "bibliography")
        return [nodes.reference("", text, refuri=f"{page}#paper-{key}", internal=True)], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the role."""
    app.add_directive("bibliography", Bibliography)
    app.add_role("cite", Cite())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
