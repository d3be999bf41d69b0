"""The report of `selfcheck`: every check can fail, and says what to do."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from heartsite.health.probes import Unhealthy
from heartsite.selfcheck import local, web
from heartsite.selfcheck.rows import NotHere, Row, State, run, table
from heartsite.selfcheck.web import Answer

URL = "https://192.168.1.5:8443"
CSP = "default-src 'none'; script-src 'self' 'nonce-x'; connect-src 'self'; worker-src 'self' blob:"
PAGE = b'<main data-worklet="/static/w.js"></main><script type="module" src="/static/p.js"></script>'


def site(**changes):
    answers = {
        "/healthz": Answer(200, {}, b""),
        "/readyz": Answer(
            200, {}, json.dumps({"checks": {"worker": {"ok": True}, "model": {"ok": True}}}).encode()
        ),
        "/p/": Answer(200, {"content-security-policy": CSP}, PAGE),
        "/static/w.js": Answer(200, {"content-type": "text/javascript"}, b""),
        "/static/p.js": Answer(200, {"content-type": "text/javascript"}, b""),
        **changes,
    }
    return lambda url: answers["/" + url.split("/", 3)[3]]


CHECKS = {
    "alive": web.alive,
    "ready": web.ready,
    "page": web.phone_page,
    "microphone": web.microphone,
    "worklet": web.worklet,
    "policies": web.policies,
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_site_passes(check):
    assert CHECKS[check](site(), URL)


@pytest.mark.parametrize(
    ("check", "changes", "words"),
    [
        ("alive", {"/healthz": Answer(502, {}, b"")}, "502"),
        ("ready", {"/readyz": Answer(200, {}, b"<html>")}, "as HeartSite does"),
        (
            "ready",
            {
                "/readyz": Answer(
                    503, {}, b'{"checks":{"worker":{"ok":true},"model":{"ok":false,"detail":"gone"}}}'
                )
            },
            "model: gone",
        ),
        ("page", {"/p/": Answer(200, {}, b"another program")}, "not with the recording page"),
        ("microphone", {"/p/": Answer(200, {"permissions-policy": "microphone = ()"}, PAGE)}, "forbids"),
        ("worklet", {"/p/": Answer(200, {}, b"<p>")}, "no worklet"),
        ("worklet", {"/static/w.js": Answer(404, {}, b"")}, "404"),
        ("worklet", {"/static/w.js": Answer(200, {"content-type": "text/plain"}, b"")}, "text/plain"),
        ("policies", {"/p/": Answer(200, {}, PAGE)}, "script-src"),
        (
            "policies",
            {"/p/": Answer(200, {"content-security-policy": CSP + "; style-src 'unsafe-inline'"}, PAGE)},
            "inline",
        ),
    ],
)
def test_each_fault_is_found_and_named(check, changes, words):
    with pytest.raises(Unhealthy, match=words):
        CHECKS[check](site(**changes), URL)


def test_a_page_without_https_has_no_microphone():
    with pytest.raises(Unhealthy, match="no microphone"):
        web.microphone(site(), "http://192.168.1.5:8000")
    assert web.microphone(site(), "http://127.0.0.1:8000") == "loopback"


def test_nobody_there_is_a_finding():
    with pytest.raises(Unhealthy, match="does not answer"):
        web.get("http://127.0.0.1:1/healthz", authority=Path("none"))


def test_the_qr_code_of_a_pairing_link_can_be_drawn():
    assert local.qr_code().startswith("version ")


def test_no_certificate_yet_is_no_fault(settings, tmp_path):
    settings.CERTIFICATES_DIR = tmp_path
    with pytest.raises(NotHere):
        local.certificate()


def test_a_row_for_each_outcome():
    def fails():
        raise Unhealthy("Broken. Mend it.")

    def absent():
        raise NotHere("none here")

    rows = run([("one", lambda: "fine"), ("two", fails), ("three", absent)])
    assert [row.state for row in rows] == [State.OK, State.FAILED, State.NOT_HERE]
    assert table(rows).splitlines()[1] == "two    FAILED  Broken. Mend it."


@pytest.mark.django_db
def test_the_command_fails_when_a_row_does(monkeypatch):
    command = "heartsite.management.commands.selfcheck"
    monkeypatch.setattr(f"{command}.local_checks", lambda: [])
    monkeypatch.setattr(
        f"{command}.run", lambda checks: [Row("a", State.OK, ""), Row("b", State.FAILED, "x")]
    )
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("selfcheck", url=URL, stdout=StringIO())
    monkeypatch.setattr(
        f"{command}.run", lambda checks: [Row("a", State.OK, ""), Row("b", State.NOT_HERE, "x")]
    )
    printed = StringIO()
    call_command("selfcheck", url=URL, stdout=printed)
    assert printed.getvalue().startswith("a  ok")


def test_an_address_without_a_scheme_is_refused():
    with pytest.raises(CommandError, match="http"):
        call_command("selfcheck", url="localhost:8000", stdout=StringIO())
