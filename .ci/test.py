#!/usr/bin/env python3
"""All tests: JavaScript's under Node, then Python's, the browser's included. `make test` calls it.

Installs what it can (as root, Debian's chromium); says exactly what is missing where it cannot.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
OLDEST_NODE = 20
BROWSER_TESTS = os.path.join("tests", "e2e")


def main():
    os.chdir(ROOT)
    subprocess.check_call([sys.executable, os.path.join(".ci", "install.py"), "dev"])
    python = os.path.join(".venv", "Scripts" if os.name == "nt" else "bin", "python")
    browser = find_browser()
    failed = []
    step(failed, "ruff", [python, "-m", "ruff", "check", "."])
    skipped = run_javascript(failed)
    environment = dict(os.environ, CHROMIUM=browser)
    workers = str(min(4, max(2, os.cpu_count() or 2)))
    pytest = [python, "-m", "pytest", "-q", "-rs"]
    if sys.argv[1:]:
        step(failed, "pytest", [*pytest, *sys.argv[1:]], environment)
    else:
        parallel = ["-n", workers, "--dist", "loadfile", "--ignore", BROWSER_TESTS]
        step(failed, "pytest", [*pytest, *parallel], environment)
        # Alone: Playwright's event loop and those of the socket tests do not go together in one process.
        step(failed, "pytest, browser", [*pytest, BROWSER_TESTS], environment)
    for line in skipped:
        print("NOT RUN: " + line)
    if failed:
        sys.exit("FAILED: " + ", ".join(failed))
    print("All tests that could run here passed.")


def step(failed, name, command, environment=None):
    print("== {}: {}".format(name, " ".join(command)), flush=True)
    if subprocess.call(command, env=environment) != 0:
        failed.append(name)


def run_javascript(failed):
    """Returns what was not run, and why."""
    node = shutil.which("node")
    version = subprocess.check_output([node, "--version"]).decode().strip() if node else "none"
    if not node or int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        return [f"the JavaScript tests need Node {OLDEST_NODE} or newer (found: {version})"]
    files = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(os.path.join("tests", "js"))
        for name in names
        if name.endswith(".test.mjs")
    )
    step(failed, "node", [node, "--test", "--test-reporter=dot", *files])
    return []


def find_browser():
    chosen = os.environ.get("CHROMIUM") or first_browser()
    if not chosen and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("== installing chromium for the browser tests", flush=True)
        subprocess.call(["apt-get", "update", "-qq"])
        subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
        chosen = first_browser()
    if not chosen:
        sys.exit(
            "The browser tests need Chromium or Chrome, and none was found. Install it (Debian: apt-get install "
            "chromium; macOS: brew install --cask google-chrome), or set CHROMIUM to its path."
        )
    return chosen


def first_browser():
    found = [path for path in map(shutil.which, BROWSERS) if path]
    if not found and os.path.exists(MACOS_BROWSER):
        found = [MACOS_BROWSER]
    return found[0] if found else ""


if __name__ == "__main__":
    main()
