"""An atlas as a data frame of whichever library is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite._table import INTEGERS, UNKNOWN, Table
from theodolite._typing import Array

if TYPE_CHECKING:
    from theodolite._atlas import Atlas

__all__ = ["LIBRARIES", "frame_of"]

LIBRARIES = ("pandas", "polars", "pyarrow")
"""The libraries whose data frames can be made, in the order in which they are tried."""


def frame_of(atlas: Any, library: str | None = None) -> Any:
    """Return ``atlas`` as a frame of ``library``, one row per set: value, kind, integers (null where unknown), label, how known.

    Exactly known values are in a column ``exact`` as text, rigorous bounds on values in ``lower`` and ``upper``.
    """
    chosen = _chosen(library)
    numbers, texts = _columns(atlas)
    floats = _floats(atlas.table)
    if chosen == "pandas":
        import pandas as pd

        integers = {name: pd.arrays.IntegerArray(column, column == UNKNOWN) for name, column in numbers.items()}
        return pd.DataFrame({**{name: column.copy() for name, column in floats.items()}, **integers, **texts})
    if chosen == "polars":
        import polars as pl

        frame = pl.DataFrame({**floats, **numbers, **texts}, schema_overrides=dict.fromkeys(texts, pl.String))
        return frame.with_columns(pl.col(name).replace(UNKNOWN, None) for name in numbers)
    import pyarrow as pa

    nullable = {name: pa.array(column, mask=column == UNKNOWN) for name, column in numbers.items()}
    words = {name: pa.array(column, type=pa.string()) for name, column in texts.items()}
    return pa.table({**floats, **nullable, **words})


def _chosen(library: str | None) -> str:
    if library is not None and library not in LIBRARIES:
        raise DataError(f"{library!r} makes no data frames", fix=f"Use one of {', '.join(LIBRARIES)}")
    for name in LIBRARIES if library is None else (library,):
        if find_spec(name) is not None:
            return name
    raise DataError(
        "No library for data frames is installed" if library is None else f"{library} is not installed",
        fix=f"Install {library or 'one of ' + ', '.join(LIBRARIES)}; pyarrow comes with 'theodolite[parquet]'",
    )


def _floats(table: Table) -> dict[str, Array]:
    if table.bounds is None:
        return {"value": table.value}
    lower, upper = (np.ascontiguousarray(column) for column in table.bounds.T)
    return {"value": table.value, "lower": lower, "upper": upper}


def _columns(atlas: Atlas) -> tuple[dict[str, Array], dict[str, list[str]]]:
    table = atlas.table
    kinds = [str(kind) for kind in Kind]
    methods = [str(evidence.method) for evidence in table.evidence]
    texts = {
        "kind": [kinds[code] for code in table.kind.tolist()],
        "label": list(atlas.all_labels()),
        "known_by": [methods[i] for i in table.evidence_id.tolist()],
    }
    if table.exact is not None:
        texts["exact"] = [str(value) for value in table.exact]
    return {name: np.ascontiguousarray(column) for name, column in zip(INTEGERS, table.integers.T, strict=True)}, texts
