from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from accounts.actors import Actor
        from analysis.services.requests import request_analysis
        from recordings import hooks

        hooks.on_stored(lambda recording: request_analysis(recording=recording, by=Actor.system()))
