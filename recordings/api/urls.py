from rest_framework.routers import SimpleRouter

from recordings.api.patients import PatientViewSet
from recordings.api.recordings import RecordingViewSet
from recordings.api.sessions import SessionViewSet

router = SimpleRouter(use_regex_path=False)
router.register("patients", PatientViewSet, basename="api-patients")
router.register("sessions", SessionViewSet, basename="api-sessions")
router.register("recordings", RecordingViewSet, basename="api-recordings")
urlpatterns = router.urls
