"""The one registry of papers: code, docs, command line and pages cite from here and never number by hand."""

from __future__ import annotations

import msgspec

from theodolite._errors import DataError
from theodolite._notebook import facts_html

__all__ = ["REFERENCES", "Reference", "cite"]


class Reference(msgspec.Struct, frozen=True, order=True):
    """A paper, and where known the theorem in it.

    >>> print(cite("zhou-liang-2017"))
    Zhou & Liang 2017, arXiv:1710.11205
    >>> print(cite("baldi-hornik-1989", theorem="Fact 4"))
    Baldi & Hornik 1989, Neural Networks 2:53-58, Fact 4
    """

    key: str
    authors: str
    year: int
    title: str
    arxiv: str | None = None
    journal: str | None = None
    theorem: str | None = None

    def __str__(self) -> str:
        where = f"arXiv:{self.arxiv}" if self.arxiv else self.journal
        return ", ".join(part for part in (f"{self.authors} {self.year}", where, self.theorem) if part)

    def _repr_html_(self) -> str:
        return facts_html([("paper", str(self)), ("title", self.title), ("where", self.url or self.journal or "")])

    @property
    def url(self) -> str | None:
        """Address of the abstract, for papers on arXiv."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else None


_PAPERS = (
    Reference(
        "baldi-hornik-1989",
        "Baldi & Hornik",
        1989,
        "Neural networks and principal component analysis: learning from examples without local minima",
        journal="Neural Networks 2:53-58",
    ),
    Reference(
        "zhou-liang-2017",
        "Zhou & Liang",
        2017,
        "Critical points of neural networks: analytical forms and landscape properties",
        arxiv="1710.11205",
    ),
    Reference(
        "zhou-liang-2017-dominance",
        "Zhou & Liang",
        2017,
        "Characterization of gradient dominance and regularity conditions for neural networks",
        arxiv="1710.06910",
    ),
    Reference(
        "achour-2021",
        "Achour, Malgouyres & Gerchinovitz",
        2021,
        "The loss landscape of deep linear neural networks: a second-order analysis",
        arxiv="2107.13289",
    ),
    Reference(
        "cheridito-2021",
        "Cheridito, Jentzen & Rossmannek",
        2021,
        "Landscape analysis for shallow neural networks: complete classification of critical points "
        "for affine target functions",
        arxiv="2103.10922",
    ),
    Reference(
        "liu-2020",
        "Liu",
        2020,
        "Understanding local minima of one-hidden-layer ReLU networks",
        arxiv="2002.04763",
    ),
    Reference(
        "kunin-2019",
        "Kunin, Bloom, Goeva & Seed",
        2019,
        "Loss landscapes of regularized linear autoencoders",
        arxiv="1901.08168",
    ),
    Reference(
        "hardt-ma-2016",
        "Hardt & Ma",
        2016,
        "Identity matters in deep learning",
        arxiv="1611.04231",
    ),
    Reference(
        "cover-1965",
        "Cover",
        1965,
        "Geometrical and statistical properties of systems of linear inequalities with applications in pattern recognition",
        journal="IEEE Transactions on Electronic Computers 14(3):326-334",
    ),
    Reference(
        "motzkin-1953",
        "Motzkin, Raiffa, Thompson & Thrall",
        1953,
        "The double description method",
        journal="Contributions to the Theory of Games II, Annals of Mathematics Studies 28:51-73",
    ),
    Reference(
        "rada-cerny-2018",
        "Rada & Černý",
        2018,
        "A new algorithm for enumeration of cells of hyperplane arrangements and a comparison with Avis and Fukuda's "
        "reverse search",
        journal="SIAM Journal on Discrete Mathematics 32(1):455-473",
    ),
    Reference(
        "zaslavsky-1975",
        "Zaslavsky",
        1975,
        "Facing up to arrangements: face-count formulas for partitions of space by hyperplanes",
        journal="Memoirs of the American Mathematical Society 1(154)",
    ),
    Reference(
        "theodolite",
        "Theodolite",
        2026,
        "Statement derived and proved in Theodolite's documentation",
        journal="documentation",
    ),
)

REFERENCES: dict[str, Reference] = {paper.key: paper for paper in _PAPERS}
"""Every paper that Theodolite cites, by key."""


def cite(key: str, theorem: str | None = None) -> Reference:
    """Return the reference registered under ``key``, pointing at ``theorem`` if one is named."""
    if key not in REFERENCES:
        raise DataError(f"No paper is registered as {key!r}", fix=f"Use one of {', '.join(sorted(REFERENCES))}")
    paper = REFERENCES[key]
    return msgspec.structs.replace(paper, theorem=theorem) if theorem else paper
