"""Patients, sessions and recordings, as far as no result is shown."""

from django.urls import path

from recordings.views import audio, consents, pairing, patients, phone, recordings, sessions, upload

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
    path("sessions/<uuid:session_id>/pairing/", pairing.issue, name="pairing"),
    path("sessions/<uuid:session_id>/pairing/revoke/", pairing.revoke, name="pairing_revoke"),
    path("sessions/consents/<uuid:consent_id>/withdraw/", consents.withdraw, name="consent_withdraw"),
    path("p/", phone.phone, name="phone"),
    path("upload/", upload.upload, name="upload"),
    path("upload/demo/", upload.demo, name="upload_demo"),
    path("recordings/<uuid:recording_id>/audio", audio.flac, name="audio"),
    path("recordings/<uuid:recording_id>/audio.wav", audio.wav, name="audio_wav"),
    path("recordings/<uuid:recording_id>/delete/", recordings.delete, name="recording_delete"),
    path("recordings/<uuid:recording_id>/restore/", recordings.restore, name="recording_restore"),
]
