from django.apps import AppConfig


class HeartsiteConfig(AppConfig):
    name = "heartsite"

    def ready(self) -> None:
        from heartsite import celery, checks  # noqa: F401  (tasks find the application; checks register)
