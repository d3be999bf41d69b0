"""Reads for a clinic's administrator, each taking the user."""

from accounts.selectors.audit import AuditFilters, audit_actions_for, audit_events_for, names_of_actors
from accounts.selectors.people import get_membership_for, invitations_for, members_for
from accounts.selectors.tokens import get_token_for, tokens_for

__all__ = [
    "AuditFilters",
    "audit_actions_for",
    "audit_events_for",
    "get_membership_for",
    "get_token_for",
    "invitations_for",
    "members_for",
    "names_of_actors",
    "tokens_for",
]
