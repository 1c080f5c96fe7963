"""Whatever a file holds, the checker ends soon, with a report or with ``CertificateError``; and it depends on nothing."""

from __future__ import annotations

import ast
import copy
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import theodolite as th
from tests.checker.test_certificates import fractions
from theodolite.checker import read_certificate, verify
from theodolite.checker._fields import seal_of

X = [[0, 1], [1, 1], [2, 1]]
Y = [[0], [1], [0]]
CHECKER = Path(th.__file__).parent / "checker"


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    land = th.ReluLandscape(X, [0, 1, 0], 1, reduction="sum")
    return dict(land.global_minimum().certificate().content)


def resealed(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "seal": seal_of(content)}


def check(content: Any) -> Any:
    return verify(content, fractions(X), fractions(Y))


def test_it_holds(content: dict[str, Any]) -> None:
    assert check(content).value == (Fraction(2, 3), Fraction(2, 3))


def test_the_checker_uses_the_standard_library_and_itself() -> None:
    for path in CHECKER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [str(node.module)]
            for name in names:
                top = name.split(".")[0]
                own = name.startswith("theodolite.checker") or name == "theodolite._errors"
                assert own or top in sys.stdlib_module_names, (path.name, name)
    errors = ast.parse((CHECKER.parent / "_errors.py").read_text())
    assert all(
        str(node.module).split(".")[0] in sys.stdlib_module_names
        for node in ast.walk(errors)
        if isinstance(node, ast.ImportFrom)
    )


def test_the_checker_stays_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in CHECKER.glob("*.py")) < 1100


def test_what_checks_does_not_use_what_makes() -> None:
    for path in CHECKER.glob("*.py"):
        assert path.name == "_sealing.py" or "_sealing" not in path.read_text()


@pytest.mark.parametrize("end", [*range(1, 20, 3), -1, -2, -30])
def test_every_cut_is_refused(content: dict[str, Any], tmp_path: Path, end: int) -> None:
    text = json.dumps(content)
    (tmp_path / "cut.json").write_text(text[: len(text) * end // 20 if end > 0 else end])
    with pytest.raises(th.CertificateError):
        read_certificate(tmp_path / "cut.json")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**5,
        "[" * 10**5 + "]" * 10**5,
        '{"a":' * 10**5 + "1" + "}" * 10**5,
        '{"value": NaN}',
        '{"value": Infinity}',
        '{"value": 1e400}',
        '{"value": 0.5}',
        '{"claim": "x", "claim": "y"}',
        '{"a": [{"b": 1, "b": 1}]}',
        '{"value": ' + "9" * 5000 + "}",
        "",
        "null",
        "[]",
        '"text"',
        "{",
        "\x00",
        '{"a": 1} {"b": 2}',
    ],
    ids=lambda text: text[:12],
)
def test_hostile_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(th.CertificateError):
        check(read_certificate(tmp_path / "x.json"))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(th.CertificateError, match="cannot be read"):
        read_certificate(tmp_path / "x.json")


WRONG = [
    None,
    True,
    -1,
    10**400,
    1.5,
    float("nan"),
    "",
    "x",
    "1e9999999",
    "1/0",
    "2/4",
    "9" * 5000,
    "٣",
    " 1",
    [],
    [[]],
    {},
    {"children": []},
    {"bound": []},
    {"bound": None},
    {"empty": [0]},
    {"empty": [10**9, []]},
    [None] * 3,
    str(10**400),
]


def places(node: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(node, dict):
        for name, entry in node.items():
            yield from places(entry, (*path, name))
    elif isinstance(node, list):
        for i, entry in enumerate(node):
            yield from places(entry, (*path, i))
    if path and path != ("seal",):
        yield path


def test_wrong_types_anywhere_are_refused(content: dict[str, Any]) -> None:
    for path in places(content):
        for wrong in WRONG:
            changed = copy.deepcopy(content)
            parent = changed
            for step in path[:-1]:
                parent = parent[step]
            if parent[path[-1]] == wrong:
                continue
            parent[path[-1]] = wrong
            try:
                report = check(resealed(changed))
            except th.CertificateError:
                continue
            # A multiplier that stands for no constraint may be anything, and so may the order of equal rows.
            assert path[0] == "trees", (path, wrong)
            assert report.value == (Fraction(2, 3), Fraction(2, 3))


def test_keys_that_are_no_text_are_refused(content: dict[str, Any]) -> None:
    with pytest.raises(th.CertificateError):
        check({**content, 3: 4})
    with pytest.raises(th.CertificateError):
        check({**content, "more": object()})


def test_deep_trees_are_refused(content: dict[str, Any]) -> None:
    node: Any = {"bound": []}
    for _ in range(10**5):
        node = {"children": [node]}
    with pytest.raises(th.CertificateError):
        check({**content, "trees": [node, node], "seal": "0"})


def test_many_neurons_are_refused() -> None:
    entries = {
        "format": "theodolite certificate",
        "version": 1,
        "claim": "relu global minimum",
        "data": th.ReluLandscape(X, [0, 1, 0], 1).global_minimum().certificate().content["data"],
        "network": {
            "inputs": 2,
            "hidden": 60,
            "outputs": 1,
            "bias": False,
            "output_bias": False,
            "negative_slope": "0",
            "scale": "1",
        },
        "point": {"weights": [["0", "0"]] * 60, "outer": ["0"] * 60, "offset": "0"},
        "sse": "1",
        "value": "1",
        "order": [0, 1, 2],
        "trees": [{"children": [{"bound": []}]}] * 61,
    }
    with pytest.raises(th.CertificateError, match="60 neurons"):
        check(resealed(entries))


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden": 2},
        {"negative_slope": "1/2"},
        {"bias": True},
        {"output_bias": True},
        {"inputs": 1},
        {"outputs": 2},
        {"scale": "1/2"},
    ],
    ids=str,
)
def test_a_certificate_of_another_network_is_refused(content: dict[str, Any], changed: dict[str, Any]) -> None:
    with pytest.raises(th.CertificateError):
        check(resealed({**content, "network": {**content["network"], **changed}}))


def test_a_certificate_of_other_data_is_refused(content: dict[str, Any]) -> None:
    for other in (fractions([[1], [1], [0]]), fractions([[0], [1]])):
        with pytest.raises(th.CertificateError):
            verify(content, fractions(X), other)
    with pytest.raises(th.CertificateError, match="other data"):
        verify(content, fractions(X[::-1]), fractions(Y))
