"""Registers the machine-learning commands with Django; nothing else here needs it."""

from django.apps import AppConfig


class MlConfig(AppConfig):
    """Carries `ml/management/commands`; there are no models."""

    name = "ml"
    verbose_name = "Heart-sound model"
