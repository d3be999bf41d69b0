"""Patients over the API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.api.idempotency import IdempotentCreateMixin
from accounts.api.views import IDEMPOTENCY_KEY, ClinicViewSet, errors
from accounts.permissions import Right
from accounts.services.audit import record_event
from recordings.api.serializers import PatientQuerySerializer, PatientSerializer
from recordings.models import Patient
from recordings.selectors import get_patient_for, patients_for
from recordings.services.patients import add_patient, update_patient


@extend_schema_view(
    list=extend_schema(
        summary="The clinic's patients, newest first",
        parameters=[PatientQuerySerializer],
        responses=PatientSerializer(many=True),
    ),
    create=extend_schema(
        summary="Add a patient",
        parameters=[IDEMPOTENCY_KEY],
        responses={201: PatientSerializer, **errors(400, 403, 409)},
    ),
    retrieve=extend_schema(summary="One patient", responses={200: PatientSerializer, **errors(404)}),
    partial_update=extend_schema(
        summary="Correct what is known of a patient",
        responses={200: PatientSerializer, **errors(400, 403, 404, 409)},
    ),
)
class PatientViewSet(IdempotentCreateMixin, ClinicViewSet):
    queryset = Patient.objects.none()
    serializer_class = PatientSerializer
    write_right = Right.RECORD
    listed = "patients.listed"

    def list(self, request: Request) -> Response:
        asked = PatientQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return self.paged(patients_for(request.user, asked.validated_data.get("query", "")))

    def create_once(self, request: Request, number: UUID | None) -> Response:
        given = PatientSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        patient = add_patient(by=Actor.of(request), **given.validated_data)
        return Response(PatientSerializer(patient).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        patient = get_patient_for(request.user, pk)
        record_event(by=Actor.of(request), action="patient.viewed", obj=patient, details={"via": "api"})
        return Response(PatientSerializer(patient).data)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        patient = get_patient_for(request.user, pk, right=Right.RECORD)
        given = PatientSerializer(patient, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        update_patient(patient=patient, by=Actor.of(request), **given.validated_data)
        return Response(PatientSerializer(patient).data)
