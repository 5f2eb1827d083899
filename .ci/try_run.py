"""`make run` twice, as the README says: it becomes ready, Ctrl-C ends all of it, and the second time loses nothing.

Standard library only. Prints what it saw; any surprise is an exception.
"""

import json
import os
import signal
import stat
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PORT = 8123
SITE = f"http://127.0.0.1:{PORT}"
ACCOUNTS = Path("var/demo-accounts.json")
MOST_SECONDS = 120


def answer(path):
    """Status and text of a page; (0, "") while nobody listens."""
    try:
        with urllib.request.urlopen(SITE + path, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"make run: {what}: not within {seconds} seconds")
        time.sleep(0.5)


def one_run():
    """The accounts that stand in the file while the site runs."""
    started = time.monotonic()
    make = subprocess.Popen(["make", "run", f"PORT={PORT}"], start_new_session=True)
    try:
        wait_until(lambda: answer("/readyz") == (200, "ready"), MOST_SECONDS, "ready")
        print(f"make run: ready after {time.monotonic() - started:.0f} seconds", flush=True)
        status, home = answer("/")
        assert (status, "813-555-0100" in home) == (200, True), home
        assert answer("/procedures/mild/")[0] == 200
        assert stat.S_IMODE(ACCOUNTS.stat().st_mode) == 0o600
        return json.loads(ACCOUNTS.read_text())
    finally:
        os.killpg(make.pid, signal.SIGINT)
        make.wait(60)
        wait_until(lambda: answer("/healthz")[0] == 0, 10, "ended")


first = one_run()
assert len(first) == 7, first
assert one_run() == first
