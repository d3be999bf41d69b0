"""Judges a model on recordings in the PhysioNet layout: the tables of the evaluation protocol."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.presets import DEFAULT_PRESET, preset_names

if TYPE_CHECKING:
    from ml.evaluation.reading import ReadRecording


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, required=True, help="folder that holds training-a to training-f"
        )
        parser.add_argument("--model", type=Path, help="model folder (default: the released one)")
        parser.add_argument("--json", type=Path, dest="json_path", help="write every figure here")
        parser.add_argument(
            "--lodo",
            action="store_true",
            help="train anew without each database in turn (hours on a CPU; resumable)",
        )
        parser.add_argument(
            "--preset", default=DEFAULT_PRESET, choices=preset_names(), help="what --lodo trains"
        )
        parser.add_argument(
            "--work", type=Path, default=Path("evaluation-work"), help="where --lodo keeps its work"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes for reading")
        parser.add_argument("--threads", type=int, help="processor threads for --lodo (default: all)")
        parser.add_argument("--save", action="store_true", help="keep the figures beside the model as well")
        parser.add_argument("--card", type=Path, help="write the model card from the model's stored figures")

    def handle(
        self,
        *,
        data: Path,
        model: Path | None,
        json_path: Path | None,
        lodo: bool,
        save: bool,
        card: Path | None,
        **options: Any,
    ) -> None:
        from ml.data.physionet import DatasetError
        from ml.evaluation.report import lodo_text, readings_text
        from ml.evaluation.store import add_figures, write_figures
        from ml.inference import RELEASE_DIR
        from ml.inference.errors import InferenceError
        from ml.training.backend import BackendMissingError
        from ml.training.loop import TrainingStoppedError

        model_dir = model or RELEASE_DIR
        figures = {}
        try:
            if lodo:
                figures["lodo"] = self._lodo(data, options)
                self.stdout.write(lodo_text(figures["lodo"]))
            else:
                figures["readings"] = self._readings(data, model, options)
                self.stdout.write(readings_text(figures["readings"]))
            if json_path:
                write_figures(json_path, figures)
            if save:
                add_figures(model_dir, figures)
            if card:
                from ml.evaluation.model_card import write_model_card

                write_model_card(model_dir, card)
        except (DatasetError, InferenceError, BackendMissingError, TrainingStoppedError) as error:
            raise CommandError(str(error)) from error

    def _readings(self, data: Path, model: Path | None, options: dict[str, Any]) -> dict[str, Any]:
        from tqdm import tqdm

        from ml.evaluation.protocol import evaluate_readings

        def progress(items: "Iterator[ReadRecording]", total: int) -> "Iterator[ReadRecording]":
            return tqdm(
                items, total=total, unit="recording", file=self.stderr, disable=options["verbosity"] == 0
            )

        return evaluate_readings(
            data, model, workers=options["workers"], seed=options["seed"], progress=progress
        )

    def _lodo(self, data: Path, options: dict[str, Any]) -> dict[str, Any]:
        from ml.evaluation.lodo import run_lodo

        return run_lodo(
            data,
            options["preset"],
            work_dir=options["work"],
            seed=options["seed"],
            workers=options["workers"],
            threads=options["threads"],
            report=self._report,
        )

    def _report(self, text: str) -> None:
        self.stderr.write(text, ending="")
        self.stderr.flush()
