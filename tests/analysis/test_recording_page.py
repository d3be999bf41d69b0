"""What a recording's page lists beside the result it shows."""

from __future__ import annotations

from django.urls import reverse

from analysis.models import Analysis
from tests.factories import make_done


def test_an_analysis_on_its_way_does_not_hide_the_one_before_it(client, clinician, recording, model):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = reverse("analysis:recording", args=[recording.pk])
    done = make_done(recording, model)
    assert client.get(page).context["earlier"] == []
    Analysis.objects.create(clinic=recording.clinic, recording=recording, model_version=model)
    context = client.get(page).context
    assert context["result"].is_pending
    assert [each.analysis_id for each in context["earlier"]] == [done.pk]


def test_the_first_analysis_has_none_before_it(client, clinician, recording):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    context = client.get(reverse("analysis:recording", args=[recording.pk])).context
    assert (context["result"], context["earlier"]) == (None, [])
