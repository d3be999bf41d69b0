"""Reads heart-sound files or folders of them with the model; needs no server and no database."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.inference.batch import Batch, find_files, table_line
from ml.inference.errors import InferenceError

EXIT_UNREADABLE = 1
Line = dict[str, Any]


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file, or folder to search")
        parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object a line")
        parser.add_argument("--jobs", type=int, default=1, help="processes")
        parser.add_argument(
            "--model", type=Path, help="model folder (default: MODEL_DIR, or the released one)"
        )
        parser.add_argument("--engine", help="auto, onnx, litert or keras (default: INFERENCE_ENGINE)")
        parser.add_argument("--operating-point", default="balanced", choices=["balanced", "screening"])
        parser.add_argument(
            "--group-by", choices=["folder"], help="add a line per folder, read as one session"
        )

    def handle(
        self,
        *,
        paths: list[Path],
        as_json: bool,
        jobs: int,
        model: Path | None,
        engine: str | None,
        operating_point: str,
        group_by: str | None,
        **options: Any,
    ) -> None:
        from django.conf import settings

        files = find_files(paths)
        batch = Batch(
            model_dir=model or _model_dir(settings),
            engine=engine or str(getattr(settings, "INFERENCE_ENGINE", "auto")),
            operating_point=operating_point,
            jobs=jobs,
        )
        n_errors = 0
        try:
            lines = batch.read(files, by_folder=group_by == "folder")
            for line in self._with_progress(lines, len(files), options["verbosity"]):
                n_errors += "error" in line
                self.stdout.write(json.dumps(line) if as_json else table_line(line))
                self.stdout.flush()
        except InferenceError as error:
            raise CommandError(error.message) from error
        if n_errors:
            # The lines above say what is wrong with which file; a traceback or a second message would not help.
            raise SystemExit(EXIT_UNREADABLE)

    def _with_progress(self, lines: Iterator[Line], total: int, verbosity: int) -> Iterable[Line]:
        from tqdm import tqdm

        # A log file gets a line now and then, a terminal a bar that moves.
        interval_s = 0.2 if self.stderr.isatty() else 10.0
        return tqdm(
            lines, total=total, unit="file", file=self.stderr, mininterval=interval_s, disable=verbosity == 0
        )


def _model_dir(settings: Any) -> Path | None:
    configured = getattr(settings, "MODEL_DIR", None)
    return Path(configured) if configured else None
