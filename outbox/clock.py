from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The database's time (aware, UTC): a worker whose own clock is wrong sends nothing early or twice (P18)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT statement_timestamp()")
            return cursor.fetchone()[0].astimezone(UTC)
        cursor.execute("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")
        return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
