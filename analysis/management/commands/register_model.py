"""Makes a model directory known to this installation; it may then be promoted, or run in the shadow."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from analysis.services.registry import promote_model, register_model, shadow_model


class Command(BaseCommand):
    help = "Register a model directory as a candidate, and promote it or run it in the shadow if asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="a directory that holds an artefact.json")
        stage = parser.add_mutually_exclusive_group()
        stage.add_argument("--promote", action="store_true", help="let it read from now on")
        stage.add_argument("--shadow", action="store_true", help="run it unseen beside the current model")

    def handle(self, *args: Any, directory: Path, promote: bool, shadow: bool, **options: Any) -> None:
        by = Actor.system()
        try:
            version = register_model(directory=directory, by=by)
            if promote:
                version = promote_model(version=version, by=by)
            elif shadow:
                version = shadow_model(version=version, by=by)
        except HeartSiteError as error:
            raise CommandError(f"{error.message} ({error.code})") from error
        curve = "can be adjusted" if version.operating_curve else "cannot be adjusted: no operating curve"
        self.stdout.write(f"{version}: {version.get_stage_display().lower()}; {curve}")
