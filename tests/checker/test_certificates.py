"""Certificates are accepted for what is true and refused once anything in them is changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

import theodolite as th
from theodolite._certificate import Certificate
from theodolite.checker import read_certificate, verify
from theodolite.checker._algebra import below_count
from theodolite.checker._fields import seal_of
from theodolite.checker._sealing import sealed

X = [[1, 0, 2], [0, 1, 1], [1, 1, 0], [2, 0, 1]]
Y = [[2, 1], [1, 0], [0, 3], [1, 1]]


def fractions(rows: Any) -> list[list[Fraction]]:
    return [[Fraction(entry) for entry in row] for row in rows]


def mutations(content: Any) -> Iterator[Any]:
    """Yield copies in which one leaf of the certificate was changed, or one entry left out, the seal made anew."""

    def paths(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(node, dict):
            for name, entry in node.items():
                yield from paths(entry, (*path, name))
        elif isinstance(node, list):
            for i, entry in enumerate(node):
                yield from paths(entry, (*path, i))
        yield path

    for path in paths(content, ()):
        if not path or path == ("seal",):
            continue
        for change in (_other, _without):
            copied = copy.deepcopy(content)
            parent = copied
            for step in path[:-1]:
                parent = parent[step]
            if change(parent, path[-1]):
                copied["seal"] = seal_of(copied)
                yield path, copied


def _other(parent: Any, name: Any) -> bool:
    old = parent[name]
    if isinstance(old, bool):
        parent[name] = not old
    elif isinstance(old, int):
        parent[name] = old + 1
    elif isinstance(old, str):
        try:
            parent[name] = str(Fraction(old) + Fraction(1, 7))
        except ValueError:
            parent[name] = old + "x"
    else:
        return False
    return True


def _without(parent: Any, name: Any) -> bool:
    del parent[name]
    return True


class TestLinear:
    @pytest.mark.parametrize("bias", [False, "hidden", (2,), True])
    @pytest.mark.parametrize("reduction", ["half_sum", "sum", "mean"])
    def test_every_family_is_certified(self, bias: Any, reduction: str) -> None:
        land = th.LinearLandscape(X, Y, 2, bias=bias, reduction=reduction)
        sets = list(land.critical_sets())
        assert len(sets) == 4
        for found in sets:
            report = found.certificate().verify(X, Y)
            low, high = report.value
            assert low <= found.value <= high
            assert high - low < Fraction(1, 10**15)
            assert str(found.kind) in report.claim

    def test_equal_eigenvalues_are_counted_as_one(self) -> None:
        land = th.LinearLandscape([[1, 0], [0, 1]], [[2, 0], [0, 2]], 1)
        found = land.global_minimum()
        assert [entry["multiplicity"] for entry in found.certificate().content["eigenvalues"]] == [2]
        assert found.certificate().verify([[1, 0], [0, 1]], [[2, 0], [0, 2]]).value[0] <= 2

    def test_no_change_survives(self) -> None:
        land = th.LinearLandscape(X, Y, 1)
        for found in land.critical_sets():
            content = found.certificate().content
            for path, changed in mutations(content):
                if path[-1] in ("above", "below", "value") or path[0] == "value" or path == ("network", "hidden"):
                    continue  # wider enclosures, and more hidden units where they change nothing, are as true
                with pytest.raises(th.CertificateError):
                    verify(changed, fractions(X), fractions(Y))

    def test_enclosures_that_miss_are_refused(self) -> None:
        content = dict(th.LinearLandscape(X, Y, 1).global_minimum().certificate().content)
        entries = copy.deepcopy(content["eigenvalues"])
        entries[0]["above"] = entries[0]["below"] = str(Fraction(entries[0]["below"]) + 1)
        content["eigenvalues"] = entries
        content["seal"] = seal_of(content)
        with pytest.raises(th.CertificateError, match="enclosures are positive"):
            verify(content, fractions(X), fractions(Y))

    def test_a_sharper_value_than_proven_is_refused(self) -> None:
        content = copy.deepcopy(dict(th.LinearLandscape(X, Y, 1).global_minimum().certificate().content))
        content["value"][1] = content["value"][0]
        content["seal"] = seal_of(content)
        with pytest.raises(th.CertificateError, match="more sharply"):
            verify(content, fractions(X), fractions(Y))

    def test_floats_have_none(self) -> None:
        land = th.LinearLandscape([[1.5]], [[2.0]], 1)
        with pytest.raises(th.NotCoveredError, match="exactly given"):
            land.global_minimum().certificate()

    def test_inertia_counts_eigenvalues(self) -> None:
        matrix = fractions([[0, 1, 0], [1, 0, 0], [0, 0, 3]])
        assert [below_count(matrix, Fraction(level)) for level in (-2, 0, 2, 4)] == [0, 1, 2, 3]


class TestAffine:
    @pytest.mark.parametrize("activation", ["relu", "quadratic"])
    def test_rational_classes_are_certified(self, activation: str) -> None:
        land = th.AffineTargetLandscape(3, activation=activation)
        for found in land.critical_sets():
            assert found.certificate().verify().value == (found.value, found.value)

    def test_no_change_of_the_point_survives(self) -> None:
        found = next(s for s in th.AffineTargetLandscape(2).critical_sets() if s.label == "R2")
        content = found.certificate().content
        for path, changed in mutations(content):
            if path == ("network", "hidden"):
                continue
            with pytest.raises(th.CertificateError):
                verify(changed)


def _local(weights: Any, outer: Any, value: str, radius: str, X: Any, y: Any, slope: str = "0") -> dict[str, Any]:
    entries = {
        "network": {
            "inputs": len(X[0]),
            "hidden": len(weights),
            "outputs": 1,
            "bias": False,
            "output_bias": False,
            "negative_slope": slope,
            "scale": Fraction(1),
        },
        "point": {"weights": fractions(weights), "outer": [Fraction(v) for v in outer], "offset": Fraction(0)},
        "value": value,
        "radius": radius,
    }
    return sealed("relu local minimum", entries, fractions(X), fractions([[v] for v in y]))


class TestLocalMinimum:
    def test_three_samples_with_one_negative_residual(self) -> None:
        # dependent kinks: the line of the third sample has a residual of the wrong sign, and yet nothing falls
        rows, y = [[1, 0], [0, 1], [1, 1]], ["-3/2", "-3/2", 1]
        content = _local([[0, 0]], [1], "11/2", "1", rows, y)
        assert verify(content, fractions(rows), fractions([[v] for v in y])).value[0] == Fraction(11, 2)

    def test_a_clarke_point_that_is_no_minimum_is_refused(self) -> None:
        content = _local([[0]], [1], "1", "1", [[1]], [1])
        with pytest.raises(th.CertificateError, match="leaves its kinks"):
            verify(content, fractions([[1]]), fractions([[1]]))

    def test_a_neuron_that_is_switched_off(self) -> None:
        rows, y = [[1], [-1]], [1, 1]
        assert verify(_local([[1]], [1], "1", "1", rows, y), fractions(rows), fractions([[1], [1]]))
        with pytest.raises(th.CertificateError, match="switched on"):
            verify(_local([[1]], [0], "2", "1", rows, y), fractions(rows), fractions([[1], [1]]))

    def test_the_radius_is_checked(self) -> None:
        rows, y = [[1], [-1]], [1, 1]
        with pytest.raises(th.CertificateError, match="radius is too large"):
            verify(_local([[1]], [1], "1", "2", rows, y), fractions(rows), fractions([[1], [1]]))


def _global(trees: Any, value: str, weights: Any, outer: Any, X: Any, y: Any, order: Any) -> dict[str, Any]:
    entries = {
        "network": {
            "inputs": len(X[0]),
            "hidden": len(weights),
            "outputs": 1,
            "bias": False,
            "output_bias": False,
            "negative_slope": "0",
            "scale": Fraction(1),
        },
        "point": {"weights": fractions(weights), "outer": [Fraction(v) for v in outer], "offset": Fraction(0)},
        "sse": value,
        "value": value,
        "order": order,
        "trees": trees,
    }
    return sealed("relu global minimum", entries, fractions(X), fractions([[v] for v in y]))


class TestGlobalMinimum:
    # x = 1 and -1 with targets 1 and 1: one neuron fits one of them
    ROWS, TARGETS = ([[1], [-1]], [1, 1])

    def trees(self) -> list[Any]:
        # positive neuron, active on the first row: the second sample stays at 0, so nu = (0, -1) gives 1
        first = {"bound": [1, [0, -1], [0, 0]]}
        positive = {
            "children": [
                {"children": [{"empty": [0, [1, 1]]}, first]},
                {"children": [{"bound": [1, [-1, 0], [0, 0]]}, {"empty": [0, [1, 1]]}]},
            ]
        }
        # negative neuron, active on the first row: the best is to stay at 0
        negative = {
            "children": [
                {"bound": [1, [-1], [1]]},
                {"bound": [1, [-1], [0]]},
            ]
        }
        return [positive, negative]

    def check(self, content: Any) -> Any:
        return verify(content, fractions(self.ROWS), fractions([[v] for v in self.TARGETS]))

    def test_a_tree_made_by_hand(self) -> None:
        content = _global(self.trees(), "1", [[1]], [1], self.ROWS, self.TARGETS, [0, 1])
        report = self.check(content)
        assert report.value == (1, 1)
        assert report.checked[0].startswith("4 regions")

    def test_a_higher_point_is_not_called_global(self) -> None:
        content = _global(self.trees(), "2", [[1]], [0], self.ROWS, self.TARGETS, [0, 1])
        with pytest.raises(th.CertificateError, match="not bounded by the claimed minimum"):
            self.check(content)

    def test_no_change_survives(self) -> None:
        content = _global(self.trees(), "1", [[1]], [1], self.ROWS, self.TARGETS, [0, 1])
        for path, changed in mutations(content):
            if "empty" in path or path == ("network", "scale"):
                continue  # tested below
            with pytest.raises(th.CertificateError):
                self.check(changed)

    @pytest.mark.parametrize("node", [[0, [1, 2]], [0, [0, 0]], [0, [-1, -1]], [1, [1, 1]], [0, [1]]])
    def test_a_region_that_is_not_empty_is_refused(self, node: Any) -> None:
        trees = self.trees()
        trees[0]["children"][0]["children"][0] = {"empty": node}
        with pytest.raises(th.CertificateError):
            self.check(_global(trees, "1", [[1]], [1], self.ROWS, self.TARGETS, [0, 1]))


class TestFiles:
    def certificate(self) -> Certificate:
        return th.LinearLandscape(X, Y, 1).global_minimum().certificate()

    def test_saved_and_read_back(self, tmp_path: Any) -> None:
        self.certificate().save(tmp_path / "best.json")
        content = read_certificate(tmp_path / "best.json")
        assert verify(content, fractions(X), fractions(Y)).claim == "a global minimum of a shallow linear network"

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_truncated_files_are_refused(self, tmp_path: Any, share: float) -> None:
        text = self.certificate().text()
        (tmp_path / "cut.json").write_text(text[: int(len(text) * share)])
        with pytest.raises(th.CertificateError, match="truncated"):
            read_certificate(tmp_path / "cut.json")

    def test_floats_are_refused(self, tmp_path: Any) -> None:
        content = {**self.certificate().content, "value": [0.1, 0.2]}
        (tmp_path / "rounded.json").write_text(json.dumps(content))
        with pytest.raises(th.CertificateError, match="no rounded numbers"):
            read_certificate(tmp_path / "rounded.json")

    def test_damage_is_noticed(self) -> None:
        content = {**self.certificate().content, "claim": "relu local minimum"}
        with pytest.raises(th.CertificateError, match="seal"):
            verify(content, fractions(X), fractions(Y))

    def test_other_data_is_refused(self) -> None:
        with pytest.raises(th.CertificateError, match="other data"):
            self.certificate().verify(X, [[0, 0]] * 4)

    def test_only_json_is_written(self, tmp_path: Any) -> None:
        with pytest.raises(th.DataError, match=r"\.json"):
            self.certificate().save(tmp_path / "best.txt")
