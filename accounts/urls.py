"""Logging in and the account: of allauth only the pages wanted, without sign-up and reset by mail."""

from allauth.account import views as allauth_account
from django.urls import include, path

from accounts.views import audit, clinic, join, people, tokens

own_pages = [
    path("switch/", clinic.switch, name="switch_clinic"),
    path("clinic/people/", people.index, name="people"),
    path("clinic/people/invite/", people.invite, name="invite"),
    path("clinic/people/<uuid:public_id>/role/", people.role, name="person_role"),
    path("clinic/people/<uuid:public_id>/active/", people.active, name="person_active"),
    path("clinic/people/<uuid:public_id>/reset/", people.reset, name="person_reset"),
    path("clinic/invitations/<uuid:invitation_id>/revoke/", people.revoke, name="invitation_revoke"),
    path("clinic/settings/", clinic.settings, name="clinic_settings"),
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", tokens.revoke, name="token_revoke"),
    path("audit/", audit.index, name="audit"),
    path("audit/export/", audit.export, name="audit_export"),
    path("join/", join.join, name="join"),
    path("join/open/", join.open_link, name="join_open"),
]

urlpatterns = [
    path("login/", allauth_account.login, name="account_login"),
    path("logout/", allauth_account.logout, name="account_logout"),
    path("inactive/", allauth_account.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("", include((own_pages, "accounts"))),
]
