"""`manage.py serve` as a person meets it: it starts, says where, answers, refuses what is too large, and ends."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import subprocess
import sys

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from heartsite.serving.server import MAX_SOCKET_MESSAGE_BYTES
from tests.heartsite.conftest import ROOT, start

MEGABYTE = 1024 * 1024
LOGIN = "/accounts/login/"
UPLOAD = "/api/v1/recordings/"


def test_ready_names_both_addresses_and_healthz_answers(served):
    assert served.lines[-1] == f"READY http://127.0.0.1:{served.port} https://127.0.0.1:{served.tls_port}"
    connection = served.http()
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (200, {"status": "alive"})


def test_https_is_trusted_through_the_own_authority_and_its_cookies_are_locked_to_it(served):
    connection = served.https()
    connection.request("GET", "/accounts/login/")
    response = connection.getresponse()
    response.read()
    cookies = response.headers.get_all("Set-Cookie")
    assert response.status == 200
    assert cookies
    assert all(cookie.startswith("__Host-") and cookie.endswith("; Secure") for cookie in cookies)


def test_plain_http_on_loopback_keeps_plain_cookies(served):
    connection = served.http()
    connection.request("GET", "/accounts/login/")
    response = connection.getresponse()
    response.read()
    assert response.headers.get_all("Set-Cookie")[0].startswith("csrftoken=")
    assert "Secure" not in response.headers.get_all("Set-Cookie")[0]


def test_secrets_and_keys_are_the_owners_alone(served):
    for name in ("secret_key", "certificates/authority.key", "certificates/server.key"):
        assert stat.S_IMODE((served.data_dir / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["declared", "chunked"])
@pytest.mark.parametrize("headers", ["", "Cookie: sessionid=forged\r\n", "Authorization: Token forged\r\n"])
def test_a_large_body_from_nobody_we_know_is_refused_and_never_kept(served, kind, headers):
    before = served.resident_bytes()
    status, body = post(served.port, 64 * MEGABYTE, chunked=kind == "chunked", headers=headers)
    assert status == 413
    assert body["error"]["code"] == "upload.too_large"
    assert served.resident_bytes() - before < 8 * MEGABYTE


MAKE_A_TOKEN = """
from accounts.actors import Actor
from accounts.models import Clinic, Membership, User
from accounts.scoping import activate
from accounts.services.tokens import create_token
user = User.objects.create_user("ana@example.org", None)
activate(user, Membership.objects.create(user=user, clinic=Clinic.objects.create(name="Harbour")))
print("token", create_token(by=Actor.of_user(user), name="test", days=1)[1])
"""


@pytest.fixture(scope="module")
def token(served) -> str:
    """Of a clinician in the served database."""
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", MAKE_A_TOKEN],
        cwd=ROOT,
        env={
            **os.environ,
            "HEARTSITE_DATA_DIR": str(served.data_dir),
            "DJANGO_SETTINGS_MODULE": "heartsite.settings",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line.split()[1] for line in made.stdout.splitlines() if line.startswith("token "))


@pytest.mark.parametrize("kind", ["declared", "chunked"])
def test_somebody_we_know_may_send_more_and_not_everything(served, token, kind):
    before = served.resident_bytes()
    known = f"Authorization: Token {token}\r\n"
    # No multipart form: the API says so, having been given all of it.
    status, body = post(served.port, 20 * MEGABYTE, chunked=kind == "chunked", headers=known, path=UPLOAD)
    assert (status, body["error"]["code"]) == (415, "unsupported_media_type")
    status, body = post(served.port, 120 * MEGABYTE, chunked=kind == "chunked", headers=known, path=UPLOAD)
    assert (status, body["error"]["code"]) == (413, "upload.too_large")
    assert served.resident_bytes() - before < 16 * MEGABYTE


def test_an_undeclared_promise_of_two_gigabytes_is_refused_at_once(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(head(2048 * MEGABYTE) + b"only this")
        assert client.recv(64).startswith(b"HTTP/1.1 413")


def test_a_small_body_reaches_the_application_whole(served):
    status, body = post(served.port, 700_000, chunked=True, accept="application/json")
    # The page refuses it for want of a CSRF token: it arrived.
    assert (status, body["error"]["code"]) == (403, "request.stale_page")


def test_a_busy_port_is_named_with_what_to_do(served, tmp_path):
    second = start(tmp_path, port=served.port)
    assert second.process.wait(timeout=30) == 1
    text = "\n".join(second.lines)
    assert f"Port {served.port} is in use by" in text
    assert f"--port {served.port + 1}" in text
    assert f"process {served.process.pid}" in text
    assert "Traceback" not in text


def test_it_ends_cleanly_and_starts_again_with_the_same_identity(tmp_path):
    first = start(tmp_path)
    leaf = (tmp_path / "certificates" / "server.crt").read_bytes()
    secret = (tmp_path / "secret_key").read_text()
    assert first.stop() == 0
    second = start(tmp_path)
    assert second.lines[-1].startswith("READY ")
    assert second.stop() == 0
    assert (tmp_path / "certificates" / "server.crt").read_bytes() == leaf
    assert (tmp_path / "secret_key").read_text() == secret


def test_without_tls_there_is_no_certificate_and_the_banner_says_what_is_lost(tmp_path):
    running = start(tmp_path, "--no-tls", "--no-worker")
    try:
        assert running.lines[-1] == f"READY http://127.0.0.1:{running.port} http://127.0.0.1:{running.port}"
        assert any("no microphone" in line for line in running.lines)
        assert any("nothing analyses them" in line for line in running.lines)
        assert not (tmp_path / "certificates").exists()
    finally:
        assert running.stop() == 0


def test_a_public_url_is_where_phones_go_and_passes_the_host_check(tmp_path):
    running = start(tmp_path, "--no-tls", "--public-url", "https://heart.example.org/")
    try:
        assert running.lines[-1] == f"READY http://127.0.0.1:{running.port} https://heart.example.org"
        connection = running.http()
        connection.request("GET", "/healthz", headers={"Host": "heart.example.org"})
        assert connection.getresponse().status == 200
        connection = running.http()
        connection.request("GET", "/healthz", headers={"Host": "evil.example.org"})
        assert connection.getresponse().status == 400
    finally:
        running.stop()


def test_a_public_url_that_is_no_origin_is_refused(tmp_path):
    refused = start(tmp_path, "--public-url", "heart.example.org/app")
    assert refused.process.wait(timeout=30) == 1
    assert "whole origin" in "\n".join(refused.lines)


def head(length: int | None, headers: str = "", accept: str = "*/*", path: str = LOGIN) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n{headers}{size}\r\n\r\n"
    ).encode()


def post(
    port: int,
    n_bytes: int,
    *,
    chunked: bool,
    headers: str = "",
    accept: str = "*/*",
    path: str = LOGIN,
) -> tuple[int, dict]:
    """Send a body of zeros by hand, and read the answer, as a client that has never heard of limits."""
    block = bytes(50_000)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(head(None if chunked else n_bytes, headers, accept, path))
        for start_byte in range(0, n_bytes, len(block)):
            data = block[: n_bytes - start_byte]
            client.sendall(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if chunked:
            client.sendall(b"0\r\n\r\n")
        with client.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            length = 0
            while line := answer.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            return status, json.loads(answer.read(length))


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_both_doors_carry_sockets_and_close_what_is_not_the_protocol(served, scheme):
    with open_socket(served, scheme) as socket_:
        socket_.send("not json")
        assert close_code(socket_) == 4400
    with open_socket(served, scheme) as socket_:
        socket_.send(bytes(MAX_SOCKET_MESSAGE_BYTES + 1))
        assert close_code(socket_) == 1009


def open_socket(served, scheme):
    secure = scheme == "wss"
    authority = served.data_dir / "certificates" / "authority.crt"
    port = served.tls_port if secure else served.port
    return connect(
        f"{scheme}://127.0.0.1:{port}/ws/capture/",
        ssl=ssl.create_default_context(cafile=authority) if secure else None,
        max_size=None,
    )


def close_code(socket_) -> int:
    """Read until the server closes."""
    try:
        while True:
            socket_.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code
