"""Forms of patients and sessions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from accounts.forms import DateInput, FilterForm, day_start
from recordings.models import Patient, Posture, Recording, RecordingSession, Site
from recordings.selectors import RecordingFilters
from recordings.services.consents import Purpose

OLDEST_YEARS = 130
ANY_SITE = [("", "Any site"), *Site.choices]
UNSET_SITE = [("", "Not set"), *Site.choices]
UNSET_POSTURE = [("", "Not set"), *Posture.choices]


class PatientForm(forms.Form):
    """A date of birth, or an age: years, and months for the youngest."""

    identifier = forms.CharField(
        label="Identifier",
        max_length=64,
        help_text="The number your clinic knows this patient by.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label="Name",
        max_length=200,
        required=False,
        help_text="May stay empty: the identifier is enough.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    born_on = forms.DateField(label="Date of birth", required=False, widget=DateInput())
    age_years = forms.IntegerField(
        label="or age in years", required=False, min_value=0, max_value=OLDEST_YEARS
    )
    age_extra_months = forms.IntegerField(
        label="and months",
        required=False,
        min_value=0,
        max_value=23,
        help_text="For children under two.",
    )
    sex = forms.ChoiceField(label="Sex", choices=Patient.Sex.choices, required=False)
    prosthetic_valve = forms.BooleanField(
        label="Prosthetic valve",
        required=False,
        help_text="The model was not made for these hearts and will say so.",
    )
    pacemaker = forms.BooleanField(label="Pacemaker", required=False)
    pregnant = forms.BooleanField(label="Pregnancy", required=False)
    indication = forms.CharField(
        label="Indication",
        required=False,
        max_length=500,
        help_text="Why this patient is listened to.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    AGE = ("age_years", "age_extra_months")

    @classmethod
    def initial_of(cls, patient: Patient) -> dict[str, Any]:
        initial = {name: getattr(patient, name) for name in cls.base_fields if name not in cls.AGE}
        months = patient.age_in_months()
        if patient.born_on is None and months is not None:
            initial["age_years"], extra = divmod(months, 12)
            initial["age_extra_months"] = extra if months < 24 else None
        return initial

    def clean_born_on(self):
        born_on = self.cleaned_data["born_on"]
        today = timezone.localdate()
        if born_on and born_on > today:
            raise forms.ValidationError("This date lies in the future.")
        if born_on and born_on.year < today.year - OLDEST_YEARS:
            raise forms.ValidationError(f"This is more than {OLDEST_YEARS} years ago.")
        return born_on

    def details(self) -> dict[str, Any]:
        """What the services take. An age that was only shown, not changed, keeps the day it was told on."""
        details = {name: value for name, value in self.cleaned_data.items() if name not in self.AGE}
        years, months = (self.cleaned_data[name] for name in self.AGE)
        told = years is not None or months is not None
        details["age_months"] = 12 * (years or 0) + (months or 0) if told and not details["born_on"] else None
        if self.initial and not {*self.AGE, "born_on"} & set(self.changed_data):
            del details["age_months"]
        return details


class OpenSessionForm(forms.Form):
    """Nothing is asked before a session opens; its page has the settings. Scripts may send them along."""

    target_s = forms.IntegerField(required=False, min_value=10, max_value=60)
    site = forms.ChoiceField(required=False, choices=UNSET_SITE)
    posture = forms.ChoiceField(required=False, choices=UNSET_POSTURE)


class SessionSettingsForm(forms.ModelForm):
    class Meta:
        model = RecordingSession
        fields = ["site", "posture", "target_s"]

    def changes(self) -> dict[str, Any]:
        """Only what was sent: the live page posts one setting at a time."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def _post_clean(self) -> None:
        """Leave the instance alone: the service compares with what is stored, and writes."""


class PatientSearchForm(FilterForm):
    q = forms.CharField(
        label="Identifier or name",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class SessionFilterForm(FilterForm):
    STATES = [("", "All"), ("open", "Open"), ("ended", "Ended")]

    q = forms.CharField(
        label="Patient", required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    state = forms.ChoiceField(label="State", required=False, choices=STATES)


class WithdrawForm(forms.Form):
    purpose = forms.ChoiceField(choices=[(each.value, each.value) for each in Purpose])


class RecordingFilterForm(FilterForm):
    q = forms.CharField(
        label="Patient", required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    site = forms.ChoiceField(label="Site", required=False, choices=ANY_SITE)
    source = forms.ChoiceField(
        label="Source", required=False, choices=[("", "Any source"), *Recording.Source.choices]
    )
    status = forms.ChoiceField(
        label="Status", required=False, choices=[("", "Any status"), *Recording.Status.choices]
    )
    since = forms.DateField(label="From", required=False, widget=DateInput())
    until = forms.DateField(label="To", required=False, widget=DateInput())

    def filters(self, *, patient: Patient | None = None) -> RecordingFilters:
        asked = self.asked
        since, until = asked.get("since"), asked.get("until")
        return RecordingFilters(
            patient=patient,
            query=asked.get("q", ""),
            site=asked.get("site", ""),
            source=asked.get("source", ""),
            status=asked.get("status", ""),
            since=day_start(since) if since else None,
            until=day_start(until, days_later=1) if until else None,
        )
