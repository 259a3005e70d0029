"""Several statements in one round trip to PostgreSQL, as the hot path of a loan needs them.

A message of PostgreSQL's simple protocol may hold several statements; each sees what was committed
when it begins, as if it had been sent by itself. Statements are prepared once a connection, by SQL:
the server plans them once, and what is sent is ``EXECUTE`` with the values. A statement that fails
keeps the rest of its message, ``COMMIT`` included, from running.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import DataError, connection
from psycopg.errors import error_from_result
from psycopg.pq import Escaping, ExecStatus, TransactionStatus
from psycopg.pq import abc as pq

_UNKNOWN_STATEMENT: Final = "26000"
_prepared: WeakKeyDictionary[psycopg.Connection[Any], set[str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement under a name of its own, and its parameters in order."""

    name: str
    text: str
    parameters: tuple[str, ...]


def prepared(text: str) -> Prepared:
    """From a text with ``%(name)s``; each place says its type (``%(name)s::bigint[]``)."""
    parameters = tuple(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${parameters.index(found[1]) + 1}", text)
    name = f"hot_{sha256(text.encode()).hexdigest()[:16]}"
    return Prepared(name, numbered.replace("%%", "%"), parameters)


def say(
    *statements: Prepared, given: Mapping[str, Any], commits: bool = False
) -> Sequence[bytes | None]:
    """Run them in the transaction, begun if need be; the last one's first row, as text.

    With ``commits`` the transaction ends with the message, and there is no row. A list among the
    values is an array of texts or of numbers.
    """
    connection.ensure_connection()
    line: psycopg.Connection[Any] = connection.connection
    begins = line.pgconn.transaction_status == TransactionStatus.IDLE
    with connection.wrap_database_errors:
        escaping = Escaping(line.pgconn)
        calls = [_call(statement, given, escaping) for statement in statements]
        parts = [b"BEGIN"] * begins + calls + [b"COMMIT"] * commits
        if not begins and not commits:
            # In the middle of somebody's transaction (a test's) a failure would be the end of it,
            # and psycopg has a connection forget its statements after every rollback.
            _prepared[line] = _still_prepared(line)
        try:
            _prepare(line, statements)
            result = _send(line, b";".join(parts))
        except psycopg.Error as error:
            if error.sqlstate != _UNKNOWN_STATEMENT or not begins:
                raise
            # Another part of this process had the connection forget its statements.
            _prepared.pop(line, None)
            line.rollback()
            _prepare(line, statements)
            result = _send(line, b";".join(parts))
    return [result.get_value(0, column) for column in range(result.nfields)]


def can_commit() -> bool:
    """Whether the block we are in is the transaction: false inside a test's own."""
    return connection.in_atomic_block and not connection.savepoint_ids


def skip_health_check() -> None:
    """Spare a question before a transaction whose first message asks nothing but questions."""
    setattr(connection, "health_check_done", True)  # noqa: B010 - unknown to the types


def _prepare(line: psycopg.Connection[Any], statements: Iterable[Prepared]) -> None:
    known = _prepared.setdefault(line, set())
    for statement in statements:
        if statement.name not in known:
            _send(line, f"PREPARE {statement.name} AS {statement.text}".encode())
            known.add(statement.name)


def _still_prepared(line: psycopg.Connection[Any]) -> set[str]:
    result = _send(line, b"SELECT name FROM pg_prepared_statements")
    names = (result.get_value(row, 0) for row in range(result.ntuples))
    return {name.decode() for name in names if name is not None}


def _send(line: psycopg.Connection[Any], message: bytes) -> pq.PGresult:
    result = line.pgconn.exec_(message)
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise error_from_result(result, encoding=line.info.encoding)
    return result


def _call(statement: Prepared, given: Mapping[str, Any], escaping: pq.Escaping) -> bytes:
    values = b",".join(_literal(given[name], escaping) for name in statement.parameters)
    return f"EXECUTE {statement.name}".encode() + (b"(" + values + b")" if values else b"")


def _literal(value: Any, escaping: pq.Escaping) -> bytes:
    if isinstance(value, int):
        return str(value).encode()
    text = value if isinstance(value, str) else _array(value)
    if "\0" in text:
        raise DataError("PostgreSQL text cannot hold NUL")
    return bytes(escaping.escape_literal(text.encode()))


def _array(values: Iterable[str | int]) -> str:
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
