"""One stratum of local minima or saddles: which neuron is on which face, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from flint import fmpz_mat

from theodolite.relu._isolated import is_isolated
from theodolite.relu._minima import Fitter, fitter
from theodolite.relu._patterns import Patterns
from theodolite.relu._supports import Solution, Spots, spots

__all__ = ["Place", "strata"]


@dataclass(frozen=True, eq=False)
class Place:
    """A stratum: faces with signs of output weights, one for each neuron, in increasing order.

    ``falling`` of the neurons of output weight 0 can lower the loss once they move (none of them at a local minimum).
    """

    patterns: Patterns
    solution: Solution
    spots: Spots
    falling: int = 0

    @property
    def hidden(self) -> int:
        """How many neurons there are."""
        return len(self.spots)

    @property
    def _fitter(self) -> Fitter:
        return fitter(self.patterns, self.hidden)

    @property
    def differentiable(self) -> bool:
        """Whether all faces are cells."""
        return all(face < self.patterns.cells for face, _ in self.spots)

    @property
    def dimension(self) -> int:
        """The dimension in parameter space: weights move in their faces, output weights with them, fits stay fits."""
        moving = sum(int(self.patterns.dimensions[face]) + abs(sign) for face, sign in self.spots)
        return moving + len(self._fitter.forms.constant) - self.solution.rank - self.falling

    @property
    def index(self) -> int | None:
        """How many negative eigenvalues the Hessian has, where there is one."""
        return self.falling if self.differentiable else None

    @property
    def nullity(self) -> int | None:
        """How many eigenvalues of the Hessian are 0 at a generic point, where there is a Hessian."""
        return self._parameters - 2 * self.falling - self._generic_rank if self.differentiable else None

    @property
    def nullity_range(self) -> tuple[int, int] | None:
        """Proven bounds on the nullity over the stratum, which need not be attained; equal where it is constant."""
        if not self.differentiable:
            return None
        rest = self._parameters - 2 * self.falling
        return rest - self._generic_rank, rest - self.solution.rank

    @property
    def unique(self) -> bool:
        """Whether all products of output weight and weights have only one value."""
        moving = sum(int(self.patterns.dimensions[face]) for face, sign in self.spots if sign)
        return self.solution.rank == moving + len(self._fitter.forms.constant)

    @cached_property
    def isolated(self) -> bool | None:
        """Whether no other local minimum is near but for rescaled weights; ``None`` where that takes too long to decide."""
        return is_isolated(self._fitter, self.solution, self.spots)

    @property
    def _parameters(self) -> int:
        return self.hidden * (self.patterns.problem.width + 1) + len(self._fitter.forms.constant)

    @cached_property
    def _generic_rank(self) -> int:
        """The rank of the columns of the fit with one image of each flat neuron of output weight 0, its weights generic.

        By Rado's theorem: the smallest over sets of such neurons of the rank with all their columns plus the number of others.
        """
        zeros = set(self.solution.zeros)
        idle = [face for face, sign in self.spots if not sign and face in zeros]
        best = self.solution.rank + len(idle)
        for size in range(1, len(idle) + 1):
            for chosen in set(combinations(idle, size)):
                best = min(best, self._rank((*self.solution.support.faces, *chosen)) + len(idle) - size)
        return best

    def _rank(self, faces: Iterable[int]) -> int:
        forms = self._fitter.forms
        rows = [row for face in sorted(set(faces)) for row in forms.columns(face)] + forms.constant
        return (
            int(fmpz_mat(len(rows), len(forms.targets), [entry for row in rows for entry in row]).rank()) if rows else 0
        )


def strata(patterns: Patterns, hidden: int, solution: Solution) -> Iterator[Place]:
    """Yield the strata of local minima of a solution."""
    for neurons in spots(solution, hidden):
        yield Place(patterns, solution, neurons)
