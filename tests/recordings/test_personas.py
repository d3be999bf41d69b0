"""Who gets what on every route: somebody with the right, a colleague without it, a stranger, nobody, a phone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta

import numpy as np
import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditEvent, Invitation
from accounts.secrets import digest_of
from accounts.services.tokens import create_token
from analysis.models import Analysis, ModelVersion
from recordings.audio_store import store_audio
from recordings.models import Pairing, Recording
from tests import factories
from tests.recordings.routes import LOGIN, READY_OR_NOT, ROUTES, Call

PHONE_CREDENTIAL = "a-phone-that-was-let-in"


@dataclass(frozen=True)
class Things:
    """Ids of one row of each kind in the clinic."""

    clinic: str
    patient: str
    other_patient: str
    session: str
    consent: str
    recording: str
    failed_analysis: str
    model_version: str
    token: str
    invitation: str
    person: str


@pytest.fixture
def things(clinic, clinician, administrator, media, monkeypatch) -> Things:
    monkeypatch.setattr("analysis.services.requests.enqueue", lambda analysis: None)
    monkeypatch.setattr("recordings.decode.warm_up", lambda: None)
    cache.clear()
    session = factories.make_session(clinic)
    recording = factories.make_recording(session, status=Recording.Status.RECEIVING, n_samples=8000)
    stored = store_audio(recording, np.zeros(8000, dtype=np.int16), rate_hz=8000)
    Recording.objects.filter(pk=recording.pk).update(audio=stored.name, status=Recording.Status.STORED)
    model = ModelVersion.objects.create(
        name="heart",
        version="1",
        directory="/none",
        artefact_sha256="a" * 64,
        stage=ModelVersion.Stage.CURRENT,
    )
    failed = Analysis.objects.create(
        clinic=clinic, recording=recording, model_version=model, status=Analysis.Status.FAILED, error_code="x"
    )
    Pairing.objects.create(
        clinic=clinic,
        session=session,
        token_hash="t",
        code_hash="c",
        credential_hash=digest_of(PHONE_CREDENTIAL),
        claimed_at=timezone.now(),
        expires_at=timezone.now(),
    )
    token, _ = create_token(by=Actor.of_user(clinician), name="script", days=9)
    invitation = Invitation.objects.create(
        email="soon@example.org", clinic=clinic, token_hash="i", expires_at=timezone.now() + timedelta(days=1)
    )
    colleague = factories.make_user(clinic)
    return Things(
        clinic=str(clinic.pk),
        patient=str(session.patient_id),
        other_patient=str(factories.make_patient(clinic).pk),
        session=str(session.pk),
        consent=str(factories.make_consent(session).pk),
        recording=str(recording.pk),
        failed_analysis=str(failed.pk),
        model_version=str(model.pk),
        token=str(token.pk),
        invitation=str(invitation.pk),
        person=str(colleague.public_id),
    )


def named_routes(resolver: URLResolver | None = None, namespace: str = "") -> list[str]:
    """Every route's name with its namespace; the admin site's are walked in test_admin.py."""
    names = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            names.append(namespace + (entry.name or str(entry.pattern)))
        elif entry.namespace != "admin":
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            names += named_routes(entry, inner)
    return names


def test_every_route_has_its_examples():
    assert set(named_routes()) == set(ROUTES)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_route(name, things, request, reviewer, stranger):
    for call in ROUTES[name]:
        owner = request.getfixturevalue(call.owner)
        ask = Asking(call, things)
        before = AuditEvent.objects.count()
        ask.expect("nobody", Client(), call.anonymous)
        ask.expect("a phone", Client(headers={"authorization": f"Token {PHONE_CREDENTIAL}"}), call.anonymous)
        if call.anonymous in (LOGIN, 401):
            assert AuditEvent.objects.count() == before, "nobody did anything"
        ask.expect("stranger", logged_in(stranger), call.stranger)
        ask.expect("colleague", logged_in(reviewer), call.colleague)
        ask.expect("owner", logged_in(owner), call.allowed)


@pytest.mark.parametrize(
    "name", sorted(name for name, calls in ROUTES.items() if any(call.method == "POST" for call in calls))
)
def test_a_page_that_changes_something_wants_a_post_and_a_token_of_the_form(name, things, administrator):
    for call in (call for call in ROUTES[name] if call.method == "POST" and not call.is_api):
        client = Client(enforce_csrf_checks=True)
        client.force_login(administrator, backend="allauth.account.auth_backends.AuthenticationBackend")
        before = AuditEvent.objects.count()
        assert Asking(call, things).answer(client).status_code == 403
        assert AuditEvent.objects.count() == before
        if not any(other.method == "GET" for other in ROUTES[name]):
            assert client.get(call.path.format(**asdict(things))).status_code == 405


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@dataclass(frozen=True)
class Asking:
    call: Call
    things: Things

    def expect(self, who: str, client: Client, status: int) -> None:
        """One call, whose changes are taken back, so that every persona finds the same clinic."""
        with transaction.atomic():
            response = self.answer(client)
            transaction.set_rollback(True)
        allowed = (200, 503) if status == READY_OR_NOT else (status,)
        assert response.status_code in allowed, f"{who} at {self.call.method} {self.call.path}"
        if status == LOGIN and who in ("nobody", "a phone") and not self.call.path.startswith("/accounts/"):
            assert response.url.startswith("/accounts/login/"), who

    def answer(self, client: Client) -> HttpResponseBase:
        ids = asdict(self.things)
        path = self.call.path.format(**ids)
        data = {name: value.format(**ids) for name, value in self.call.data.items()}
        if self.call.is_api and self.call.method != "GET":
            return client.generic(self.call.method, path, json.dumps(data), content_type="application/json")
        return client.generic("GET", path) if self.call.method == "GET" else client.post(path, data)
