"""What the rules are about, for the check; and what happened, for trying a draft on it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.checkout import Ask
from circulation.domain.facts import CopyFacts, Debt, HeldLoan, PatronFacts
from circulation.domain.fees import NOTHING
from circulation.domain.policies import LoanRule, RuleBook
from circulation.domain.rule_check import Finding, Network, check_rules
from circulation.domain.states import ItemEventKind
from circulation.domain.whatif import PastRefusal, Prolonged, Story
from circulation.models import ItemEvent, LedgerEntry, Loan, Operation, PatronCategory
from circulation.readers.facts import place_of_loan
from circulation.readers.reference import Reference, load_reference
from circulation.readers.reference import load_rules as rules_of_the_network
from library_net.network.models import Branch

AT_MOST: Final = 20_000  # loans of one replay
_GONE: Final = (ItemStatus.WITHDRAWN, ItemStatus.LOST, ItemStatus.MISSING)


def check_network(*, today: date, rules: Sequence[LoanRule] | None = None) -> tuple[Finding, ...]:
    """The rules as they are, or a draft of them, against what the network has. Queries: 6."""
    reference = load_reference(today=today)
    rows = rules_of_the_network() if rules is None else rules
    return check_rules(
        rows,
        network=network_of(reference),
        today=today,
        built_in=built_in_rules(reference),
    )


def network_of(reference: Reference) -> Network:
    """Whose copies of what there are, where one can stand, who reads. Queries: 3."""
    stocks = (
        Item.objects.filter(is_lendable=True)
        .exclude(status__in=_GONE)
        .values_list("owning_agency_id", "material_type")
        .order_by("owning_agency_id", "material_type")
        .distinct()
    )
    branches = Branch.objects.filter(is_active=True).order_by("code")
    return Network(
        stocks=tuple((reference.lineages[owner], material) for owner, material in stocks),
        branches=tuple(
            (code, reference.lineages[agency])
            for code, agency in branches.values_list("code", "agency_id")
        ),
        categories=tuple(PatronCategory.objects.order_by("code").values_list("code", flat=True)),
    )


def built_in_rules(reference: Reference) -> tuple[LoanRule, ...]:
    """What each institution says of its own copies: no row of the table."""
    return tuple(rule for rule in reference.rules if rule.code.startswith("agency "))


def draft_book(draft: Iterable[LoanRule], *, reference: Reference) -> RuleBook:
    """The rules as they would be with the draft loaded: same codes replaced, others kept."""
    new = {rule.code: rule for rule in draft}
    kept = [rule for rule in reference.rules if rule.code not in new]
    return RuleBook((*kept, *new.values()))


def stories(*, days: int, now: datetime, reference: Reference) -> Iterator[Story]:
    """Loans that were made, renewed or ended in the last days, with the readers as they were.

    The newest ``AT_MOST`` of them; loans whose reader is no longer known are left out. Queries: 4.
    """
    since = now - timedelta(days=days)
    renewed = ItemEvent.objects.filter(kind=ItemEventKind.RENEWED, at__gte=since)
    loans = list(
        Loan.objects.filter(
            Q(checked_out_at__gte=since)
            | Q(closed_at__gte=since)
            | Q(pk__in=renewed.values("loan_id"))
        )
        .filter(patron__isnull=False)
        .select_related("item", "checkout_branch", "patron__category")
        .order_by("-pk")[:AT_MOST]
    )
    loans.reverse()
    past = _Past(loans, reference=reference)
    renewals = _renewals(loans)
    for loan in loans:
        desk = reference.desks.get(loan.checkout_branch_id)
        if desk is None or loan.patron is None:
            continue  # the branch has closed since
        back = reference.desks.get(loan.checkin_branch_id or 0)
        yield Story(
            loan_id=loan.pk,
            ask=Ask(
                patron=past.reader(loan, at=loan.checked_out_at),
                copy=_copy(loan, reference=reference),
                desk=desk,
                now=loan.checked_out_at,
            ),
            renewals=tuple(
                Prolonged(at=at, patron=past.reader(loan, at=at)) for at in renewals[loan.pk]
            ),
            returned_at=loan.closed_at if loan.lost_at is None else None,
            return_calendar=(back or desk).calendar,
            since=since,
        )


def past_refusals(*, days: int, now: datetime) -> Iterator[PastRefusal]:
    """Loans that were refused for one rule's sake, the newest first. Queries: 1."""
    rows = Operation.objects.filter(
        action="checkout", was_refused=True, at__gte=now - timedelta(days=days)
    ).order_by("-pk")
    for answer in rows.values_list("answer", flat=True)[:AT_MOST]:
        reasons = answer.get("reasons") or [[answer.get("code"), answer.get("params") or {}]]
        if len(reasons) == 1:
            code, params = reasons[0]
            yield PastRefusal(
                code=str(code),
                rule=str(params.get("rule", "")),
                count=int(params.get("count") or 0),
            )


