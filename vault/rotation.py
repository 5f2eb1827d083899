"""Moving rows to the newest keys while people go on working (P32)."""

import logging

from vault import crypto
from vault.fields import Sealed, encrypted_fields

logger = logging.getLogger(__name__)


def rotate(model) -> tuple[int, int]:
    """Rewrite the rows of `model` that are not under the newest keys; how many were rewritten, how many unreadable.

    A model with hashed columns names them in `hashed_columns() -> dict[column, value]`.
    """
    rewritten = unreadable = 0
    for row in model._default_manager.order_by("pk").iterator(chunk_size=200):
        try:
            rewritten += _rotate_row(model, row)
        except crypto.UnreadableError as error:
            unreadable += 1
            logger.error("unreadable value at %s", error)
    return rewritten, unreadable


def _rotate_row(model, row):
    tokens = {field: row.__dict__[field.attname] for field in encrypted_fields(model)}
    stale = {
        field: sealed
        for field, sealed in tokens.items()
        if isinstance(sealed, Sealed) and not crypto.is_current(sealed.token)
    }
    changes = {field.attname: field.seal(row, getattr(row, field.attname)) for field in stale}
    if hasattr(row, "hashed_columns"):
        changes |= {column: value for column, value in row.hashed_columns().items() if getattr(row, column) != value}
    if not changes:
        return 0
    # Somebody may have saved the row meanwhile: it is rewritten only if it still holds what we read.
    unchanged = {field.attname: sealed for field, sealed in tokens.items() if isinstance(sealed, Sealed)}
    return model._default_manager.filter(pk=row.pk, **unchanged).update(**changes)
