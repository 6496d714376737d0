"""Make further databases beside Airflow's, on the same Postgres: `python -m scripts.create_databases mlflow`. Those that exist stay."""

from __future__ import annotations

import os
import re
import sys

URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def create(url: str, names: list[str]) -> list[str]:
    """Make the databases that are missing; gives their names. `url` is SQLAlchemy's, of any database of the server."""
    import psycopg2
    from psycopg2 import errors, sql

    connection = psycopg2.connect(url.replace("postgresql+psycopg2://", "postgresql://", 1), connect_timeout=10)
    connection.autocommit = True  # CREATE DATABASE runs outside transactions
    made = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            known = {row[0] for row in cursor.fetchall()}
            for name in names:
                if name in known:
                    continue
                try:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                    made.append(name)
                except errors.DuplicateDatabase:  # another task was faster
                    continue
    finally:
        connection.close()
    return made


def main(names: list[str]) -> int:
    """Make them; returns the exit code."""
    wrong = [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name)]
    if wrong or not names:
        sys.stderr.write(f"name databases in lower case: {', '.join(wrong) or 'none was named'}\n")
        return 2
    if not os.environ.get(URL):
        sys.stderr.write(f"{URL} does not say where the server is\n")
        return 2
    made = create(os.environ[URL], names)
    print(f"databases made: {', '.join(made) or 'none, all were there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
