"""The sentences of the page: headline, verdict, evidence, text alternatives."""

from __future__ import annotations

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._panels import Description
from theodolite.report._numbers import counted, number, rounded, typeset
from theodolite.report._rows import Rows

__all__ = ["KNOWN_BY", "evidence_lines", "headline", "kinds_in_words", "ladder_in_words", "scope_sentence", "verdict"]

KNOWN_BY = {
    Method.EXACT: "Decided in exact arithmetic",
    Method.THEOREM: "Known by theorem",
    Method.VERIFIED: "Enclosed rigorously",
    Method.NUMERIC: "Found numerically",
}

_PLURALS = {
    Kind.GLOBAL_MINIMUM: "global minima",
    Kind.SPURIOUS_MINIMUM: "spurious minima",
    Kind.LOCAL_MINIMUM: "local minima",
    Kind.STRICT_SADDLE: "strict saddles",
    Kind.NON_STRICT_SADDLE: "non-strict saddles",
    Kind.SADDLE: "saddles of unknown strictness",
    Kind.NOT_CRITICAL: "not critical",
    Kind.UNDECIDED: "undecided",
}
_SINGULARS = {Kind.SADDLE: "saddle of unknown strictness"}


def headline(description: Description, rows: Rows, complete: bool) -> tuple[str, list[str]]:
    """Return how many critical sets there are, and the counts by kind, each phrase to be kept on one line."""
    return f"{_scope(description, rows, complete)}:" if rows.total else _scope(
        description, rows, complete
    ), kinds_in_words(rows, complete)


def _scope(description: Description, rows: Rows, complete: bool) -> str:
    if not rows.total:
        return f"No {description.nouns} of {description.listed} were found"
    noun = description.noun if rows.total == 1 else description.nouns
    if complete:
        return f"This landscape has {counted(rows.total)} {noun} of {description.listed}"
    if rows.expected is not None:
        return f"{counted(rows.total)} of {counted(rows.expected)} {description.nouns} of {description.listed}"
    return f"{counted(rows.total)} {noun} of {description.listed}, and there may be more"


def kinds_in_words(rows: Rows, complete: bool) -> list[str]:
    """Return "1 global minimum", "10 strict saddles", ... and "no spurious minima" where there are none."""
    if not rows.total:
        return []
    out = [_counted_kind(kind, n) for kind, n in rows.counts.items() if n]
    if not rows.counts[Kind.SPURIOUS_MINIMUM]:
        out.append("no spurious minima" if complete else "no spurious minima among them")
    return out


def _counted_kind(kind: Kind, n: int) -> str:
    return f"{counted(n)} {_SINGULARS.get(kind, kind.value) if n == 1 else _PLURALS[kind]}"


def verdict(
    description: Description, evidence: Evidence | None, rows: Rows, complete: bool, ordered: bool
) -> tuple[str, str]:
    """Return how the list is known, and what it means for someone who minimizes this loss."""
    every = description.listed == "critical points"
    known = KNOWN_BY[evidence.method] if evidence is not None else "Listed as the atlas has them"
    opening = f"{known}, {'complete' if complete else 'not complete'}."
    if not rows.total:
        return opening, ""
    proved = evidence is not None and evidence.method is not Method.NUMERIC
    return opening, " ".join(
        sentence
        for sentence in (_minima(rows, complete and proved, every), _saddles(rows, (complete or ordered) and every))
        if sentence
    )


