"""What many ordinary loans and returns are decided from: one statement locks, one reads.

Two, because PostgreSQL gives each statement its own view: what is counted must be read after the
locks are held, or an eleventh loan slips in under a limit of ten. Both go in one message; a setting
tells the second what the first locked: copies by id, then readers by id (``readers/facts.py``).

Only what is *ordinary* is told from here: one copy with this barcode, without transit, request,
queue or planned move; one reader, not blocked, owing nothing. Everything else is ``None``, and the
action looks at it by itself with ``facts.py``; ``test_together.py`` compares the values of the two.
"""

# ruff: noqa: S608 - the statements are put together from the words in this file only
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

import orjson
from django.db import connection

from catalog.domain.items import ItemStatus
from circulation.domain.credentials import CredentialKind
from circulation.domain.facts import CopyFacts, Debt, HeldLoan, LoanFacts, NoLending, PatronFacts
from circulation.domain.fees import yuan
from circulation.domain.policies import Place
from circulation.models.patrons import CredentialStatus
from circulation.readers.reference import Reference
from library_net import round_trip
from library_net.network.stamp import STAMP_SQL

# A former barcode or a second copy with the same one is not ordinary, so nothing of it is locked.
_LOCK_COPIES: Final = """
SELECT id FROM catalog_item WHERE barcode {barcodes} ORDER BY id {lock}"""
_LOCK_READERS: Final = """
SELECT id FROM circulation_patron
WHERE (SELECT count(*) FROM copies) >= 0 AND id IN (
  SELECT id FROM circulation_patron WHERE id {patron_ids} OR number {numbers}
  UNION ALL SELECT patron_id FROM circulation_credential
    WHERE blind_index {indexes} OR next_blind_index {indexes})
ORDER BY id {lock}"""
_WITH_READERS: Final = f"""
WITH copies AS {{kept}} ({_LOCK_COPIES}), people AS {{kept}} ({_LOCK_READERS})"""
_WITH_COPIES: Final = f"""
WITH copies AS {{kept}} ({_LOCK_COPIES}), people AS (SELECT 0 AS id WHERE 1 = 0)"""
# What was locked, for the next statement: SQLite's is told, PostgreSQL's reads it by itself.
_LOCKED: Final = {
    "sqlite": " SELECT 1, id FROM copies UNION ALL SELECT 2, id FROM people",
    "postgresql": "".join(
        f"{word} set_config('lane.{name}', coalesce((SELECT array_agg(id) FROM {table})::text,"
        " '{{}}'), true)"
        for word, name, table in ((" SELECT", "items", "copies"), (",", "people", "people"))
    ),
}
_ONLY_READERS: Final = frozenset({"people", "debts", "cards", "held"})  # parts a return can spare

