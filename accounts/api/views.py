"""What every viewset of the API shares, and the person's own tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.api.idempotency import HEADER, refuse_key
from accounts.api.serializers import (
    ErrorSerializer,
    NewTokenSerializer,
    TokenSerializer,
    TokenWithSecretSerializer,
)
from accounts.api.throttling import TokenThrottle
from accounts.errors import HeartSiteError
from accounts.models import ApiToken
from accounts.permissions import Right
from accounts.selectors import tokens_for
from accounts.services.audit import record_event
from accounts.services.tokens import create_token, revoke_token

IDEMPOTENCY_KEY = OpenApiParameter(
    name=HEADER,
    type=str,
    location=OpenApiParameter.HEADER,
    description="Asking again under the same key within a day gives the first answer and creates nothing.",
)


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """The schema of refusals, for `responses=`."""
    return {code: OpenApiResponse(ErrorSerializer) for code in codes}


class ClinicViewSet(viewsets.GenericViewSet):
    """Lists page by cursor; `listed` names the audit event of a page."""

    listed = ""

    def paged(self, queryset: Any) -> Response:
        """One page of `queryset`, serialised by the view's serializer, and its audit event."""
        page = self.paginate_queryset(queryset)
        record_event(by=Actor.of(self.request), action=self.listed, details={"via": "api", "n": len(page)})
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


@extend_schema_view(
    list=extend_schema(summary="One's own tokens", responses=TokenSerializer(many=True)),
    create=extend_schema(
        summary="Make a token; its secret is in this answer alone",
        request=NewTokenSerializer,
        responses={201: TokenWithSecretSerializer, **errors(400, 403)},
    ),
    destroy=extend_schema(summary="Revoke a token", responses={204: None, **errors(404)}),
)
class TokenViewSet(ClinicViewSet):
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    required_right = Right.VIEW
    listed = "tokens.listed"

    def get_throttles(self) -> list:
        return [TokenThrottle()] if self.action == "create" else super().get_throttles()

    def list(self, request: Request) -> Response:
        return self.paged(tokens_for(request.user).filter(user=request.user))

    def create(self, request: Request) -> Response:
        refuse_key(request)
        given = NewTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        _check_lifetime(request, given.validated_data["days"])
        token, secret = create_token(by=Actor.of(request), **given.validated_data)
        return Response({**TokenSerializer(token).data, "secret": secret}, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: UUID) -> Response:
        token = get_object_or_404(tokens_for(request.user).filter(user=request.user), pk=pk)
        revoke_token(token=token, by=Actor.of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _check_lifetime(request: Request, days: int) -> None:
    """A token that fell into wrong hands must not prolong its own life."""
    if isinstance(request.auth, ApiToken) and timezone.now() + timedelta(days=days) > request.auth.expires_at:
        raise HeartSiteError("token.outlives", "A token made with a token must expire before that one.", 403)
