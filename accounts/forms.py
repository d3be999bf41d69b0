"""Forms of the account and the clinic's administration."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils import timezone

from accounts.models import Clinic, Role, User
from accounts.selectors import AuditFilters
from accounts.services.tokens import LONGEST_DAYS


def day_start(day, *, days_later: int = 0) -> datetime:
    """Midnight of a day in the clinic's time zone, which the middleware made the current one."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=days_later), time.min))


class DateInput(forms.DateInput):
    """The browser's own date picker, which wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class ClinicForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())],
        help_text="Times are shown in this zone.",
    )

    class Meta:
        model = Clinic
        fields = ["name", "time_zone", "target_s", "retention_days"]
        labels = {
            "target_s": "Usable seconds of a take",
            "retention_days": "Days a recording is kept",
        }
        help_texts = {
            "target_s": "10 to 60. A take ends itself after this much usable sound.",
            "retention_days": "The phone's consent page states it.",
        }


class InvitationForm(forms.Form):
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=100, help_text="What will use it, such as a ward's import script."
    )
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=LONGEST_DAYS, initial=90)
    read_only = forms.BooleanField(label="May only read", required=False, initial=True)


class JoinForm(forms.Form):
    """Name and password of a new person; only the password where `resets` names an existing one."""

    full_name = forms.CharField(
        label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    password_again = forms.CharField(
        label="Password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, email: str, resets: User | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.person = resets or User(email=email)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())
        if resets is not None:
            del self.fields["full_name"]

    def clean(self) -> dict:
        cleaned = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password and password != cleaned.get("password_again"):
            self.add_error("password_again", "The two passwords differ.")
        if password:
            self.person.full_name = self.person.full_name or cleaned.get("full_name", "")
            try:
                validate_password(password, self.person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class FilterForm(forms.Form):
    """A form whose valid fields narrow a list; an invalid one shows its error and narrows nothing."""

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return getattr(self, "cleaned_data", {})

    @property
    def is_filtering(self) -> bool:
        return any(self.asked.values())


class AuditFilterForm(FilterForm):
    person = forms.ChoiceField(label="Person", required=False)
    action = forms.ChoiceField(label="Action", required=False)
    target = forms.CharField(label="Object or its id", required=False, max_length=64)
    since = forms.DateField(label="From", required=False, widget=DateInput())
    until = forms.DateField(label="To", required=False, widget=DateInput())

    def __init__(self, *args, people, actions: list[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        everybody = [(str(m.user.public_id), str(m.user)) for m in people]
        choices = {
            "person": [("", "Everybody"), *everybody],
            "action": [("", "All"), *zip(actions, actions, strict=True)],
        }
        for name, offered in choices.items():
            cast(forms.ChoiceField, self.fields[name]).choices = offered

    def filters(self) -> AuditFilters:
        asked = self.asked
        since, until = asked.get("since"), asked.get("until")
        return AuditFilters(
            actor_id=asked.get("person", ""),
            action=asked.get("action", ""),
            target=asked.get("target", "").strip(),
            since=day_start(since) if since else None,
            until=day_start(until, days_later=1) if until else None,
        )
