"""A one-hidden-layer ReLU or leaky ReLU network on data, in rational arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from theodolite.checker._fields import Fields, refuse

__all__ = ["Matrix", "Network", "Point", "check_widths", "dot", "read_network", "read_point"]

Matrix = Sequence[Sequence[Fraction]]


@dataclass(frozen=True)
class Network:
    """What is fitted to what: ``rows`` are the inputs, a 1 appended where neurons have a bias; the loss is ``scale`` times S."""

    rows: list[list[Fraction]]
    targets: list[Fraction]
    hidden: int
    slope: Fraction
    offset: bool
    scale: Fraction


@dataclass(frozen=True)
class Point:
    """Weights of each neuron (its bias last), output weights, output bias."""

    weights: list[list[Fraction]]
    outer: list[Fraction]
    offset: Fraction

    def residual(self, network: Network) -> list[Fraction]:
        """Return network minus target for each row."""
        return [
            sum(
                (v * _activate(dot(w, row), network.slope) for w, v in zip(self.weights, self.outer, strict=True)),
                self.offset,
            )
            - target
            for row, target in zip(network.rows, network.targets, strict=True)
        ]


def dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    """Return the inner product."""
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _activate(value: Fraction, slope: Fraction) -> Fraction:
    return value if value >= 0 else slope * value


def check_widths(X: Matrix, Y: Matrix, inputs: int, outputs: int) -> None:
    """Refuse data whose rows do not have so many numbers."""
    for name, rows, width in (("X", X, inputs), ("Y", Y, outputs)):
        if any(len(row) != width for row in rows):
            refuse(f"{name} has rows of {len(rows[0])} numbers", f"the certificate is about {width}")


def read_network(fields: Fields, X: Matrix, Y: Matrix) -> Network:
    """Return the network that a certificate speaks of, on the data at hand."""
    given = fields.fields("network")
    hidden, bias, offset = given.whole("hidden", 1), given.flag("bias"), given.flag("output_bias")
    slope, scale = given.fraction("negative_slope"), given.fraction("scale")
    inputs, outputs = given.whole("inputs", 1), given.whole("outputs", 1)
    given.done()
    check_widths(X, Y, inputs, outputs)
    if outputs != 1:
        refuse("The certificate is about networks of one output", f"this one has {outputs}")
    if slope < 0 or slope == 1:
        refuse(f"The negative slope is {slope}", "it has to be 0 or more and not 1")
    if scale not in (Fraction(1, 2), Fraction(1), Fraction(1, len(X))):
        refuse(f"The loss is {scale} times the sum of squares", "1/2, 1 and one over the number of samples are known")
    rows = [[*row, Fraction(1)] if bias else list(row) for row in X]
    return Network(rows, [row[0] for row in Y], hidden, slope, offset, scale)


def read_point(fields: Fields, network: Network) -> Point:
    """Return the point that a certificate speaks of."""
    given = fields.fields("point")
    weights = given.matrix("weights", network.hidden, len(network.rows[0]))
    outer, offset = given.vector("outer", network.hidden), given.fraction("offset")
    given.done()
    if offset != 0 and not network.offset:
        refuse("The point has an output bias", "the network has none")
    return Point(weights, outer, offset)
