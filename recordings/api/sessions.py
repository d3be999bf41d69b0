"""Recording sessions over the API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.api.idempotency import IdempotentCreateMixin
from accounts.api.views import IDEMPOTENCY_KEY, ClinicViewSet, errors
from accounts.permissions import Right
from accounts.services.audit import record_event
from recordings.api.serializers import (
    MoveSessionSerializer,
    NewSessionSerializer,
    SessionQuerySerializer,
    SessionSerializer,
    SessionSettingsSerializer,
)
from recordings.models import RecordingSession
from recordings.selectors import get_patient_for, get_session_for, sessions_for
from recordings.services.sessions import end_session, move_session, open_session, update_session


@extend_schema_view(
    list=extend_schema(
        summary="Sessions, newest first",
        parameters=[SessionQuerySerializer],
        responses=SessionSerializer(many=True),
    ),
    create=extend_schema(
        summary="Open a session",
        parameters=[IDEMPOTENCY_KEY],
        request=NewSessionSerializer,
        responses={201: SessionSerializer, **errors(400, 403, 404, 409)},
    ),
    retrieve=extend_schema(summary="One session", responses={200: SessionSerializer, **errors(404)}),
    partial_update=extend_schema(
        summary="Choose what the next take will be",
        request=SessionSettingsSerializer,
        responses={200: SessionSerializer, **errors(400, 403, 404, 409)},
    ),
)
class SessionViewSet(IdempotentCreateMixin, ClinicViewSet):
    queryset = RecordingSession.objects.none()
    serializer_class = SessionSerializer
    ordering = "-opened_at"
    listed = "sessions.listed"

    @property
    def write_right(self) -> Right:
        return Right.MOVE if self.action == "move" else Right.RECORD

    def list(self, request: Request) -> Response:
        asked = SessionQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        patient = get_patient_for(request.user, wanted["patient"]) if "patient" in wanted else None
        return self.paged(sessions_for(request.user, patient=patient, is_open=wanted["is_open"]))

    def create_once(self, request: Request, number: UUID | None) -> Response:
        given = NewSessionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        settings = dict(given.validated_data)
        patient = get_patient_for(request.user, settings.pop("patient"), right=Right.RECORD)
        session = open_session(patient=patient, by=Actor.of(request), **settings)
        return Response(SessionSerializer(session).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        session = get_session_for(request.user, pk)
        record_event(by=Actor.of(request), action="session.viewed", obj=session, details={"via": "api"})
        return Response(SessionSerializer(session).data)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        session = get_session_for(request.user, pk, right=Right.RECORD)
        given = SessionSettingsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        update_session(session=session, by=Actor.of(request), **given.validated_data)
        return Response(SessionSerializer(session).data)

    @extend_schema(
        summary="End a session", request=None, responses={200: SessionSerializer, **errors(403, 404)}
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        session = get_session_for(request.user, pk, right=Right.RECORD)
        return Response(SessionSerializer(end_session(session=session, by=Actor.of(request))).data)

    @extend_schema(
        summary="Move a session to the right patient",
        request=MoveSessionSerializer,
        responses={200: SessionSerializer, **errors(400, 403, 404)},
    )
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: UUID) -> Response:
        session = get_session_for(request.user, pk, right=Right.MOVE)
        given = MoveSessionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        patient = get_patient_for(request.user, given.validated_data["patient"])
        return Response(
            SessionSerializer(move_session(session=session, patient=patient, by=Actor.of(request))).data
        )
