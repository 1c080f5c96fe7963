"""Network specifications: what is written is read back, what is malformed is named at its place."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import DataError, NotCoveredError, ShapeError, TheodoliteError
from theodolite._registry import KINDS, build
from theodolite.io import Specification, parse_network
from theodolite.io._network import Bias

WELL_FORMED = {
    "linear:4-2-4": Specification("linear", None, (4, 2, 4)),
    " Linear : 4 - 2 - 4 ": Specification("linear", None, (4, 2, 4)),
    "linear:5-3-2-1+bias": Specification("linear", None, (5, 3, 2, 1), True),
    "relu:2-3-1+hidden-bias": Specification("relu", None, (2, 3, 1), "hidden"),
    "leaky_relu(0.1):2-3-1": Specification("leaky_relu", Fraction(1, 10), (2, 3, 1)),
    "leaky_relu(-1/10):2-3-1": Specification("leaky_relu", Fraction(-1, 10), (2, 3, 1)),
    "residual:4x3": Specification("residual", None, (4, 4, 4, 4)),
    "linear:5-3-2-1+output-bias": Specification("linear", None, (5, 3, 2, 1), "output"),
    "linear:5-3-2-1+bias3+bias1": Specification("linear", None, (5, 3, 2, 1), (1, 3)),
    "tanh:3-3": Specification("tanh", None, (3, 3)),
}


@pytest.mark.parametrize(("text", "meant"), WELL_FORMED.items())
def test_well_formed(text: str, meant: Specification) -> None:
    assert parse_network(text) == meant


def test_biased_layers() -> None:
    suffixes = {"": (), "+bias": (1, 2, 3), "+hidden-bias": (1, 2), "+output-bias": (3,), "+bias2": (2,)}
    for suffix, layers in suffixes.items():
        assert parse_network(f"linear:5-3-2-1{suffix}").biased == layers


MALFORMED = {
    "": "No network",
    "4-2-4": "no colon",
    "linear 4-2-4": "no colon",
    ":4-2-4": "begins with ''",
    "3linear:4-2-4": "begins with '3linear'",
    "linear:": "fewer than two widths",
    "linear:4": "fewer than two widths",
    "linear:4x3": "'4x3' is the form of residual networks",
    "residual:4-4-4": "'4-4-4' is not WIDTHxDEPTH",
    "residual:4x": "the depth is ''",
    "residual:0x3": "the width is 0",
    "residual:4x1000000000": "1000000000 layers",
    "linear:4--2-4": "width d1 is missing",
    "linear:-4-2-4": "width d0 is missing",
    "linear:4-2-": "width d2 is missing",
    "linear:4-0-4": "width d1 is 0",
    "linear:4-x-4": "width d1 is 'x'",
    "linear:4-2.5-4": "width d1 is '2.5'",
    "linear:4–2–4": "fewer than two widths",
    "linear:4-2–4": "typographic dash",
    "linear:4-1000000000-4": "8,000,000,000 weights",
    "linear:4-99999999999999999999-4": "must fit into memory",
    "linear:" + "1-" * 5000 + "1": "more than 1000",
    "linear:4-2-4+biased": "'+biased' is neither",
    "linear:4-2-4+": "'+' is neither",
    "linear:4-2-4+bias+bias": "twice",
    "linear:4-2-4+bias3": "layer 3 a bias, but has 2 layers",
    "linear:4-2-4+bias0": "'+bias0' is neither",
    "linear:4-2-4+bias1+bias": "'+bias1' is neither",
    "leaky_relu(0.1:2-3-1": "slope is written in brackets",
    "leaky_relu 0.1:2-3-1": "slope is written in brackets",
    "leaky_relu():2-3-1": "the slope '' is not a number",
    "leaky_relu(nan):2-3-1": "the slope 'nan' is not a number",
    "leaky_relu(1e9):2-3-1": "the slope '1e9' is not a number",
    "leaky_relu(1/0):2-3-1": "divides by zero",
    "linear:٤-2-4": "width d0 is '٤'",
}


@pytest.mark.parametrize(("text", "said"), MALFORMED.items(), ids=lambda value: value[:40])
def test_malformed(text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_network(text)
    assert said in str(caught.value)
    assert "for example linear:4-2-4" in str(caught.value)


KIND_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "residual")
WIDTHS = st.lists(st.integers(1, 1000), min_size=2, max_size=6).map(tuple)
SLOPES = st.none() | st.fractions(min_value=-100, max_value=100, max_denominator=1000)


@given(KIND_NAMES, SLOPES, WIDTHS, st.sampled_from([False, True, "hidden", "output", (1,)]))
def test_round_trip(kind: str, slope: Fraction | None, widths: tuple[int, ...], bias: Bias) -> None:
    network = Specification(kind, slope, widths, bias)
    assert parse_network(str(network)) == network


@given(st.integers(1, 100), st.integers(1, 100))
def test_round_trip_of_residual_networks(width: int, depth: int) -> None:
    network = Specification("residual", None, (width,) * (depth + 1))
    assert parse_network(str(network)) == network
    assert network.depth == depth


@given(st.text(st.sampled_from("linear:residual-x+bias()/.0123456789 –é\0\n"), max_size=30))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        assert parse_network(str(parse_network(text))) == parse_network(text)
    except DataError as error:
        assert "for example" in str(error)  # noqa: PT017 - either outcome is right, but a refusal must help


X = np.arange(12.0).reshape(4, 3)

REFUSED = {
    "lineer:3-2-3": (DataError, "No kind of network is called 'lineer'.*relu.*Did you mean linear:4-2-4"),
    "transformer:3-2-3": (DataError, "the kinds are linear, .*Use one of them"),
    "linear(0.1):3-2-3": (DataError, "linear has no slope"),
    "leaky_relu:3-2-3": (DataError, "does not say its slope"),
    "tanh:3-3-3+bias": (NotCoveredError, "has biases"),
    "linear:4-2-4": (ShapeError, "first width 4, but X has 3 columns"),
    "linear:3-2-1": (DataError, "needs targets.*last width 1 is not its first width 3"),
}


@pytest.mark.parametrize(("text", "error", "said"), [(text, *rest) for text, rest in REFUSED.items()])
def test_build_refuses(text: str, error: type[TheodoliteError], said: str) -> None:
    with pytest.raises(error, match=said):
        build(text, X)


def test_build_refuses_targets_of_another_width() -> None:
    with pytest.raises(ShapeError, match="last width 2, but Y has 1 column"):
        build("linear:3-2-2", X, X[:, 0])


def test_every_kind_is_built_or_said_to_be_uncovered() -> None:
    for name, kind in KINDS.items():
        network = parse_network(kind.example)
        assert network.kind == name
        if kind.where is None:
            data = np.eye(network.widths[0])
            with pytest.raises(NotCoveredError, match=rf"{name} .*covered: .*linear"):
                build(network, data, np.ones((len(data), network.widths[-1])))
