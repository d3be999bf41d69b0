"""Trains a preset on a prepared data set: networks, calibration, thresholds and the figures they were chosen by."""

import dataclasses
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.presets import PresetError, load_preset


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []
    _in_a_line = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", type=Path, required=True, help="folder that prepare_dataset wrote")
        parser.add_argument(
            "--out", type=Path, required=True, help="folder for the model; made if it is missing"
        )
        parser.add_argument("--preset", help="default: the one that the data set was prepared for")
        parser.add_argument("--epochs", type=int, help="instead of the preset's number")
        parser.add_argument("--seed", type=int, default=0, help="same seed, same weights on a CPU")
        parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
        parser.add_argument("--threads", type=int, help="processor threads for the network (default: all)")
        parser.add_argument(
            "--precision", help="float32 or mixed_bfloat16 (default: the latter on a GPU that is fast in it)"
        )

    def handle(
        self,
        *,
        dataset: Path,
        out: Path,
        preset: str | None,
        epochs: int | None,
        seed: int,
        resume: bool,
        threads: int | None,
        precision: str | None,
        **options: Any,
    ) -> None:
        from ml.data.physionet import DatasetError
        from ml.data.prepare import read_config
        from ml.training.backend import PRECISIONS, BackendMissingError, prepare_backend
        from ml.training.run import train_preset
        from ml.training.step import TrainingStoppedError

        if precision not in (None, *PRECISIONS):
            raise CommandError(f"--precision {precision} is not known; use {' or '.join(PRECISIONS)}.")

        try:
            chosen = load_preset(preset or read_config(dataset)["preset"])
            if epochs is not None:
                chosen = dataclasses.replace(
                    chosen, training=dataclasses.replace(chosen.training, epochs=epochs)
                )
            backend = prepare_backend(seed=seed, threads=threads, precision=precision)
            self.stdout.write(
                f"{chosen.name} on {backend.name} {backend.version}, {', '.join(backend.devices)},"
                f" {backend.precision}"
            )
            if backend.note:
                self.stderr.write(backend.note)
            path = train_preset(
                dataset, chosen, out, seed=seed, resume=resume, report=self._report, backend=backend
            )
        except (DatasetError, PresetError, BackendMissingError, TrainingStoppedError) as error:
            raise self._failed(str(error)) from error
        except OSError as error:
            raise self._failed(
                f"A file cannot be read or written: {error}. What was finished is in {out}; --resume goes on from it."
            ) from error
        self.stdout.write(f"The model is in {path}. Next: export_model --model {path}")

    def _report(self, text: str) -> None:
        self.stderr.write(text, ending="")
        self.stderr.flush()
        self._in_a_line = not text.endswith("\n")

    def _failed(self, sentence: str) -> CommandError:
        """On a line of its own, not behind the progress."""
        if self._in_a_line:
            self._report("\n")
        return CommandError(sentence)
