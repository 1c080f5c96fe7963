"""``Landscape``: a loss surface. ``SurveyableLandscape``: one whose critical points are all known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import UInt8

from theodolite._arrays import coerce_parameters
from theodolite._certificate import Certificate
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import NoEscapeError, NotCoveredError, ShapeError
from theodolite._kind import Kind
from theodolite._notebook import facts_html
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._texts import Texts
from theodolite._trainable import Trainable
from theodolite._typing import Array, Number, Parameters, ParametersLike, Real
from theodolite._verdict import Direction, Verdict

if TYPE_CHECKING:
    from theodolite._hessian import Hessian

__all__ = ["Landscape", "SurveyableLandscape"]


class Landscape(Trainable, ABC):
    """A loss surface over parameters that are a tuple of arrays, in the order of ``parameter_shapes``.

    Subclasses say what the loss is. Whatever accepts parameters takes any sequence of array-likes of the right sizes.
    """

    @property
    @abstractmethod
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each parameter array, as ``torch.nn.Linear`` has them."""

    @property
    @abstractmethod
    def specification(self) -> str:
        """The network as the command line writes it, for example ``linear:4-2-4``."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option: equal fingerprints mean the same landscape."""

    @abstractmethod
    def description(self) -> Description:
        """What this landscape is, in words and formulas."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.specification}>"

    def _repr_html_(self) -> str:
        told = self.description()
        facts = [("landscape", told.title), ("data", told.data), ("parameters", str(told.parameter_count)), *told.facts]
        return facts_html(facts)

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters are."""
        return sum(prod(shape) for shape in self.parameter_shapes)

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as arrays of the right shapes: float64, or ``Fraction`` objects if all are exact."""
        return coerce_parameters(params, self.parameter_shapes)

    def pack(self, params: ParametersLike) -> Array:
        """Return all parameters as one vector, array after array, each in row-major order."""
        return np.concatenate([np.ravel(array) for array in self.coerce(params)])

    def unpack(self, vector: Any) -> Parameters:
        """Return the parameters that ``pack`` made into ``vector``."""
        flat = np.asarray(vector).ravel()
        if flat.size != self.parameter_count:
            raise ShapeError(
                f"The vector has {flat.size} entries",
                cause=f"{self.specification} has {self.parameter_count} parameters",
                fix="Pass a vector that pack() returned",
            )
        ends = np.cumsum([prod(shape) for shape in self.parameter_shapes])[:-1]
        return self.coerce(np.split(flat, ends))

    @abstractmethod
    def loss(self, params: ParametersLike) -> Real:
        """Return the loss at ``params``."""

    @abstractmethod
    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient at ``params``, shaped as they are."""

    @abstractmethod
    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the Hessian at ``params`` applied to ``direction``, shaped as they are."""

    def directional_derivative(self, params: ParametersLike, direction: ParametersLike) -> Real:
        """Return the one-sided derivative of the loss at ``params`` along ``direction``."""
        slope: Real = np.dot(self.pack(self.gradient(params)), self.pack(direction))
        return slope

    def hessian(self, params: ParametersLike) -> Hessian:
        """Return the Hessian at ``params`` as a matrix-free operator on packed vectors, with ``todense()``."""
        from theodolite._hessian import Hessian

        return Hessian(self, self.coerce(params))

    def certificate(self, params: ParametersLike) -> Certificate:
        """Return the certificate that ``params`` is a local minimum; ``NotCoveredError`` where there is none."""
        raise NotCoveredError(
            f"There are no certificates for single points of {self.specification}",
            fix="Certify a whole set of critical points: global_minimum().certificate()",
        )

    def certificate_of(self, piece: Piece) -> Certificate:
        """Return the certificate of ``piece``; ``NotCoveredError`` where there is none."""
        raise NotCoveredError(f"There are no certificates for critical sets of {self.specification}")

    @abstractmethod
    def classify(self, params: ParametersLike, *, rtol: Number | None = None) -> Verdict:
        """Say what ``params`` is, how that is known, and how to leave if it is not a minimum."""

    def escape(self, params: ParametersLike) -> Direction:
        """Return a way out of ``params`` that provably lowers the loss; ``NoEscapeError`` where there is none, or none proven."""
        verdict = self.classify(params)
        if verdict.escape is None:
            minimum = verdict.kind.is_minimum
            raise NoEscapeError(
                "There is no way down" if minimum else "No way down can be proven here",
                cause=f"this is a {verdict.kind}"
                if minimum
                else f"the point is {verdict.kind}: {verdict.evidence.scope}",
                fix=None if minimum else "Pass more accurate parameters",
            )
        return verdict.escape


class SurveyableLandscape(Landscape):
    """A landscape whose critical points are all known.

    Subclasses supply the critical sets in chunks (``work`` lists what there is to do and costs little, ``solve`` does a part of
    it and may run on another machine), and build members of a piece from its ``key``.
    """

    ordered: ClassVar[bool] = True
    """Whether ``work`` comes in increasing value, so that a survey that stops early has the lowest sets."""

    joins: ClassVar[bool] = False
    """Whether ``gathered`` joins rows, so that what is found on the way are parts of sets."""

    @abstractmethod
    def count(self) -> int:
        """Return how many critical sets there are, in closed form."""

    def workload(self) -> int:
        """Return how many candidates a survey would visit."""
        return self.count()

    @abstractmethod
    def work(self, *, limit: int | None = None) -> Iterator[Any]:
        """Yield the pieces of work of a survey, in a fixed order: small picklable objects for ``solve``.

        The pieces do not depend on who does them: chunk sizes double from small to large, so that the first come at once.
        ``limit`` cuts the list after that many sets where the order allows it.
        """

    @abstractmethod
    def solve(self, item: Any) -> Table:
        """Return the critical sets of one piece of work."""

    @property
    def exhaustive(self) -> bool:
        """Whether ``work`` leaves nothing out: otherwise no survey of this landscape is complete."""
        return True

    def gathered(self, table: Table, complete: bool) -> Table:
        """Return the rows of a survey made of those of its pieces (all of them if ``complete``); by default the same."""
        return table

    @abstractmethod
    def name(self, key: bytes) -> str:
        """Return the label of the set with this key."""

    def names(self, keys: UInt8[np.ndarray, "sets width"]) -> Texts:
        """Return the labels of the sets with these keys, one key a row; subclasses may know a faster way."""
        return Texts.of(self.name(key.tobytes()) for key in keys)

    @abstractmethod
    def global_minimum(self) -> CriticalSet:
        """Return the set of all global minimizers; ``NoMinimumError`` where the infimum is not attained."""

    def critical_sets(
        self,
        *,
        kind: Kind | None = None,
        below: Real | None = None,
        above: Real | None = None,
        max_index: int | None = None,
    ) -> Iterator[CriticalSet]:
        """Yield the critical sets lazily, lowest value first where that order is computable.

        ``below`` and ``above`` keep values strictly between them (exact ones compared exactly), ``max_index`` those sets whose
        lowest index is at most this.
        """
        for item in self.work():
            table = self.solve(item)
            if (
                self.ordered
                and below is not None
                and len(table)
                and not table.take(slice(1)).matching(below=below).any()
            ):
                return
            kinds = None if kind is None else (kind,)
            yield from table.take(table.matching(kinds, below, above, max_index)).rows(self.name, self)

    @abstractmethod
    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical member of ``piece``."""

    @abstractmethod
    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random member of ``piece``."""

    @abstractmethod
    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata of ``critical_set``, lazily."""

    def divided(self, table: Table) -> Table:
        """Return the rows of ``table`` divided into connected parts, each with a key of its own; by default they are the same."""
        return table

    def components(self, table: Table) -> Array:
        """Return a number for each row of ``table``: sets with equal numbers are connected through sets of equal value.

        Raises ``NotCoveredError`` unless a subclass knows this.
        """
        raise NotCoveredError(
            f"Which critical sets of {self.specification} touch is not known",
            cause="no theorem that Theodolite implements gives their connected components",
            fix="levels() groups them by value",
        )

    def data_arrays(self) -> dict[str, Array]:
        """Return the data by name, for files that are to hold it; ``NotCoveredError`` where none is kept."""
        raise NotCoveredError(
            f"{self.specification} does not keep its data",
            cause="it was reduced when the landscape was made, or there is none",
            fix="Save without include_data and keep the data yourself; the fingerprint says whether it is the same",
        )

    @abstractmethod
    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return the plain data of the figures that explain ``critical_set``."""
