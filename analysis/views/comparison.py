"""A shadow model beside the current one, for an administrator. What it says stands on no other page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from analysis.models import ModelVersion
from analysis.selectors.comparison import baseline_asked, shadow_run_for


@require_GET
@clinic_page(Right.ADMINISTER)
def comparison(request: PersonRequest, version_id: UUID) -> HttpResponse:
    version = get_object_or_404(ModelVersion, pk=version_id)
    run = shadow_run_for(request.user, version, baseline_asked(request.GET.get("beside", "")))
    record_event(
        by=Actor.of(request), action="model.compared", obj=version, details={"recordings": run.comparison.n}
    )
    return render(request, "analysis/comparison.html", {"run": run})
