"""From a table and a network to the matrices ``X`` and ``Y``: which columns are used, how labels are coded, what is centred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._errors import DataError, ShapeError
from theodolite._typing import Array
from theodolite.io._network import Specification
from theodolite.io._table import Column, DataTable, listed, some_labels

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The matrices of a survey: ``Y`` is ``None`` for an autoencoder, whose target is its input.

    ``dropped`` are the columns that were not used; ``words`` says what was done to the data, ``title`` the same without names.
    """

    X: Array
    Y: Array | None
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    dropped: tuple[str, ...]
    words: str
    title: str


def prepare(
    table: DataTable,
    network: Specification,
    *,
    inputs: Sequence[str] = (),
    targets: Sequence[str] = (),
    drop: Sequence[str] = (),
    one_hot: bool = False,
    center: bool = False,
    standardize: bool = False,
) -> Prepared:
    """Choose the columns that ``network`` works on; errors name columns and both numbers where widths do not fit.

    Inputs are the named columns, or all columns of numbers that are not targets. Without ``targets`` the network is an
    autoencoder where its last width equals its first; otherwise the columns that the data set itself calls its targets are
    used. A column of labels is a target only with ``one_hot``: one column of zeros and ones for each label, in order of first
    appearance. ``center`` subtracts the mean of every used column, inputs and targets alike; ``standardize`` also divides by its
    standard deviation (with divisor N, as scikit-learn's StandardScaler), and leaves constant columns at zero.
    """
    removed = _resolve(table, drop)
    wanted = _resolve(table, targets)
    both = [name for name in wanted if name in removed]
    if both:
        raise DataError(f"Column {both[0]!r} is both a target and dropped", fix="Name it once")
    chosen = _choose_inputs(table, inputs, wanted, removed)
    if len(chosen) != network.widths[0]:
        raise _misfit(table, network, chosen, "inputs")
    autoencoder = not wanted and network.widths[-1] == network.widths[0]
    if not wanted and not autoencoder:
        wanted = _declared(table, network, removed)
    X = table.take(chosen)
    Y, target_names = (None, chosen) if autoencoder else _targets(table, wanted, one_hot)
    if len(target_names) != network.widths[-1]:
        raise _misfit(table, network, target_names, "targets")
    constant: tuple[str, ...] = ()
    if center or standardize:
        constant = tuple(name for name, column in zip(chosen, X.T, strict=True) if (column == column[0]).all())
        X = _centered(X, standardize, table)
        Y = None if Y is None else _centered(Y, standardize, table)
    dropped = tuple(name for name in table.names if name not in chosen and name not in wanted)
    named = () if autoencoder else target_names
    how = "standardized" if standardize else "centered" if center else ""
    return Prepared(
        X,
        Y,
        chosen,
        named,
        dropped,
        words=_words(table, f"{_count(len(chosen), 'input')} ({listed(chosen)})", _target_words(named), how, constant),
        title=_words(table, _count(len(chosen), "input"), _count(len(named), "target") if named else "", how, ()),
    )


def _resolve(table: DataTable, names: Sequence[str]) -> tuple[str, ...]:
    """Return column names as the user wrote them: exactly, or several joined by commas."""
    found: list[str] = []
    for name in names:
        parts = [name] if name in table.names else [part.strip() for part in name.split(",")]
        found += [table.column(part).name for part in parts if part or len(parts) == 1]
    for place, name in enumerate(found):
        if name in found[:place]:
            raise DataError(f"Column {name!r} is named twice", fix="Name it once")
    return tuple(found)


def _choose_inputs(
    table: DataTable, inputs: Sequence[str], wanted: Sequence[str], removed: Sequence[str]
) -> tuple[str, ...]:
    if inputs:
        chosen = _resolve(table, inputs)
        for name in chosen:
            if name in wanted or name in removed:
                role = "a target" if name in wanted else "dropped"
                raise DataError(f"Column {name!r} is both an input and {role}", fix="Name it once")
        return chosen
    out = {*wanted, *removed, *table.declared_targets}
    return tuple(name for name in table.numeric if name not in out)


