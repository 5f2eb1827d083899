"""P49: dependencies are pinned by hash, and the Makefile installs them only from the lock."""

import hashlib
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture
def wheel(tmp_path):
    """A small package of our own, so that nothing is fetched."""
    path = tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sample.py", "")
        archive.writestr("sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
        archive.writestr("sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("sample-1.0.dist-info/RECORD", "")
    return path


def install_command(stamp):
    """What make would run for `stamp`, as a list of words."""
    plan = subprocess.run(["make", "--dry-run", "--always-make", stamp], cwd=ROOT, capture_output=True, text=True)
    return shlex.split(next(line for line in plan.stdout.splitlines() if "pip install" in line))


def install(wheel, digest):
    lock = wheel.with_name("sample.lock")
    lock.write_text(f"sample==1.0 --hash=sha256:{digest}\n")
    __, *options, __ = install_command(".venv/run.stamp")
    here = ["--no-index", "--find-links", wheel.parent, "--target", wheel.parent / "installed"]
    return subprocess.run([sys.executable, *options, lock, *here], capture_output=True, text=True)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock):
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().replace("\\\n", " "))
    requirements = [entry for entry in entries if not entry.startswith("#")]

    loose = [entry for entry in requirements if not re.match(r"[a-z0-9.-]+==\S+ +--hash=sha256:[0-9a-f]{64}", entry)]

    assert loose == []


def test_the_lock_for_development_holds_the_versions_of_the_lock_for_production():
    production, development = (set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)

    assert production - development == set()


@pytest.mark.parametrize(("stamp", "lock"), [(".venv/run.stamp", LOCKS[0]), (".venv/dev.stamp", LOCKS[1])])
def test_make_installs_from_the_lock(stamp, lock):
    assert install_command(stamp)[-1] == lock


def test_an_install_with_a_changed_hash_fails(wheel):
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()

    changed = install(wheel, hashlib.sha256(b"something else").hexdigest())
    unchanged = install(wheel, right)

    assert (changed.returncode, "THESE PACKAGES DO NOT MATCH THE HASHES" in changed.stderr) == (1, True)
    assert unchanged.returncode == 0, unchanged.stderr
