"""Addresses, ports, the banner, the checks, the environment, and the page that helps a device to connect."""

from __future__ import annotations

import socket
import subprocess

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from heartsite import checks, env
from heartsite.secrets import secret_key
from heartsite.serving import addresses, run, setup
from heartsite.serving.banner import Banner
from heartsite.serving.ports import PortBusyError, require_free


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.53", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.5", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host, expected):
    assert addresses.is_loopback(host) is expected


def test_lan_addresses_come_once_without_loopback(monkeypatch):
    monkeypatch.setattr(addresses, "_routed_addresses", lambda: ["192.168.1.5"])
    monkeypatch.setattr(addresses, "_interface_addresses", lambda: ["127.0.0.1", "10.0.0.7", "192.168.1.5"])
    monkeypatch.setattr(addresses, "_resolved_addresses", lambda: ["127.0.1.1", "0.0.0.0"])
    assert addresses.lan_addresses() == ["192.168.1.5", "10.0.0.7"]


def test_a_machine_named_localhost_has_no_other_name(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost.localdomain")
    assert addresses.host_names() == []
    monkeypatch.setattr(socket, "gethostname", lambda: "Clinic-PC.example.org")
    assert addresses.host_names() == ["clinic-pc", "clinic-pc.local"]


def test_a_busy_port_says_which_option_moves_it():
    with socket.create_server(("127.0.0.1", 0)) as holding:
        port = holding.getsockname()[1]
        with pytest.raises(PortBusyError, match=rf"Port {port} is in use .*--tls-port {port + 1}"):
            require_free("127.0.0.1", port, option="--tls-port")
    require_free("127.0.0.1", port, option="--tls-port")


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(PortBusyError, match="no address"):
        require_free("198.51.100.9", 8000, option="--port")


def test_the_banner_shows_addresses_logins_notes_and_a_code():
    banner = Banner(
        desktop_url="http://127.0.0.1:8000/",
        phone_url="https://192.168.1.5:8443/p/",
        logins=(("ana@example.org", "swift-otter"),),
        notes=("Mind the step.",),
    )
    text = banner.text(with_qr=True)
    for part in (
        "http://127.0.0.1:8000/",
        "https://192.168.1.5:8443/p/",
        "swift-otter",
        "Mind the step.",
        "█",
    ):
        assert part in text
    assert "not a medical device" in text
    assert "█" not in banner.text(with_qr=False)


@pytest.mark.parametrize(
    ("options", "reachable", "first"),
    [
        (run.Options(), ["192.168.1.5", "10.0.0.7"], "https://192.168.1.5:8443"),
        (run.Options(), [], "https://127.0.0.1:8443"),
        (run.Options(tls_port=None), ["192.168.1.5"], "http://127.0.0.1:8000"),
        (run.Options(public_url="https://heart.example.org"), ["192.168.1.5"], "https://heart.example.org"),
    ],
)
def test_where_a_phone_is_sent(options, reachable, first):
    assert run._phone_origins(options, reachable)[0] == first


def test_http_always_listens_on_loopback():
    assert run._http_hosts("0.0.0.0") == ["0.0.0.0"]
    assert run._http_hosts("192.168.1.5") == ["127.0.0.1", "192.168.1.5"]
    assert run._http_hosts("127.0.0.1") == ["127.0.0.1"]


def test_own_hosts_and_the_public_origin_are_accepted(settings):
    setup.accept_hosts(
        ["192.168.1.5", "fd00::5"],
        public_url="https://heart.example.org",
        phone_origin="https://192.168.1.5:8443",
    )
    assert {"192.168.1.5", "[fd00::5]", "heart.example.org"} <= set(settings.ALLOWED_HOSTS)
    assert settings.CSRF_TRUSTED_ORIGINS == ["https://heart.example.org"]
    assert settings.PHONE_ORIGIN == "https://192.168.1.5:8443"


def test_demo_logins_are_shown_until_a_real_clinic_exists(db, settings, tmp_path):
    from tests.factories import make_clinic

    settings.DATA_DIR = tmp_path
    assert setup.demo_logins() == ()
    (tmp_path / setup.DEMO_LOGINS_FILE).write_text("Demo clinic\nana@example.org swift-otter\n")
    make_clinic(is_demo=True)
    assert setup.demo_logins() == (("ana@example.org", "swift-otter"),)
    make_clinic()
    assert setup.demo_logins() == ()


def test_a_seeding_that_was_cut_short_is_done_again_and_one_that_ended_is_not(
    db, settings, tmp_path, monkeypatch
):
    from tests.factories import make_clinic

    settings.DATA_DIR = tmp_path
    seedings = []

    def seed(command, **options):
        seedings.append(command[-1])
        if len(seedings) == 1:
            make_clinic(is_demo=True)
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, 0, stdout="ana@example.org swift-otter\n")

    monkeypatch.setattr(subprocess, "run", seed)
    with pytest.raises(KeyboardInterrupt):
        setup.seed_demo_once()
    assert setup.demo_logins() == ()
    assert [setup.seed_demo_once() for _ in range(2)] == ["", ""]
    assert seedings == ["seed_demo", "seed_demo"]
    assert setup.demo_logins() == (("ana@example.org", "swift-otter"),)


