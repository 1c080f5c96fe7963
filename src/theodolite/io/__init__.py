"""What comes in: tables of numbers, bundled and scikit-learn data sets, network specifications, parameter files."""

from theodolite.io._delimited import read_delimited
from theodolite.io._named import BUNDLED, data_names
from theodolite.io._network import Specification, parse_network
from theodolite.io._parameters import read_parameters
from theodolite.io._prepare import Prepared, prepare
from theodolite.io._read import SUFFIXES, read_table
from theodolite.io._table import Column, DataTable, listed

__all__ = [
    "BUNDLED",
    "SUFFIXES",
    "Column",
    "DataTable",
    "Prepared",
    "Specification",
    "data_names",
    "listed",
    "parse_network",
    "prepare",
    "read_delimited",
    "read_parameters",
    "read_table",
]
