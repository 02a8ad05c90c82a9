"""The stand-in's database: one SQLite file, one connection, rows as dictionaries."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from standin.faults import Faults

_SCHEMA = """
CREATE TABLE organizations (id TEXT PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL);
CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, username TEXT, password_hash TEXT NOT NULL,
  first_name TEXT NOT NULL, last_name TEXT NOT NULL, phone TEXT, avatar TEXT,
  role TEXT NOT NULL, status TEXT NOT NULL, telegram_id INTEGER UNIQUE,
  organization_id TEXT NOT NULL REFERENCES organizations, locked_until REAL,
  created_at TEXT NOT NULL);
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users, refresh_jti TEXT NOT NULL,
  is_revoked INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);
CREATE TABLE login_failures (email TEXT NOT NULL, ip TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX login_failures_at ON login_failures (at);
CREATE TABLE machines (
  id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations,
  machine_number TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL, address TEXT,
  latitude REAL, longitude REAL, last_heartbeat_at TEXT, created_at TEXT NOT NULL);
CREATE TABLE tasks (
  id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations,
  task_number TEXT NOT NULL UNIQUE, title TEXT, type_code TEXT NOT NULL, status TEXT NOT NULL,
  priority TEXT NOT NULL DEFAULT 'normal', machine_id TEXT NOT NULL REFERENCES machines,
  assigned_to_user_id TEXT REFERENCES users, created_by_user_id TEXT NOT NULL REFERENCES users,
  scheduled_date TEXT, due_date TEXT, started_at TEXT, completed_at TEXT, operation_date TEXT,
  description TEXT, completion_notes TEXT, postpone_reason TEXT, checklist TEXT,
  expected_cash_amount REAL, actual_cash_amount REAL,
  has_photo_before INTEGER NOT NULL DEFAULT 0, has_photo_after INTEGER NOT NULL DEFAULT 0,
  requires_photo_before INTEGER NOT NULL DEFAULT 1, requires_photo_after INTEGER NOT NULL DEFAULT 1,
  photo_before_url TEXT CHECK (length(photo_before_url) <= 500),
  photo_after_url TEXT CHECK (length(photo_after_url) <= 500),
  pending_photos INTEGER NOT NULL DEFAULT 0, offline_completed INTEGER NOT NULL DEFAULT 0,
  completed_latitude REAL, completed_longitude REAL,
  rejected_by_user_id TEXT REFERENCES users, rejected_at TEXT, rejection_reason TEXT,
  estimated_duration INTEGER, actual_duration INTEGER, metadata TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT);
CREATE TABLE task_photos (
  id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks, category TEXT NOT NULL,
  url TEXT NOT NULL, description TEXT, created_at TEXT NOT NULL);
CREATE TABLE orders (
  id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations,
  order_number TEXT NOT NULL UNIQUE, status TEXT NOT NULL, product TEXT NOT NULL,
  customer INTEGER NOT NULL,
  total_amount REAL NOT NULL, machine_id TEXT NOT NULL REFERENCES machines,
  created_at TEXT NOT NULL);
CREATE TABLE alerts (
  id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations,
  machine_id TEXT REFERENCES machines, severity TEXT NOT NULL, status TEXT NOT NULL,
  title TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE notifications (
  id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations,
  user_id TEXT REFERENCES users, title TEXT NOT NULL, body TEXT NOT NULL, type TEXT NOT NULL,
  priority TEXT, data TEXT, created_at TEXT NOT NULL);
"""

Row = dict[str, Any]


class DatabaseGoneError(Exception):
    """The database does not answer (fault database-gone)."""


class Database:
    """All tables of one stand-in; with faults obeyed, statements raise DatabaseGoneError."""

    def __init__(self, path: Path) -> None:
        self._faults = Faults()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = _as_dictionary
        # The data dies with the process, so durability would only cost time.
        self._connection.executescript(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;"
        )
        self._connection.executescript(_SCHEMA)

    def obey(self, faults: Faults) -> None:
        """Be gone from now on whenever the fault database-gone is on."""
        self._faults = faults

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Return all rows of a query."""
        return self._run(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """Return the first row of a query, if there is one."""
        found: Row | None = self._run(statement, values).fetchone()
        return found

    def number(self, statement: str, *values: Any) -> float:
        """Return the one number that a query answers (0 for NULL)."""
        found = self.row(statement, *values) or {}
        return next(iter(found.values()), 0) or 0

    def insert(self, table: str, **columns: Any) -> None:
        """Add one row; raises sqlite3.IntegrityError for what the schema refuses."""
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        self._run(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608 - names come from the code, values are bound

    def update(self, table: str, identifier: str, **columns: Any) -> None:
        """Change one row by its id; raises sqlite3.IntegrityError for what the schema refuses."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        self._run(f"UPDATE {table} SET {sets} WHERE id = ?", (*columns.values(), identifier))  # noqa: S608 - names come from the code, values are bound

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of the statements within."""
        self._run("BEGIN IMMEDIATE", ())
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _run(self, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        if self._faults.on("database-gone"):
            raise DatabaseGoneError("connect ECONNREFUSED 127.0.0.1:5432")
        return self._connection.execute(statement, values)


def _as_dictionary(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}
