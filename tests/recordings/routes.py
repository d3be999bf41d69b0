"""Every route of the site with what each persona gets there. A route that is not listed fails the walk.

Paths are templates over the names in `Things`. The statuses are, in this order, those of somebody of the clinic with
the right, a colleague without it, somebody of another clinic, and nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LOGIN = 302  # to the log-in page; the walk looks where it leads
# Whether a worker and a model are there is for the tests of health to say.
READY_OR_NOT = 0


@dataclass(frozen=True)
class Call:
    path: str
    allowed: int
    colleague: int
    stranger: int
    anonymous: int
    method: str = "GET"
    data: dict = field(default_factory=dict)
    # Whose right it is: "clinician" or "administrator".
    owner: str = "clinician"

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")


def page(path: str, *, own_only: bool = True) -> Call:
    """Something every role may look at; a stranger's own list where it names no object."""
    return Call(path, 200, 200, 404 if own_only else 200, LOGIN)


def gated(path: str, *, owner: str = "clinician", stranger: int = 404) -> Call:
    return Call(path, 200, 403, stranger, LOGIN, owner=owner)


def deed(
    path: str, *, allowed: int = 302, colleague: int = 403, stranger: int = 404, owner="clinician", **data
) -> Call:
    return Call(path, allowed, colleague, stranger, LOGIN, "POST", data, owner)


def api(
    path: str, method: str = "GET", *, allowed: int, colleague: int = 403, stranger: int = 404, **data
) -> Call:
    return Call(path, allowed, colleague, stranger, 401, method, data)


def public(path: str, status: int = 200, method: str = "GET", **data) -> Call:
    return Call(path, status, status, status, status, method, data)


def own_account(path: str, status: int = 200, method: str = "GET", **data) -> Call:
    """A page about oneself: the same for everybody who is logged in."""
    return Call(path, status, status, status, LOGIN, method, data)


ADMIN = "administrator"

