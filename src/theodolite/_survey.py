"""``survey``: list every critical set of a landscape, with progress, a budget, and the ability to go on after a crash."""

from __future__ import annotations

import math
import operator
import time
from concurrent.futures import Executor
from os import PathLike
from typing import Any, SupportsIndex

import numpy as np

from theodolite._atlas import Atlas
from theodolite._budget import seconds
from theodolite._conduct import Conduct
from theodolite._counting import in_words
from theodolite._errors import DataError, NotCoveredError, WorkloadError
from theodolite._landscape import SurveyableLandscape
from theodolite._progress import ProgressLike, reporter
from theodolite._store import Store
from theodolite._table import Table
from theodolite._typing import Real
from theodolite._versions import versions

__all__ = ["MOST_UNASKED", "seconds", "survey"]

MOST_UNASKED = 10**6
"""More candidates than this are surveyed only with a limit or a budget."""


def survey(
    land: SurveyableLandscape,
    *,
    limit: SupportsIndex | None = None,
    budget: Real | str | None = None,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: ProgressLike = None,
) -> Atlas:
    """Return the atlas of all critical sets of ``land``, or of the first ``limit`` of them.

    ``budget`` is a time in seconds, or text such as ``"30s"``, ``"5m"``, ``"1h30m"``: when it is spent, or on Ctrl-C, the atlas
    holds what was found and says ``complete=False`` (a piece of work that has begun is finished first, except on Ctrl-C).
    ``executor`` is any ``concurrent.futures.Executor``; lost workers are replaced and their pieces done again.
    ``store`` names a folder that keeps each finished piece, so that the same survey goes on where it was ended.
    ``progress``: a bar on a terminal if it takes a while (``None``), a bar or none (``True``, ``False``), or a function that
    is called with the number of sets found and the number expected (``None`` where unknown).

    The rows do not depend on workers, store or interruptions. Landscapes that list their sets in increasing value keep that
    order, so that a limit keeps the lowest; the sets of others are sorted by value, then by key. ReLU landscapes join what they
    find into sets at the end: limit and progress count the parts.

    Raises ``DataError`` for options that cannot be used, ``WorkloadError`` for more than 10**6 candidates without limit or
    budget, ``StoreError`` if the folder cannot be used or workers keep dying.

    >>> import theodolite as th
    >>> land = th.LinearLandscape([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 1.0]], hidden=1)
    >>> atlas = th.survey(land)
    >>> len(atlas), atlas.complete, [level.multiplicity for level in atlas.levels()]
    (3, True, [1, 1, 1])
    """
    if not isinstance(land, SurveyableLandscape):
        raise DataError(
            f"A {type(land).__name__} cannot be surveyed",
            cause="not all of its critical points are known",
            fix="Pass a landscape such as LinearLandscape(X, Y, hidden)",
        )
    most = None if limit is None else _positive(limit)
    allowed = math.inf if budget is None else seconds(budget)
    if most is None and budget is None:
        _refuse_endless(land)
    deadline = time.monotonic() + allowed
    total = _total(land)
    shelf = None if store is None else Store(store, land.fingerprint)
    expected = None if land.joins else total if most is None or total is None else min(most, total)
    shown = reporter(progress, expected)
    # One set more than asked for says whether the limit cut anything off.
    enough = None if most is None else most + 1
    try:
        conduct = Conduct(land, land.work(limit=enough), enough, deadline, shelf, shown.update)
        conduct.run(executor)
    finally:
        shown.close()
    complete = conduct.stopped is None and land.exhaustive
    table = land.gathered(Table.join(conduct.tables(prefix=land.ordered)), conduct.stopped is None)
    table = table.take(slice(most)).compact()
    if not land.ordered or (np.diff(table.value) < 0).any():
        table = table.sorted().compact()
    complete = complete and total in (None, len(table))
    return Atlas(
        table=table,
        description=land.description(),
        fingerprint=land.fingerprint,
        specification=land.specification,
        versions=versions(),
        command=_command(land, limit=most, budget=budget),
        complete=complete,
        ordered=complete or land.ordered,
        stopped=conduct.stopped,
        total=total,
        landscape=land,
    )


def _positive(limit: Any) -> int:
    try:
        number = 0 if isinstance(limit, bool) else operator.index(limit)
    except TypeError:
        number = 0
    if number < 1:
        raise DataError(f"The limit is {limit!r}", fix="Pass how many critical sets to keep, an integer of 1 or more")
    return number


def _total(land: SurveyableLandscape) -> int | None:
    try:
        return land.count()
    except NotCoveredError:
        return None


def _refuse_endless(land: SurveyableLandscape) -> None:
    workload = land.workload()
    if workload > MOST_UNASKED:
        raise WorkloadError(
            f"A survey of {land.specification} has {in_words(workload)} candidates to visit",
            count=workload,
            cause=f"more than {MOST_UNASKED:,} are visited only if you ask for it",
            fix="Write survey(land, limit=1000) for the first thousand, or survey(land, budget='60s') for what a minute gives",
        )


def _command(land: SurveyableLandscape, **options: Any) -> str:
    given = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    return f"theodolite.survey(land{given})  # land is {land.specification} on {land.description().data}"
