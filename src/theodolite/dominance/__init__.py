"""Gradient dominance and regularity, as functions on arrays: constants, balls, rates, the nearest minimizer."""

from theodolite.dominance._activated import (
    ActivatedModel,
    ActivatedSizes,
    activated_constant,
    activated_smoothness,
    measure_activated,
)
from theodolite.dominance._activated_certify import (
    ActivatedSubject,
    activated_descent,
    activated_dominance,
    activated_regularity,
)
from theodolite.dominance._activations import Activation, activation_named
from theodolite.dominance._certify import Subject, chain_descent, chain_dominance, chain_regularity, check_radius
from theodolite.dominance._chain import Chain, Model, check_sizes
from theodolite.dominance._probe import EmpiricalCheck, Probe
from theodolite.dominance._projection import nearest_minimizer, project_layer
from theodolite.dominance._read import reachable, read
from theodolite.dominance._results import DescentCertificate, Dominance, Regularity
from theodolite.dominance._sizes import (
    Sizes,
    best_constant,
    comp_constant,
    largest_radius,
    measure,
    ntk_constant,
    product_constant,
    residual_constant,
    smoothness,
    steepness,
)

__all__ = [
    "ActivatedModel",
    "ActivatedSizes",
    "ActivatedSubject",
    "Activation",
    "Chain",
    "DescentCertificate",
    "Dominance",
    "EmpiricalCheck",
    "Model",
    "Probe",
    "Regularity",
    "Sizes",
    "Subject",
    "activated_constant",
    "activated_descent",
    "activated_dominance",
    "activated_regularity",
    "activated_smoothness",
    "activation_named",
    "best_constant",
    "chain_descent",
    "chain_dominance",
    "chain_regularity",
    "check_radius",
    "check_sizes",
    "comp_constant",
    "largest_radius",
    "measure",
    "measure_activated",
    "nearest_minimizer",
    "ntk_constant",
    "product_constant",
    "project_layer",
    "reachable",
    "read",
    "residual_constant",
    "smoothness",
    "steepness",
]
