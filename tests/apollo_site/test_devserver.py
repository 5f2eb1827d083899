import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from apollo_site import devserver

# The launcher as it is, with two processes that only sleep and tell their process ids.
# One write each, so that their lines cannot mix.
SLEEPERS = """
from apollo_site import devserver
sleeper = r"import os, sys, time; os.write(1, f'{sys.argv[1]}:{os.getpid()}\\n'.encode()); time.sleep(60)"
devserver.commands = lambda port: {name: ["-c", sleeper, name] for name in ("web server", "outbox worker")}
devserver.serve(1)
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def launched():
    """The launcher in a process group of its own, and name → process id of its two sleepers."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", SLEEPERS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    with launcher:
        lines = [launcher.stdout.readline().strip().split(":") for _ in range(2)]
        sleepers = {name: int(pid) for name, pid in lines}
        yield launcher, sleepers
        for pid in (launcher.pid, *sleepers.values()):
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="process states are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_the_group_leaves_nothing_behind(launched, number):
    launcher, sleepers = launched

    os.killpg(launcher.pid, number)

    launcher.wait(10)
    assert until(lambda: not any(is_running(pid) for pid in sleepers.values()))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="process states are read from /proc")
def test_when_one_ends_the_other_is_ended_and_the_error_names_it(launched):
    launcher, sleepers = launched

    os.kill(sleepers["outbox worker"], signal.SIGKILL)

    __, errors = launcher.communicate(timeout=10)
    assert errors == "The outbox worker ended by itself, so everything stops. Its last words stand above.\n"
    assert until(lambda: not is_running(sleepers["web server"]))


def test_check_port_names_the_way_out_when_the_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(SystemExit) as refused:
            devserver.check_port(str(port))

    assert refused.value.code == (
        f"Port {port} is taken by another program. Choose another one, for example: make run PORT=8001"
    )


@pytest.mark.parametrize("port", ["", "abc", "0", "65536", "-1", "8000.5"])
def test_check_port_refuses_what_is_no_port(port):
    with pytest.raises(SystemExit, match="is not a port number"):
        devserver.check_port(port)
