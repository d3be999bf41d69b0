"""A model directory made in milliseconds: an untrained two-layer network on mel windows, as ONNX."""

from dataclasses import asdict

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ml.dsp.mel_windows import MelWindowConfig
from ml.inference.artefact import Artefact, Calibration, Member, OperatingPoint, TrainingData, write_artefact


def write_tiny_model(directory, seed=0, **changes):
    """Write and verify an artefact with random weights; `changes` replace its fields."""
    config = MelWindowConfig()
    write_network(directory / "tiny.onnx", config, seed)
    calibration = Calibration(1.0, 0.0)
    fields = {
        "name": "tiny",
        "version": "1.0",
        "members": (
            Member("tiny", "mel_windows", {"onnx": "tiny.onnx"}, asdict(config) | {"output": "logit"}),
        ),
        "operating_points": {
            "balanced": OperatingPoint(calibration, 0.5, (0.4, 0.6)),
            "screening": OperatingPoint(calibration, 0.3, (0.25, 0.6)),
        },
        "assumed_prevalence": 0.3,
        "preprocessing": {"fs_hz": 2000},
        "training_data": TrainingData("none: random weights", "0" * 64, 0, 0),
        "code_version": "test",
        "licence": "Apache-2.0",
    }
    return write_artefact(directory, Artefact(**{**fields, **changes}))


def write_network(path, config, seed):
    rng = np.random.default_rng(seed)
    n_inputs, n_hidden = config.window_frames * config.n_mels, 16
    weights = {
        "w1": rng.standard_normal((n_inputs, n_hidden)) / np.sqrt(n_inputs),
        "w2": rng.standard_normal((n_hidden, 1)) / np.sqrt(n_hidden),
    }
    nodes = [
        helper.make_node("Flatten", ["windows"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "w2"], ["logit"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(
                "windows", TensorProto.FLOAT, ["n", config.window_frames, config.n_mels, 1]
            )
        ],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
