"""What a batch of ordinary calls writes: rows gathered, then one statement.

On PostgreSQL a single statement with data-modifying CTEs, its rows given as JSON so that its text
never changes; on SQLite, where nothing travels, plain statements.
"""

# ruff: noqa: S608 - the statements are put together from the names in this file only
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol

import orjson
from django.db import connection

from catalog.domain.items import ItemStatus
from catalog.models.bulk import as_datetime
from catalog.models.feed import ChangeKind
from circulation.actions.operations import Answer, Intent, LostRace, as_answer, in_order
from circulation.domain.states import (
    ITEM_TRANSITIONS,
    ItemEventKind,
    TransitReason,
    TransitState,
    advance,
)
from circulation.ledgers import Standing
from library_net import round_trip
from library_net.errors import LibraryError

# table: its columns with PostgreSQL's types, in the order of the rows below
_TABLES: Final = {
    "circulation_operation": "id bigint, caller text, operation_id text, action text, digest text,"
    " answer jsonb, was_refused boolean, at timestamptz",
    "circulation_loan": "id bigint, item_id bigint, patron_id bigint, owning_agency_id bigint,"
    " checkout_branch_id bigint, checkout_agency_id bigint, checked_out_at timestamptz,"
    " due_at timestamptz, renewals smallint, terms jsonb",
    "circulation_transit": "id bigint, item_id bigint, origin_id bigint, destination_id bigint,"
    " reason text, state text, created_at timestamptz",
    "circulation_itemevent": "item_id bigint, kind text, at timestamptz, branch_id bigint,"
    " status text, operation_id bigint, loan_id bigint, transit_id bigint",
    "catalog_change": "work_id bigint, kind text, changed_at timestamptz",
}
_CLAIM: Final = (
    "id bigint, seen text, seen_branch bigint, status text, branch bigint, at timestamptz"
)
_CLOSE: Final = "id bigint, at timestamptz, branch bigint"


class Wider:
    """Nobody has such a card of this desk's institution: ask for those of all."""


Outcome = Answer | LibraryError | Wider
NewIds = Mapping[str, Iterator[int]]  # by table, for rows that answers or other rows name


