"""Data sets that go by a name: three inside the package, six more from scikit-learn where it is installed."""

from __future__ import annotations

from importlib.resources import as_file, files
from importlib.util import find_spec

import numpy as np

from theodolite._errors import DataError
from theodolite.io._delimited import read_delimited
from theodolite.io._table import Column, DataTable, array_column

__all__ = ["BUNDLED", "data_names", "read_named"]

BUNDLED = ("breast_cancer", "iris", "wine")
"""Data sets shipped inside the package; a note beside each says where it comes from."""

_SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
_PREFIX = "sklearn:"
_DOWNLOADS = (
    "20newsgroups",
    "california_housing",
    "covtype",
    "kddcup99",
    "lfw_pairs",
    "lfw_people",
    "olivetti_faces",
    "rcv1",
)


def data_names() -> tuple[str, ...]:
    """Return every name that ``read_table`` knows here, bundled ones first."""
    if find_spec("sklearn") is None:
        return BUNDLED
    return (*BUNDLED, *(name for name in _SKLEARN if name not in BUNDLED))


def read_named(name: str, exact: bool) -> DataTable | None:
    """Return the data set called ``name``, or ``None`` where no data set goes by it."""
    if name in BUNDLED:
        with as_file(files("theodolite.io") / "data" / f"{name}.csv") as path:
            return read_delimited(path, name, exact=exact)
    short = name.removeprefix(_PREFIX).removeprefix("fetch_").removeprefix("load_")
    if short == "california" or short in _DOWNLOADS:
        raise DataError(
            f"The data set {name} is not available",
            cause="scikit-learn downloads it, and Theodolite makes no request to any host",
            fix="Save it as a CSV file first and give that file",
        )
    if short in _SKLEARN and name in (short, _PREFIX + short):
        return _read_sklearn(name, short, exact)
    if name.startswith(_PREFIX):
        raise DataError(f"scikit-learn has no data set called {short!r}", fix=f"Use one of {', '.join(_SKLEARN)}")
    return None


def _read_sklearn(source: str, name: str, exact: bool) -> DataTable:
    try:
        from sklearn import datasets
    except ImportError:
        raise DataError(
            f"The data set {source} needs scikit-learn",
            cause="it is not installed",
            fix=f"pip install 'theodolite[sklearn]', or use one of {', '.join(BUNDLED)}",
        ) from None
    bunch = getattr(datasets, f"load_{name}")()
    columns = [
        array_column(source, str(title), bunch.data[:, place]) for place, title in enumerate(bunch.feature_names)
    ]
    if name == "linnerud":
        targets = [array_column(source, str(t), bunch.target[:, place]) for place, t in enumerate(bunch.target_names)]
    elif name == "diabetes":
        targets = [array_column(source, "target", bunch.target)]
    else:
        labels = np.asarray(bunch.target_names).astype(str)[bunch.target]
        targets = [Column("target", labels=tuple(map(str, labels)))]
    return DataTable(source, (*columns, *targets), len(bunch.data), tuple(column.name for column in targets), exact)
