"""Judges a model by the evaluation protocol: as it ships, or trained anew on folds and without databases."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.presets import DEFAULT_PRESET, PresetError, preset_names

if TYPE_CHECKING:
    from ml.evaluation.reading import ReadRecording
    from ml.evaluation.runs import Wanted

TRAINING_FORMS = ("folds", "lodo", "without", "stress")


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, help="folder that holds training-a to training-f")
        parser.add_argument("--model", type=Path, help="model folder (default: the released one)")

        what = parser.add_argument_group("what (without any of these: the model on --data, as it ships)")
        what.add_argument("--folds", action="store_true", help="train anew on folds by subject")
        what.add_argument(
            "--lodo",
            action="store_true",
            help="train anew without each database in turn (hours on a CPU; resumable)",
        )
        what.add_argument(
            "--nested",
            action="store_true",
            help="with --lodo: every choice inside the others; to be reported",
        )
        what.add_argument(
            "--without",
            metavar="DATABASE",
            help="folds and --lodo trained without this one; what it says of it",
        )
        what.add_argument(
            "--stress", action="store_true", help="changed sound and short clips, read by the folds' models"
        )
        what.add_argument(
            "--report",
            action="store_true",
            help="all that a card holds: folds, nested LODO, without e, stress",
        )
        what.add_argument(
            "--segmentation", action="store_true", help="heart rate and S1 against ECG on unseen subjects"
        )
        what.add_argument(
            "--compare",
            type=Path,
            nargs=2,
            metavar=("ONE", "OTHER"),
            help="paired differences of two --predictions",
        )

        how = parser.add_argument_group("how")
        how.add_argument("--preset", default=DEFAULT_PRESET, choices=preset_names(), help="what is trained")
        how.add_argument("--members", type=_names, default=(), help="instead of the preset's, with commas")
        how.add_argument("--epochs", type=int, help="instead of the preset's number")
        how.add_argument("--seed", "--seeds", type=_numbers, default=(0,), dest="seeds", help="with commas")
        how.add_argument(
            "--fold-seeds", type=_numbers, default=(), help="other ways of dealing subjects out, with commas"
        )
        how.add_argument(
            "--dataset", type=Path, help="what prepare_dataset wrote (default: prepared in --work)"
        )
        how.add_argument(
            "--work", type=Path, default=Path("evaluation-work"), help="where trainings are kept"
        )
        how.add_argument(
            "--trained", type=Path, help="a folder of train_model, whose folds are used as they are"
        )
        how.add_argument("--replicates", type=int, default=500, help="of the bootstrap by subject")
        how.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes for reading")
        how.add_argument("--threads", type=int, help="processor threads for training (default: all)")

        out = parser.add_argument_group("what to keep")
        out.add_argument("--json", type=Path, dest="json_path", help="write every figure here")
        out.add_argument(
            "--predictions", type=Path, help="keep --folds' or --lodo's predictions for --compare"
        )
        out.add_argument("--save", action="store_true", help="keep the figures beside the model as well")
        out.add_argument("--card", type=Path, help="write the model card from the model's stored figures")

    def handle(
        self,
        *,
        data: Path | None,
        model: Path | None,
        json_path: Path | None,
        save: bool,
        card: Path | None,
        **options: Any,
    ) -> None:
        from ml.data.physionet import DatasetError
        from ml.evaluation.model_card import write_model_card
        from ml.evaluation.store import save_beside, write_figures
        from ml.inference import RELEASE_DIR
        from ml.inference.errors import InferenceError
        from ml.training.backend import BackendMissingError
        from ml.training.loop import TrainingStoppedError

        model_dir = model or RELEASE_DIR
        try:
            only_card = card is not None and data is None and not _asks_for_figures(options)
            figures = {} if only_card else self._figures(data, model, options)
            if json_path:
                write_figures(json_path, figures)
            if save and figures:
                if options["members"]:
                    raise CommandError("--save keeps a preset's figures; those of --members go to --json.")
                kept = save_beside(model_dir, figures, preset=options["preset"])
                self.stdout.write(f"Kept in {kept}")
            if card:
                self.stdout.write(f"Written: {write_model_card(model_dir, card)}")
        except (
            DatasetError,
            PresetError,
            InferenceError,
            BackendMissingError,
            TrainingStoppedError,
        ) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError(
                "Stopped. What is trained is kept; the same command goes on from here."
            ) from error

    def _figures(self, data: Path | None, model: Path | None, options: dict[str, Any]) -> dict[str, Any]:
        if options["compare"]:
            one, other = options["compare"]
            return self._comparison(one, other, options)
        if options["segmentation"]:
            return self._segmentation(_required(data), options)
        if options["report"]:
            options |= {"folds": True, "lodo": True, "nested": True, "without": "e", "stress": True}
        if any(options[form] for form in TRAINING_FORMS):
            return self._trained(data, options)
        return self._readings(_required(data), model, options)

    def _trained(self, data: Path | None, options: dict[str, Any]) -> dict[str, Any]:
        from ml.evaluation import report, runs

        if options["predictions"] and options["folds"] == options["lodo"]:
            raise CommandError("--predictions goes with one of --folds and --lodo.")
        wanted = _wanted(data, options)
        study = runs.open_study(wanted, self._report)
        figures: dict[str, Any] = {}
        stored = None
        if options["folds"]:
            figures["folds"], stored = runs.run_folds(study, wanted)
            self.stdout.write(report.folds_text(figures["folds"]))
        if options["lodo"]:
            figures["lodo"], stored = runs.run_lodo(study, wanted, nested=options["nested"])
            self.stdout.write(report.lodo_text(figures["lodo"]))
        if options["without"]:
            name = f"without_{options['without']}"
            figures[name] = runs.run_without(study, wanted, options["without"])
            self.stdout.write(report.without_text(figures[name]))
        if options["stress"]:
            figures |= runs.run_stress(study, wanted)
            self.stdout.write(report.stress_text(figures["stress"]))
            self.stdout.write(report.stress_text(figures["short_clips"]))
        if options["predictions"] and stored:
            stored.save(options["predictions"])
        return figures

    def _comparison(self, one: Path, other: Path, options: dict[str, Any]) -> dict[str, Any]:
        from ml.evaluation.paired import compare, load_pair
        from ml.evaluation.report import comparison_text

        result = compare(
            *load_pair(one, other),
            seed=options["seeds"][0],
            replicates=options["replicates"],
        )
        self.stdout.write(comparison_text(result))
        return {"comparisons": {f"{result['kind']}: {result['first']} against {result['second']}": result}}

    def _segmentation(self, data: Path, options: dict[str, Any]) -> dict[str, Any]:
        from ml.evaluation.report import segmentation_text
        from ml.evaluation.segmentation_halves import judge_halves

        section = judge_halves(data, seed=options["seeds"][0])
        self.stdout.write(segmentation_text(section))
        return {"segmentation": section}

    def _readings(self, data: Path, model: Path | None, options: dict[str, Any]) -> dict[str, Any]:
        from tqdm import tqdm

        from ml.evaluation.report import readings_text
        from ml.evaluation.shipped import evaluate_readings

        def progress(items: "Iterator[ReadRecording]", total: int) -> "Iterator[ReadRecording]":
            return tqdm(
                items, total=total, unit="recording", file=self.stderr, disable=options["verbosity"] == 0
            )

        section = evaluate_readings(
            data,
            model,
            workers=options["workers"],
            seed=options["seeds"][0],
            replicates=options["replicates"],
            progress=progress,
        )
        self.stdout.write(readings_text(section))
        return {"readings": section}

    def _report(self, text: str) -> None:
        self.stderr.write(text, ending="")
        self.stderr.flush()


def _asks_for_figures(options: dict[str, Any]) -> bool:
    return any(options[form] for form in (*TRAINING_FORMS, "report", "segmentation", "compare"))


def _wanted(data: Path | None, options: dict[str, Any]) -> "Wanted":
    from ml.evaluation.runs import Wanted

    names = {field.name for field in dataclasses.fields(Wanted)} - {"data"}
    return Wanted(data=data, **{name: options[name] for name in names})


def _required(data: Path | None) -> Path:
    if data is None:
        raise CommandError("--data is missing: the folder that holds training-a to training-f.")
    return data


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))
