"""A real mail server and real worker processes for tests, both on this machine only."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.controller import Controller
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Sink:
    """Takes every mail, except for what the name before the @ asks for: "gone" 550, "later" 451, "hang" no answer.

    `recipients` and `message_ids` are in the order of arrival. `seconds` is how long it thinks before it says yes to
    a mail; `talking` is set from the moment on that a mail has come in.
    """

    ANSWERS = {"gone": "550 5.1.1 person@example.org unknown", "later": "451 4.3.0 try again"}

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.port = free_port()
        self.mails = []
        self.talking = threading.Event()

    @property
    def recipients(self):
        return [recipient for recipient, _ in self.mails]

    @property
    def message_ids(self):
        return [mail["Message-ID"] for _, mail in self.mails]

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "hang":
            await asyncio.sleep(3600)
        if name not in self.ANSWERS:
            envelope.rcpt_tos.append(address)
        return self.ANSWERS.get(name, "250 OK")

    async def handle_DATA(self, server, session, envelope):
        self.talking.set()
        await asyncio.sleep(self.seconds / 2)
        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content)))
        await asyncio.sleep(self.seconds / 2)
        return "250 OK"

    @contextmanager
    def on(self):
        controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


@contextmanager
def dripping_server():
    """Its port. It greets, and then answers the first command one letter at a time, for ever."""
    ended = threading.Event()

    def drip(listener):
        client, _ = listener.accept()
        with client:
            client.sendall(b"220 here\r\n")
            client.recv(1000)
            while not ended.wait(0.05):
                try:
                    client.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def use(settings, port, timeout=5):
    """Let this process send through the mail server at `port`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, timeout


def database_url():
    """Where another process finds the database of this test."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = ":".join(quote(database[part], safe="") for part in ("USER", "PASSWORD") if database[part])
    return f"postgres://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def start_worker(port, *arguments):
    """A process of its own that runs the outbox against the database of this test and the mail server at `port`."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.outbox.worker_settings",
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_outbox", *arguments],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def worker_process(port, *arguments):
    worker = start_worker(port, *arguments)
    try:
        yield worker
    finally:
        end(worker)


def end(worker, number=signal.SIGKILL):
    """Send the signal, and wait for the end; the exit status."""
    worker.send_signal(number)
    return worker.wait(30)


def wait_until(condition, seconds=20):
    """Return as soon as `condition()` is true; fail when it never becomes so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
