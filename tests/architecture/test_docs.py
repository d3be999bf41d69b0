"""What exists is documented: commands and their options, settings, routes, decisions, links."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.sources import PACKAGES, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

CONTRACT_VARIABLES = {
    "DJANGO_SECRET_KEY",
    "DJANGO_DEBUG",
    "DJANGO_ALLOWED_HOSTS",
    "HEARTSITE_DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "MEDIA_STORAGE",
    "MEDIA_ENCRYPTION_KEYS",
    "PUBLIC_URL",
    "TRUSTED_PROXIES",
    "INFERENCE_ENGINE",
    "MODEL_DIR",
    "KERAS_BACKEND",
}


def commands() -> dict[str, str]:
    """Command name to the package that defines it."""
    return {
        path.stem: package
        for package in PACKAGES
        for path in (ROOT / package / "management" / "commands").glob("[!_]*.py")
    }


def variables_read() -> set[str]:
    text = "".join(
        (ROOT / "heartsite" / name).read_text(encoding="utf-8") for name in ("env.py", "settings.py")
    )
    return set(re.findall(r'(?:env\.\w+|_checked)\(\s*"([A-Z_]+)"', text))


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_in_the_readme(name):
    assert f"`manage.py {name} " in README or f"`manage.py {name}`" in README


@pytest.mark.parametrize("name", ["serve", "seed_demo", "selfcheck"])
def test_the_documented_options_are_the_commands_own(name):
    parser = load_command_class(commands()[name], name).create_parser("manage.py", name)
    known = {option for action in parser._actions for option in action.option_strings}
    line = next(line for line in README.splitlines() if f"`manage.py {name} [" in line)
    assert set(re.findall(r"--[a-z-]+", line.split("|")[1])) <= known


def test_every_option_of_serve_is_explained():
    parser = ArgumentParser(add_help=False)
    load_command_class("heartsite", "serve").add_arguments(parser)
    own = [action.option_strings[0] for action in parser._actions]
    assert own
    assert all(f"| `{option}` |" in SETTINGS for option in own)


def test_the_settings_read_are_found():
    assert {"DJANGO_DEBUG", "DATABASE_URL", "TRUSTED_PROXIES"} <= variables_read()


@pytest.mark.parametrize("name", sorted(CONTRACT_VARIABLES | variables_read()))
def test_every_variable_is_explained_and_in_the_example(name):
    assert f"| `{name}` |" in SETTINGS
    assert re.search(rf"^#{name}=", EXAMPLE, re.MULTILINE)


def test_the_example_names_nothing_else():
    assert set(re.findall(r"^#([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == CONTRACT_VARIABLES | variables_read()


def top_routes() -> set[str]:
    """The first part of every route, as a path."""
    found = set()
    for pattern in get_resolver().url_patterns:
        for route in _routes(pattern):
            found.add("/" + route.split("/")[0].split("<")[0])
    return found


def _routes(pattern: URLPattern | URLResolver) -> list[str]:
    own = str(pattern.pattern)
    if isinstance(pattern, URLPattern) or own:
        return [own]
    return [route for child in pattern.url_patterns for route in _routes(child)]


WORKSPACE = {"/", "/patients", "/sessions", "/recordings", "/analyses", "/upload"}


def test_every_route_has_a_place_in_the_architecture():
    undocumented = {route for route in top_routes() - WORKSPACE if f"`{route}" not in ARCHITECTURE}
    assert not undocumented
    assert "`/` and the pages below" in ARCHITECTURE


def test_the_addresses_of_the_sockets_are_documented():
    from recordings.routing import websocket_urlpatterns

    for pattern in websocket_urlpatterns:
        assert "/" + str(pattern.pattern).split("<")[0] in ARCHITECTURE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path):
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    missing = [target for target in local if not (document.parent / target).exists()]
    assert not missing


def test_decisions_are_numbered_without_gaps_and_say_context_decision_consequences():
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), file.name


def test_every_make_target_is_in_the_readme():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    assert all(f"make {target}" in README for target in targets)
