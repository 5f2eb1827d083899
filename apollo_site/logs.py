"""Logs without anybody's words (P35)."""

import logging
import re
import traceback

# An address that opens something, up to its end: a mail may have broken the token in two.
SECRET_LINK = re.compile(r"(/r/)[^?\"'\n]+?(?= HTTP/|[?\"'\n]|$)")


class WordlessFormatter(logging.Formatter):
    """Writes where an error happened and its class, but not its message.

    Messages carry values: PostgreSQL repeats the whole row that it refuses, `int()` and `date.fromisoformat()` the text
    that they could not read.
    """

    def formatException(self, exc_info):
        chain, exception = [], exc_info[1]
        while exception is not None and exception not in chain:
            chain.append(exception)
            exception = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        return "\n".join(self._wordless(exception) for exception in reversed(chain))

    def _wordless(self, exception):
        frames = "".join(traceback.format_tb(exception.__traceback__))
        return f"{frames}{type(exception).__module__}.{type(exception).__qualname__}"

    def formatMessage(self, record):
        # Django logs a refused request with str(exception) as the message.
        exception = record.exc_info and record.exc_info[1]
        if exception and str(exception):
            record.message = record.message.replace(str(exception), type(exception).__qualname__)
        record.message = SECRET_LINK.sub(r"\1…", record.message)
        return super().formatMessage(record)
