"""Patients, sessions and recordings in the admin site. Sound, hashes and origins are read-only."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.admin_scope import ClinicScopedAdmin
from accounts.errors import HeartSiteError
from recordings.models import Consent, Patient, Recording, RecordingSession
from recordings.services.deletion import delete_recording, restore_recording
from recordings.services.sessions import end_session


@admin.register(Patient)
class PatientAdmin(ClinicScopedAdmin):
    addable = True
    editable = (
        "identifier",
        "name",
        "born_on",
        "age_months",
        "age_recorded_on",
        "sex",
        "prosthetic_valve",
        "pacemaker",
        "pregnant",
        "indication",
    )
    list_display = ("identifier", "clinic", "name", "sex", "born_on", "prosthetic_valve", "created_at")
    list_filter = ("sex", "prosthetic_valve", "pacemaker", "pregnant", "clinic")
    search_fields = ("identifier", "name")


@admin.register(RecordingSession)
class RecordingSessionAdmin(ClinicScopedAdmin):
    """A session is moved to another patient on its own page, where the consents move with it."""

    editable = ("site", "posture", "target_s", "settle_s")
    list_display = ("__str__", "clinic", "patient", "opened_by", "opened_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "site", "clinic")
    list_select_related = ("clinic", "patient", "opened_by")
    search_fields = ("id", "patient__identifier", "patient__name")
    date_hierarchy = "opened_at"
    actions = ("end",)

    @admin.action(description="End the chosen sessions")
    def end(self, request: HttpRequest, chosen: QuerySet) -> None:
        for session in chosen.select_related("clinic"):
            end_session(session=session, by=Actor.of(request))


@admin.register(Recording)
class RecordingAdmin(ClinicScopedAdmin):
    editable = ("site", "posture", "is_kept")
    list_display = (
        "__str__",
        "clinic",
        "patient",
        "take",
        "source",
        "status",
        "site",
        "created_at",
        "deleted_at",
    )
    list_filter = ("source", "status", "site", ("deleted_at", admin.EmptyFieldListFilter), "clinic")
    list_select_related = ("clinic", "session__patient")
    search_fields = ("id", "session__patient__identifier", "session__patient__name", "pcm_sha256")
    date_hierarchy = "created_at"
    actions = ("hide", "bring_back")

    @admin.display(description="patient", ordering="session__patient__identifier")
    def patient(self, recording: Recording) -> str:
        return recording.session.patient.identifier

    @admin.action(description="Delete the chosen recordings (can be undone)")
    def hide(self, request: HttpRequest, chosen: QuerySet) -> None:
        for recording in chosen.select_related("clinic"):
            try:
                delete_recording(recording=recording, by=Actor.of(request))
            except HeartSiteError as error:
                messages.error(request, f"{recording}: {error.message}")

    @admin.action(description="Restore the chosen recordings")
    def bring_back(self, request: HttpRequest, chosen: QuerySet) -> None:
        for recording in chosen.select_related("clinic"):
            restore_recording(recording=recording, by=Actor.of(request))


@admin.register(Consent)
class ConsentAdmin(ClinicScopedAdmin):
    list_display = (
        "__str__",
        "clinic",
        "patient",
        "giver",
        "wording_version",
        "for_research",
        "given_at",
        "withdrawn_at",
    )
    list_filter = ("giver", "for_research", "wording_version", "clinic")
    list_select_related = ("clinic", "patient")
    search_fields = ("patient__identifier",)
