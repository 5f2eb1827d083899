"""Web server and outbox worker together, for `make run`; they end together, however that comes about.

Both stay in our process group, so that a closed terminal or a killed group leaves nothing behind (honcho starts each
one in a session of its own, and there they live on). Standard library only.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import time

HOST = "127.0.0.1"
MAX_BODY_BYTES = 33 * 1024 * 1024  # more than Django takes, so that Django can answer with our own page
STOP_SECONDS = 15


def commands(port):
    return {
        "web server": [
            "-m",
            "waitress",
            f"--listen={HOST}:{port}",
            "--threads=8",
            f"--max-request-body-size={MAX_BODY_BYTES}",
            f"--inbuf-overflow={MAX_BODY_BYTES}",  # it would lay a longer one on the disk, in clear
            "apollo_site.wsgi:application",
        ],
        "outbox worker": ["manage.py", "run_outbox"],
    }


def check_port(port):
    """Exit with one clear sentence unless `port` (text) can be listened on."""
    if not (port.isdecimal() and 0 < int(port) < 65_536):
        sys.exit(f"PORT={port} is not a port number. Choose one, for example: make run PORT=8001")
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, int(port)))
    except OSError as error:
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        sys.exit(f"Port {port} {why}. Choose another one, for example: make run PORT=8001")


def listens(port):
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def announce(port):
    print(
        f"\nThe site:      http://localhost:{port}/\n"
        f"The admin:     http://localhost:{port}/admin/\n"
        "Demo accounts: var/demo-accounts.json\n"
        "Ctrl-C ends it.\n"
    )


def start(command):
    """Ctrl-C reaches the whole group, but is for us alone: we ask each command to end, and wait for it."""
    return subprocess.Popen([sys.executable, *command], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))


def stop(children):
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()


def leave(number, frame):
    sys.exit(128 + number)


def on_end_signals(action):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def serve(port):
    children = {}
    on_end_signals(leave)
    try:
        for name, command in commands(port).items():
            children[name] = start(command)
        watch(children, port)
    finally:
        on_end_signals(signal.SIG_IGN)
        stop(children.values())


def watch(children, port):
    """Say where the site is once it answers, and return never: exit when one of `children` has ended."""
    announced = False
    while not (ended := [name for name, child in children.items() if child.poll() is not None]):
        if not announced and listens(port):
            announce(port)
            announced = True
        time.sleep(0.2)
    sys.exit(f"The {ended[0]} ended by itself, so everything stops. Its last words stand above.")


if __name__ == "__main__":
    check_port(os.environ["PORT"])
    if "--check-port" not in sys.argv:
        serve(int(os.environ["PORT"]))
