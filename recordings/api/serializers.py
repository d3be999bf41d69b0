"""Patients, sessions and recordings as JSON. Nothing a model said is in here."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import serializers

from recordings.models import Patient, Posture, Recording, RecordingSession, Site


class PatientSerializer(serializers.ModelSerializer):
    class Meta:
        model = Patient
        fields = [
            "id",
            "identifier",
            "name",
            "born_on",
            "age_months",
            "sex",
            "prosthetic_valve",
            "pacemaker",
            "pregnant",
            "indication",
            "created_at",
        ]
        read_only_fields = ["id", "created_at"]
        # The service says which identifier is taken, by name.
        validators: list = []
        extra_kwargs = {
            "age_months": {"help_text": "Instead of a date of birth; true on the day it is sent."}
        }


class SessionSerializer(serializers.ModelSerializer):
    patient = serializers.UUIDField(source="patient_id", read_only=True)
    is_open = serializers.BooleanField(read_only=True)

    class Meta:
        model = RecordingSession
        fields = [
            "id",
            "patient",
            "opened_at",
            "ended_at",
            "is_open",
            "target_s",
            "settle_s",
            "site",
            "posture",
        ]
        read_only_fields = fields


class SessionSettingsSerializer(serializers.Serializer):
    site = serializers.ChoiceField(choices=Site.choices, allow_blank=True, required=False)
    posture = serializers.ChoiceField(choices=Posture.choices, allow_blank=True, required=False)
    target_s = serializers.IntegerField(min_value=10, max_value=60, required=False)


class NewSessionSerializer(SessionSettingsSerializer):
    patient = serializers.UUIDField()


class MoveSessionSerializer(serializers.Serializer):
    patient = serializers.UUIDField(help_text="The right patient.")


class RecordingSerializer(serializers.ModelSerializer):
    session = serializers.UUIDField(source="session_id", read_only=True)
    patient = serializers.UUIDField(source="session.patient_id", read_only=True)
    duration_s = serializers.FloatField(read_only=True)
    gaps = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        read_only=True,
        help_text="[first sample, number of samples] filled with zeros because they never came.",
    )
    track_settings = serializers.DictField(
        read_only=True,
        help_text="What the phone said of its microphone; of an upload, how its file was read.",
    )
    audio = serializers.SerializerMethodField(help_text="Address of the sound; empty until it is stored.")

    class Meta:
        model = Recording
        fields = [
            "id",
            "session",
            "patient",
            "take",
            "source",
            "status",
            "failure_code",
            "is_kept",
            "site",
            "posture",
            "device_label",
            "track_settings",
            "native_rate_hz",
            "sample_rate_hz",
            "n_samples",
            "duration_s",
            "gaps",
            "pcm_sha256",
            "hash_matches",
            "source_name",
            "source_sha256",
            "true_label",
            "created_at",
            "started_at",
            "stored_at",
            "audio",
        ]
        read_only_fields = fields

    def get_audio(self, recording: Recording) -> str:
        return reverse("api-recordings-audio", args=[recording.pk]) if recording.is_stored else ""


class NewRecordingSerializer(serializers.Serializer):
    file = serializers.FileField(
        help_text="WAV, FLAC, MP3, OGG, M4A/AAC or WebM.", allow_empty_file=True, max_length=None
    )
    session = serializers.UUIDField(required=False, help_text="An open session; or else a patient.")
    patient = serializers.UUIDField(required=False, help_text="The recording gets a session of its own.")
    site = serializers.ChoiceField(choices=Site.choices, allow_blank=True, default="")
    posture = serializers.ChoiceField(choices=Posture.choices, allow_blank=True, default="")
    consent_attested = serializers.BooleanField(
        default=False, help_text="The patient, or a guardian, has agreed to storing and analysing it."
    )
    id = serializers.UUIDField(required=False, help_text="Your own number for it: sending twice stores once.")

    def validate(self, attributes: dict) -> dict:
        if ("session" in attributes) == ("patient" in attributes):
            raise serializers.ValidationError("Name a session or a patient, one of the two.")
        return attributes


class PatientQuerySerializer(serializers.Serializer):
    query = serializers.CharField(required=False, help_text="Words of the identifier or the name.")


class SessionQuerySerializer(serializers.Serializer):
    patient = serializers.UUIDField(required=False)
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)


class RecordingQuerySerializer(serializers.Serializer):
    patient = serializers.UUIDField(required=False)
    session = serializers.UUIDField(required=False)
    site = serializers.ChoiceField(choices=Site.choices, required=False)
    posture = serializers.ChoiceField(choices=Posture.choices, required=False)
    source = serializers.ChoiceField(choices=Recording.Source.choices, required=False)
    status = serializers.ChoiceField(choices=Recording.Status.choices, required=False)
    since = serializers.DateTimeField(required=False, help_text="Created then or later.")
    until = serializers.DateTimeField(required=False, help_text="Created before.")


class AudioQuerySerializer(serializers.Serializer):
    encoding = serializers.ChoiceField(choices=["flac", "wav"], default="flac")
