"""A certificate authority for this machine alone, and the server certificate it signs.

The authority's name constraints are critical: whoever trusts it trusts it for private addresses and this
machine's names, and for nothing else. Its key never leaves the data directory.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
AUTHORITY_YEARS = 10
# Browsers refuse leaves of more than 398 days.
LEAF_DAYS = 397
RENEW_BEFORE_DAYS = 30


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files, and the names that the leaf could not be given."""

    authority: Path
    leaf: Path
    leaf_key: Path
    left_out: tuple[str, ...] = ()


def ensure_certificates(
    directory: Path, *, addresses: list[str], names: list[str], now: datetime | None = None
) -> Certificates:
    """Make what is missing, renew what ends soon or lacks a name.

    Idempotent; files are readable by the owner alone.
    """
    now = now or datetime.now(UTC)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = ["localhost", *names]
    addresses = ["127.0.0.1", "::1", *addresses]
    authority, authority_key = _authority(directory, names=names, addresses=addresses, now=now)
    wanted, left_out = _permitted(authority, names=names, addresses=addresses)
    leaf_path, key_path = directory / "server.crt", directory / "server.key"
    if not _leaf_serves(leaf_path, key_path, authority, wanted, now):
        leaf, leaf_key = _new_leaf(authority, authority_key, wanted, now)
        _write(key_path, _pem_of_key(leaf_key))
        _write(leaf_path, _pem(leaf))
    return Certificates(directory / "authority.crt", leaf_path, key_path, left_out)


def _authority(
    directory: Path, *, names, addresses, now
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_path, key_path = directory / "authority.crt", directory / "authority.key"
    if certificate_path.is_file() and key_path.is_file():
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        outlives_a_leaf = certificate.not_valid_after_utc > now + timedelta(days=LEAF_DAYS)
        if isinstance(key, ec.EllipticCurvePrivateKey) and outlives_a_leaf:
            return certificate, key
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _new_authority(key, names=names, addresses=addresses, now=now)
    _write(key_path, _pem_of_key(key))
    _write(certificate_path, _pem(certificate))
    return certificate, key


def _new_authority(key, *, names, addresses, now) -> x509.Certificate:
    networks = [ipaddress.ip_network(text) for text in PRIVATE_NETWORKS]
    own = [ipaddress.ip_address(text) for text in addresses]
    networks += [
        ipaddress.ip_network(address)
        for address in own
        if not any(address in network for network in networks if network.version == address.version)
    ]
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "HeartSite"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"HeartSite on {names[-1]}"[:64]),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    permitted += [x509.IPAddress(network) for network in networks]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _permitted(
    authority: x509.Certificate, *, names, addresses
) -> tuple[list[x509.GeneralName], tuple[str, ...]]:
    """The names that this authority may sign, and those it may not (the machine was renamed, or moved)."""
    subtrees = (
        authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    )
    networks = [
        name.value
        for name in subtrees
        if isinstance(name, x509.IPAddress)
        and isinstance(name.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
    ]
    domains = {name.value for name in subtrees if isinstance(name, x509.DNSName)}
    wanted: list[x509.GeneralName] = []
    left_out = []
    for name in dict.fromkeys(names):
        if name in domains or any(name.endswith("." + domain) for domain in domains):
            wanted.append(x509.DNSName(name))
        else:
            left_out.append(name)
    for text in dict.fromkeys(addresses):
        address = ipaddress.ip_address(text)
        if any(address in network for network in networks if network.version == address.version):
            wanted.append(x509.IPAddress(address))
        else:
            left_out.append(text)
    return wanted, tuple(left_out)


def _leaf_serves(leaf_path: Path, key_path: Path, authority, wanted, now) -> bool:
    if not (leaf_path.is_file() and key_path.is_file()):
        return False
    leaf = x509.load_pem_x509_certificate(leaf_path.read_bytes())
    has = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        leaf.verify_directly_issued_by(authority)
    except Exception:  # cryptography raises InvalidSignature, ValueError or TypeError: all mean "not ours"
        return False
    return set(wanted) <= set(has) and leaf.not_valid_after_utc > now + timedelta(days=RENEW_BEFORE_DAYS)


def _new_leaf(authority, authority_key, wanted, now) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "HeartSite server")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=LEAF_DAYS - 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    return leaf, key


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Replace `path` in one step; never readable by others, not even for a moment."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    beside.replace(path)
