"""A request id and a count for every request, and named errors turned into pages or JSON."""

from __future__ import annotations

import time
import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.errors import HeartSiteError
from heartsite.api.errors import body
from heartsite.errors import wants_json
from heartsite.health.metrics import observe_request
from heartsite.logging import request_id


class IdentifiedRequest(HttpRequest):
    """A request that has passed RequestIdMiddleware."""

    request_id: str


class RequestIdMiddleware:
    """Gives each request an id of our own making: one sent by a client is not trusted into the logs."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: IdentifiedRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex[:16]
        token = request_id.set(request.request_id)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        observe_request(request.method or "", response.status_code, time.perf_counter() - began)
        response["X-Request-ID"] = request.request_id
        return response


class NamedErrorMiddleware:
    """Renders a HeartSiteError raised by a page: JSON to scripts, the error page to people."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, HeartSiteError):
            return None
        if wants_json(request):
            return JsonResponse(body(exception.code, exception.message), status=exception.http_status)
        context = {"code": exception.code, "message": exception.message}
        return render(request, "errors/named.html", context, status=exception.http_status)
