import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from ml.inference.artefact import DESCRIPTION_FILE
from ml.inference.batch import Batch, find_files, table_line
from tests.ml.inference.sounds import heartbeat

FIELDS = {
    "schema", "path", "label", "unsure_reason", "probability_abnormal", "threshold", "unsure_band", "quality",
    "heart_rate_bpm", "duration_s", "sample_rate_hz", "s1_times_s", "s2_times_s", "model", "elapsed_ms",
}  # fmt: skip


@pytest.fixture
def sounds(tmp_path):
    """Two patients' folders, a stereo file at 44.1 kHz among them, and a file that is no sound."""
    for folder, n in (("one", 4), ("two", 1)):
        (tmp_path / folder).mkdir()
        for i in range(n):
            soundfile.write(tmp_path / folder / f"{i}.wav", heartbeat(5, 2000, 60 + 10 * i, seed=i)[0], 2000)
    x = heartbeat(5, 44100, 66)[0]
    soundfile.write(tmp_path / "two" / "stereo.flac", np.stack([x, x], axis=1), 44100, subtype="PCM_24")
    (tmp_path / "one" / "notes.txt").write_text("no sound")
    return tmp_path


def analyze(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("analyze", *map(str, arguments), stdout=out, stderr=err, **options)
    except SystemExit as end:
        status = end.code
    return out.getvalue().splitlines(), status


def test_folders_are_searched_in_order_and_no_file_is_named_twice(sounds):
    found = find_files([sounds / "two", sounds, sounds / "absent.wav"])
    assert [path.name for path in found] == [
        "0.wav",
        "stereo.flac",
        "0.wav",
        "1.wav",
        "2.wav",
        "3.wav",
        "absent.wav",
    ]


def test_one_json_object_a_line_with_the_contract_s_fields(sounds, tiny_dir):
    lines, status = analyze(sounds, as_json=True, model=tiny_dir)
    readings = [json.loads(line) for line in lines]
    assert status == 0
    assert len(readings) == 6
    for reading in readings:
        assert set(reading) == FIELDS
        assert reading["schema"] == 1
        assert reading["label"] in ("normal", "abnormal", "unsure")
        assert 0 <= reading["probability_abnormal"] <= 1
    assert {reading["sample_rate_hz"] for reading in readings} == {2000, 44100}


def test_unreadable_files_are_named_the_rest_goes_on_and_the_status_is_1(sounds, tiny_dir):
    (sounds / "broken.wav").write_bytes(b"RIFF nonsense")
    lines, status = analyze(
        sounds / "broken.wav", sounds / "one", sounds / "gone.wav", as_json=True, model=tiny_dir
    )
    parsed = [json.loads(line) for line in lines]
    assert status == 1
    assert [line.get("error", {}).get("code") for line in parsed] == [
        "audio.unreadable",
        *[None] * 4,
        "audio.missing",
    ]
    assert set(parsed[0]) == {"schema", "path", "error"}
    assert parsed[0]["error"]["message"].endswith(".")


def test_group_by_folder_adds_a_line_a_folder(sounds, tiny_dir):
    lines, _ = analyze(sounds, as_json=True, model=tiny_dir, group_by="folder")
    sessions = [json.loads(line) for line in lines[6:]]
    assert [Path(session["folder"]).name for session in sessions] == ["one", "two"]
    assert [session["n_recordings"] for session in sessions] == [4, 2]
    assert all(session["label"] in ("normal", "abnormal", "unsure") for session in sessions)


def test_several_processes_say_what_one_says_in_the_same_order(sounds, tiny_dir):
    files = find_files([sounds])
    alone, together = (list(Batch(tiny_dir, jobs=jobs).read(files)) for jobs in (1, 2))
    for line in alone + together:
        line.pop("elapsed_ms")
    assert alone == together


def test_people_get_a_table(sounds, tiny_dir):
    lines, _ = analyze(sounds, model=tiny_dir, group_by="folder")
    assert len(lines) == 8
    assert all("p 0." in line for line in lines)
    assert "4/4 usable" in lines[6]
    error = table_line(
        {"path": "x.wav", "error": {"code": "audio.missing", "message": "There is no such file."}}
    )
    assert "There is no such file." in error


def test_a_damaged_model_is_a_command_error(sounds, tiny_dir, tmp_path):
    (tmp_path / DESCRIPTION_FILE).write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("analyze", str(sounds), model=tmp_path)


def test_the_command_runs_on_its_own_without_a_database(sounds, tiny_dir, tmp_path):
    root = Path(__file__).resolve().parents[3]
    result = subprocess.run(
        [sys.executable, "manage.py", "analyze", str(sounds / "two"), "--json", "--model", str(tiny_dir)],
        cwd=root,
        env={"PATH": "", "HEARTSITE_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert [json.loads(line)["label"] for line in result.stdout.splitlines()]
    assert not list(tmp_path.glob("data/*.sqlite3"))
