"""Analyses over the API: where each stands, its result as far as the user may see it, and asking for another."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
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
from analysis.api.serializers import (
    AnalysisQuerySerializer,
    AnalysisSerializer,
    AnalysisWithResultSerializer,
    ModelVersionSerializer,
    NewAnalysisSerializer,
    ResultSerializer,
)
from analysis.models import Analysis, ModelVersion
from analysis.selectors import (
    VisibleResult,
    analyses_for,
    get_analysis_for,
    get_visible_result,
    visible_earlier_results,
)
from analysis.services.requests import request_analysis, retry_analysis
from recordings.selectors import get_recording_for


@extend_schema_view(
    list=extend_schema(
        summary="Analyses, newest first, without results",
        parameters=[AnalysisQuerySerializer],
        responses=AnalysisSerializer(many=True),
    ),
    create=extend_schema(
        summary="Ask for another analysis of a recording",
        parameters=[IDEMPOTENCY_KEY],
        request=NewAnalysisSerializer,
        responses={201: AnalysisSerializer, **errors(400, 403, 404)},
    ),
    retrieve=extend_schema(
        summary="One analysis with its result", responses={200: AnalysisWithResultSerializer, **errors(404)}
    ),
)
class AnalysisViewSet(IdempotentCreateMixin, ClinicViewSet):
    queryset = Analysis.objects.none()
    serializer_class = AnalysisSerializer
    write_right = Right.ANALYSE
    listed = "analyses.listed"

    def list(self, request: Request) -> Response:
        asked = AnalysisQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        analyses = analyses_for(request.user)
        if "recording" in asked.validated_data:
            analyses = analyses.filter(
                recording=get_recording_for(request.user, asked.validated_data["recording"])
            )
        if "status" in asked.validated_data:
            analyses = analyses.filter(status=asked.validated_data["status"])
        return self.paged(analyses)

    def create_once(self, request: Request, number: UUID | None) -> Response:
        given = NewAnalysisSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        recording = get_recording_for(request.user, given.validated_data["recording"], right=Right.ANALYSE)
        chosen = given.validated_data.get("model")
        model = get_object_or_404(ModelVersion, pk=chosen) if chosen else None
        analysis = request_analysis(recording=recording, by=Actor.of(request), model=model)
        return Response(AnalysisSerializer(analysis).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        analysis = get_analysis_for(request.user, pk)
        record_event(by=Actor.of(request), action="analysis.viewed", obj=analysis, details={"via": "api"})
        result = _visible_result_of(request, analysis)
        shown = {
            **AnalysisSerializer(analysis).data,
            "result": ResultSerializer(result).data if result else None,
        }
        return Response(shown)

    @extend_schema(
        summary="Try a failed analysis again",
        request=None,
        responses={200: AnalysisSerializer, **errors(403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: UUID) -> Response:
        analysis = get_analysis_for(request.user, pk, right=Right.ANALYSE)
        return Response(AnalysisSerializer(retry_analysis(analysis=analysis, by=Actor.of(request))).data)


def _visible_result_of(request: Request, analysis: Analysis) -> VisibleResult | None:
    if (recording := analysis.recording) is None:
        return None
    latest = get_visible_result(request.user, recording)
    if latest is None:
        return None
    candidates = [latest, *visible_earlier_results(request.user, recording)]
    return next((r for r in candidates if r.analysis_id == analysis.pk and r.is_done), None)


@extend_schema_view(
    list=extend_schema(summary="Model versions", responses=ModelVersionSerializer(many=True)),
)
class ModelVersionViewSet(ClinicViewSet):
    queryset = ModelVersion.objects.none()
    serializer_class = ModelVersionSerializer
    ordering = "-registered_at"
    listed = "models.listed"

    def list(self, request: Request) -> Response:
        return self.paged(ModelVersion.objects.all())
