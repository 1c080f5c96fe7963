"""Cells of hyperplane arrangements, in any position, exactly."""

from theodolite.arrangement._cells import Cells
from theodolite.arrangement._enumerate import cells, count_cells
from theodolite.arrangement._faces import Faces

__all__ = ["Cells", "Faces", "cells", "count_cells"]
