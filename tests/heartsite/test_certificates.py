"""The authority vouches for this machine and private addresses alone; the leaf is renewed in time."""

from __future__ import annotations

import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from socket import create_connection, create_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from heartsite.serving.certificates import LEAF_DAYS, ensure_certificates

NAMES = ["clinic", "clinic.local"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def made(directory, **options):
    return ensure_certificates(directory, **{"addresses": ["192.168.1.5"], "names": NAMES, **options})


def leaf_of(certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.leaf.read_bytes())


def names_of(certificates) -> set[str]:
    extension = leaf_of(certificates).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {str(name.value) for name in extension.value}


def handshake(leaf, key, authority, host: str) -> None:
    """A real TLS handshake, as OpenSSL judges it. Raises ssl.SSLError when the client refuses."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(leaf, key)
    client_side = ssl.create_default_context(cafile=authority)
    with create_server(("127.0.0.1", 0)) as listening:

        def answer():
            accepted, _ = listening.accept()
            with accepted:
                try:
                    server_side.wrap_socket(accepted, server_side=True).close()
                except (ssl.SSLError, OSError):
                    return  # the client refused, which is what the test is about

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            with (
                create_connection(listening.getsockname()) as plain,
                client_side.wrap_socket(plain, server_hostname=host),
            ):
                pass
        finally:
            thread.join()


@pytest.mark.parametrize("host", ["clinic.local", "localhost", "192.168.1.5", "127.0.0.1"])
def test_every_name_of_this_machine_is_served(tmp_path, host):
    certificates = made(tmp_path)
    handshake(certificates.leaf, certificates.leaf_key, certificates.authority, host)


def test_a_stolen_authority_cannot_vouch_for_another_site(tmp_path):
    certificates = made(tmp_path)
    authority = x509.load_pem_x509_certificate(certificates.authority.read_bytes())
    authority_key = serialization.load_pem_private_key((tmp_path / "authority.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1000)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    (tmp_path / "forged.crt").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "forged.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(tmp_path / "forged.crt", tmp_path / "forged.key", certificates.authority, "bank.example")


def test_the_constraints_are_critical(tmp_path):
    authority = x509.load_pem_x509_certificate(made(tmp_path).authority.read_bytes())
    assert authority.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_a_second_start_changes_nothing(tmp_path):
    first = made(tmp_path)
    before = [path.read_bytes() for path in (first.authority, first.leaf, first.leaf_key)]
    second = made(tmp_path)
    assert [path.read_bytes() for path in (second.authority, second.leaf, second.leaf_key)] == before


def test_a_new_address_gets_a_new_leaf_from_the_same_authority(tmp_path):
    authority = made(tmp_path).authority.read_bytes()
    moved = made(tmp_path, addresses=["10.0.0.7"])
    assert moved.authority.read_bytes() == authority
    assert {"10.0.0.7", "127.0.0.1", "localhost", "clinic.local"} <= names_of(moved)


def test_a_leaf_about_to_end_is_renewed(tmp_path):
    before = leaf_of(made(tmp_path, now=NOW)).serial_number
    assert leaf_of(made(tmp_path, now=NOW + timedelta(days=LEAF_DAYS - 60))).serial_number == before
    assert leaf_of(made(tmp_path, now=NOW + timedelta(days=LEAF_DAYS - 20))).serial_number != before


def test_what_the_authority_may_not_sign_is_left_out_and_said(tmp_path):
    made(tmp_path)
    renamed = made(tmp_path, names=["renamed"], addresses=["192.168.1.5", "198.51.100.9"])
    assert renamed.left_out == ("renamed", "198.51.100.9")
    assert "renamed" not in names_of(renamed)


def test_a_public_address_known_at_the_start_is_permitted(tmp_path):
    assert made(tmp_path, addresses=["198.51.100.9"]).left_out == ()


def test_keys_and_folder_are_the_owners_alone(tmp_path):
    directory = tmp_path / "certificates"
    made(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_a_leaf_of_another_authority_is_replaced(tmp_path):
    other = made(tmp_path / "other")
    own = made(tmp_path / "own")
    own.leaf.write_bytes(other.leaf.read_bytes())
    own.leaf_key.write_bytes(other.leaf_key.read_bytes())
    again = made(tmp_path / "own")
    authority = x509.load_pem_x509_certificate(again.authority.read_bytes())
    leaf_of(again).verify_directly_issued_by(authority)
