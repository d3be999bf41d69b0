from rest_framework.routers import SimpleRouter

from accounts.api.views import TokenViewSet

router = SimpleRouter(use_regex_path=False)
router.register("tokens", TokenViewSet, basename="api-tokens")
urlpatterns = router.urls
