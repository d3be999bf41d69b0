from analysis.evidence import evidence_table

EVIDENCE = {
    "effects": [
        {"phase": "S1", "low_hz": 25.0, "high_hz": 80.0, "change": 0.01},
        {"phase": "systole", "low_hz": 25.0, "high_hz": 80.0, "change": 0.2},
        {"phase": "S1", "low_hz": 80.0, "high_hz": 200.0, "change": 0.0},
        {"phase": "systole", "low_hz": 80.0, "high_hz": 200.0, "change": -0.4},
    ],
    "murmur_band_db": {"S1": 2.0, "systole": -6.5},
    "sentence": "Sound in systole moved it.",
}


def test_losing_what_spoke_for_abnormal_is_shown_as_for():
    table = evidence_table(EVIDENCE)
    assert table.phases == ("S1", "systole")
    assert [band for band, _ in table.rows] == ["80\u2013200 Hz", "25\u201380 Hz"]
    upper, lower = (dict(zip(table.phases, cells, strict=True)) for _, cells in table.rows)
    assert (upper["systole"].weight, upper["systole"].shade) == (0.4, "for-4")
    assert (lower["systole"].weight, lower["systole"].shade) == (-0.2, "against-3")
    assert lower["S1"].shade == "none"
    assert table.murmur_band_db == (("S1", 2.0), ("systole", -6.5))


def test_a_whole_phase_is_a_row_of_its_own_and_not_the_sum_of_its_bands():
    whole = [{"phase": "systole", "change": -0.1}, {"phase": "S1", "change": 0.0}]
    band, cells = evidence_table(EVIDENCE | {"phases": whole}).rows[-1]
    assert band == "All bands"
    assert [cell.weight for cell in cells] == [0.0, 0.1]
    assert [cell.shade for cell in cells] == ["none", "for-2"]


def test_the_say_of_those_who_could_not_be_asked_is_told():
    assert evidence_table(EVIDENCE).unexplained_percent == 0
    assert evidence_table(EVIDENCE | {"explained_share": 0.952}).unexplained_percent == 5


def test_no_evidence_is_no_table():
    assert evidence_table(None) is None
    assert evidence_table({"effects": [], "sentence": "Too short."}) is None
