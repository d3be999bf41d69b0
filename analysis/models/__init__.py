from analysis.models.analysis import Analysis
from analysis.models.model_version import ModelVersion
from analysis.models.reading import Reading

__all__ = ["Analysis", "ModelVersion", "Reading"]
