#!/usr/bin/env python3
"""Make .venv and install one level of requirements into it: `python3 .ci/install.py serve|train|dev`.

Nothing happens when the requirements have not changed since the last time. Written for any Python 3, so that it can
say what is missing on a machine whose `python3` is too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
# Each level includes the ones before it.
LEVELS = {
    "serve": ["requirements-serve.txt"],
    "train": ["requirements-serve.txt", "requirements.txt"],
    "dev": ["requirements-serve.txt", "requirements.txt", "requirements-dev.txt"],
}
SUPPORTED = [(3, 13), (3, 12), (3, 11)]
# Resolves and unpacks several times faster than pip; pip does the work where it cannot be had.
UV = "uv==0.13.9"


def main():
    level = sys.argv[1] if len(sys.argv) == 2 else ""
    if level not in LEVELS:
        sys.exit("Say what to install: {}".format(", ".join(LEVELS)))
    if is_installed(level):
        return
    if not os.path.exists(PYTHON):
        make_venv()
    requirements = os.path.join(ROOT, LEVELS[level][-1])
    print(f"Installing {os.path.basename(requirements)} into .venv ...", flush=True)
    if not install(requirements):
        sys.exit(
            "The installation failed; the lines above say why. Run the command again once that is mended."
        )
    with open(stamp_of(level), "w") as stamp:
        stamp.write(digest_of(level))


def is_installed(level):
    """Whether this level, or one that includes it, was installed from the requirements as they are now."""
    names = list(LEVELS)
    for name in names[names.index(level) :]:
        if os.path.exists(PYTHON) and os.path.exists(stamp_of(name)):
            with open(stamp_of(name)) as stamp:
                if stamp.read() == digest_of(name):
                    return True
    return False


def make_venv():
    python = find_python()
    print(f"Making .venv with {python} ...", flush=True)
    if subprocess.call([python, "-m", "venv", VENV], stdout=subprocess.DEVNULL) != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        version = subprocess.check_output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        sys.exit(
            "Python cannot make a virtual environment here. On Debian or Ubuntu: "
            f"apt-get install python{version.decode().strip()}-venv (or python3-venv)"
        )


def find_python():
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for version in SUPPORTED:
        found = shutil.which("python{}.{}".format(*version))
        if found:
            return found
    sys.exit(
        "HeartSite needs Python 3.11, 3.12 or 3.13; this is {}.{}. Install one of them and run the command "
        "again.".format(*sys.version_info[:2])
    )


def install(requirements):
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    if subprocess.call([*pip, UV]) == 0:
        uv = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "--quiet", "-r", requirements]
        if subprocess.call(uv) == 0:
            return True
        print("uv could not install it; trying pip ...", flush=True)
    return subprocess.call([*pip, "-r", requirements]) == 0


def stamp_of(level):
    return os.path.join(VENV, "installed-" + level)


def digest_of(level):
    digest = hashlib.sha256()
    for name in LEVELS[level]:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
