"""Patients, sessions and recordings, as far as no result is shown."""

from django.urls import path

from recordings.views import patients, recordings, sessions

app_name = "recordings"

urlpatterns = [
    path("patients/", patients.index, name="patients"),
    path("patients/add/", patients.add, name="patient_add"),
    path("patients/<uuid:patient_id>/edit/", patients.edit, name="patient_edit"),
    path("patients/<uuid:patient_id>/sessions/open/", sessions.open_session, name="session_open"),
    path("sessions/", sessions.index, name="sessions"),
    path("sessions/<uuid:session_id>/settings/", sessions.settings, name="session_settings"),
    path("sessions/<uuid:session_id>/end/", sessions.end, name="session_end"),
    path("sessions/<uuid:session_id>/move/", sessions.move, name="session_move"),
    path("recordings/<uuid:recording_id>/delete/", recordings.delete, name="recording_delete"),
    path("recordings/<uuid:recording_id>/restore/", recordings.restore, name="recording_restore"),
]
