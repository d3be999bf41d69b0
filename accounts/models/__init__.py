from accounts.models.audit import AuditEvent
from accounts.models.clinic import Clinic, Membership, OperatingPoint, Role
from accounts.models.idempotency import IdempotentRequest
from accounts.models.tokens import ApiToken, Invitation
from accounts.models.user import User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Clinic",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "OperatingPoint",
    "Role",
    "User",
]