def _renewals(loans: Iterable[Loan]) -> Mapping[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    wanted = {loan.pk for loan in loans if loan.renewals}
    rows = ItemEvent.objects.filter(kind=ItemEventKind.RENEWED, loan_id__in=wanted).order_by("pk")
    for loan_id, at in rows.values_list("loan_id", "at"):
        if loan_id is not None:
            found[loan_id].append(at)
    return found


def _copy(loan: Loan, *, reference: Reference) -> CopyFacts:
    """The copy as it stood on the shelf before it was lent."""
    return CopyFacts(
        id=loan.item_id,
        barcode=loan.item.barcode,
        owner=reference.lineages[loan.owning_agency_id],
        status=ItemStatus.AVAILABLE,
        material=loan.item.material_type,
        home_id=loan.item.home_branch_id,
        current_id=loan.checkout_branch_id,
        price=loan.item.price,
        is_lendable=loan.item.is_lendable,
    )


class _Past:
    """What each reader held and owed at any moment of the time looked at."""

    def __init__(self, loans: Sequence[Loan], *, reference: Reference) -> None:
        readers = {loan.patron_id for loan in loans if loan.patron_id is not None}
        start = min((loan.checked_out_at for loan in loans), default=None)
        self._held: dict[int, list[tuple[Loan, HeldLoan]]] = defaultdict(list)
        self._owed: dict[int, list[tuple[datetime, int, Decimal]]] = defaultdict(list)
        self._reference = reference
        if start is None:
            return
        all_loans = (
            Loan.objects.filter(patron_id__in=readers)
            .filter(Q(closed_at=None) | Q(closed_at__gte=start))
            .select_related("item", "checkout_branch")
        )
        for loan in all_loans:
            held = HeldLoan(
                item_id=loan.item_id,
                place=place_of_loan(loan, reference=reference),
                due_at=loan.due_at,
                price=loan.item.price,
            )
            self._held[loan.patron_id or 0].append((loan, held))
        rows = LedgerEntry.objects.filter(patron_id__in=readers).exclude(owed=0).order_by("at")
        for patron_id, at, owner_id, owed in rows.values_list(
            "patron_id", "at", "owner_id", "owed"
        ):
            self._owed[patron_id or 0].append((at, owner_id, owed))

    def reader(self, loan: Loan, *, at: datetime) -> PatronFacts:
        assert loan.patron is not None
        held = tuple(
            facts
            for other, facts in self._held[loan.patron_id or 0]
            if other.pk != loan.pk
            and (other.checked_out_at, other.pk) < (at, loan.pk)
            and (other.closed_at is None or other.closed_at > at)
        )
        return PatronFacts(
            id=loan.patron.pk,
            category=loan.patron.category.code,
            birth_date=loan.patron.birth_date,
            loans=held,
            debts=self._debts(loan.patron_id or 0, at=at),
        )

    def _debts(self, patron_id: int, *, at: datetime) -> tuple[Debt, ...]:
        rows = self._owed[patron_id]
        until = bisect_left(rows, at, key=lambda row: row[0])
        sums: dict[int, Decimal] = defaultdict(lambda: NOTHING)
        for _, owner_id, owed in rows[:until]:
            sums[owner_id] += owed
        return tuple(
            Debt(owner=self._reference.lineages[owner_id], amount=amount)
            for owner_id, amount in sums.items()
            if amount > NOTHING
        )