def _declared(table: DataTable, network: Specification, removed: Sequence[str]) -> tuple[str, ...]:
    declared = tuple(name for name in table.declared_targets if name not in removed)
    if declared:
        return declared
    raise DataError(
        f"{network} has {_count(network.widths[-1], 'output')}, but {table.source} was given no targets",
        cause=f"only a network whose last width equals its first ({network.widths[0]}) is an autoencoder; "
        f"the columns are {listed(table.names)}",
        fix="Name the targets with --target COLUMN",
    )


def _targets(table: DataTable, wanted: Sequence[str], one_hot: bool) -> tuple[Array, tuple[str, ...]]:
    columns = [table.column(name) for name in wanted]
    parts: list[Array] = []
    names: list[str] = []
    for column in columns:
        if column.labels is None:
            parts.append(table.take([column.name]))
            names.append(column.name)
            continue
        labels = _check_labels(table, column, one_hot)
        codes = np.array([[int(entry == label) for label in labels] for entry in column.labels])
        parts.append(_fractions(codes) if table.exact else codes.astype(np.float64))
        names += [f"{column.name}={label}" for label in labels]
    return np.concatenate(parts, axis=1), tuple(names)


def _check_labels(table: DataTable, column: Column, one_hot: bool) -> tuple[str, ...]:
    entries = column.labels or ()
    if "" in entries:
        raise DataError(
            f"{table.source}: column {column.name!r} has no label in row {entries.index('') + 1}",
            fix="Fill or drop that row",
        )
    labels = tuple(dict.fromkeys(entries))
    if not one_hot:
        raise DataError(
            f"{table.source}: column {column.name!r} holds {len(labels)} labels ({some_labels(column)}), not numbers",
            cause="whether and how labels become numbers changes the landscape",
            fix=f"Add --one-hot to code them as {len(labels)} columns of zeros and ones",
        )
    return labels


def _fractions(codes: Array) -> Array:
    out = np.empty(codes.shape, dtype=object)
    for place in np.ndindex(*codes.shape):
        out[place] = Fraction(int(codes[place]))
    return out


def _centered(matrix: Array, standardize: bool, table: DataTable) -> Array:
    if table.exact:
        if standardize:
            raise DataError(
                "Standardized columns are not exact",
                cause="a standard deviation is a square root",
                fix="Use --center with --exact, or --standardize without it",
            )
        means = [sum(column, Fraction(0)) / len(column) for column in matrix.T]
        exact: Array = matrix - np.array([means], dtype=object)
        return exact
    wide: Array = matrix.astype(np.float64)
    wide = wide - wide.mean(axis=0)
    if standardize:
        constant = (matrix == matrix[:1]).all(axis=0)
        wide[:, constant] = 0.0
        spread = np.sqrt(np.mean(wide**2, axis=0))
        wide = wide / np.where(constant | (spread == 0.0), 1.0, spread)
    # stored as coarsely as it was given, because that is how well it is known
    return wide.astype(matrix.dtype)


def _misfit(table: DataTable, network: Specification, found: Sequence[str], role: str) -> ShapeError:
    place, width = ("first", network.widths[0]) if role == "inputs" else ("last", network.widths[-1])
    names = f" ({listed(found)})" if found else ""
    nameless = [name for name in found if name.startswith("column ")]
    if nameless:
        fix = f"{nameless[0]!r} has no name and may be a row number: add --drop {nameless[0]!r}"
    elif role == "inputs":
        fix = "Change the width, or choose columns with --input, --target or --drop"
    else:
        fix = "Change the width, or name as many --target columns"
    return ShapeError(
        f"{network} has {_count(width, role[:-1])}, but {table.source} has {len(found)}{names}",
        cause=f"the {place} width of a network is its number of {role}",
        fix=fix,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _target_words(named: Sequence[str]) -> str:
    return f"{_count(len(named), 'target')} ({listed(named)})" if named else "the targets are the inputs"


def _words(table: DataTable, inputs: str, targets: str, how: str, constant: Sequence[str]) -> str:
    still = f"constant: {listed(constant)}" if constant else ""
    return ", ".join(part for part in (f"{table.source}: {table.rows:,} samples", inputs, targets, how, still) if part)
