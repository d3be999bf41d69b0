"""The pages for what went wrong: each says what happened and what to do, in the site's own frame."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from heartsite.api.errors import body


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "request.bad", "HeartSite could not make sense of this request.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = (
        str(exception)
        if exception and str(exception)
        else "Your role in this clinic does not let you do this."
    )
    return _answer(request, 403, "permission_denied", reason)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "not_found", "There is nothing here that you may see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request's context: whatever broke may be what fills it."""
    request_id = getattr(request, "request_id", "")
    message = "Something went wrong on our side. What was stored before is safe."
    if wants_json(request):
        return JsonResponse(body("error", message, request=request_id), status=500)
    page = render_to_string("errors/500.html", {"message": message, "request_id": request_id})
    return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This page was open too long, or came from another address. Go back, reload it and try again."
    return _answer(request, 403, "request.stale_page", message, template="errors/csrf.html")


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", "")


def _answer(
    request: HttpRequest, status: int, code: str, message: str, *, template: str = ""
) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(body(code, message), status=status)
    context = {"code": code, "message": message}
    return render(request, template or f"errors/{status}.html", context, status=status)