def test_nothing_is_seeded_beside_a_real_clinic(db, settings, tmp_path, monkeypatch):
    from tests.factories import make_clinic

    settings.DATA_DIR = tmp_path
    (tmp_path / setup.DEMO_LOGINS_FILE).touch()
    make_clinic()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("seeded"))
    assert setup.seed_demo_once() == ""


def test_the_secret_is_made_once(tmp_path):
    key = secret_key(tmp_path / "key")
    assert len(key) > 50
    assert secret_key(tmp_path / "key") == key


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [("DJANGO_DEBUG", "maybe", env.debug), ("TRUSTED_PROXIES", "one", env.trusted_proxies)],
)
def test_a_malformed_variable_is_named(monkeypatch, name, value, read):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name} is '{value}'; set it to"):
        read()


def test_an_unknown_engine_lists_the_known(monkeypatch):
    monkeypatch.setenv("INFERENCE_ENGINE", "abacus")
    with pytest.raises(ImproperlyConfigured, match="auto, onnx, litert, keras"):
        env.inference_engine()


def test_a_data_directory_that_cannot_be_made_says_which_variable(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEARTSITE_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="HEARTSITE_DATA_DIR"):
        env.data_dir()


def test_checks_find_an_open_directory_an_uncounted_proxy_and_a_missing_model(settings, tmp_path):
    settings.DATA_DIR, settings.MODEL_DIR = tmp_path, tmp_path
    tmp_path.chmod(0o755)
    settings.PUBLIC_URL, settings.TRUSTED_PROXIES = "https://heart.example.org", 0
    found = [checks.data_directory_is_private(), checks.proxies_are_counted(), checks.model_is_there()]
    assert [message.id for messages in found for message in messages] == [
        "heartsite.W001",
        "heartsite.W002",
        "heartsite.W003",
    ]
    tmp_path.chmod(0o700)
    settings.TRUSTED_PROXIES = 1
    (tmp_path / "artefact.json").write_text("{}")
    found = [checks.data_directory_is_private(), checks.proxies_are_counted(), checks.model_is_there()]
    assert found == [[], [], []]


@pytest.mark.parametrize("url", ["http://heart.example.org", "https://heart.example.org/app", "heart"])
def test_a_public_url_is_a_whole_https_origin(settings, url):
    settings.PUBLIC_URL = url
    assert [message.id for message in checks.public_url_is_an_origin()] == ["heartsite.E002"]


def test_anyone_may_read_how_to_connect_and_get_the_public_half(db, settings, tmp_path):
    settings.CERTIFICATES_DIR, settings.PHONE_ORIGIN = tmp_path, "https://192.168.1.5:8443"
    assert Client().get("/connect/authority.crt").status_code == 404
    assert b"Download the certificate" not in Client().get("/connect/").content
    (tmp_path / "authority.crt").write_text("PEM")
    (tmp_path / "authority.key").write_text("SECRET")
    page = Client().get("/connect/").content.decode()
    assert "https://192.168.1.5:8443/p/" in page
    assert "Install nothing on a patient" in page
    answer = Client().get("/connect/authority.crt")
    assert b"".join(answer.streaming_content) == b"PEM"
    assert answer["Content-Type"] == "application/x-x509-ca-cert"


def test_the_schema_and_its_page_are_public_and_carry_a_policy_without_inline_code(db):
    page = Client().get("/api/v1/docs/")
    assert page.status_code == 200
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert b"<style" not in page.content
    assert b"cdn" not in page.content
    assert Client().get("/api/v1/schema/").status_code == 200
