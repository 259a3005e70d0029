"""Writes the simulated half-year into the database in bulk, as the actions would have written it.

Also keeps the independent record of where each physical copy was put: ``var/demo/shelves.json``,
which nothing but the demo reads or writes.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction

from catalog.models import Item
from catalog.models.bulk import as_datetime, as_json, insert_rows, reserve_ids
from catalog.models.feed import ChangeKind, note_changes
from circulation.domain import accounts
from circulation.domain.accounts import Posting
from circulation.domain.calendar import local_date
from circulation.domain.credentials import CredentialKind, age_on, mask_credential
from circulation.domain.policies import Context, Terms, resolve
from circulation.domain.policies import Place as RulePlace
from circulation.models import (
    Credential,
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Patron,
    PatronCategory,
)
from circulation.models import Loan as LoanRow
from circulation.models import Transit as TransitRow
from circulation.models.ledger import LedgerEntryKind
from circulation.readers.reference import Reference, calendar_of, load_reference
from library_net import vault
from library_net.demo.halfyear import Copy, Fee, Half, Place, Reader
from library_net.demo.members import CHENGDU
from library_net.demo.people import Person, invent_people
from library_net.demo.simulate import Simulation
from library_net.network.models import Branch, BranchKind

DAYS = 184
# Of a network with so many copies; a smaller one has fewer readers, who come less often.
FULL_COPIES, FEWEST = 10_000, 0.05
READERS = 1_700
VISITS_PER_DAY = 33.0
CHILD_BELOW, SENIOR_FROM = 14, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What half a year amounted to."""

    readers: int
    loans: int
    open_loans: int
    events: int
    transits: int
    waiting: int


def write_history(*, seed: int, now: datetime, shelves: Path) -> Told:
    """Readers, loans, vans and wishes of the last half-year, in one transaction."""
    reference = load_reference(today=local_date(now))
    places = _places(reference)
    copies = _copies(seed=seed)
    size = min(1.0, max(FEWEST, len(copies) / FULL_COPIES))
    with transaction.atomic():
        readers = _readers(places, count=round(READERS * size), seed=seed, now=now)
        simulation = Simulation(
            places=places,
            copies=copies,
            readers=readers,
            terms=_TermsBook(reference, now=now).terms,
            visits_per_day=VISITS_PER_DAY * size,
            seed=seed,
        )
        half = simulation.run(start=local_date(now) - timedelta(days=DAYS), end=now)
        _Writer(half).write(now=now)
    _write_shelves(shelves, half)
    open_loans = sum(loan.back_at is None for loan in half.loans)
    waiting = sum(not request.has_copy for request in half.requests)
    return Told(
        readers=len(readers),
        loans=len(half.loans),
        open_loans=open_loans,
        events=len(half.events),
        transits=len(half.transits),
        waiting=waiting,
    )


def _places(reference: Reference) -> list[Place]:
    """Every branch; how much it is visited follows from how much stands there."""
    stock: dict[int, int] = {}
    for home in Item.objects.values_list("home_branch_id", flat=True):
        stock[home] = stock.get(home, 0) + 1
    places = []
    for branch in Branch.objects.filter(is_active=True).order_by("pk"):
        lineage = reference.lineages[branch.agency_id]
        in_core = branch.kind != BranchKind.MAIN or branch.code[3:7] == CHENGDU[3:7]
        draw = stock.get(branch.pk, 0) * (1.5 if in_core else 1.0)
        places.append(
            Place(
                id=branch.pk,
                code=branch.code,
                agency_id=branch.agency_id,
                city=lineage[-1],
                calendar=calendar_of(branch),
                draw=draw,
            )
        )
    return [place for place in places if place.draw]


def _copies(*, seed: int) -> list[Copy]:
    rng = random.Random(f"appeal:{seed}")  # noqa: S311 - a sample world, not a secret
    rows = Item.objects.filter(is_lendable=True).order_by("pk")
    appeal: dict[int, float] = {}
    copies = []
    for pk, record, title, owner, home in rows.values_list(
        "pk", "source_record_id", "source_record__manifestation_id", "owning_agency_id",
        "home_branch_id",
    ):  # fmt: skip
        key = title or -record
        appeal.setdefault(key, rng.expovariate(1) ** 1.6 + 0.02)
        copies.append(
            Copy(
                id=pk,
                title=key,
                record_id=record,
                owner_id=owner,
                home_id=home,
                appeal=appeal[key],
            )
        )
    return copies


