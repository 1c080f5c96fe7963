"""Which columns a network works on, how labels are coded, and what centring does."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from theodolite import DataError, ShapeError
from theodolite.io import parse_network, prepare, read_table

PEOPLE = "age,height,weight,who\n30,1.5,60,ann\n40,1.75,80,bob\n50,2,70,ann\n20,1.25,50,cy\n"


@pytest.fixture
def people(tmp_path: Path) -> str:
    (tmp_path / "people.csv").write_text(PEOPLE)
    return str(tmp_path / "people.csv")


def test_autoencoder_uses_all_numbers_and_names_what_it_dropped(people: str) -> None:
    made = prepare(read_table(people), parse_network("linear:3-2-3"))
    assert made.inputs == ("age", "height", "weight")
    assert made.Y is None
    assert made.dropped == ("who",)
    assert "4 samples, 3 inputs (age, height, weight), the targets are the inputs" in made.words


def test_targets_are_not_inputs(people: str) -> None:
    made = prepare(read_table(people), parse_network("linear:2-1-1"), targets=["weight"])
    assert made.inputs == ("age", "height")
    assert made.Y is not None
    assert made.Y.tolist() == [[60.0], [80.0], [70.0], [50.0]]


def test_several_targets_with_commas_or_repeated(people: str) -> None:
    table, network = read_table(people), parse_network("linear:1-1-2")
    for names in (["age,weight"], ["age", "weight"], ["age, weight"]):
        assert prepare(table, network, targets=names).targets == ("age", "weight")


def test_a_target_of_the_same_width_is_no_autoencoder(people: str) -> None:
    made = prepare(read_table(people), parse_network("linear:1-1-1"), inputs=["age"], targets=["height"])
    assert made.Y is not None
    assert made.Y[:, 0].tolist() == [1.5, 1.75, 2.0, 1.25]


def test_labels_are_coded_only_when_asked(people: str) -> None:
    table, network = read_table(people), parse_network("linear:3-2-3")
    with pytest.raises(DataError, match=r"people\.csv: column 'who' holds 3 labels \(ann, bob, cy\).*--one-hot"):
        prepare(table, network, targets=["who"])
    made = prepare(table, network, targets=["who"], one_hot=True)
    assert made.targets == ("who=ann", "who=bob", "who=cy")
    assert made.Y is not None
    assert made.Y.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_declared_targets_are_used_when_the_widths_call_for_them() -> None:
    made = prepare(read_table("diabetes"), parse_network("linear:10-2-1"))
    assert made.targets == ("target",)
    assert prepare(read_table("diabetes"), parse_network("linear:10-2-10")).Y is None


ERRORS = {
    "missing target": ({"targets": ["wieght"]}, "2-1-1", r"no column 'wieght'.*age, height, weight, who.*'weight'"),
    "missing input": ({"inputs": ["x"]}, "1-1-1", r"no column 'x'"),
    "missing drop": ({"drop": ["x"]}, "3-1-3", r"no column 'x'"),
    "labels as input": ({"inputs": ["who"]}, "1-1-1", r"column 'who' holds labels \(ann, bob, cy\)"),
    "input and target": ({"inputs": ["age"], "targets": ["age"]}, "1-1-1", "'age' is both an input and a target"),
    "target and dropped": ({"drop": ["age"], "targets": ["age"]}, "2-1-1", "'age' is both a target and dropped"),
    "twice": ({"targets": ["age", "age"]}, "2-1-2", "'age' is named twice"),
    "inputs": ({}, "4-2-4", r"linear:4-2-4 has 4 inputs, but .*people\.csv has 3 \(age, height, weight\)"),
    "targets": ({"targets": ["age"]}, "2-1-3", r"linear:2-1-3 has 3 targets, but .*people\.csv has 1 \(age\)"),
    "no targets": ({}, "3-2-1", r"linear:3-2-1 has 1 output, but .* no targets.*--target"),
    "nothing left": ({"drop": ["age,height,weight"]}, "3-2-3", r"has 3 inputs, but .* has 0"),
}


@pytest.mark.parametrize(("options", "widths", "said"), ERRORS.values(), ids=ERRORS)
def test_choices_that_cannot_be(people: str, options: dict[str, list[str]], widths: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        prepare(read_table(people), parse_network(f"linear:{widths}"), **options)


def test_a_column_without_a_name_is_suspected_to_count_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",a,b\n0,1,2\n1,3,5\n")
    with pytest.raises(ShapeError, match="--drop 'column 1'"):
        prepare(read_table(tmp_path / "t.csv"), parse_network("linear:2-1-2"))


def test_missing_labels_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,who\n1,x\n2,\n")
    with pytest.raises(DataError, match="column 'who' has no label in row 2"):
        prepare(read_table(tmp_path / "t.csv"), parse_network("linear:1-1-1"), targets=["who"], one_hot=True)


def test_standardized_as_scikit_learn_does(people: str) -> None:
    table, network = read_table("wine"), parse_network("linear:13-2-13")
    made = prepare(table, network, standardize=True)
    np.testing.assert_allclose(made.X, StandardScaler().fit_transform(table.matrix), atol=1e-12)
    made = prepare(table, network, center=True)
    np.testing.assert_allclose(made.X, StandardScaler(with_std=False).fit_transform(table.matrix), atol=1e-9)


def test_targets_are_centred_too(people: str) -> None:
    made = prepare(read_table(people), parse_network("linear:2-1-1"), targets=["weight"], center=True)
    assert made.Y is not None
    np.testing.assert_allclose(made.Y.mean(), 0.0, atol=1e-12)


def test_constant_columns_become_zero_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n0.1,1\n0.1,2\n0.1,6\n")
    made = prepare(read_table(tmp_path / "t.csv"), parse_network("linear:2-1-2"), standardize=True)
    assert made.X[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert "constant: a" in made.words


def test_precision_of_the_file_is_kept_through_centring(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([[1.0, 2.0], [3.0, 5.0]], dtype=np.float32))
    assert prepare(read_table(tmp_path / "t.npy"), parse_network("linear:2-1-2"), center=True).X.dtype == np.float32


def test_exact_centring_is_exact(people: str) -> None:
    made = prepare(read_table(people, exact=True), parse_network("linear:3-2-3"), center=True)
    assert made.X[0].tolist() == [Fraction(-5), Fraction(-1, 8), Fraction(-5)]
    with pytest.raises(DataError, match="square root"):
        prepare(read_table(people, exact=True), parse_network("linear:3-2-3"), standardize=True)


def test_exact_labels_are_fractions(people: str) -> None:
    made = prepare(read_table(people, exact=True), parse_network("linear:3-2-3"), targets=["who"], one_hot=True)
    assert made.Y is not None
    assert all(isinstance(entry, Fraction) for entry in made.Y.flat)
