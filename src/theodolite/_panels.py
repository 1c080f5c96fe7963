"""Plain data for figures: what a landscape hands to pages, notebooks and plots, which never ask what kind it is.

A landscape describes itself once (``Description``) and each of its critical sets by a few panels. A drawing program knows these
classes and no landscape; a landscape knows these classes and no drawing program.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from theodolite._kind import Kind

__all__ = [
    "ArrangementPanel",
    "Curve",
    "CurvePanel",
    "Description",
    "FieldPanel",
    "Formula",
    "Move",
    "MovesPanel",
    "NeuronMark",
    "Panel",
    "PlaneMark",
    "PlanePanel",
    "ProfilePanel",
    "SignsPanel",
    "Slide",
    "SlidesPanel",
    "SpectrumPanel",
    "StrataPanel",
    "TextPanel",
]


class Formula(msgspec.Struct, frozen=True):
    """A formula in LaTeX and the sentence that says what it means."""

    latex: str
    caption: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a landscape is, in words, for headlines and footers.

    ``noun`` is what one critical set is called there ("family", "class"), ``way`` how a step out of a saddle looks in its
    terms, ``facts`` are name and text of what a reader needs to reproduce it (eigenvalues, decisions with their margins),
    ``listed`` says which points a complete atlas has.
    """

    title: str
    network: str
    data: str
    parameter_count: int
    noun: str
    nouns: str
    way: str
    formulas: tuple[Formula, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    loss_name: str = "loss"
    listed: str = "critical points"


class SpectrumPanel(msgspec.Struct, frozen=True, tag="spectrum"):
    """Bars of singular values: which are kept (a fraction between 0 and 1 of each) and what each lost one costs."""

    title: str
    names: tuple[str, ...]
    singular_values: tuple[float, ...]
    kept: tuple[float, ...]
    costs: tuple[float, ...]
    caption: str


class SignsPanel(msgspec.Struct, frozen=True, tag="signs"):
    """How many Hessian eigenvalues are negative, zero and positive at a generic member."""

    title: str
    negative: int
    zero: int
    positive: int
    caption: str


class Move(msgspec.Struct, frozen=True):
    """One step from a critical set to a lower one; ``key`` is the key of the set where it ends."""

    words: str
    formula: str
    decrease: float
    label: str
    key: bytes


class MovesPanel(msgspec.Struct, frozen=True, tag="moves"):
    """The steps that lower the loss, largest decrease first."""

    title: str
    moves: tuple[Move, ...]
    caption: str


class PlaneMark(msgspec.Struct, frozen=True):
    """A critical point that lies in a plane, and the set that it belongs to."""

    x: float
    y: float
    kind: Kind
    label: str
    value: float
    key: bytes
    here: bool = False


class PlanePanel(msgspec.Struct, frozen=True, tag="plane"):
    """The loss on a plane through parameter space: loss(x, y) = sum of ``coefficients[i][j] * x**i * y**j``, exactly.

    ``marks`` are the critical points in it (``here`` is the chosen set's), ``goal`` the mark that the way out leads to.
    """

    title: str
    caption: str
    x_label: str
    y_label: str
    coefficients: tuple[tuple[float, ...], ...]
    extent: float
    marks: tuple[PlaneMark, ...]
    goal: int | None = None


class ProfilePanel(msgspec.Struct, frozen=True, tag="profile"):
    """The loss along a descent curve, loss(t) = sum of ``coefficients[i] * t**i``, beside its quadratic model at t = 0."""

    title: str
    caption: str
    coefficients: tuple[float, ...]
    extent: float


class Curve(msgspec.Struct, frozen=True):
    """A polyline with a name and a role: ``data`` (dots), ``stems`` (a segment for each pair of points), ``model``, ``target`` or
    ``reference``."""

    name: str
    role: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class CurvePanel(msgspec.Struct, frozen=True, tag="curves"):
    """Functions of one variable drawn together, with ticks at breakpoints; ``logarithmic`` says how heights are drawn."""

    title: str
    caption: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    ticks: tuple[float, ...] = ()
    logarithmic: bool = False


class Slide(msgspec.Struct, frozen=True):
    """One frame of a ``SlidesPanel``: where the slider stands, in words, and what is drawn there."""

    words: str
    curves: tuple[Curve, ...]
    ticks: tuple[float, ...] = ()


class SlidesPanel(msgspec.Struct, frozen=True, tag="slides"):
    """Functions of one variable that change with a slider; ``opening`` is the frame shown first."""

    title: str
    caption: str
    x_label: str
    y_label: str
    slider: str
    slides: tuple[Slide, ...]
    opening: int = 0


class FieldPanel(msgspec.Struct, frozen=True, tag="field"):
    """A piecewise linear function of two inputs over its samples, exactly.

    Its height at (x, y) is ``offset`` plus, for each of ``neurons`` (w1, w2, b, v), v s(w1 x + w2 y + b), where s has slope 1
    above 0 and ``slope`` below. ``samples`` are (x, y, target); ``box`` says what to draw: from and to in x, from and to in y.
    """

    title: str
    caption: str
    x_label: str
    y_label: str
    neurons: tuple[tuple[float, float, float, float], ...]
    slope: float
    offset: float
    samples: tuple[tuple[float, float, float], ...]
    box: tuple[float, float, float, float]


class NeuronMark(msgspec.Struct, frozen=True):
    """Where on the unit sphere the weights of one or several neurons point, and whether a sample has its kink there."""

    place: tuple[float, ...]
    label: str
    kinked: bool


class ArrangementPanel(msgspec.Struct, frozen=True, tag="arrangement"):
    """The cells of a neuron's weights on the unit circle or sphere, coloured by a loss.

    ``axes`` name the two or three coordinates; ``lines`` are unit normals of the lines or planes on which a sample switches, and
    ``names`` say which samples. Row k of ``outlines`` are the corners of a piece of a cell, coordinates one after the other: the
    ends of an arc, counterclockwise, or the corners of a convex polygon on one side of the plane where the third coordinate is
    0. ``values`` has the loss of each piece.
    """

    title: str
    caption: str
    axes: tuple[str, ...]
    lines: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    outlines: tuple[tuple[float, ...], ...]
    values: tuple[float, ...]
    neurons: tuple[NeuronMark, ...]


class StrataPanel(msgspec.Struct, frozen=True, tag="strata"):
    """Of how many strata a set consists: where the loss is differentiable (``smooth``), and on kinks (``kinked``).

    ``None`` where that was not counted.
    """

    title: str
    smooth: int | None
    kinked: int | None
    caption: str


class TextPanel(msgspec.Struct, frozen=True, tag="text"):
    """A heading and plain sentences."""

    title: str
    sentences: tuple[str, ...]


Panel: TypeAlias = (
    SpectrumPanel
    | SignsPanel
    | MovesPanel
    | PlanePanel
    | ProfilePanel
    | CurvePanel
    | SlidesPanel
    | FieldPanel
    | ArrangementPanel
    | StrataPanel
    | TextPanel
)
