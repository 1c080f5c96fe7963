"""Arcs of the circle of a network's layers, its outputs joined to its inputs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Arc"]


@dataclass(frozen=True)
class Arc:
    """The vertices start, start + 1, ..., end of the circle of ``size`` vertices."""

    start: int
    length: int
    size: int

    @property
    def end(self) -> int:
        """The last vertex."""
        return (self.start + self.length - 1) % self.size

    @property
    def crosses(self) -> bool:
        """Whether the step from the outputs back to the inputs (the map T) is inside."""
        return self.start + self.length > self.size

    @property
    def vertices(self) -> tuple[int, ...]:
        """Its vertices in order."""
        return tuple((self.start + i) % self.size for i in range(self.length))

    def place(self, vertex: int) -> int | None:
        """Return how many steps after the start ``vertex`` comes, ``None`` if it is not in the arc."""
        steps = (vertex - self.start) % self.size
        return steps if steps < self.length else None

    def junction(self, other: Arc) -> list[int]:
        """Return the arrows (v stands for v -> v + 1) on which a string here can pass to one on ``other``."""
        first = (other.start - 1) % self.size
        place = self.place(first)
        return [] if place is None else [(first + i) % self.size for i in range(self.length - place)]

    def __str__(self) -> str:
        return f"{self.start}" if self.length == 1 else f"{self.start}→{self.end}"
