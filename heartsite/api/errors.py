"""Every API error has the same shape: {"error": {"code", "message", "fields"?}}."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from accounts.errors import HeartSiteError


def handle(exception: Exception, context: dict) -> Response | None:
    if isinstance(exception, HeartSiteError):
        set_rollback()
        return Response(body(exception.code, exception.message), status=exception.http_status)
    response = exception_handler(exception, context)
    if response is None:
        return None
    if isinstance(exception, exceptions.ValidationError):
        response.data = body("request.invalid", "Some fields need another look.", fields=response.data)
    elif isinstance(exception, Http404 | exceptions.NotFound):
        response.data = body("not_found", "There is nothing here that you may see.")
    elif isinstance(exception, PermissionDenied):
        response.data = body("permission_denied", str(exception) or "Your role does not let you do this.")
    else:
        code = getattr(exception, "default_code", "error")
        response.data = body(str(code), str(getattr(exception, "detail", exception)))
    return response


def body(code: str, message: str, **more) -> dict:
    return {"error": {"code": code, "message": message, **more}}
