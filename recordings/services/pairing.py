"""Lets one phone into one session: a token in a QR code, or a short code typed by hand, used once."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.secrets import digest_of
from accounts.services.audit import record_event
from recordings import announcements
from recordings.models import Pairing, RecordingSession

TOKEN_BYTES = 24
LIFETIME = timedelta(minutes=5)
# A session that nobody ended does not leave a key behind for ever.
CREDENTIAL_LIFETIME = timedelta(hours=12)
# Without 0 O 1 I L 5 S 2 Z 8 B U V: read aloud or from a distance, none is taken for another.
CODE_ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
CODE_CHARS = 6
MAX_WRONG_CODES = 8
WRONG_CODES_WINDOW_S = 300


@dataclass(frozen=True)
class PairingTicket:
    """What the desktop shows. Secrets are here and nowhere else; the database keeps their hashes."""

    pairing_id: UUID
    token: str = field(repr=False)
    short_code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Redeemed:
    pairing: Pairing
    credential: str = field(repr=False)


def issue_pairing(*, session: RecordingSession, by: Actor) -> PairingTicket:
    """A new QR code for an open session; codes issued before and not used yet lapse. Raises `session.ended`."""
    authorise(by=by, right=Right.RECORD, clinic=session.clinic)
    if not session.is_open:
        raise HeartSiteError("session.ended", "This session has ended. Open a new one to record again.", 409)
    now = timezone.now()
    token, code = secrets.token_urlsafe(TOKEN_BYTES), _new_code(now)
    with transaction.atomic():
        session.pairings.filter(claimed_at=None, revoked_at=None).update(revoked_at=now)
        pairing = Pairing.objects.create(
            clinic=session.clinic,
            session=session,
            token_hash=digest_of(token),
            code_hash=_code_hash(code),
            issued_by=by.user,
            expires_at=now + LIFETIME,
        )
        record_event(by=by, action="pairing.issued", obj=pairing)
    short_code = f"{code[:3]}-{code[3:]}"
    return PairingTicket(pairing.pk, token, short_code, pairing.expires_at)


def redeem(*, address: str, client: dict, token: str | None = None, code: str | None = None) -> Redeemed:
    """Exchange a token or short code for a credential of that one session; the second one to try gets nothing.

    A phone that was paired with the session before is revoked. Raises `pairing.invalid`, `pairing.slow_down`.
    """
    pairing = _find_by_token(token) if token is not None else _find_by_code(code or "", address)
    credential = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    with transaction.atomic():
        claimed = Pairing.objects.filter(
            pk=pairing.pk, claimed_at=None, revoked_at=None, expires_at__gt=now, session__ended_at=None
        ).update(claimed_at=now, credential_hash=digest_of(credential), client=client)
        if not claimed:
            raise _invalid()
        pairing.refresh_from_db()
        others = Q(session=pairing.session, revoked_at=None) & ~Q(pk=pairing.pk)
        Pairing.objects.filter(others).update(revoked_at=now)
        phone = Actor.phone(pairing_id=pairing.pk, clinic=pairing.clinic, address=address or None)
        record_event(by=phone, action="pairing.claimed", obj=pairing)
    return Redeemed(pairing, credential)


def authenticate(*, credential: str) -> Pairing:
    """The pairing a returning phone belongs to. Raises `pairing.invalid`, `session.ended`."""
    digest = digest_of(credential)
    pairing = _with_session().filter(credential_hash=digest).first()
    if pairing is None or not hmac.compare_digest(pairing.credential_hash, digest):
        raise _invalid()
    if not pairing.session.is_open:
        raise HeartSiteError("session.ended", "The clinic has ended this session.", 403)
    oldest = timezone.now() - CREDENTIAL_LIFETIME
    if not pairing.is_live or pairing.claimed_at is None or pairing.claimed_at < oldest:
        raise _invalid()
    return pairing


def revoke_pairing(*, session: RecordingSession, by: Actor) -> int:
    """Close the phones of a session and void its codes; the number of pairings that were open."""
    authorise(by=by, right=Right.RECORD, clinic=session.clinic)
    with transaction.atomic():
        n_revoked = session.pairings.filter(revoked_at=None).update(revoked_at=timezone.now())
        record_event(by=by, action="pairing.revoked", obj=session, details={"pairings": n_revoked})
        transaction.on_commit(lambda: announcements.phones_revoked(session.pk))
    return n_revoked


def _with_session() -> QuerySet[Pairing]:
    return Pairing.objects.select_related("session__clinic", "session__patient", "clinic")


def _find_by_token(token: str) -> Pairing:
    digest = digest_of(token)
    pairing = _with_session().filter(token_hash=digest).first()
    if pairing is None or not hmac.compare_digest(pairing.token_hash, digest):
        raise _invalid()
    return pairing


def _find_by_code(code: str, address: str) -> Pairing:
    """A short code has 27 bits: guessing is slowed by the address it comes from, and what is kept is keyed."""
    tries_key = f"pairing-wrong-codes:{address}"
    if cache.get(tries_key, 0) >= MAX_WRONG_CODES:
        raise HeartSiteError(
            "pairing.slow_down", "Too many wrong codes. Wait five minutes, or scan the picture instead.", 429
        )
    digest = _code_hash(_plain(code))
    live = _with_session().filter(code_hash=digest, claimed_at=None, revoked_at=None)
    pairing = live.filter(expires_at__gt=timezone.now()).first()
    if pairing is None or not hmac.compare_digest(pairing.code_hash, digest):
        _count_wrong_code(tries_key)
        raise _invalid()
    return pairing


def _count_wrong_code(tries_key: str) -> None:
    if cache.add(tries_key, 1, WRONG_CODES_WINDOW_S):
        return
    try:
        cache.incr(tries_key)
    except ValueError:  # it expired in between: the window starts again
        cache.set(tries_key, 1, WRONG_CODES_WINDOW_S)


def _new_code(now: datetime) -> str:
    """Six characters that no other live pairing has."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARS))
        live = Pairing.objects.filter(code_hash=_code_hash(code), expires_at__gt=now, claimed_at=None)
        if not live.exists():
            return code


def _plain(code: str) -> str:
    return "".join(character for character in code.upper() if character in CODE_ALPHABET)


def _code_hash(code: str) -> str:
    # Keyed: a plain hash of so short a code could be reversed from a copy of the database.
    return salted_hmac("recordings.pairing.code", code, algorithm="sha256").hexdigest()


def _invalid() -> HeartSiteError:
    return HeartSiteError(
        "pairing.invalid", "This code is not valid any more. Ask for a new one and scan it again.", 403
    )
