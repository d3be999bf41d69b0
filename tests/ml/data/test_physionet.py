import shutil

import pytest

from ml.data.physionet import DatasetError, held_back_subjects, read_demo_records, read_recordings


def test_reads_wav_and_flac_with_labels_quality_and_subjects(physionet_dir):
    recordings = {recording.file_id: recording for recording in read_recordings(physionet_dir)}
    assert len(recordings) == 40
    assert recordings["a0000"].path.suffix == ".wav"
    assert recordings["a0001"].path.suffix == ".flac"
    assert (recordings["a0000"].label, recordings["a0002"].label) == (1, 0)
    assert not recordings["a0000"].usable
    assert recordings["a0001"].usable
    assert recordings["a0000"].subject_id == recordings["a0001"].subject_id == "a_s0"


def test_only_a_doubtful_subject_of_e_is_for_training_only(physionet_dir):
    marked = [recording.file_id for recording in read_recordings(physionet_dir) if recording.training_only]
    assert marked == ["e0003"]


def test_the_parent_folder_will_do(physionet_dir):
    assert len(read_recordings(physionet_dir.parent)) == 40


def test_without_subjects_each_recording_is_its_own(physionet_dir, tmp_path):
    shutil.copytree(physionet_dir / "training-a", tmp_path / "training-a")
    recordings = read_recordings(tmp_path)
    assert len({recording.subject_id for recording in recordings}) == len(recordings) == 20


@pytest.mark.parametrize("damage", ["missing_sound", "bad_label", "short_row", "no_reference"])
def test_a_damaged_layout_is_named(physionet_dir, tmp_path, damage):
    folder = tmp_path / "training-a"
    shutil.copytree(physionet_dir / "training-a", folder)
    reference = folder / "REFERENCE.csv"
    if damage == "missing_sound":
        (folder / "a0000.wav").unlink()
    elif damage == "bad_label":
        reference.write_text("a0000,2\n")
    elif damage == "short_row":
        reference.write_text("a0000\n")
    else:
        reference.unlink()
    with pytest.raises(DatasetError, match=r"a0000|REFERENCE"):
        read_recordings(tmp_path)


def test_a_folder_without_recordings_is_named(tmp_path):
    with pytest.raises(DatasetError, match="training-a"):
        read_recordings(tmp_path)
    with pytest.raises(DatasetError, match="no folder"):
        read_recordings(tmp_path / "nothing")


def test_demo_list_names_two_recordings_of_each_database():
    names = read_demo_records()
    assert len(names) == len(set(names)) == 12
    assert sorted(name[0] for name in names) == sorted("abcdef" * 2)


def test_a_demo_sample_holds_back_its_subject(physionet_dir):
    assert held_back_subjects(read_recordings(physionet_dir), ["a0004"]) == {"a_s2"}


def test_the_real_recordings_are_complete(real_data):
    recordings = read_recordings(real_data)
    assert len(recordings) == 2607
    assert sum(recording.training_only for recording in recordings) == 87
    shown = {
        recording.file_id: recording for recording in recordings if recording.file_id in read_demo_records()
    }
    assert len(shown) == 12
    assert all(recording.usable for recording in shown.values())
    assert {recording.label for recording in shown.values()} == {0, 1}
