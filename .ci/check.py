#!/usr/bin/env python3
"""Linters, types, migrations and deployment checks. `make check` calls it; the tests are `make test`."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = os.path.join(".venv", "Scripts" if os.name == "nt" else "bin", "python")
STEPS = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy", "heartsite", "accounts", "recordings", "analysis", "ml"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "deployment": ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
}


def main():
    os.chdir(ROOT)
    subprocess.check_call([sys.executable, os.path.join(".ci", "install.py"), "dev"])
    failed = []
    with tempfile.TemporaryDirectory() as data:
        environment = dict(os.environ, HEARTSITE_DATA_DIR=data)
        for name, arguments in STEPS.items():
            print("== " + name, flush=True)
            if subprocess.call([PYTHON, *arguments], env=environment) != 0:
                failed.append(name)
    if failed:
        sys.exit("FAILED: " + ", ".join(failed))


if __name__ == "__main__":
    main()