class Asked(Protocol):
    """What the sheet must know of a call."""

    @property
    def intent(self) -> Intent: ...
    @property
    def action(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def now(self) -> datetime: ...


class Sheet:
    """Outcomes and rows of one batch."""

    def __init__(self, calls: Sequence[Asked], *, new: NewIds) -> None:
        self.outcomes: list[Outcome | None] = [None] * len(calls)
        self._calls = calls
        self._new = new
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
        self._claims: dict[int, tuple[Any, ...]] = {}  # by copy: how it was seen, how it ends
        self._closes: list[tuple[Any, ...]] = []
        self._works: dict[int, datetime] = {}

    def begin(self) -> int:
        """The id of the next operation, for its events."""
        return next(self._new["circulation_operation"])

    def refuse(self, place: int, error: LibraryError) -> None:
        """A refusal is an answer too, and is kept like one."""
        self._operation(self.begin(), place, answer=as_answer(error), was_refused=True)
        self.outcomes[place] = error

    def answer(self, operation: int, place: int, answer: Answer) -> None:
        self._operation(operation, place, answer=answer, was_refused=False)
        self.outcomes[place] = in_order(answer)

    def lend(
        self,
        *,
        item_id: int,
        patron_id: int,
        owner_id: int,
        branch_id: int,
        agency_id: int,
        at: datetime,
        due_at: datetime,
        terms: dict[str, str],
    ) -> int:
        """A new open loan; its id."""
        pk = next(self._new["circulation_loan"])
        self._rows["circulation_loan"].append(
            (pk, item_id, patron_id, owner_id, branch_id, agency_id, at, due_at, 0, terms)
        )
        return pk

    def close(self, loan_id: int, *, at: datetime, branch_id: int) -> None:
        self._closes.append((loan_id, at, branch_id))

    def send(
        self, *, item_id: int, here: int, destination_id: int, reason: TransitReason, at: datetime
    ) -> int:
        """A new transit, set aside here; its id."""
        pk = next(self._new["circulation_transit"])
        pending = str(TransitState.PENDING)
        self._rows["circulation_transit"].append(
            (pk, item_id, here, destination_id, str(reason), pending, at)
        )
        return pk

    def happens(
        self,
        operation: int,
        kind: ItemEventKind,
        *,
        item_id: int,
        seen: Standing,
        branch_id: int,
        work_id: int | None,
        at: datetime,
        loan_id: int | None = None,
        transit_id: int | None = None,
    ) -> ItemStatus:
        """An event of a locked copy, and what the ledger's column says afterwards."""
        status = advance(ITEM_TRANSITIONS, state=seen.status, event=kind)
        self._rows["circulation_itemevent"].append(
            (item_id, str(kind), at, branch_id, str(status), operation, loan_id, transit_id)
        )
        # An act that changes nothing is one all the same: who waited for the copy meanwhile comes
        # after it (OF-10).
        first = self._claims.get(item_id, (item_id, str(seen.status), seen.branch_id))[:3]
        self._claims[item_id] = (*first, str(status), branch_id, at)
        if work_id is not None and (status, branch_id) != (seen.status, seen.branch_id):
            self._works[work_id] = at
        return status

    def write(self) -> None:
        """And end the transaction, on PostgreSQL, in the same round trip.

        Raises ``LostRace`` or a ``DatabaseError`` when a copy or a loan is not as it was read.
        """
        kind = str(ChangeKind.AVAILABILITY)
        self._rows["catalog_change"] = [(pk, kind, at) for pk, at in sorted(self._works.items())]
        if not self._rows["circulation_operation"]:
            return
        write = _write_postgresql if connection.vendor == "postgresql" else _write_plainly
        write(self._rows, list(self._claims.values()), self._closes)

    def _operation(self, pk: int, place: int, *, answer: Answer, was_refused: bool) -> None:
        call = self._calls[place]
        self._rows["circulation_operation"].append(
            (
                pk,
                call.intent.caller,
                call.intent.operation_id,
                call.action,
                call.digest,
                answer,
                was_refused,
                call.now,
            )
        )


Rows = Sequence[tuple[Any, ...]]


def _names(columns: str) -> list[str]:
    return [column.split()[0] for column in columns.split(", ")]


def _given(name: str, columns: str) -> str:
    """The rows of one parameter as a table. JSON arrays, so that no name is sent for each value."""
    typed = enumerate(column.split()[1] for column in columns.split(", "))
    values = ", ".join(f"r->{n}" if kind == "jsonb" else f"(r->>{n})::{kind}" for n, kind in typed)
    return f"(SELECT {values} FROM jsonb_array_elements(%({name})s::jsonb) r)"


_CLAIMS: Final = f"""claims AS (
  UPDATE catalog_item SET status = new.status, current_branch_id = new.branch,
    status_changed_at = new.at
  FROM {_given("claims", _CLAIM)} AS new ({", ".join(_names(_CLAIM))})
  WHERE catalog_item.id = ANY(%(claimed)s::bigint[]) AND catalog_item.id = new.id
    AND catalog_item.status = new.seen
    AND catalog_item.current_branch_id = new.seen_branch AND catalog_item.ledger = 'hosted'
  RETURNING catalog_item.id)"""
_CLOSES: Final = f"""closes AS (
  UPDATE circulation_loan SET closed_at = new.at, checkin_branch_id = new.branch
  FROM {_given("closes", _CLOSE)} AS new ({", ".join(_names(_CLOSE))})
  WHERE circulation_loan.id = ANY(%(closed)s::bigint[]) AND circulation_loan.id = new.id
    AND closed_at IS NULL
  RETURNING circulation_loan.id)"""
_INSERTS: Final = {
    table: f"{table}_rows AS (INSERT INTO {table} ({', '.join(_names(columns))}) "
    f"SELECT * FROM {_given(table, columns)} AS given)"
    for table, columns in _TABLES.items()
}
_CLAUSES: Final = {**_INSERTS, "claims": _CLAIMS, "closes": _CLOSES}


@cache
def _statement(names: tuple[str, ...]) -> round_trip.Prepared:
    """One statement for the kinds of rows there are; a handful of texts, each planned once.

    It divides by zero when fewer rows were as they had been read: only an error keeps the COMMIT
    behind it from running.
    """
    complete = " AND ".join(
        f"(SELECT count(*) FROM {name}) = jsonb_array_length(%({name})s::jsonb)"
        for name in ("claims", "closes")
        if name in names
    )
    text = (
        f"WITH {', '.join(_CLAUSES[name] for name in names)} SELECT 1 / ({complete or 'true'})::int"
    )
    return round_trip.prepared(text)


def _write_postgresql(rows: dict[str, list[tuple[Any, ...]]], claims: Rows, closes: Rows) -> None:
    given = {**rows, "claims": claims, "closes": closes}
    parameters = {name: orjson.dumps(values).decode() for name, values in given.items() if values}
    # Which rows, once more by itself: nobody can plan well for an unknown number of JSON rows.
    ids = {"claimed": [row[0] for row in claims], "closed": [row[0] for row in closes]}
    statement = _statement(tuple(parameters))
    round_trip.say(statement, given={**parameters, **ids}, commits=round_trip.can_commit())


def _write_plainly(rows: dict[str, list[tuple[Any, ...]]], claims: Rows, closes: Rows) -> None:
    with connection.cursor() as cursor:
        for table, columns in _TABLES.items():
            if not rows[table]:
                continue
            names = _names(columns)
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
                [_plain(row) for row in rows[table]],
            )
        claimed = closed = 0
        for pk, seen, seen_branch, status, branch, at in claims:
            cursor.execute(
                "UPDATE catalog_item SET status = %s, current_branch_id = %s,"
                " status_changed_at = %s WHERE id = %s AND status = %s"
                " AND current_branch_id = %s AND ledger = 'hosted'",
                [status, branch, as_datetime(at), pk, seen, seen_branch],
            )
            claimed += cursor.rowcount
        for pk, at, branch in closes:
            cursor.execute(
                "UPDATE circulation_loan SET closed_at = %s, checkin_branch_id = %s"
                " WHERE id = %s AND closed_at IS NULL",
                [as_datetime(at), branch, pk],
            )
            closed += cursor.rowcount
    if (claimed, closed) != (len(claims), len(closes)):
        raise LostRace


def _plain(row: tuple[Any, ...]) -> list[Any]:
    return [
        as_datetime(value)
        if isinstance(value, datetime)
        else orjson.dumps(value).decode()
        if isinstance(value, dict)
        else value
        for value in row
    ]
