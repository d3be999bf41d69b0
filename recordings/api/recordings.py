"""Recordings over the API: list, upload, hear, delete and restore."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.api.idempotency import IdempotentCreateMixin
from accounts.api.throttling import UploadThrottle
from accounts.api.views import IDEMPOTENCY_KEY, ClinicViewSet, errors
from accounts.permissions import Right
from accounts.services.audit import record_event
from recordings.api.serializers import (
    AudioQuerySerializer,
    NewRecordingSerializer,
    RecordingQuerySerializer,
    RecordingSerializer,
)
from recordings.audio_response import audio_response
from recordings.audio_streams import flac_stream, wav_stream
from recordings.models import Recording
from recordings.selectors import (
    RecordingFilters,
    get_patient_for,
    get_recording_for,
    get_session_for,
    recordings_for,
)
from recordings.services.deletion import delete_recording, restore_recording
from recordings.services.uploads import store_upload

STREAMS = {"flac": flac_stream, "wav": wav_stream}
SOUND = OpenApiResponse(OpenApiTypes.BINARY, description="audio/flac or audio/wav")
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="As in bytes=0-65535.")


@extend_schema_view(
    list=extend_schema(
        summary="Recordings, newest first",
        parameters=[RecordingQuerySerializer],
        responses=RecordingSerializer(many=True),
    ),
    create=extend_schema(
        summary="Upload a recording; its analysis is queued",
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": NewRecordingSerializer},
        responses={201: RecordingSerializer, **errors(400, 403, 404, 409, 413, 415, 429)},
    ),
    retrieve=extend_schema(summary="One recording", responses={200: RecordingSerializer, **errors(404)}),
    destroy=extend_schema(
        summary="Delete a recording; restore undoes it", responses={204: None, **errors(403, 404, 409)}
    ),
)
class RecordingViewSet(IdempotentCreateMixin, ClinicViewSet):
    queryset = Recording.objects.none()
    serializer_class = RecordingSerializer
    listed = "recordings.listed"

    @property
    def write_right(self) -> Right:
        return Right.RECORD if self.action == "create" else Right.DELETE

    def get_throttles(self) -> list:
        return [UploadThrottle()] if self.action == "create" else super().get_throttles()

    def get_parsers(self) -> list:
        is_upload = getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    def list(self, request: Request) -> Response:
        asked = RecordingQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        if "patient" in wanted:
            wanted["patient"] = get_patient_for(request.user, wanted["patient"])
        if "session" in wanted:
            wanted["session"] = get_session_for(request.user, wanted["session"])
        return self.paged(recordings_for(request.user, RecordingFilters(**wanted)))

    def create_once(self, request: Request, number: UUID | None) -> Response:
        given = NewRecordingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        session_id, patient_id = wanted.pop("session", None), wanted.pop("patient", None)
        recording = store_upload(
            by=Actor.of(request),
            session=get_session_for(request.user, session_id, right=Right.RECORD) if session_id else None,
            patient=get_patient_for(request.user, patient_id, right=Right.RECORD) if patient_id else None,
            recording_id=wanted.pop("id", None) or number,
            **wanted,
        )
        return Response(RecordingSerializer(recording).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        recording = get_recording_for(request.user, pk)
        record_event(by=Actor.of(request), action="recording.viewed", obj=recording, details={"via": "api"})
        return Response(RecordingSerializer(recording).data)

    def destroy(self, request: Request, pk: UUID) -> Response:
        recording = get_recording_for(request.user, pk, right=Right.DELETE)
        delete_recording(recording=recording, by=Actor.of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Undo a deletion", request=None, responses={200: RecordingSerializer, **errors(403, 404)}
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID) -> Response:
        recording = get_recording_for(request.user, pk, right=Right.DELETE, include_deleted=True)
        return Response(
            RecordingSerializer(restore_recording(recording=recording, by=Actor.of(request))).data
        )

    @extend_schema(
        summary="The sound, whole or in ranges",
        parameters=[AudioQuerySerializer, RANGE],
        responses={
            200: SOUND,
            206: SOUND,
            416: OpenApiResponse(description="The range lies outside the sound."),
            **errors(404),
        },
    )
    @action(detail=True, methods=["get"])
    def audio(self, request: Request, pk: UUID) -> HttpResponseBase:
        recording = get_recording_for(request.user, pk)
        asked = AudioQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return audio_response(request, recording, STREAMS[asked.validated_data["encoding"]](recording))
