"""A landscape whose every answer is plain: one double well per coordinate, of depth and height of its own.

f_i(x) = a_i (x^2 - 1)^2 + b_i (x + 1)^2 has no closed form worth testing against, so the wells are cut to order: coordinate i is
critical at -1, 0, 1 with values 0, heights[i], tilts[i], and the loss is the sum. Sets are named by one letter per coordinate.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

import theodolite as th
from theodolite._critical import CriticalSet, Stratum
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._landscape import SurveyableLandscape
from theodolite._panels import Description, Formula, TextPanel
from theodolite._references import cite
from theodolite._table import Table

LETTERS = "v^w"  # the deep well, the top between, the shallow well


class Wells(SurveyableLandscape):
    """Separable double wells in ``heights.size`` coordinates; 3**n critical points, one per choice of letters."""

    def __init__(self, heights, tilts, *, ordered=True, exact=False, counted=True, delay=0.0, chunk=4):
        self.heights, self.tilts = tuple(heights), tuple(tilts)
        self.ordered = ordered
        self.exact, self.counted, self.delay, self.chunk = exact, counted, delay, chunk

    @property
    def n(self):
        return len(self.heights)

    @property
    def parameter_shapes(self):
        return ((self.n,),)

    @property
    def specification(self):
        return f"wells:{self.n}"

    @property
    def fingerprint(self):
        facts = repr((self.heights, self.tilts, self.ordered, self.exact))
        return hashlib.sha256(facts.encode()).hexdigest()

    def description(self):
        return Description(
            title="double wells",
            network=self.specification,
            data="none",
            parameter_count=self.n,
            noun="point",
            nouns="points",
            way="one coordinate rolls down",
            formulas=(Formula(r"\sum_i f_i(x_i)", "a sum of wells"),),
            facts=(("heights", str(self.heights)),),
        )

    def count(self):
        if not self.counted:
            raise th.NotCoveredError("The number of points is not known")
        return 3**self.n

    def workload(self):
        return 3**self.n

    def value(self, choice):
        kind = Fraction if self.exact else float
        parts = ((0, h, t)[c] for c, h, t in zip(choice, self.heights, self.tilts, strict=True))
        return sum((kind(part) for part in parts), kind(0))

    def choices(self):
        every = itertools.product(range(3), repeat=self.n)
        if not self.ordered:
            return every
        return iter(sorted(every, key=lambda choice: (self.value(choice), choice)))

    def work(self, *, limit=None):
        size, rest = self.chunk, 3**self.n
        if limit is not None and self.ordered:
            rest = min(rest, limit)
        choices = self.choices()
        while rest:
            block = bytes(c for choice in itertools.islice(choices, min(size, rest)) for c in choice)
            yield block
            rest -= len(block) // self.n
            size = min(2 * size, 64)

    def solve(self, item):
        time.sleep(self.delay)
        chosen = [tuple(item[i : i + self.n]) for i in range(0, len(item), self.n)]
        return Table.of([self.set_of(choice) for choice in chosen])

    def set_of(self, choice):
        tops = sum(c == 1 for c in choice)
        at_bottom = th.Kind.SPURIOUS_MINIMUM if any(choice) else th.Kind.GLOBAL_MINIMUM
        return CriticalSet(
            value=self.value(choice),
            kind=th.Kind.STRICT_SADDLE if tops else at_bottom,
            index=tops,
            nullity=0 if tops != 1 else None,
            dimension=0,
            label=self.name(bytes(choice)),
            evidence=Evidence(
                Method.EXACT if self.exact else Method.THEOREM,
                (cite("theodolite", theorem=f"{tops} tops"),),
                (Assumption("the wells are wells", margin=float("inf"), tolerance=0.5),),
                scope="all of space",
            ),
            index_range=(tops, tops),
            nullity_range=(0, 0) if tops % 2 else None,
            ranges_exact=tops != 2,
            key=bytes(choice),
            landscape=self,
        )

    def name(self, key):
        return "".join(LETTERS[c] for c in key)

    def global_minimum(self):
        return self.set_of((0,) * self.n)

    def representative_of(self, piece):
        return (np.array([(-1.0, 0.0, 1.0)[c] for c in piece.key]),)

    def sample_of(self, piece, source):
        return self.representative_of(piece)

    def strata_of(self, critical_set):
        fields = {
            name: getattr(critical_set, name) for name in ("value", "kind", "index", "nullity", "dimension", "label")
        }
        yield Stratum(**fields, evidence=critical_set.evidence, key=critical_set.key, landscape=self)

    def panels(self, critical_set):
        return (TextPanel("wells", (critical_set.label,)),)

    def components(self, table):
        return np.arange(len(table)) // 2

    def data_arrays(self):
        kind = object if self.exact else np.float64
        heights = [Fraction(h) for h in self.heights] if self.exact else self.heights
        return {"heights": np.array(heights, dtype=kind), "sizes": np.arange(self.n)}

    def loss(self, params):
        raise NotImplementedError

    gradient = hessian_vector_product = classify = escape = loss


class Fatal(Wells):
    """Wells whose solver kills its own process: at one piece, while fewer than ``deaths`` files lie in ``folder``."""

    def __init__(self, heights, tilts, folder, deaths):
        super().__init__(heights, tilts)
        self.folder, self.deaths = Path(folder), deaths

    def solve(self, item):
        if bytes((2,) * self.n) in (item[i : i + self.n] for i in range(0, len(item), self.n)):
            died = len(list(self.folder.iterdir()))
            if died < self.deaths:
                (self.folder / str(died)).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().solve(item)


class Faulty(Wells):
    """Wells whose solver raises what it is given."""

    def __init__(self, heights, tilts, error):
        super().__init__(heights, tilts)
        self.error = error

    def solve(self, item):
        raise self.error
