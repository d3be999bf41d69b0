"""The direction of imports: heartsite -> analysis -> recordings -> accounts; analysis -> ml; ml alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, imports_of, python_files

MAY_IMPORT = {
    "heartsite": ("heartsite", "analysis", "recordings", "accounts", "ml"),
    "analysis": ("analysis", "recordings", "accounts", "ml"),
    "recordings": ("recordings", "accounts", "ml.dsp", "ml.errors"),
    "accounts": ("accounts",),
    "ml": ("ml",),
}
# Django may be imported only where ml meets it.
ML_DJANGO = ("ml/apps.py", "ml/management/")
HEAVY = ("tensorflow", "keras", "librosa", "jax", "torch")
# views, api, consumers -> services, selectors -> models
INSIDE = {
    "models": ("views", "api", "consumers", "services", "selectors", "admin", "forms"),
    "services": ("views", "api", "consumers", "admin"),
    "selectors": ("views", "api", "consumers", "admin"),
}


def _within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def _violations(path: Path, allowed: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for module, line in imports_of(path)
        if _within(module, PACKAGES) and not _within(module, allowed)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_between_packages_never_turn_round(package):
    wrong = [text for path in python_files(package) for text in _violations(path, MAY_IMPORT[package])]
    assert not wrong, "\n".join(wrong)


def test_the_pure_parts_of_ml_know_no_django():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in python_files("ml")
        if not str(path.relative_to(ROOT)).startswith(ML_DJANGO)
        for module, line in imports_of(path)
        if _within(module, ("django",))
    ]
    assert not wrong, "\n".join(wrong)


def test_training_libraries_are_imported_inside_functions_only():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in python_files()
        for module, line in imports_of(path, at_import_time=True)
        if _within(module, HEAVY)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_web_side_never_imports_a_training_library():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in python_files("heartsite", "analysis", "recordings", "accounts")
        for module, line in imports_of(path)
        if _within(module, HEAVY)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["analysis", "recordings", "accounts"])
@pytest.mark.parametrize("layer", sorted(INSIDE))
def test_inside_an_application_the_layers_point_down(package, layer):
    forbidden = tuple(f"{package}.{name}" for name in INSIDE[layer])
    folder = ROOT / package / layer
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / package / f"{layer}.py"]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files
        if path.is_file()
        for module, line in imports_of(path)
        if _within(module, forbidden)
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_but_heartsite_reads_the_environment():
    # The decoder's child is given an environment of its own making.
    allowed = {"recordings/decode.py"}
    wrong = [
        str(path.relative_to(ROOT))
        for path in python_files("analysis", "recordings", "accounts")
        if "os.environ" in path.read_text(encoding="utf-8") and str(path.relative_to(ROOT)) not in allowed
    ]
    assert not wrong


def test_a_turned_arrow_is_found(tmp_path):
    wrong = tmp_path / "module.py"
    wrong.write_text("def f():\n    from analysis import models\n")
    assert imports_of(wrong) == (("analysis.models", 2),)
    assert imports_of(wrong, at_import_time=True) == ()
