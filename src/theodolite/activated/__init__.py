"""One hidden layer with an injective activation: global minimizers, and dominance of the gradient around them."""

from theodolite.activated._landscape import ActivatedLandscape

__all__ = ["ActivatedLandscape"]
