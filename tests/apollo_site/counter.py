"""A process of its own that writes with the site's SQLite options.

python -m tests.apollo_site.counter FILE increments N [deferred], or FILE rows RUN
"""

import sys

import django
from django.conf import settings
from django.db import connection, transaction

from apollo_site.databases import with_safe_options

_, file, job, *arguments = sys.argv
options = {"transaction_mode": "DEFERRED"} if "deferred" in arguments else {}
database = with_safe_options({"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": options})
settings.configure(DATABASES={"default": database})
django.setup()


def increment():
    """Reads, then writes what it read plus one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT n FROM counter")
        cursor.execute("UPDATE counter SET n = %s", [cursor.fetchone()[0] + 1])


if job == "increments":
    connection.ensure_connection()
    print("ready", flush=True)
    input()  # all begin at once, however busy the machine was while they started
    for _ in range(int(arguments[0])):
        increment()

if job == "rows":
    number = 0
    while True:
        number += 1
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO written (run, number) VALUES (%s, %s)", [arguments[0], number])
        print(number, flush=True)  # acknowledged: the row must be there from now on
