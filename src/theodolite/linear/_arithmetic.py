"""Which arithmetic a landscape works in, and why."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from theodolite._errors import NotCoveredError
from theodolite.linear._charts import Chart
from theodolite.linear._counts import selections_by_size
from theodolite.linear._exact_data import Ledger
from theodolite.linear._options import Options

if TYPE_CHECKING:
    from theodolite.linear._exact_problem import ExactProblem

__all__ = ["exact_problem", "float_note"]

FAMILIES_MOST = 10_000
"""Up to so many families are given exact values without being asked for them."""


def float_note(options: Options, ledger: Ledger) -> str:
    """Return why a landscape is worked on in floats, or nothing where it is not.

    Raises ``NotCoveredError`` where another arithmetic was asked for that the network does not have.
    """
    missing = ""
    if options.layout.depth > 2:
        missing = "a network with more than one hidden layer"
    elif options.l2:
        missing = "weight decay"
    if missing and options.arithmetic in ("exact", "verified"):
        raise NotCoveredError(
            f"arithmetic={options.arithmetic!r} is not available for {missing}",
            fix="Use 'auto' or 'float64'",
        )
    if missing:
        return f"there is no exact arithmetic for {missing}"
    if options.arithmetic == "auto" and not ledger.reason:
        layout = options.layout
        most = min(layout.hidden, layout.d_in + 1, layout.d_out)
        count = sum(selections_by_size((1,) * min(layout.d_in + 1, layout.d_out), most))
        if count > FAMILIES_MOST:
            return f"up to {count} families are more than {FAMILIES_MOST}"
    return ledger.reason


def exact_problem(options: Options, ledger: Ledger, chart: Chart) -> ExactProblem | None:
    """Return the problem in exact arithmetic, ``None`` where the landscape is worked on in floats."""
    gram = None if float_note(options, ledger) else ledger.gram()
    if gram is None:
        return None
    from theodolite.linear._exact_network import ExactNetwork
    from theodolite.linear._exact_problem import ExactProblem

    factors = {
        "half_sum": Fraction(1, 2),
        "sum": Fraction(1),
        "mean": Fraction(1, gram.count * gram.d_out),
    }
    network = ExactNetwork(options.layout, gram, factors[options.reduction])
    return ExactProblem(gram, network, chart, options)
