"""The floor costs nothing until it is used."""

import subprocess
import sys

import pytest

import theodolite._numerics as numerics


def test_every_name_resolves():
    for name in numerics.__all__:
        assert getattr(numerics, name).__name__ == name
    assert dir(numerics) == sorted(numerics.__all__)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        numerics.nothing  # noqa: B018


def test_importing_loads_no_heavy_library():
    code = "import sys, theodolite._numerics; print(sorted({'flint', 'scipy', 'numba'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
