import pytest

from ml.inference import load_predictor
from tests.ml.inference.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def tiny_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tiny-model")
    write_tiny_model(directory)
    return directory


@pytest.fixture(scope="session")
def tiny_predictor(tiny_dir):
    return load_predictor(tiny_dir)
