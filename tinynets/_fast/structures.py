"""The structures of the C code, field by field as its headers have them."""

import ctypes


class LayerShape(ctypes.Structure):
    """`layer` of network.h."""

    _fields_ = [(name, ctypes.c_int64) for name in ("n_in", "n_out", "activation", "bias")]


class Model(ctypes.Structure):
    """`model` of network.h."""

    _fields_ = (
        [
            (name, ctypes.c_int64)
            for name in (
                "n_layers",
                "n_inputs",
                "n_outputs",
                "n_examples",
                "n_weights",
                "n_unknowns",
                "categorical",
                "one_layer",
            )
        ]
        + [("layers", ctypes.POINTER(LayerShape))]
        + [
            (name, ctypes.c_void_p)
            for name in ("data", "prior_precision", "precision", "unknown_prior")
        ]
        + [("rows", ctypes.c_void_p * 5)]
        + [(name, ctypes.c_double) for name in ("n_observed", "constant")]
    )


class Chains(ctypes.Structure):
    """`chains` of trajectory.h."""

    _fields_ = [(name, ctypes.c_int64) for name in ("n_chains", "n_steps", "stride")] + [
        (name, ctypes.c_void_p)
        for name in ("step_size", "variance", "position", "momentum", "value", "gradient")
    ]


class Trees(ctypes.Structure):
    """`tree_arrays` of nuts.h."""

    _fields_ = [("max_depth", ctypes.c_int64)] + [
        (name, ctypes.c_void_p)
        for name in ("direction", "join", "merge", "error", "acceptance", "n_leaves", "divergent")
    ]


class Walk(ctypes.Structure):
    """`draw_arrays` of hmc.h."""

    _fields_ = [(name, ctypes.c_int64) for name in ("n_draws", "corrected")] + [
        (name, ctypes.c_void_p)
        for name in (
            "n_leapfrog",
            "momentum",
            "uniform",
            "position",
            "value",
            "acceptance",
            "accepted",
            "energy",
            "error",
            "divergent",
        )
    ]
