"""Reads recordings in the PhysioNet layout and writes features, manifest.csv and config.json."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.presets import DEFAULT_PRESET, PresetError, load_preset, preset_names

if TYPE_CHECKING:
    from ml.data.prepare import Prepared


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, required=True, help="folder that holds training-a to training-f"
        )
        parser.add_argument(
            "--out", type=Path, required=True, help="folder to write to; made if it is missing"
        )
        parser.add_argument("--preset", default=DEFAULT_PRESET, help=f"one of {', '.join(preset_names())}")
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes (1: none beside this)"
        )
        parser.add_argument("--folds", type=int, default=5, help="folds that no subject spans two of")
        parser.add_argument("--seed", type=int, default=0, help="another seed, other folds")

    def handle(
        self,
        *,
        data: Path,
        out: Path,
        preset: str,
        workers: int,
        folds: int,
        seed: int,
        **options: Any,
    ) -> None:
        try:
            from tqdm import tqdm

            from ml.data.physionet import DatasetError
            from ml.data.prepare import prepare_dataset
        except ImportError as error:
            raise CommandError(
                f"{error.name} is not installed; run: pip install -r requirements.txt"
            ) from error

        def progress(items: "Iterator[Prepared]", total: int) -> "Iterator[Prepared]":
            return tqdm(
                items, total=total, unit="recording", file=self.stderr, disable=options["verbosity"] == 0
            )

        started = time.monotonic()
        try:
            manifest = prepare_dataset(
                data, out, load_preset(preset), workers=workers, folds=folds, seed=seed, progress=progress
            )
        except (DatasetError, PresetError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError(f"Stopped. {out} is not whole: run the command again.") from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error}.") from error
        self.stdout.write(f"{manifest} written in {time.monotonic() - started:.1f} s")
