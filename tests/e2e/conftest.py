"""Debian's Chromium against a real server. Every page is watched: a console error or a CSP violation fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e.server import ROOT, RunningServer, start_server
from tests.e2e.sounds import write_heart

# Playwright runs an event loop in this thread; Django forbids its ORM beside one, and these tests do not use it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
expect.set_options(timeout=40_000)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("chromium is not installed: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    running = start_server()
    yield running
    status = running.stop()
    shutil.rmtree(running.data_dir, ignore_errors=True)
    assert status == 0, "the server did not end cleanly:\n" + "".join(running.log[-40:])


@pytest.fixture(scope="session")
def demo_sound() -> Path:
    """The FLAC of one demo sample."""
    return sorted((ROOT / "recordings" / "demo").rglob("*.flac"))[0]


@pytest.fixture(scope="session")
def launch(chromium, playwright_driver):
    """Start a browser whose microphone plays `sound`."""
    browsers: list[Browser] = []

    def start(sound: Path) -> Browser:
        arguments = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={sound}"]
        browser = playwright_driver.chromium.launch(executable_path=chromium, args=arguments)
        browsers.append(browser)
        return browser

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def heart_browser(launch, demo_sound, tmp_path_factory) -> Browser:
    sound = tmp_path_factory.mktemp("sound") / "heart.wav"
    write_heart(sound, demo_sound)
    return launch(sound)


@contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    """A page of `context` that fails the test if its console reported an error."""
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems, problems


def log_in(page: Page, server: RunningServer, role: str = "clinician") -> None:
    email, password = server.logins[role]
    page.goto(f"{server.url}/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def open_session(page: Page, server: RunningServer, identifier: str) -> str:
    """Add a patient, press New session; the address that the QR code holds."""
    page.goto(f"{server.url}/patients/add/")
    page.get_by_label("Identifier").fill(identifier)
    page.get_by_role("button", name="Add patient").click()
    with page.expect_response(lambda response: "/pairing/" in response.url) as issued:
        page.get_by_role("button", name="New session").click()
    return issued.value.json()["url"]


def screenshot(page: Page, name: str) -> None:
    """Kept for people to look at where E2E_SCREENSHOTS names a directory."""
    directory = os.environ.get("E2E_SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(directory) / f"{name}.png")
