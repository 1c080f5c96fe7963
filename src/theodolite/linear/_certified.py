"""What linear and residual landscapes say about gradient descent: dominance, regularity, rates, the nearest minimizer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from theodolite._typing import Number, Option, Parameters, ParametersLike
from theodolite.dominance import DescentCertificate, Dominance, Regularity
from theodolite.linear._certificates import Certifier

__all__ = ["CertifiedLandscape"]


class CertifiedLandscape(ABC):
    """A landscape whose core, in coordinates of the same lengths, is a product of layers."""

    _identity_in_layers: ClassVar[bool] = False

    @property
    @abstractmethod
    def specification(self) -> str:
        """The network as the command line writes it."""

    @property
    @abstractmethod
    def certifier(self) -> Certifier:
        """What certifies points of the core; ``NotCoveredError`` where lengths are not kept."""

    @abstractmethod
    def to_core(self, params: ParametersLike) -> Parameters:
        """Return the layers of the core at ``params``."""

    @abstractmethod
    def from_core(self, core: Parameters) -> Parameters:
        """Return the parameters whose core this is."""

    def dominance(self, params: ParametersLike, radius: Number = 0.0, *, arithmetic: Option = "auto") -> Dominance:
        r"""Return a constant of gradient dominance that is proven to hold in a ball about ``params``.

        .. math::  L(V) - L^* \le c \, \lVert \nabla L(V) \rVert^2
            \quad\text{wherever each } \lVert V_k - W_k \rVert_2 \le \text{radius}

        for the landscape's own loss L (its ``reduction`` scales c). ``params`` need not be a minimizer, layers need not be
        square, X need not have full rank; the constant is infinite where nothing is proven. ``radius=0`` speaks of the point
        alone, and at a minimizer of the limit from nearby. ``arithmetic="verified"`` bounds every step from the safe
        side. Zhou & Liang 2017, arXiv:1710.06910; in this generality our own statement, proved in the documentation.

        >>> import theodolite as th
        >>> land = th.LinearLandscape([[1.0]], [[5.0]], hidden=1)
        >>> round(land.dominance([[1.0], [5.0]], radius=3.0).constant, 12)
        0.125

        Raises ``NotCoveredError`` for weight decay and for biases beyond the first layer, ``DataError`` for radii below 0.
        """
        return self.certifier.dominance(
            self.to_core(params), radius, arithmetic, self.specification, self._identity_in_layers
        )

    def regularity(
        self, params: ParametersLike, minimizer: ParametersLike | None = None, *, arithmetic: Option = "auto"
    ) -> Regularity:
        r"""Return alpha and beta of the regularity condition between ``params`` W and a ``minimizer`` W*.

        .. math::  \langle \nabla L(V), V - W^* \rangle \ge \alpha \lVert V - W^* \rVert^2 + \beta \lVert \nabla L(V) \rVert^2

        It holds for every V as near to W* as W, in directions that the Jacobian of the outputs at W* sees at least as well. By
        default W* is ``project(params)``; at a minimizer itself the condition is that of normal directions.

        >>> import theodolite as th
        >>> land = th.LinearLandscape([[1.0]], [[1.0]], hidden=1)
        >>> found = land.regularity([[1.1], [1.1]], minimizer=[[1.0], [1.0]])
        >>> round(found.alpha, 9), found.empirical_check(100).holds
        (0.845, True)

        Raises ``NotCoveredError`` where ``minimizer`` is none, or where none is found.
        """
        given = None if minimizer is None else self.to_core(minimizer)
        return self.certifier.regularity(self.to_core(params), given, arithmetic, self.specification, self.from_core)

    def certify_descent(self, params: ParametersLike, *, arithmetic: Option = "auto") -> DescentCertificate:
        """Return the step and rate of gradient descent that are guaranteed from ``params``, or why none are.

        The loss above the minimum after t steps is at most rate^t times what it is now, and the iterates converge to a
        global minimizer within ``radius``. It needs a constant of dominance on a ball that gradient descent cannot leave, so
        a good fit or a small loss; far from every minimizer there is none, and ``step`` is ``None``.

        >>> import theodolite as th
        >>> found = th.LinearLandscape([[1.0]], [[1.02]], hidden=1).certify_descent([[1.0], [1.0]])
        >>> found.certified, found.rate < 0.1, found.empirical_check(20).holds
        (True, True, True)
        """
        return self.certifier.descent(self.to_core(params), arithmetic, self.specification)

    def project(self, params: ParametersLike) -> Parameters:
        """Return a global minimizer near ``params``: nearest among those around it, not of all.

        The set of minimizers is curved, so a nearest point is a local answer and need not be unique; several starts are tried.
        Raises ``NotCoveredError`` where none is found.

        >>> import theodolite as th
        >>> w1, w2 = th.LinearLandscape([[1.0]], [[1.0]], hidden=1).project([[2.0], [2.0]])
        >>> round(float(w1[0, 0]), 9), round(float(w2[0, 0]), 9)
        (1.0, 1.0)
        """
        return self.from_core(self.certifier.project(self.to_core(params)))