ROUTES: dict[str, list[Call]] = {
    # Logging in and one's own account.
    "account_login": [Call("/accounts/login/", 302, 302, 302, 200)],
    "account_logout": [Call("/accounts/logout/", 200, 200, 200, 302)],
    "account_inactive": [public("/accounts/inactive/")],
    "account_reauthenticate": [own_account("/accounts/reauthenticate/")],
    "account_change_password": [own_account("/accounts/password/change/")],
    "mfa_index": [own_account("/accounts/2fa/")],
    "mfa_authenticate": [Call("/accounts/2fa/authenticate/", 302, 302, 302, 302)],
    "mfa_reauthenticate": [own_account("/accounts/2fa/reauthenticate/", 302)],
    "mfa_activate_totp": [own_account("/accounts/2fa/totp/activate/", 302)],
    "mfa_deactivate_totp": [own_account("/accounts/2fa/totp/deactivate/", 404)],
    "mfa_view_recovery_codes": [own_account("/accounts/2fa/recovery-codes/", 404)],
    "mfa_generate_recovery_codes": [own_account("/accounts/2fa/recovery-codes/generate/", 302)],
    "mfa_download_recovery_codes": [own_account("/accounts/2fa/recovery-codes/download/", 404)],
    # The clinic's administration.
    "accounts:switch_clinic": [
        Call("/accounts/switch/", 302, 302, 404, LOGIN, "POST", {"clinic": "{clinic}"}),
    ],
    "accounts:people": [gated("/accounts/clinic/people/", owner=ADMIN, stranger=200)],
    "accounts:invite": [
        deed(
            "/accounts/clinic/people/invite/",
            allowed=200,
            stranger=200,
            owner=ADMIN,
            email="new@example.org",
            role="clinician",
        )
    ],
    "accounts:person_role": [deed("/accounts/clinic/people/{person}/role/", owner=ADMIN, role="reviewer")],
    "accounts:person_active": [deed("/accounts/clinic/people/{person}/active/", owner=ADMIN, active="0")],
    "accounts:person_reset": [deed("/accounts/clinic/people/{person}/reset/", allowed=200, owner=ADMIN)],
    "accounts:invitation_revoke": [deed("/accounts/clinic/invitations/{invitation}/revoke/", owner=ADMIN)],
    "accounts:clinic_settings": [gated("/accounts/clinic/settings/", owner=ADMIN, stranger=200)],
    "accounts:tokens": [page("/accounts/tokens/", own_only=False)],
    "accounts:token_revoke": [deed("/accounts/tokens/{token}/revoke/", colleague=404)],
    "accounts:audit": [gated("/accounts/audit/", owner=ADMIN, stranger=200)],
    "accounts:audit_export": [gated("/accounts/audit/export/", owner=ADMIN, stranger=200)],
    "accounts:join": [public("/accounts/join/")],
    "accounts:join_open": [public("/accounts/join/open/", 410, "POST", secret="guess")],
    # Patients, sessions, recordings.
    "recordings:patients": [page("/patients/", own_only=False)],
    "recordings:patient_add": [gated("/patients/add/", stranger=200)],
    "recordings:patient_edit": [
        gated("/patients/{patient}/edit/"),
        deed("/patients/{patient}/edit/", identifier="P-changed"),
    ],
    "recordings:session_open": [deed("/patients/{patient}/sessions/open/")],
    "recordings:sessions": [page("/sessions/", own_only=False)],
    "recordings:session_settings": [deed("/sessions/{session}/settings/", allowed=200, site="mitral")],
    "recordings:session_end": [deed("/sessions/{session}/end/")],
    "recordings:session_move": [
        gated("/sessions/{session}/move/"),
        deed("/sessions/{session}/move/", patient="{other_patient}"),
    ],
    "recordings:consent_withdraw": [
        gated("/sessions/consents/{consent}/withdraw/"),
        deed("/sessions/consents/{consent}/withdraw/", purpose="care"),
        deed("/sessions/consents/{consent}/withdraw/", purpose="research"),
    ],
    "recordings:pairing": [deed("/sessions/{session}/pairing/", allowed=200)],
    "recordings:pairing_revoke": [deed("/sessions/{session}/pairing/revoke/", allowed=200)],
    "recordings:phone": [public("/p/")],
    "recordings:upload": [
        gated("/upload/", stranger=200),
        gated("/upload/?session={session}"),
        gated("/upload/?patient={patient}"),
        deed("/upload/?session={session}", allowed=400, consent="on"),
    ],
    "recordings:upload_demo": [deed("/upload/demo/", allowed=404, stranger=404, record="no such sample")],
    "recordings:audio": [page("/recordings/{recording}/audio")],
    "recordings:audio_wav": [page("/recordings/{recording}/audio.wav")],
    "recordings:recording_delete": [deed("/recordings/{recording}/delete/")],
    "recordings:recording_restore": [deed("/recordings/{recording}/restore/")],
    # Results.
    "analysis:home": [page("/", own_only=False)],
    "analysis:recordings": [page("/recordings/", own_only=False)],
    "analysis:patient": [page("/patients/{patient}/")],
    "analysis:session": [page("/sessions/{session}/")],
    "analysis:takes": [page("/sessions/{session}/takes/")],
    "analysis:recording": [page("/recordings/{recording}/")],
    "analysis:result": [page("/recordings/{recording}/result/")],
    "analysis:panel": [page("/recordings/{recording}/panel/")],
    "analysis:request": [deed("/recordings/{recording}/analyse/", colleague=302)],
    "analysis:retry": [deed("/analyses/{failed_analysis}/retry/", colleague=302)],
    # How the model decides: everybody may look, an administrator chooses.
    "analysis:model": [
        page("/model/", own_only=False),
        deed("/model/", stranger=302, owner=ADMIN, operating_point="screening", prevalence_percent="20"),
    ],
    "analysis:model_figures": [
        gated("/model/figures/?operating_point=balanced&prevalence_percent=20", owner=ADMIN, stranger=200)
    ],
    "analysis:comparison": [gated("/model/comparison/{model_version}/", owner=ADMIN, stranger=200)],
    # The API.
    "api_schema": [public("/api/v1/schema/")],
    "api_docs": [public("/api/v1/docs/")],
    "api-tokens-list": [api("/api/v1/tokens/", allowed=200, colleague=200, stranger=200)],
    "api-tokens-detail": [api("/api/v1/tokens/{token}/", "DELETE", allowed=204, colleague=404)],
    "api-patients-list": [
        api("/api/v1/patients/", allowed=200, colleague=200, stranger=200),
        api("/api/v1/patients/", "POST", allowed=201, stranger=201, identifier="P-api"),
    ],
    "api-patients-detail": [
        api("/api/v1/patients/{patient}/", allowed=200, colleague=200),
        api("/api/v1/patients/{patient}/", "PATCH", allowed=200, name="Renamed"),
    ],
    "api-sessions-list": [
        api("/api/v1/sessions/", allowed=200, colleague=200, stranger=200),
        api("/api/v1/sessions/", "POST", allowed=201, patient="{patient}"),
    ],
    "api-sessions-detail": [
        api("/api/v1/sessions/{session}/", allowed=200, colleague=200),
        api("/api/v1/sessions/{session}/", "PATCH", allowed=200, site="mitral"),
    ],
    "api-sessions-end": [api("/api/v1/sessions/{session}/end/", "POST", allowed=200)],
    "api-sessions-move": [
        api("/api/v1/sessions/{session}/move/", "POST", allowed=200, patient="{other_patient}"),
    ],
    "api-recordings-list": [api("/api/v1/recordings/", allowed=200, colleague=200, stranger=200)],
    "api-recordings-detail": [
        api("/api/v1/recordings/{recording}/", allowed=200, colleague=200),
        api("/api/v1/recordings/{recording}/", "DELETE", allowed=204),
    ],
    "api-recordings-audio": [api("/api/v1/recordings/{recording}/audio/", allowed=200, colleague=200)],
    "api-recordings-restore": [api("/api/v1/recordings/{recording}/restore/", "POST", allowed=200)],
    "api-analyses-list": [
        api("/api/v1/analyses/", allowed=200, colleague=200, stranger=200),
        api("/api/v1/analyses/", "POST", allowed=201, colleague=201, recording="{recording}"),
    ],
    "api-analyses-detail": [api("/api/v1/analyses/{failed_analysis}/", allowed=200, colleague=200)],
    "api-analyses-retry": [
        api("/api/v1/analyses/{failed_analysis}/retry/", "POST", allowed=200, colleague=200)
    ],
    "api-models-list": [api("/api/v1/models/", allowed=200, colleague=200, stranger=200)],
    # The house itself.
    "connect": [public("/connect/")],
    "connect_authority": [public("/connect/authority.crt", 404)],
    "healthz": [public("/healthz")],
    "readyz": [public("/readyz", READY_OR_NOT)],
    "metrics": [Call("/metrics", 200, 403, 200, 403, owner=ADMIN)],
}
