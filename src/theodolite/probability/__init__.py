"""How often a minimum found inside one activation pattern of a ReLU network is a local minimum of the loss itself.

Fix which samples each neuron is active on. The loss is then a least-squares problem, and its minimizer is *genuine* if
the neurons that it gives do have these activation patterns: only then is it a local minimum of the loss. Each function
here answers how probable that is for random inputs, under assumptions that are its arguments, and each answer has a
``simulate`` beside it.
"""

from __future__ import annotations

from theodolite.probability._figure import figure, panel
from theodolite.probability._hyperplanes import FixedHyperplanes, fixed_hyperplanes
from theodolite.probability._no_bias import NoBias, no_bias
from theodolite.probability._noise import NoisyLabels, noisy_labels
from theodolite.probability._odds import Decay, Odds
from theodolite.probability._simulation import Simulation
from theodolite.probability._thresholds import NestedThresholds, nested_thresholds, parallel_threshold

__all__ = [
    "Decay",
    "FixedHyperplanes",
    "NestedThresholds",
    "NoBias",
    "NoisyLabels",
    "Odds",
    "Simulation",
    "figure",
    "fixed_hyperplanes",
    "nested_thresholds",
    "no_bias",
    "noisy_labels",
    "panel",
    "parallel_threshold",
]
