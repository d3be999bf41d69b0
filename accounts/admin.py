"""People and clinics in the admin site."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.admin_scope import ClinicScopedAdmin
from accounts.errors import HeartSiteError
from accounts.models import ApiToken, AuditEvent, Clinic, Invitation, Membership, User
from accounts.requests import person_of
from accounts.services.people import change_role, revoke_invitation, set_active
from accounts.services.tokens import revoke_token


class PersonCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "full_name")

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody has this address already.")
        return email


class PersonChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = ("email", "full_name", "is_active", "is_staff", "is_superuser")

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Somebody has this address already.")
        return email


@admin.register(User)
class PersonAdmin(ClinicScopedAdmin, UserAdmin):
    """Superusers add and change people; a clinic's administrator sees who works there and invites in the app."""

    clinic_path = "memberships__clinic"
    addable = True
    editable = ("email", "full_name", "is_active", "is_staff", "is_superuser", "password")
    form = PersonChangeForm
    add_form = PersonCreationForm
    list_display = ("email", "full_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password", "public_id")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "full_name", "usable_password", "password1", "password2"),
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return person_of(request).is_superuser

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None):
        """A password's hash is nobody's business; only who may change it sees that there is one."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or person_of(request).is_superuser:
            return fieldsets
        return [
            (name, {**options, "fields": [f for f in options["fields"] if f != "password"]})
            for name, options in fieldsets
        ]


@admin.register(Clinic)
class ClinicAdmin(ClinicScopedAdmin):
    clinic_path = "pk"
    addable = True
    # How the model reads is chosen on the clinic's own page, which shows what the choice does.
    editable = ("name", "time_zone", "retention_days", "target_s")
    list_display = ("name", "time_zone", "retention_days", "operating_point", "is_demo", "created_at")
    list_filter = ("is_demo", "operating_point")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = admin.ModelAdmin.get_queryset(self, request)
        return (
            rows
            if person_of(request).is_superuser
            else rows.filter(memberships=person_of(request).active_membership)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person_of(request).is_superuser


@admin.register(Membership)
class MembershipAdmin(ClinicScopedAdmin):
    addable = True
    editable = ("role", "is_active")
    list_display = ("user", "clinic", "role", "is_active", "created_at")
    list_filter = ("role", "is_active", "clinic")
    search_fields = ("user__email", "user__full_name")
    autocomplete_fields = ("user", "clinic")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person_of(request).is_superuser

    def save_model(self, request: HttpRequest, obj: Membership, form, change: bool) -> None:
        """Through the services, so that a clinic keeps an administrator and tokens end with a membership."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        by = Actor.of(request)
        stored = Membership.objects.select_related("clinic", "user").get(pk=obj.pk)
        try:
            change_role(membership=stored, role=obj.role, by=by)
            set_active(membership=stored, is_active=obj.is_active, by=by)
        except HeartSiteError as error:
            messages.error(request, error.message)


@admin.register(Invitation)
class InvitationAdmin(ClinicScopedAdmin):
    list_display = ("email", "clinic", "role", "created_at", "expires_at", "used_at")
    list_filter = ("role", "clinic")
    search_fields = ("email",)
    exclude = ("token_hash",)
    actions = ("withdraw",)

    @admin.action(description="Withdraw the chosen links")
    def withdraw(self, request: HttpRequest, chosen: QuerySet) -> None:
        for invitation in chosen.select_related("clinic"):
            revoke_invitation(invitation=invitation, by=Actor.of(request))


@admin.register(ApiToken)
class ApiTokenAdmin(ClinicScopedAdmin):
    list_display = (
        "name",
        "user",
        "clinic",
        "prefix",
        "read_only",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("read_only", "clinic")
    search_fields = ("name", "user__email")
    exclude = ("token_hash",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, chosen: QuerySet) -> None:
        for token in chosen.select_related("clinic"):
            revoke_token(token=token, by=Actor.of(request))


@admin.register(AuditEvent)
class AuditEventAdmin(ClinicScopedAdmin):
    clinic_path = "clinic_id"
    list_display = ("at", "actor_kind", "actor_id", "action", "object_type", "object_id", "address")
    list_filter = ("action", "actor_kind", "object_type", "at")
    search_fields = ("actor_id", "object_id", "action", "request_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = admin.ModelAdmin.get_queryset(self, request)
        return (
            rows
            if person_of(request).is_superuser
            else rows.filter(clinic_id=person_of(request).active_clinic_id)
        )


@admin.register(Authenticator)
class AuthenticatorAdmin(ClinicScopedAdmin):
    """A second factor is removed here when phone and recovery codes are lost; its secret is shown to nobody."""

    clinic_path = "user__memberships__clinic"
    superuser_only = True
    deletable = True
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email", "user__full_name")
    exclude = ("data",)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ClinicScopedAdmin):
    """Wrong passwords that django-axes counts; deleting a row lets its person try again at once."""

    clinic_path = None
    superuser_only = True
    deletable = True
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")
