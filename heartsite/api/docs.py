"""The API's schema and its documentation page. Both are public: they describe the software, not a clinic."""

from __future__ import annotations

from csp.constants import SELF
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()


# The bundled page loads scripts from our own static files; its stylesheet draws icons from data: addresses.
@method_decorator(csp_update({"img-src": [SELF, "data:"], "script-src": [SELF]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    url_name = "api_schema"
