"""/healthz, /readyz and /metrics."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Right, can
from heartsite.health import metrics
from heartsite.health.probes import READINESS, findings
from heartsite.serving.addresses import is_loopback


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that a slow database does not get it killed."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Everything that the next recording will need. Details only to those who may see the metrics."""
    found = findings(READINESS)
    ready = all(finding["ok"] for finding in found.values())
    body: dict = {"status": "ready" if ready else "not ready"}
    if _may_look_inside(request):
        body["checks"] = found
    else:
        body["checks"] = {name: {"ok": finding["ok"]} for name, finding in found.items()}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    if not _may_look_inside(request):
        raise PermissionDenied("The metrics are for this machine and for a clinic's administrator.")
    return HttpResponse(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_look_inside(request: HttpRequest) -> bool:
    """A program on this machine, asking it by its own name and through no proxy; or an administrator."""
    through_a_proxy = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    host = request.get_host().rpartition(":")[0] or request.get_host()
    local = is_loopback(request.META.get("REMOTE_ADDR", "")) and is_loopback(host) and not through_a_proxy
    return local or (
        request.user.is_authenticated and (request.user.is_superuser or can(request.user, Right.ADMINISTER))
    )
