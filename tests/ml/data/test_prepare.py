import filecmp
import json

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from ml.data.corpus import FS_HZ, Corpus
from ml.data.manifest import read_manifest
from ml.data.physionet import DatasetError
from ml.data.prepare import prepare_dataset, read_config
from ml.presets import load_preset


def files_of(directory):
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("preset", ["heart", "opsfusion"])
def test_parallel_gives_the_bytes_of_serial(preset, physionet_dir, tmp_path, request):
    serial = request.getfixturevalue(f"prepared_{preset}")
    parallel = tmp_path / "parallel"
    prepare_dataset(physionet_dir, parallel, load_preset(preset), workers=2, folds=3, seed=0)
    written = files_of(parallel)
    assert written == [path for path in files_of(serial) if path.name != "features.npy"]
    _, different, failed = filecmp.cmpfiles(serial, parallel, written, shallow=False)
    assert not different
    assert not failed


def test_manifest_lists_every_recording_with_its_features(prepared_opsfusion):
    rows = read_manifest(prepared_opsfusion)
    assert len(rows) == 40
    for row in rows:
        assert np.load(prepared_opsfusion / row.spectrogram_path).shape == (128, 157)
    assert {row.split for row in rows} == {"train", "validation", "test"}
    assert {row.label for row in rows} == {0, 1}


def test_config_names_what_was_done(prepared_heart):
    config = read_config(prepared_heart)
    assert config["preset"] == "heart"
    assert config["folds"] == 3
    assert config["features"]["fs_hz"] == FS_HZ
    json.dumps(config)


def test_corpus_gives_back_the_samples(prepared_heart, physionet_dir):
    corpus = Corpus(prepared_heart)
    index = list(corpus.file_ids).index("e0007")
    expected, fs_hz = soundfile.read(physionet_dir / "training-e" / "e0007.flac", dtype="int16")
    assert fs_hz == FS_HZ
    assert np.array_equal(corpus.pcm(index), expected)
    assert np.abs(corpus.samples(index)).max() <= 1
    assert corpus.features(index).shape == (1 + len(expected) // 32, 32)


def test_corpus_leaves_the_shown_subjects_out(prepared_heart, tmp_path):
    text = (prepared_heart / "manifest.csv").read_text().splitlines()
    hidden = text[1].split(",")
    hidden[3], hidden[4] = "demo", "-2"
    (tmp_path / "manifest.csv").write_text("\n".join([text[0], ",".join(hidden), *text[2:]]) + "\n")
    assert len(Corpus(tmp_path)) == 39
    assert len(Corpus(tmp_path, with_demo=True)) == 40


def test_another_rate_is_brought_to_the_corpus_rate(tmp_path):
    folder = tmp_path / "in" / "training-a"
    folder.mkdir(parents=True)
    time_s = np.arange(3 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 100 * time_s)
    names = [f"a{number}" for number in range(4)]
    for name in names:
        soundfile.write(folder / f"{name}.wav", np.stack([tone, tone], axis=1), 44100)
    (folder / "REFERENCE.csv").write_text(
        "".join(f"{name},{1 if i % 2 else -1}\n" for i, name in enumerate(names))
    )
    prepare_dataset(tmp_path / "in", tmp_path / "out", load_preset("heart"), workers=1, folds=2, seed=0)
    samples = Corpus(tmp_path / "out").samples(0)
    assert len(samples) == 3 * FS_HZ
    expected = 0.5 * np.sin(2 * np.pi * 100 * np.arange(3 * FS_HZ) / FS_HZ)
    assert np.abs(samples - expected)[100:-100].max() < 2e-3


def test_a_file_that_is_no_sound_is_named(tmp_path):
    folder = tmp_path / "training-a"
    folder.mkdir()
    (folder / "REFERENCE.csv").write_text("a0001,1\n")
    (folder / "a0001.wav").write_text("this is not a sound")
    with pytest.raises(DatasetError, match="a0001"):
        prepare_dataset(tmp_path, tmp_path / "out", load_preset("opsfusion"), workers=1, folds=2, seed=0)


def test_a_data_set_is_whole_only_at_the_end(physionet_dir, tmp_path, monkeypatch):
    def stopped(items, **_):
        raise KeyboardInterrupt

    for name in ("config.json", "features.npy"):
        (tmp_path / name).write_text("of the run before")
    monkeypatch.setattr("tqdm.tqdm", stopped)
    with pytest.raises(CommandError, match="not whole"):
        call_command("prepare_dataset", data=physionet_dir, out=tmp_path, preset="opsfusion", workers=1)
    with pytest.raises(DatasetError, match="prepare_dataset"):
        read_config(tmp_path)
    assert not (tmp_path / "features.npy").exists()


def test_a_folder_that_was_not_prepared_is_named(tmp_path):
    with pytest.raises(DatasetError, match="prepare_dataset"):
        Corpus(tmp_path)
    with pytest.raises(DatasetError, match="prepare_dataset"):
        read_config(tmp_path)
