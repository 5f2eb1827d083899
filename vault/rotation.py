"""Moving rows to the newest keys while people go on working (P32)."""

import logging
from collections.abc import Callable

from django.db import models
from django.db.models.functions import Cast, Left

from vault import crypto
from vault.fields import Sealed, encrypted_fields

logger = logging.getLogger(__name__)

BATCH = 200

# What is encrypted outside the database: its name → a function that moves it to the newest key, returning as `rotate`.
# Apps above this one put theirs in when they are ready.
OUTSIDE: dict[str, Callable[[], tuple[int, int]]] = {}


def rotate(model) -> tuple[int, int]:
    """Rewrite the rows of `model` that are not under the newest keys; how many were rewritten, how many unreadable.

    Returns only when no other row is left: one that somebody saves meanwhile is looked at again. A model with hashed
    columns names them in `hashed_columns() -> dict[column, value]`.
    """
    rewritten, unreadable = 0, set()
    # Batches, and no open cursor: on SQLite it would keep every other writer waiting.
    while batch := list(stale(model).exclude(pk__in=unreadable).order_by("pk")[:BATCH]):
        for row in batch:
            try:
                rewritten += _rotate_row(model, row)
            except crypto.UnreadableError as error:
                unreadable.add(row.pk)
                logger.error("unreadable value at %s", error)
    return rewritten, len(unreadable)


def stale(model) -> models.QuerySet:
    """Rows of `model` with a value that is not under the newest keys; no value is read to find them."""
    # A queryset of its own: the manager of history refuses every update, and here no word of it changes.
    rows, condition = models.QuerySet(model), models.Q()
    for column, prefix in _prefixes(model).items():
        starts = f"{column}_starts"
        rows = rows.alias(**{starts: Left(Cast(column, models.TextField()), len(prefix))})
        condition |= ~models.Q(**{starts: ""}) & ~models.Q(**{starts: prefix})
    return rows.filter(condition)


def _prefixes(model):
    """How the values of each guarded column begin when they are under the newest keys."""
    prefixes = {field.attname: crypto.token_prefix() for field in encrypted_fields(model)}
    if hasattr(model, "hashed_columns"):
        prefixes |= dict.fromkeys(model().hashed_columns(), crypto.hash_prefix())
    return prefixes


def _rotate_row(model, row):
    tokens = {field: field.raw_value(row) for field in encrypted_fields(model)}
    stale_fields = [
        field for field, value in tokens.items() if type(value) is Sealed and not crypto.is_current(value.token)
    ]
    changes = {field.attname: field.seal(row, getattr(row, field.attname)) for field in stale_fields}
    if hasattr(row, "hashed_columns"):
        changes |= {column: value for column, value in row.hashed_columns().items() if getattr(row, column) != value}
    # Somebody may have saved the row meanwhile: it is rewritten only if it still holds what we read.
    unchanged = {field.attname: value for field, value in tokens.items() if type(value) is Sealed}
    return models.QuerySet(model).filter(pk=row.pk, **unchanged).update(**changes)