_PARTS: Final = {
    "known": """
SELECT {rows}({row}(caller, operation_id, action, digest, {answer}, was_refused))
FROM circulation_operation WHERE caller {callers} AND operation_id {operation_ids}""",
    "copies": """
SELECT {rows}({row}(i.id, i.barcode, i.owning_agency_id, i.status, i.material_type,
    i.home_branch_id, i.current_branch_id, i.is_lendable, i.ledger, m.work_id, m.title,
    CAST(i.price AS text), i.status_changed_at))
FROM catalog_item i JOIN catalog_sourcerecord s ON s.id = i.source_record_id
LEFT JOIN catalog_manifestation m ON m.id = s.manifestation_id WHERE i.id {items}""",
    "aliases": """
SELECT {rows}({row}(item_id, barcode)) FROM catalog_barcodealias WHERE barcode {barcodes}""",
    "people": """
SELECT {rows}({row}(p.id, p.number, c.code, p.is_blocked OR p.merged_into_id IS NOT NULL,
    p.birth_date, {suspensions}))
FROM circulation_patron p JOIN circulation_patroncategory c ON c.id = p.category_id
WHERE p.id {people}""",
    "debts": """
SELECT {rows}({row}(patron_id, owner_id, sum)) FROM (
  SELECT patron_id, owner_id, CAST(SUM(owed) AS text) AS sum FROM circulation_ledgerentry
  WHERE patron_id {people} GROUP BY patron_id, owner_id HAVING SUM(owed) > 0) AS owing""",
    "cards": """
SELECT {rows}({row}(id, patron_id, kind, issuer, status, blind_index, next_blind_index))
FROM circulation_credential
WHERE blind_index {indexes} OR next_blind_index {indexes} OR id {card_ids}""",
    "lent": """
SELECT {rows}({row}(l.id, l.item_id, l.patron_id, l.owning_agency_id, l.checkout_agency_id,
    l.checkout_branch_id, i.material_type, l.checked_out_at, l.due_at, l.renewals, c.code,
    l.claimed_at, l.recalled_at))
FROM circulation_loan l JOIN catalog_item i ON i.id = l.item_id
LEFT JOIN circulation_patron p ON p.id = l.patron_id
LEFT JOIN circulation_patroncategory c ON c.id = p.category_id
WHERE l.closed_at IS NULL AND l.item_id {items}""",
    "held": """
SELECT {rows}({row}(l.patron_id, l.item_id, l.due_at, l.owning_agency_id, l.checkout_agency_id,
    l.checkout_branch_id, i.material_type, CAST(i.price AS text)))
FROM circulation_loan l JOIN catalog_item i ON i.id = l.item_id
WHERE l.closed_at IS NULL AND l.patron_id {people}""",
    "unusual": """
SELECT {rows}(id) FROM (
  SELECT item_id AS id FROM circulation_transit
    WHERE item_id {items} AND state IN ('pending', 'dispatched')
  UNION SELECT item_id FROM circulation_holdrequest
    WHERE item_id {items} AND state IN ('in_transit', 'ready')
  UNION SELECT item_id FROM circulation_move WHERE item_id {items} AND state = 'approved'
  UNION SELECT i.id FROM catalog_item i
    JOIN circulation_holdrequest r ON r.anchor_id = i.source_record_id
      AND r.state IN ('waiting', 'suspended')
    WHERE i.id {items}
  UNION SELECT i.id FROM catalog_item i
    JOIN catalog_sourcerecord mine ON mine.id = i.source_record_id
    JOIN catalog_sourcerecord other ON other.manifestation_id = mine.manifestation_id
    JOIN circulation_holdrequest r ON r.anchor_id = other.id AND r.state IN ('waiting', 'suspended')
    WHERE i.id {items}) AS found""",
}
# Ids for what will be written: the answer of a loan names it. PostgreSQL hands them out here; on
# SQLite, whose only writer we are, those after the highest ever used are ours.
_NEW_IDS: Final = {
    "postgresql": """
SELECT json_agg(nextval('{table}_id_seq')) FROM generate_series(1, %(count)s::int)""",
    "sqlite": """
SELECT json_array(seq, %(count)s) FROM sqlite_sequence WHERE name = '{table}'""",
}
_NEW: Final = {  # by whether they lend
    True: ("circulation_operation", "circulation_loan"),
    False: ("circulation_operation", "circulation_transit"),
}
_NUMBERS: Final = ("patron_ids", "card_ids")
_OF_LOCK: Final = ("items", "people")
_TEXTS: Final = ("barcodes", "numbers", "indexes", "callers", "operation_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statements:
    lock: str
    read: str
    parts: tuple[str, ...]  # what `read` gives after the stamp
    new: tuple[str, ...]  # and the tables whose ids it hands out, last


def _statements(vendor: str, *, of_readers: bool) -> _Statements:
    """The locking and the reading statement as this engine writes them."""
    if vendor == "postgresql":
        words = {"rows": "json_agg", "row": "json_build_array", "answer": "answer"}
        words |= {"suspensions": "p.suspensions"}
        words |= {"lock": "FOR NO KEY UPDATE", "kept": "MATERIALIZED"}
        words |= {name: f"= ANY(%({name})s::bigint[])" for name in _NUMBERS}
        locked = "= ANY((SELECT current_setting('lane.{0}')::bigint[])::bigint[])"  # read once
        words |= {name: locked.format(name) for name in _OF_LOCK}
        words |= {name: f"= ANY(%({name})s::text[])" for name in _TEXTS}
    else:
        words = {"rows": "json_group_array", "row": "json_array", "answer": "json(answer)"}
        words |= {"suspensions": "json(p.suspensions)"}
        words |= {"lock": "", "kept": ""}
        each = "IN (SELECT value FROM json_each(%({0})s))"
        words |= {name: each.format(name) for name in (*_NUMBERS, *_TEXTS, *_OF_LOCK)}
    parts = [name for name in _PARTS if of_readers or name not in _ONLY_READERS]
    ids = [_NEW_IDS[vendor].format(table=table) for table in _NEW[of_readers]]
    selects = [*(_PARTS[name].format(**words) for name in parts), *ids]
    columns = ",\n".join(f"CAST(({select}) AS text)" for select in selects)
    lock = (_WITH_READERS if of_readers else _WITH_COPIES) + _LOCKED[vendor]
    return _Statements(
        lock=lock.format(**words),
        read=f"SELECT ({STAMP_SQL}), {columns}",
        parts=tuple(parts),
        new=_NEW[of_readers],
    )


_BY_VENDOR: Final = {
    (vendor, of_readers): _statements(vendor, of_readers=of_readers)
    for vendor in ("postgresql", "sqlite")
    for of_readers in (True, False)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An operation that was answered before."""

    action: str
    digest: str
    answer: dict[str, Any]
    was_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An ordinary copy, locked: its facts, and what an answer says of it."""

    facts: CopyFacts
    owner_id: int
    current_id: int
    changed_at: datetime
    ledger: str
    work_id: int | None
    title: str
    category: str  # of whoever has it on loan
    place: Place | None  # of that loan


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    number: str
    facts: PatronFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    id: int
    patron_id: int
    is_reader_card: bool
    issuer: str
    is_active: bool
    indexes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Wanted:
    """What to look up, gathered from the calls of one batch."""

    operations: set[tuple[str, str]] = field(default_factory=set)
    barcodes: set[str] = field(default_factory=set)
    patron_ids: set[int] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)
    card_ids: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows as read; values come from them once the reference of ``stamp`` is at hand."""

    stamp: str
    known: Mapping[tuple[str, str], Known]
    new: Mapping[str, Iterator[int]]  # by table, ids nobody else has
    parts: Mapping[str, Sequence[Any]]

    def values(self, reference: Reference) -> Together:
        parts = self.parts
        held, debts = _by(parts["held"]), _by(parts["debts"])
        lent = {row[1]: row for row in parts["lent"]}
        aliases = {row[1] for row in parts["aliases"]}
        unusual = {*parts["unusual"], *(row[0] for row in parts["aliases"])}
        copies: dict[str, Copy | None] = {}
        for row in parts["copies"]:
            is_odd = row[0] in unusual or row[1] in aliases or row[1] in copies
            is_odd |= row[3] == ItemStatus.LOST
            copies[row[1]] = None if is_odd else _copy(row, lent.get(row[0]), reference)
        people = {
            row[0]: None
            if row[3]
            else _reader(
                row, held=held.get(row[0], ()), debts=debts.get(row[0], ()), reference=reference
            )
            for row in parts["people"]
        }
        cards = {row[0]: _card(row) for row in parts["cards"]}
        return Together(
            copies=copies,
            people=people,
            numbers={row[1]: row[0] for row in parts["people"]},
            cards=cards,
            by_index={index: card for card in cards.values() for index in card.indexes if index},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    copies: Mapping[str, Copy | None]  # by barcode; None: not ordinary
    people: Mapping[int, Reader | None]
    numbers: Mapping[str, int]
    cards: Mapping[int, Card]
    by_index: Mapping[str, Card]


def load_together(wanted: Wanted) -> Rows:
    """Lock and read, inside the caller's transaction. Queries: 2, in one message of PostgreSQL."""
    of_readers = bool(wanted.patron_ids or wanted.numbers)
    say = _BY_VENDOR[connection.vendor, of_readers]
    count = len(wanted.operations)
    given: dict[str, Any] = {
        "barcodes": wanted.barcodes,
        "patron_ids": wanted.patron_ids,
        "numbers": wanted.numbers,
        "indexes": wanted.indexes,
        "card_ids": wanted.card_ids,
        "callers": {caller for caller, _operation_id in wanted.operations},
        "operation_ids": [operation_id for _caller, operation_id in wanted.operations],
        "count": count,
    }
    row = _ask(say, given)
    texts = dict(zip((*say.parts, *say.new), row[1:], strict=True))
    new = {table: _new_ids(_rows(texts.pop(table)), count=count) for table in say.new}
    parts = {name: _rows(texts.get(name)) for name in _PARTS}
    known = {
        (caller, operation_id): Known(
            action=action, digest=digest, answer=answer, was_refused=bool(was_refused)
        )
        for caller, operation_id, action, digest, answer, was_refused in parts.pop("known")
    }
    return Rows(
        stamp=row[0].decode() if isinstance(row[0], bytes) else row[0] or "",
        known=known,
        new=new,
        parts=parts,
    )


def _new_ids(given: Sequence[int], *, count: int) -> Iterator[int]:
    if connection.vendor == "postgresql":
        return iter(given)
    highest = given[0] if given else 0
    return iter(range(highest + 1, highest + 1 + count))


def _ask(say: _Statements, given: Mapping[str, Any]) -> Sequence[Any]:
    if connection.vendor == "postgresql":
        return round_trip.say(*_prepared(say), given=given)
    plain = {
        name: value if name == "count" else orjson.dumps(list(value)).decode()
        for name, value in given.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(say.lock, plain)
        found: dict[int, list[int]] = {1: [], 2: []}
        for kind, pk in cursor.fetchall():
            found[kind].append(pk)
        plain |= {
            "items": orjson.dumps(found[1]).decode(),
            "people": orjson.dumps(found[2]).decode(),
        }
        cursor.execute(say.read, plain)
        row: Sequence[Any] = cursor.fetchone()
    return row


@cache
def _prepared(say: _Statements) -> tuple[round_trip.Prepared, round_trip.Prepared]:
    return round_trip.prepared(say.lock), round_trip.prepared(say.read)


def _rows(text: str | bytes | None) -> Sequence[Any]:
    rows: list[Any] = orjson.loads(text) if text else []
    return rows


def _by(rows: Sequence[Sequence[Any]]) -> dict[Any, list[Sequence[Any]]]:
    found: dict[Any, list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _copy(row: Sequence[Any], loan: Sequence[Any] | None, reference: Reference) -> Copy:
    pk, barcode, owner_id, status, material, home_id, current_id, is_lendable, *rest = row
    ledger, work_id, title, price, changed_at = rest
    return Copy(
        facts=CopyFacts(
            id=pk,
            barcode=barcode,
            owner=reference.lineages[owner_id],
            status=ItemStatus(status),
            material=material,
            home_id=home_id,
            current_id=current_id,
            is_lendable=bool(is_lendable),
            owner_is_suspended=owner_id in reference.suspended,
            price=yuan(price) if price else None,
            loan=_loan(loan) if loan else None,
        ),
        owner_id=owner_id,
        current_id=current_id,
        changed_at=_instant(changed_at),
        ledger=ledger,
        work_id=work_id,
        title=title or "",
        category=(loan[10] or "") if loan else "",
        place=_place(loan, reference) if loan else None,
    )


def _loan(row: Sequence[Any]) -> LoanFacts:
    return LoanFacts(
        id=row[0],
        patron_id=row[2] or 0,
        lent_at=_instant(row[7]),
        due_at=_instant(row[8]),
        renewals=row[9],
        claimed_at=_instant(row[11]) if row[11] else None,
        is_recalled=row[12] is not None,
    )


def _place(loan: Sequence[Any], reference: Reference) -> Place:
    return Place(
        owner=reference.lineages[loan[3]],
        visited=reference.lineages[loan[4]],
        branch=reference.branch_codes[loan[5]],
        material=loan[6],
    )


def _reader(
    row: Sequence[Any],
    *,
    held: Sequence[Sequence[Any]],
    debts: Sequence[Sequence[Any]],
    reference: Reference,
) -> Reader:
    pk, number, category, _is_odd, born_on, suspensions = row
    facts = PatronFacts(
        id=pk,
        category=category,
        birth_date=date.fromisoformat(born_on) if born_on else None,
        suspensions=tuple(
            NoLending(owner=owner, until=date.fromisoformat(until))
            for owner, until in suspensions.items()
        ),
        loans=tuple(
            HeldLoan(
                item_id=loan[1],
                place=_place(loan, reference),
                due_at=_instant(loan[2]),
                price=yuan(loan[7]) if loan[7] else None,
            )
            for loan in held
        ),
        debts=tuple(
            Debt(owner=reference.lineages[owner_id], amount=yuan(amount))
            for _patron_id, owner_id, amount in debts
        ),
    )
    return Reader(number=number, facts=facts)


def _card(row: Sequence[Any]) -> Card:
    pk, patron_id, kind, issuer, status, index, next_index = row
    return Card(
        id=pk,
        patron_id=patron_id,
        is_reader_card=kind == CredentialKind.READER_CARD,
        issuer=issuer,
        is_active=status == CredentialStatus.ACTIVE,
        indexes=(index or "", next_index or ""),
    )


def _instant(text: str) -> datetime:
    """PostgreSQL writes the offset, SQLite leaves it out; both are UTC."""
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
