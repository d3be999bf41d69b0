"""The API, version 1; each application adds its own part."""

from django.urls import include, path

from heartsite.api.docs import DocsView, SchemaView

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(), name="api_docs"),
    path("", include("accounts.api.urls")),
    path("", include("recordings.api.urls")),
    path("", include("analysis.api.urls")),
]
