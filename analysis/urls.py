"""Pages that show what a model made of a recording."""

from django.urls import path

from analysis.views import comparison, history, model, result, session

app_name = "analysis"

urlpatterns = [
    path("", history.home, name="home"),
    path("recordings/", history.recordings, name="recordings"),
    path("patients/<uuid:patient_id>/", history.patient, name="patient"),
    path("recordings/<uuid:recording_id>/", result.recording, name="recording"),
    path("recordings/<uuid:recording_id>/result/", result.result, name="result"),
    path("recordings/<uuid:recording_id>/panel/", result.panel, name="panel"),
    path("recordings/<uuid:recording_id>/analyse/", result.request_again, name="request"),
    path("analyses/<uuid:analysis_id>/retry/", result.retry, name="retry"),
    path("sessions/<uuid:session_id>/", session.session, name="session"),
    path("sessions/<uuid:session_id>/takes/", session.takes, name="takes"),
    path("model/", model.model, name="model"),
    path("model/figures/", model.figures, name="model_figures"),
    path("model/comparison/<uuid:version_id>/", comparison.comparison, name="comparison"),
]
