import dataclasses
import sys

import numpy as np
import pytest

from ml.inference.engines import open_session
from ml.inference.engines.onnx import last_column
from ml.inference.errors import EngineError


@pytest.fixture
def artefact(tiny_predictor):
    return tiny_predictor.artefact


def code_of(artefact, member, engine):
    with pytest.raises(EngineError) as caught:
        open_session(artefact, member, engine)
    return caught.value.code


def with_files(artefact, files):
    return dataclasses.replace(artefact.members[0], files=files)


def test_batches_of_any_size_give_one_output_a_row(artefact):
    session = open_session(artefact, artefact.members[0])
    batch = np.random.default_rng(0).standard_normal((7, 192, 32, 1))
    together = session(batch)
    assert together.shape == (7,)
    assert together.dtype == np.float64
    assert np.allclose(together, [session(row[None])[0] for row in batch], atol=1e-5)


def test_one_thread_a_session(artefact, monkeypatch):
    import onnxruntime

    seen = []
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, **k: seen.append(options) or make(path, options, **k),
    )
    open_session(artefact, artefact.members[0], "onnx")
    assert seen[0].intra_op_num_threads == 1
    assert seen[0].execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_an_unknown_engine(artefact):
    assert code_of(artefact, artefact.members[0], "abacus") == "engine.unknown"


def test_an_engine_whose_file_was_never_exported(artefact):
    member = with_files(artefact, {"keras": "x.keras"})
    assert code_of(artefact, member, "onnx") == "engine.no_file"
    assert (
        code_of(artefact, with_files(artefact, {"keras": "x.keras", "onnx": "x.onnx"}), "litert")
        == "engine.no_file"
    )


def test_a_member_with_onnx_alone_is_opened_whatever_engine_the_others_use(artefact):
    assert callable(open_session(artefact, artefact.members[0], "keras"))


def test_a_file_that_is_no_network(artefact, tmp_path):
    for suffix in ("onnx", "tflite", "keras"):
        (tmp_path / f"x.{suffix}").write_bytes(b"not a network" * 10)
    there = dataclasses.replace(artefact, directory=tmp_path)
    assert code_of(there, with_files(artefact, {"onnx": "x.onnx"}), "onnx") == "engine.failed"
    assert code_of(there, with_files(artefact, {"litert": "x.tflite"}), "litert") == "engine.failed"


@pytest.mark.parametrize(
    ("engine", "module", "files"),
    [
        ("onnx", "onnxruntime", {"onnx": "x.onnx"}),
        ("litert", "ai_edge_litert.interpreter", {"litert": "x.tflite"}),
        ("keras", "keras", {"keras": "x.keras"}),
    ],
)
def test_an_engine_that_is_not_installed_says_what_to_install(artefact, monkeypatch, engine, module, files):
    monkeypatch.setitem(sys.modules, module, None)
    member = with_files(artefact, files)
    with pytest.raises(EngineError, match="pip install") as caught:
        open_session(artefact, member, engine)
    assert caught.value.code == "engine.not_installed"


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2), (3, 1, 2)])
def test_the_abnormal_class_is_the_last_column(shape):
    result = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    assert np.array_equal(last_column(result), result.reshape(3, -1)[:, -1])
