"""The form of a clinic's operating point."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.html import format_html

from accounts.models import Clinic, OperatingPoint
from accounts.models.clinic import PREVALENCE_BOUNDS, SENSITIVITY_BOUNDS

WHAT = {
    OperatingPoint.BALANCED: "The best mean of sensitivity and specificity",
    OperatingPoint.SCREENING: "Misses fewer, at the price of more false alarms",
    OperatingPoint.ADJUSTED: "Finds the share that you ask for",
}


class OperatingPointForm(forms.Form):
    """`offered` are the least and the most sensitivity of the model that reads now, None where it cannot be adjusted.

    `choice` holds the cleaned values by the clinic's field names. A wish saved under another model may stay although
    this one cannot meet it in full.
    """

    operating_point = forms.ChoiceField(label="Operating point", widget=forms.RadioSelect)
    sensitivity_percent = forms.FloatField(
        label="Wanted sensitivity (%)",
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
    )
    prevalence_percent = forms.FloatField(
        label="Abnormal among your patients (%)",
        min_value=100 * PREVALENCE_BOUNDS[0],
        max_value=100 * PREVALENCE_BOUNDS[1],
        help_text="For PPV and NPV only; it changes no reading.",
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
    )

    def __init__(self, *args, clinic: Clinic, offered: tuple[float, float] | None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic
        self.offered = offered
        names = [name for name in WHAT if name != OperatingPoint.ADJUSTED or offered]
        cast(forms.ChoiceField, self.fields["operating_point"]).choices = [
            (name.value, format_html("<span><strong>{}</strong><br>{}</span>", name.label, WHAT[name]))
            for name in names
        ]
        self.initial = {
            "operating_point": clinic.operating_point,
            "sensitivity_percent": f"{_percent(clinic.wanted_sensitivity):g}",
            "prevalence_percent": f"{_percent(clinic.prevalence):g}",
            **self.initial,
        }
        if offered is None:
            del self.fields["sensitivity_percent"]
        else:
            field = self.fields["sensitivity_percent"]
            # A wish that is not asked for need not be filled in.
            field.required = False
            lowest, highest = 100 * SENSITIVITY_BOUNDS[0], 100 * SENSITIVITY_BOUNDS[1]
            field.widget.attrs |= {"min": f"{lowest:g}", "max": f"{highest:g}"}
            field.help_text = f"{lowest:g} to {highest:g}."

    def clean_sensitivity_percent(self) -> float:
        percent = self.cleaned_data["sensitivity_percent"]
        if percent is None:
            return _percent(self.clinic.wanted_sensitivity)
        lowest, highest = SENSITIVITY_BOUNDS
        if not 100 * lowest <= percent <= 100 * highest:
            raise forms.ValidationError(f"Ask for {100 * lowest:g} to {100 * highest:g} %.")
        return percent

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        percent = cleaned.get("sensitivity_percent")
        if cleaned.get("operating_point") == OperatingPoint.ADJUSTED and percent is not None and self.offered:
            wanted, most = percent / 100, self.offered[1]
            if wanted > most and wanted != self.clinic.wanted_sensitivity:
                self.add_error(
                    "sensitivity_percent",
                    f"This model can be asked for at most {_down(most):g} %: above, its specificity is too low.",
                )
        return cleaned

    @property
    def choice(self) -> dict[str, Any]:
        """The clinic's fields; call it on a valid form."""
        chosen = {
            "operating_point": self.cleaned_data["operating_point"],
            "prevalence": round(self.cleaned_data["prevalence_percent"] / 100, 6),
        }
        if "sensitivity_percent" in self.cleaned_data:
            chosen["wanted_sensitivity"] = round(self.cleaned_data["sensitivity_percent"] / 100, 6)
        return chosen


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _down(share: float) -> float:
    """In tenths of a percent, rounded down so that it may be asked for."""
    return int(1000 * share + 1e-6) / 10
