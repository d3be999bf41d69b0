from rest_framework.routers import SimpleRouter

from analysis.api.views import AnalysisViewSet, ModelVersionViewSet

router = SimpleRouter(use_regex_path=False)
router.register("analyses", AnalysisViewSet, basename="api-analyses")
router.register("models", ModelVersionViewSet, basename="api-models")
urlpatterns = router.urls
