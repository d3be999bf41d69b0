"""The real settings, with every file in a directory of its own that goes when the run ends."""

import atexit
import os
import shutil
import tempfile

_directory = tempfile.mkdtemp(prefix="heartsite-tests-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ["HEARTSITE_DATA_DIR"] = _directory
for _name in ("DATABASE_URL", "REDIS_URL", "MEDIA_STORAGE", "PUBLIC_URL", "TRUSTED_PROXIES", "DJANGO_DEBUG"):
    os.environ.pop(_name, None)

from heartsite.settings import *  # noqa: E402, F403
from heartsite.settings import DATA_DIR, DATABASES  # noqa: E402

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# A file, not memory: consumers, threads and the test see the same rows.
DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