def _readers(places: Sequence[Place], *, count: int, seed: int, now: datetime) -> list[Reader]:
    """Register everybody, in bulk; the numbers of their documents are sealed as always."""
    rng = random.Random(f"readers:{seed}")  # noqa: S311
    people = invent_people(count=count, seed=seed, today=local_date(now))
    homes = rng.choices(places, [place.draw for place in places], k=len(people))
    categories = dict(PatronCategory.objects.values_list("code", "pk"))
    numbers = rng.sample(range(10**10), len(people))
    patrons = Patron.objects.bulk_create(
        Patron(
            number=f"R{number:010d}",
            name=person.name,
            birth_date=person.born,
            category_id=categories[_category(person, now=now)],
            registered_at_agency_id=home.agency_id,
            home_branch_id=home.id,
            created_at=now - timedelta(days=DAYS + rng.randint(1, 900)),
        )
        for person, home, number in zip(people, homes, numbers, strict=True)
    )
    pairs = list(zip(patrons, people, strict=True))
    Credential.objects.bulk_create(_credential(patron, person) for patron, person in pairs)
    return [
        Reader(id=p.pk, place_id=h.id, city=h.city, category=_category(person, now=now))
        for (p, person), h in zip(pairs, homes, strict=True)
    ]


def _category(person: Person, *, now: datetime) -> str:
    age = age_on(person.born, day=local_date(now))
    return "child" if age < CHILD_BELOW else "senior" if age >= SENIOR_FROM else "adult"


def _credential(patron: Patron, person: Person) -> Credential:
    seal_id = uuid.uuid4()
    return Credential(
        patron=patron,
        kind=str(CredentialKind.RESIDENT_ID),
        seal_id=seal_id,
        sealed=vault.seal(person.number, bound_to=str(seal_id)),
        key_version=vault.key_versions()[0],
        **vault.index_columns(person.number, purpose=str(CredentialKind.RESIDENT_ID)),
        masked=mask_credential(person.number),
        created_at=patron.created_at,
    )


class _TermsBook:
    """The terms of every kind of loan, resolved once; the sample rules hold on every date."""

    def __init__(self, reference: Reference, *, now: datetime) -> None:
        self.reference, self.today = reference, local_date(now)
        self._known: dict[tuple[int, int, str], Terms] = {}

    def terms(self, copy: Copy, place: Place, reader: Reader) -> Terms:
        key = (copy.owner_id, place.id, reader.category)
        if key not in self._known:
            where = RulePlace(
                owner=self.reference.lineages[copy.owner_id],
                visited=self.reference.lineages[place.agency_id],
                branch=place.code,
                material="book",
            )
            context = Context(place=where, category=reader.category)
            self._known[key] = resolve(rules=self.reference.rules, context=context, on=self.today)
        return self._known[key]


