"""What every model's admin shares: the clinic's wall, read-only by default, and an audited look and change."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor
from accounts.models import Clinic
from accounts.permissions import Right, can
from accounts.requests import person_of
from accounts.services.audit import record_event


class ClinicScopedAdmin(admin.ModelAdmin):
    """`clinic_path` leads from the model to its clinic; None means that it belongs to none and all may see it.

    `editable` names the fields that may change; all others are read-only. What patients and colleagues left behind
    is never deleted here but hidden, ended or revoked by an action, which a service carries out.
    """

    clinic_path: ClassVar[str | None] = "clinic"
    editable: ClassVar[tuple[str, ...]] = ()
    addable: ClassVar[bool] = False
    superuser_only: ClassVar[bool] = False
    deletable: ClassVar[bool] = False
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        if person_of(request).is_superuser or self.clinic_path is None:
            return rows
        return rows.filter(**{self.clinic_path: person_of(request).active_clinic}).distinct()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_allowed(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_allowed(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.addable and self._is_allowed(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(self.editable) and self._is_allowed(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.deletable and self._is_allowed(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        if obj is None:
            return list(super().get_readonly_fields(request, obj))
        left_out = {*self.editable, *(self.exclude or ())}
        fields = [field.name for field in self.opts.fields if field.name not in left_out]
        return [*fields, *(name for name in self.readonly_fields if name not in fields)]

    def get_list_filter(self, request: HttpRequest) -> list:
        """Clinics are no filter for somebody who sees one."""
        filters = list(super().get_list_filter(request))
        return filters if person_of(request).is_superuser else [name for name in filters if name != "clinic"]

    def get_list_display(self, request: HttpRequest) -> list:
        columns = list(super().get_list_display(request))
        return columns if person_of(request).is_superuser else [name for name in columns if name != "clinic"]

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any):
        """A choice offers what its own admin would show, and accepts nothing else."""
        if not person_of(request).is_superuser:
            kwargs["queryset"] = self._choices(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _choices(self, db_field: ForeignKey, request: HttpRequest) -> QuerySet:
        related = db_field.remote_field.model
        if related is Clinic:
            return Clinic.objects.filter(memberships=person_of(request).active_membership)
        other = self.admin_site.get_model_admin(related)
        return other.get_queryset(request)

    def _is_allowed(self, request: HttpRequest) -> bool:
        if person_of(request).is_superuser:
            return True
        return not self.superuser_only and can(person_of(request), Right.ADMINISTER)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.method == "GET" and self._is_allowed(request):
            details = {"model": self.opts.model_name}
            record_event(by=Actor.of(request), action="admin.listed", details=details)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self, request: HttpRequest, object_id=None, form_url="", extra_context=None
    ) -> HttpResponse:
        if request.method == "GET" and object_id is not None and self._is_allowed(request):
            shown = self.get_object(request, object_id)
            if shown is not None:
                record_event(
                    by=Actor.of(request), action="admin.viewed", obj=shown, clinic=self.clinic_of(shown)
                )
        return super().changeform_view(request, object_id, form_url, extra_context)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any):
        record_event(by=Actor.of(request), action="admin.added", obj=obj, clinic=self.clinic_of(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any):
        fields = sorted({name for part in message for name in part.get("changed", {}).get("fields", [])})
        record_event(
            by=Actor.of(request),
            action="admin.changed",
            obj=obj,
            clinic=self.clinic_of(obj),
            details={"fields": fields},
        )
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet):
        for obj in queryset:
            record_event(by=Actor.of(request), action="admin.deleted", obj=obj, clinic=self.clinic_of(obj))
        return super().log_deletions(request, queryset)

    def clinic_of(self, obj: Model) -> Clinic | None:
        return obj if isinstance(obj, Clinic) else getattr(obj, "clinic", None)
