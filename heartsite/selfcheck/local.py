"""Checks that need no server: the model, the database, files and the certificate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import qrcode
import qrcode.image.svg
from django.conf import settings

from heartsite.health import probes
from heartsite.health.probes import Unhealthy
from heartsite.selfcheck.rows import NotHere

SOON_DAYS = 14
NAMESPACE = "{http://www.w3.org/2000/svg}"


def local_checks() -> list[tuple[str, Callable[[], str]]]:
    return [
        ("model files and metadata", probes.model),
        ("preprocessing settings", preprocessing),
        ("one real inference", inference),
        ("QR code", qr_code),
        ("database", probes.database),
        ("recordings can be stored", probes.media),
        ("certificate", certificate),
    ]


def preprocessing() -> str:
    from ml.inference.artefact import load_artefact

    artefact = load_artefact(settings.MODEL_DIR)
    if not artefact.preprocessing:
        raise Unhealthy("The model does not say how sound is to be prepared. Export it again.")
    settled = ", ".join(f"{key} {value}" for key, value in _settings(artefact.preprocessing))
    points = ", ".join(
        f"{name} at {point.threshold:.2f}" for name, point in artefact.operating_points.items()
    )
    return f"{settled}; {points}"


def _settings(preprocessing: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What shapes the sound, without the versions of the libraries that trained on it."""
    flat = {key: value for key, value in preprocessing.items() if not isinstance(value, Mapping)}
    return sorted({**flat, **preprocessing.get("features", {})}.items())


def inference() -> str:
    """Read a demo recording with the model that reads the clinic's."""
    import soundfile

    from ml.inference import load_predictor
    from recordings.demo import demo_samples

    sample = demo_samples()[0]
    samples, fs_hz = soundfile.read(sample.path, dtype="float32")
    predictor = load_predictor(settings.MODEL_DIR, engine=settings.INFERENCE_ENGINE)
    began = time.perf_counter()
    reading = predictor.read(samples, fs_hz)
    elapsed_ms = (time.perf_counter() - began) * 1000
    return f"{sample.record}: {reading.label}, p = {reading.probability_abnormal:.2f}, {elapsed_ms:.0f} ms"


def qr_code() -> str:
    """Make one as the session's page does, of a text as long as a pairing link."""
    text = f"{settings.PHONE_ORIGIN or 'https://192.168.100.100:8443'}/p/#{'x' * 32}"
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage)
    drawn = ElementTree.fromstring(image.to_string())  # noqa: S314  (our own drawing)
    if drawn.find(f"{NAMESPACE}path") is None:
        raise Unhealthy("The QR code came out empty. Install the requirements again.")
    return f"version {image.width // 4 - 4} for {len(text)} characters"


def certificate() -> str:
    from cryptography import x509

    path = settings.CERTIFICATES_DIR / "server.crt"
    if not path.is_file():
        raise NotHere("none yet: `serve` makes it, unless --no-tls or a proxy provides https")
    leaf = x509.load_pem_x509_certificate(path.read_bytes())
    days = (leaf.not_valid_after_utc - datetime.now(UTC)).days
    if days < SOON_DAYS:
        raise Unhealthy(f"The certificate ends in {days} days. Restart `serve`: it renews it.")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return f"{days} days left, for {', '.join(str(name.value) for name in names)}"
