"""The audit trail: read, filtered, exported; each of these is itself on the trail."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.forms import AuditFilterForm
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.selectors import audit_actions_for, audit_events_for, members_for, names_of_actors
from accounts.services.audit import record_event

PER_PAGE = 50
COLUMNS = (
    "at",
    "actor_kind",
    "actor_id",
    "action",
    "object_type",
    "object_id",
    "address",
    "request_id",
    "details",
)


@require_GET
@clinic_page(Right.AUDIT)
def index(request: PersonRequest) -> HttpResponse:
    form = _filter_form(request)
    page = Paginator(audit_events_for(request.user, form.filters()), PER_PAGE).get_page(
        request.GET.get("page")
    )
    # Read before this look is itself written down: it would push the oldest event off a page already counted.
    names = names_of_actors(page.object_list)
    record_event(by=Actor.of(request), action="audit.listed", details={"page": page.number})
    context = {"form": form, "page": page, "names": names}
    return render(request, "accounts/audit.html", context)


@require_GET
@clinic_page(Right.AUDIT)
def export(request: PersonRequest) -> StreamingHttpResponse:
    """The filtered trail as CSV, streamed; the export's own event is not in it."""
    events = audit_events_for(request.user, _filter_form(request).filters())
    events = events.filter(at__lte=timezone.now())
    record_event(by=Actor.of(request), action="audit.exported", details={"events": events.count()})
    response = StreamingHttpResponse(_csv_lines(events), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


def _filter_form(request: PersonRequest) -> AuditFilterForm:
    actions = audit_actions_for(request.user)
    return AuditFilterForm(request.GET, people=members_for(request.user), actions=actions)


class _Echo:
    """csv wants a file; the line itself is what is wanted here."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(events) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for event in events.iterator(chunk_size=1000):
        row = [getattr(event, column) for column in COLUMNS]
        row[0] = event.at.isoformat()
        row[-1] = json.dumps(event.details, sort_keys=True)
        yield writer.writerow(row)