class _Writer:
    """Gives every row its id first, so that rows can name one another, then writes them all."""

    def __init__(self, half: Half) -> None:
        self.half = half
        half.requests.sort(key=lambda request: request.placed_at)  # queue order is id
        self.loans = _numbered(LoanRow, half.loans)
        self.requests = _numbered(HoldRequest, half.requests)
        self.transits = _numbered(TransitRow, half.transits)

    def write(self, *, now: datetime) -> None:
        self._write_requests()
        self._write_loans()
        self._write_transits()
        self._write_events()
        self._write_fees()
        self._write_standing(now=now)

    def _write_requests(self) -> None:
        columns = (
            "id", "patron_id", "anchor_id", "pickup_branch_id", "requesting_agency_id", "state",
            "item_id", "placed_at", "ready_at", "expires_at", "closed_at",
        )  # fmt: skip
        insert_rows(
            HoldRequest,
            columns,
            (
                (
                    self.requests[id(r)],
                    r.reader.id,
                    r.copy.record_id,
                    r.pickup.id,
                    r.pickup.agency_id,
                    str(r.state),
                    r.copy.id if r.has_copy else None,
                    as_datetime(r.placed_at),
                    as_datetime(r.ready_at),
                    as_datetime(r.expires_at),
                    as_datetime(r.closed_at),
                )
                for r in self.half.requests
            ),
        )

    def _write_loans(self) -> None:
        columns = (
            "id", "item_id", "patron_id", "owning_agency_id", "checkout_branch_id",
            "checkout_agency_id", "checkin_branch_id", "checked_out_at", "due_at", "closed_at",
            "renewals", "terms",
        )  # fmt: skip
        insert_rows(
            LoanRow,
            columns,
            (
                (
                    self.loans[id(loan)],
                    loan.copy.id,
                    loan.reader.id,
                    loan.copy.owner_id,
                    loan.place.id,
                    loan.place.agency_id,
                    loan.back_place.id if loan.back_place else None,
                    as_datetime(loan.out_at),
                    as_datetime(loan.due_at),
                    as_datetime(loan.back_at),
                    loan.renewals,
                    as_json({line.parameter: line.rule for line in loan.terms.because}),
                )
                for loan in self.half.loans
            ),
        )

    def _write_transits(self) -> None:
        columns = (
            "id", "item_id", "origin_id", "destination_id", "reason", "state", "request_id",
            "created_at", "dispatched_at", "received_at",
        )  # fmt: skip
        insert_rows(
            TransitRow,
            columns,
            (
                (
                    self.transits[id(t)],
                    t.copy.id,
                    t.origin.id,
                    t.destination.id,
                    str(t.reason),
                    str(t.state),
                    self.requests[id(t.request)] if t.request else None,
                    as_datetime(t.created_at),
                    as_datetime(t.dispatched_at),
                    as_datetime(t.received_at),
                )
                for t in self.half.transits
            ),
        )

    def _write_events(self) -> None:
        columns = (
            "item_id", "kind", "at", "branch_id", "status", "loan_id", "request_id", "transit_id",
        )  # fmt: skip
        insert_rows(
            ItemEvent,
            columns,
            (
                (
                    e.copy.id,
                    str(e.kind),
                    as_datetime(e.at),
                    e.place_id,
                    str(e.status),
                    self.loans[id(e.loan)] if e.loan else None,
                    self.requests[id(e.request)] if e.request else None,
                    self.transits[id(e.transit)] if e.transit else None,
                )
                for e in self.half.events
            ),
        )

    def _write_fees(self) -> None:
        columns = (
            "patron_id", "owner_id", "collector_id", "kind", "loan_id", "rule", "at", "reason",
            "transaction", "book_id", "debit", "credit", "amount", "other_id",
        )  # fmt: skip
        adapt = connection.ops.adapt_decimalfield_value
        has_uuid = connection.features.has_native_uuid_field

        def as_uuid(value: uuid.UUID) -> object:
            return value if has_uuid else value.hex

        insert_rows(
            LedgerEntry,
            columns,
            (
                (
                    fee.loan.reader.id,
                    fee.loan.copy.owner_id,
                    fee.collector_id,
                    str(LedgerEntryKind.PAYMENT if fee.is_payment else LedgerEntryKind.OVERDUE),
                    self.loans[id(fee.loan)],
                    "" if fee.is_payment else fee.loan.terms.rule_for("fee_per_day"),
                    as_datetime(fee.at),
                    "",
                    as_uuid(transaction),
                    posting.book,
                    str(posting.debit),
                    str(posting.credit),
                    adapt(posting.amount, 10, 2),
                    posting.other,
                )
                for fee in self.half.fees
                for transaction in (uuid.uuid4(),)
                for posting in _postings(fee)
            ),
        )

    def _write_standing(self, *, now: datetime) -> None:
        rows = [
            (str(status), place, as_datetime(since), copy)
            for copy, (status, place, since) in self.half.standing.items()
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE catalog_item SET status = %s, current_branch_id = %s,"
                " status_changed_at = %s WHERE id = %s",
                rows,
            )
        works = Item.objects.filter(source_record__manifestation__isnull=False)
        ids = works.values_list("source_record__manifestation__work_id", flat=True).distinct()
        note_changes(work_ids=ids, kind=ChangeKind.AVAILABILITY, now=now)


def _postings(fee: Fee) -> tuple[Posting, ...]:
    owner = fee.loan.copy.owner_id
    if fee.is_payment:
        return accounts.payment(owner=owner, collector=fee.collector_id, amount=-fee.amount)
    return accounts.charge(owner=owner, amount=fee.amount, income=accounts.Account.FEES)


def _numbered(model: type, rows: Sequence[object]) -> Mapping[int, int]:
    """Primary keys by the identity of the value; the values live as long as the writer."""
    return dict(zip(map(id, rows), reserve_ids(model, len(rows)), strict=True))


def _write_shelves(path: Path, half: Half) -> None:
    """Copy id to what it lies on and at which branch: the record the demo keeps for itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(half.whereabouts), encoding="utf-8")
