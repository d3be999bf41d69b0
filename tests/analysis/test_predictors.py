"""A worker's loaded models: one per version, read at any of its points, and only while its files are its own."""

from __future__ import annotations

import pytest

from accounts.actors import Actor
from analysis import predictors
from analysis.predictors import predictor_for
from analysis.services.registry import register_model
from ml.inference.curve import CurvePoint, OperatingCurve
from ml.inference.errors import ArtefactError
from tests.ml.inference.tiny_model import write_tiny_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(tmp_path):
    rows = ((0.2, 0.96, 0.7), (0.3, 0.9, 0.8), (0.5, 0.8, 0.9))
    curve = OperatingCurve(tuple(CurvePoint(t, (t - 0.1, t + 0.1), se, sp) for t, se, sp in rows), 50, 50)
    write_tiny_model(tmp_path, operating_curve=curve)
    predictors._load.cache_clear()
    yield register_model(directory=tmp_path, by=Actor.system())
    predictors._load.cache_clear()


def test_all_points_share_one_loaded_model(version):
    balanced, adjusted = predictor_for(version, "balanced"), predictor_for(version, "adjusted", 0.93)
    assert (balanced.point.threshold, adjusted.point.threshold) == (0.5, 0.2)
    assert adjusted.point.unsure_band == (0.1, 0.2 + 0.1)
    assert balanced.members is adjusted.members
    assert predictors._load.cache_info().misses == 1


def test_files_that_are_no_longer_those_registered_are_not_read_with(version, tmp_path):
    write_tiny_model(tmp_path, seed=7, version="another")
    with pytest.raises(ArtefactError) as refused:
        predictor_for(version, "balanced")
    assert refused.value.code == "artefact.replaced"


def test_a_point_the_model_lacks_is_refused(version):
    with pytest.raises(ArtefactError) as refused:
        predictor_for(version, "adjusted")
    assert refused.value.code == "artefact.operating_point"
