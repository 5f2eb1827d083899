"""Production settings with keys, hosts and mail of the tests. DATABASE_URL from outside chooses the database."""

import os
import shutil
import tempfile
from pathlib import Path

os.environ.update(
    APOLLO_DEBUG="0",
    APOLLO_SECRET_KEY="a key for tests only: long enough for the checks, and random it need not be",
    APOLLO_FIELD_KEYS="f1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    APOLLO_HASH_KEYS="h1:OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=",
    APOLLO_HOSTS="localhost,127.0.0.1,testserver",
    APOLLO_PUBLIC_URL="https://practice.example.org",
    APOLLO_FROM_EMAIL="office@practice.example.org",
    APOLLO_INSECURE_HTTP="1",
    APOLLO_SPAM_MIN_SECONDS="0",  # tests fill in a form in no time
    EMAIL_URL="smtp://127.0.0.1:1",
)

from apollo_site.settings import *  # noqa: F403

# In memory, where there is such a disk: SQLite waits for the disk at every commit. What is killed loses nothing there.
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own
IS_ROOMY = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30  # containers often have 64 MB
VAR_DIR = Path(tempfile.mkdtemp(prefix="apollo-tests-", dir=MEMORY if IS_ROOMY else None))
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir()
MEDIA_ROOT = VAR_DIR / "media"
FILES_ROOT = VAR_DIR / "files"
if "NAME" in DATABASES["default"]["TEST"]:  # noqa: F405
    DATABASES["default"]["TEST"]["NAME"] = VAR_DIR / "test.sqlite3"  # noqa: F405
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
