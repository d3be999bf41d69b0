"""Every page; the API has its own list in api_urls.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("api/v1/", include("heartsite.api_urls")),
    path("connect/", include("heartsite.connect")),
    path("", include("heartsite.health_urls")),
    path("", include("recordings.urls")),
    path("", include("analysis.urls")),
]

handler400 = "heartsite.errors.bad_request"
handler403 = "heartsite.errors.permission_denied"
handler404 = "heartsite.errors.not_found"
handler500 = "heartsite.errors.server_error"
