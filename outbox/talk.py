"""One talk with the mail server: it succeeds, or raises, and is over in time either way."""

import signal
import smtplib
from contextlib import contextmanager, suppress

from django.core.mail import get_connection

GOODBYE_SECONDS = 2


class TalkTooLong(Exception):
    """The talk was cut. No OSError, because smtplib and socket catch those and go on with the next step."""


class NothingSent(Exception):
    """The mail backend neither sent nor complained."""


def send(email, seconds: float):
    """Hand `email` over within `seconds`; returning means that the server took it.

    EMAIL_TIMEOUT limits each step, but a server may let every step wait, or drip one letter at a time. Only the main
    thread can be cut. A name look-up cannot be; what it holds up is cut as soon as it ends, before anything is sent.
    """
    backend = get_connection()
    try:
        with time_limit(seconds):
            backend.open()
            if backend.send_messages([email]) != 1:
                raise NothingSent
    except Exception:
        _drop(backend)
        raise
    _close(backend)


@contextmanager
def time_limit(seconds: float):
    """Raise TalkTooLong in the block after `seconds`, and every second from then on should something swallow it."""
    before = signal.signal(signal.SIGALRM, _cut)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _cut(number, frame):
    raise TalkTooLong


def _drop(backend):
    """Without QUIT: a server that hangs would let us wait for the answer."""
    smtp = getattr(backend, "connection", None)
    if smtp is not None:
        smtp.close()
    _close(backend)


def _close(backend):
    # The mail is out, or has failed, before this: whatever happens to the farewell changes nothing.
    with suppress(Exception), time_limit(GOODBYE_SECONDS):
        backend.close()


def reason(error: Exception) -> str:
    """What may be stored about `error`: its class and the SMTP code; the server's words quote addresses."""
    code = smtp_code(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def is_final(error: Exception) -> bool:
    """Whether the server refused this recipient or this text for good.

    A 5xx to our name, password or sender is a fault of ours, not of the message: it is tried again until it is mended.
    """
    return isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) and smtp_code(error) >= 500


def smtp_code(error: Exception) -> int:
    """The server's three digits, 0 if there are none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in error.recipients.values())
    return getattr(error, "smtp_code", 0)