def _minima(rows: Rows, proved: bool, every: bool) -> str:
    best = [item for item in rows.sets if item.kind is Kind.GLOBAL_MINIMUM]
    traps = [item for item in rows.sets if item.kind is Kind.SPURIOUS_MINIMUM]
    lowest = min((float(item.value) for item in best), default=None)
    if traps:
        trap = min(float(item.value) for item in traps)
        above = f", {number(trap - lowest)} above the best" if lowest is not None else ""
        return f"Descent can end in a minimum that is not the best: the lowest such trap lies at loss {number(trap)}{above}."
    if lowest is None:
        return f"The lowest loss in this list is {number(min(rows.values, default=0.0))}."
    open_kinds = rows.counts[Kind.LOCAL_MINIMUM] + rows.counts[Kind.UNDECIDED]
    if proved and every and len(best) == rows.total:
        return f"Every critical point is a global minimum, at loss {number(lowest)}."
    if proved and not open_kinds:
        rest = "; every other critical point is a saddle" if every else ""
        return f"Every local minimum is global, at loss {number(lowest)}{rest}."
    return f"The global minimum lies at loss {number(lowest)}."


def _saddles(rows: Rows, none_is_missing: bool) -> str:
    saddle = rows.lowest_saddle
    if saddle is None:
        return ""
    at = number(float(rows.sets[saddle].value))
    if none_is_missing:
        return f"The lowest saddle lies at {at}."
    return f"The lowest saddle found lies at {at}."


def scope_sentence(
    description: Description, rows: Rows, complete: bool, ordered: bool, selection: str | None = None
) -> str:
    """Return what was filtered out, what was not searched, and what the page leaves out."""
    out = []
    if selection:
        out.append(f"Only a selection is shown: {selection}.")
    elif not complete and rows.values:
        if ordered:
            out.append(
                f"The survey stopped early. It went upward from the lowest loss: of the {description.nouns} below "
                f"{number(max(rows.values))} none is missing."
            )
        else:
            out.append(
                f"Not everything was searched, and not in order of loss: {description.nouns} may be missing anywhere."
            )
    if len(rows.sets) < rows.total:
        out.append(
            f"This page lists {counted(len(rows.sets))} of the {counted(rows.total)} in the atlas, from the lowest up and "
            "with every minimum that fits; the ladder and the counts cover all of them."
        )
    return " ".join(out)


def evidence_lines(evidence: Evidence) -> list[tuple[str, str]]:
    """Return the evidence as pairs of a word and a sentence: theorem, then computed, then searched, then scope."""
    by = "; ".join(str(reference) for reference in evidence.references)
    out: list[tuple[str, str]] = []
    if by:
        out.append(("theorem", by))
    if evidence.method is Method.EXACT:
        out.append(("exact", "decided in rational arithmetic about exactly given numbers"))
    elif evidence.method is Method.VERIFIED:
        out.append(("bounded", "rigorous enclosures for the floating-point numbers as given"))
    out += [("computed", _assumption(assumption)) for assumption in evidence.assumptions]
    if evidence.residual is not None:
        word = "searched" if evidence.method is Method.NUMERIC else "computed"
        out.append((word, f"residual {rounded(evidence.residual)}"))
    elif evidence.method is Method.NUMERIC:
        out.append(("searched", "by plain numerics; nothing is proved"))
    if evidence.scope:
        out.append(("scope", typeset(evidence.scope) + ("" if evidence.complete else " (not complete within it)")))
    elif not evidence.complete:
        out.append(("scope", "not complete"))
    return out


def _assumption(assumption: Assumption) -> str:
    notes = []
    if assumption.margin is not None:
        notes.append(f"margin {rounded(assumption.margin)}")
    if assumption.tolerance is not None:
        notes.append(f"tolerance {rounded(assumption.tolerance)}")
    statement = typeset(assumption.statement)
    return f"{statement} ({', '.join(notes)})" if notes else statement


def ladder_in_words(description: Description, rows: Rows, complete: bool) -> str:
    """Return the text alternative of the ladder."""
    if not rows.values:
        return "An empty ladder."
    known = [n for n in rows.indices if n is not None]
    text = (
        f"Ladder of {counted(rows.total)} {description.noun if rows.total == 1 else description.nouns} of {description.listed}: "
        f"{description.loss_name} from {number(min(rows.values))} to {number(max(rows.values))}"
    )
    if known:
        text += f", Morse index from {min(known)} to {max(known)}"
    return f"{text}; {', '.join(kinds_in_words(rows, complete))}. Every number is in the table below."
