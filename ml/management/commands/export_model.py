"""Writes ONNX and LiteRT files beside a model's Keras files and proves that they say the same."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", type=Path, required=True, help="folder that train_model wrote")
        parser.add_argument(
            "--data", type=Path, help="recordings to measure the difference on (default: random inputs)"
        )

    def handle(self, *, model: Path, data: Path | None, **options: Any) -> None:
        from ml.inference.batch import find_files
        from ml.inference.errors import InferenceError
        from ml.inference.export import MAX_RECORDINGS, export_artefact, prepare_files

        recordings = None
        if data is not None:
            files = find_files([data])
            if not files:
                raise CommandError(f"There are no sound files under {data}.")
            # Evenly over the whole folder, so that every database is among them.
            step = max(1, len(files) // MAX_RECORDINGS)
            recordings = prepare_files(files[::step])
        try:
            artefact = export_artefact(model, recordings, self.stdout.write)
        except InferenceError as error:
            raise CommandError(error.message) from error
        size_mb = sum((model / name).stat().st_size for name in artefact.file_names) / 1e6
        self.stdout.write(f"{artefact.name} {artefact.version} in {model}: {size_mb:.2f} MB")
