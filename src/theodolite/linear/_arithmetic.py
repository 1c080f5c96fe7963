"""Which arithmetic a landscape works in, and why."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from theodolite._errors import NotCoveredError
from theodolite.linear._charts import Chart
from theodolite.linear._counts import selections_by_size
from theodolite.linear._exact_data import Gram, Ledger
from theodolite.linear._options import Options

__all__ = ["exact_problem", "float_note", "verified_problem"]

FAMILIES_MOST = 10_000
"""Up to so many families are given exact values without being asked for them."""


def float_note(options: Options, ledger: Ledger) -> str:
    """Return why a landscape is worked on in floats, or nothing where it is not.

    Raises ``NotCoveredError`` where another arithmetic was asked for that the network does not have.
    """
    missing, layout = "", options.layout
    if options.l2:
        missing = "weight decay"
    elif layout.depth > 2 and options.arithmetic == "verified":
        missing = "a network with more than one hidden layer"
    elif 1 < max(layout.biased, default=0) < layout.depth:
        missing = "a network whose last bias is in between"
    if missing and options.arithmetic in ("exact", "verified"):
        raise NotCoveredError(
            f"arithmetic={options.arithmetic!r} is not available for {missing}",
            fix="Use 'auto' or 'float64'",
        )
    if missing:
        return f"there is no exact arithmetic for {missing}"
    if options.arithmetic == "auto" and not ledger.reason:
        most = min(layout.d_in + 1, *layout.widths[1:])
        count = sum(selections_by_size((1,) * min(layout.d_in + 1, layout.d_out), most))
        if count > FAMILIES_MOST:
            return f"up to {count} families are more than {FAMILIES_MOST}"
    return ledger.reason


def exact_problem(options: Options, ledger: Ledger, chart: Chart) -> Any:
    """Return the problem in exact arithmetic, ``None`` where the landscape is worked on in floats."""
    gram = None if float_note(options, ledger) else ledger.gram()
    if gram is None or not gram.given:
        return None
    if options.layout.depth > 2:
        from theodolite.linear._deep_exact import DeepExactProblem

        return DeepExactProblem(gram, _network(options, gram), chart, options)
    from theodolite.linear._exact_problem import ExactProblem

    return ExactProblem(gram, _network(options, gram), chart, options)


def verified_problem(options: Options, ledger: Ledger, chart: Chart) -> Any:
    """Return the problem with rigorous bounds, ``None`` where they were not asked for."""
    gram = None if float_note(options, ledger) else ledger.gram()
    if gram is None or gram.given:
        return None
    from theodolite.linear._verified_problem import VerifiedProblem

    return VerifiedProblem(gram, _network(options, gram), chart, options)


def _network(options: Options, gram: Gram) -> Any:
    from theodolite.linear._exact_network import ExactNetwork

    factors = {
        "half_sum": Fraction(1, 2),
        "sum": Fraction(1),
        "mean": Fraction(1, gram.count * gram.d_out),
    }
    return ExactNetwork(options.layout, gram, factors[options.reduction])
