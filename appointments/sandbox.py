"""Running `appointments.rebuild` on one file, in a process with limits, an empty environment and pipes alone (P42)."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from appointments import rebuild

WALL_SECONDS = 25
AT_ONCE = 2  # each may take a gigabyte
IN_LINE = 2  # who waits holds a thread of the web server: the README gives it eight, and the site needs some too
WAIT_SECONDS = 30
MOST_BYTES = 20 * 1024 * 1024  # of a new file: pixels of a small picture can be hard to pack again
KINDS = {rebuild.PDF, rebuild.JPEG, rebuild.PNG}
REFUSALS = {rebuild.LOCKED, rebuild.WRONG_TYPE, rebuild.UNREADABLE}

ROOT = Path(__file__).resolve().parent.parent
# Isolated: no variable, no folder we happen to be in and nothing of the user's has a say in what is imported.
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from appointments.rebuild import main; main()"
COMMAND = (sys.executable, "-I", "-c", PROGRAM, str(ROOT))

_places = threading.BoundedSemaphore(AT_ONCE)
_line = threading.BoundedSemaphore(AT_ONCE + IN_LINE)


class Refused(Exception):
    """The file is not taken: the argument is one of REFUSALS."""


class Unavailable(Exception):
    """No file can be written anew right now; it says nothing about this one."""


def rebuilt(content: bytes) -> tuple[str, bytes]:
    """(kind, the file written anew). A process that is killed, or that takes or answers too much, read a bad file.

    Raises Refused or Unavailable.
    """
    try:
        with _held(_line, timeout=0), _held(_places, timeout=WAIT_SECONDS):
            code, answer = _talk(content)
    except OSError as error:
        raise Unavailable from error
    if code > 0:  # it ended by an error of its own, which no file should be able to make
        raise Unavailable
    kind, __, new = answer.partition(b"\n")
    kind = kind.decode("ascii", "replace")
    if code == 0 and kind in KINDS and 0 < len(new) <= MOST_BYTES:
        return kind, new
    raise Refused(kind if code == 0 and kind in REFUSALS else rebuild.UNREADABLE)


@contextmanager
def _held(semaphore, *, timeout):
    if not semaphore.acquire(timeout=timeout):
        raise Unavailable
    try:
        yield
    finally:
        semaphore.release()


def _talk(content):
    """(how the process ended, as Popen.returncode; what it said)."""
    with subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # words of the file could stand there
        env={},
        cwd="/",
        start_new_session=True,
    ) as child:
        timer = threading.Timer(WALL_SECONDS, _kill, [child])
        timer.start()
        try:
            # It reads everything before it answers, so neither of us waits for the other.
            with suppress(BrokenPipeError):
                child.stdin.write(content)
                child.stdin.close()
            answer = child.stdout.read(MOST_BYTES + 100)
            if len(answer) > MOST_BYTES:
                _kill(child)
            return child.wait(), answer
        finally:
            timer.cancel()
            _kill(child)


def _kill(child):
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
