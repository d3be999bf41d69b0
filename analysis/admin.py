"""Results, readings and model versions in the admin site: to be looked at, not changed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.actors import Actor
from accounts.admin_scope import ClinicScopedAdmin
from accounts.errors import HeartSiteError
from accounts.requests import person_of
from accounts.services.audit import record_event
from analysis.models import Analysis, ModelVersion, Reading
from analysis.selectors.comparison import baseline_asked, shadow_run_for
from analysis.services.registry import promote_model, roll_back_model, shadow_model, stop_shadow


@admin.register(ModelVersion)
class ModelVersionAdmin(ClinicScopedAdmin):
    clinic_path = None
    list_display = ("name", "version", "stage", "registered_at", "promoted_at", "comparison")
    list_filter = ("stage",)
    search_fields = ("name", "version", "artefact_sha256")
    actions = ("promote", "roll_back", "shadow", "end_shadow")

    def get_actions(self, request: HttpRequest) -> dict:
        """One model reads for all clinics, so no single clinic's administrator chooses it."""
        return super().get_actions(request) if person_of(request).is_superuser else {}

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.comparison_view)
        own = path("<uuid:version_id>/comparison/", page, name="analysis_modelversion_comparison")
        return [own, *super().get_urls()]

    @admin.display(description="Beside the current one")
    def comparison(self, version: ModelVersion) -> str:
        if not version.analyses.filter(is_shadow=True).exists():
            return ""
        address = reverse("admin:analysis_modelversion_comparison", args=[version.pk])
        return format_html('<a href="{}">Comparison</a>', address)

    def comparison_view(self, request: HttpRequest, version_id: UUID) -> HttpResponse:
        """In all clinics for a superuser, otherwise in the administrator's own."""
        version = get_object_or_404(ModelVersion, pk=version_id)
        person = person_of(request)
        beside = baseline_asked(request.GET.get("beside", ""))
        run = shadow_run_for(person, version, beside, everywhere=person.is_superuser)
        details = {"recordings": run.comparison.n}
        record_event(by=Actor.of(request), action="model.compared", obj=version, details=details)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{version} in the shadow",
            "run": run,
            "everywhere": person.is_superuser,
        }
        return TemplateResponse(request, "admin/analysis/modelversion/comparison.html", context)

    @admin.action(description="Make the chosen version the current one")
    def promote(self, request: HttpRequest, chosen: QuerySet) -> None:
        if chosen.count() != 1:
            messages.error(request, "Choose one version: one is current at a time.")
            return
        self._each(request, chosen, promote_model, "{} reads from now on.")

    @admin.action(description="Go back to the version before the current one")
    def roll_back(self, request: HttpRequest, chosen: QuerySet) -> None:
        try:
            version = roll_back_model(by=Actor.of(request))
        except HeartSiteError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{version} reads again from now on.")

    @admin.action(description="Run the chosen versions unseen beside the current one")
    def shadow(self, request: HttpRequest, chosen: QuerySet) -> None:
        self._each(request, chosen, shadow_model, "{} reads each new recording too, unseen.")

    @admin.action(description="End the shadow run of the chosen versions")
    def end_shadow(self, request: HttpRequest, chosen: QuerySet) -> None:
        self._each(request, chosen, stop_shadow, "{} reads no further recordings.")

    def _each(
        self, request: HttpRequest, chosen: QuerySet, service: Callable[..., ModelVersion], done: str
    ) -> None:
        for version in chosen:
            try:
                service(version=version, by=Actor.of(request))
            except HeartSiteError as error:
                messages.error(request, f"{version}: {error.message}")
            else:
                messages.success(request, done.format(version))


# What the model said leaves through analysis.selectors.get_visible_result; here only that it ran, and how.
OUTPUT_FIELDS = frozenset(
    {
        "label",
        "unsure_reason",
        "probability_abnormal",
        "heart_rate_bpm",
        "quality_score",
        "quality_usable",
        "quality_reasons",
        "s1_times_s",
        "s2_times_s",
        "evidence",
    }
)


@admin.register(Analysis)
class AnalysisAdmin(ClinicScopedAdmin):
    """A clinic's administrator sees neither shadow runs nor what the model said: that could unblind a reading."""

    list_display = (
        "__str__",
        "clinic",
        "recording",
        "model_version",
        "status",
        "label",
        "is_shadow",
        "created_at",
    )
    list_filter = ("status", "label", "unsure_reason", "model_version", "is_shadow", "clinic")
    list_select_related = ("clinic", "recording", "model_version")
    search_fields = ("id", "recording__id", "recording__session__patient__identifier")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows if person_of(request).is_superuser else rows.filter(is_shadow=False)

    def get_fields(self, request: HttpRequest, obj: Analysis | None = None) -> list:
        return self._without_output(request, super().get_fields(request, obj))

    def get_list_display(self, request: HttpRequest) -> list:
        return self._without_output(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list:
        return self._without_output(request, super().get_list_filter(request))

    def _without_output(self, request: HttpRequest, names) -> list:
        return [name for name in names if person_of(request).is_superuser or name not in OUTPUT_FIELDS]


@admin.register(Reading)
class ReadingAdmin(ClinicScopedAdmin):
    list_display = ("__str__", "clinic", "recording", "reader", "impression", "was_blind", "signed_at")
    list_filter = ("impression", "was_blind", "clinic")
    list_select_related = ("clinic", "recording", "reader")
    search_fields = ("id", "recording__id", "reader__email")
    date_hierarchy = "created_at"
