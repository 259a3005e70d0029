"""The rules of eleven real libraries as files of ours, and what they decide: dates, caps, money."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.domain.items import ItemStatus
from circulation.actions.load_rules import RULES_FOLDER, load_rules
from circulation.domain.calendar import ALWAYS_OPEN, local_date
from circulation.domain.checkout import Approved, Ask, decide_checkout
from circulation.domain.facts import CopyFacts, DeskFacts, HeldLoan, LoanFacts, PatronFacts
from circulation.domain.facts import Debt as Owed
from circulation.domain.fees import overdue_fee
from circulation.domain.points import Lent, earned, lost_by_lateness, points_suffice
from circulation.domain.policies import Context, Place, Terms, resolve
from circulation.domain.reasons import ReasonCode, Refused
from circulation.domain.renewal import RenewalFacts, Renewed, decide_renewal
from circulation.models import LoanRule, MaterialType
from circulation.readers.reference import load_rules as rules_of_the_network
from library_net.network.models import Agency
from tests.world import World

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # Monday, 2 November 2026, ten in the morning


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library's desk: what it would decide by the rules that are loaded."""

    code: str
    branch: str = ""
    category: str = "adult"

    @property
    def desk(self) -> DeskFacts:
        return DeskFacts(
            branch_id=1, branch=self.branch or f"{self.code}-MAIN", agency=(self.code,)
        )

    def copy(self, material: str = "book", **more) -> CopyFacts:
        facts = {
            "id": 1,
            "barcode": "B1",
            "owner": (self.code,),
            "status": ItemStatus.AVAILABLE,
            "material": material,
            "home_id": 1,
            "current_id": 1,
        }
        return CopyFacts(**{**facts, **more})

    def reader(self, *, loans: int = 0, material: str = "book", price: str = "20", **more):
        held = tuple(
            HeldLoan(
                item_id=100 + n,
                place=self.place(material),
                due_at=MORNING + timedelta(days=9),
                price=Decimal(price),
            )
            for n in range(loans)
        )
        return PatronFacts(**{"id": 7, "category": self.category, "loans": held, **more})

    def place(self, material: str = "book") -> Place:
        return Place(
            owner=(self.code,), visited=(self.code,), branch=self.desk.branch, material=material
        )

    def terms(self, material: str = "book", *, on: date = date(2026, 11, 2)) -> Terms:
        context = Context(place=self.place(material), category=self.category)
        return resolve(rules=rules_of_the_network(), context=context, on=on)

    def lend(self, material: str = "book", *, now=MORNING, price: str = "20", **reader):
        ask = Ask(
            patron=self.reader(material=material, **reader),
            copy=self.copy(material, price=Decimal(price)),
            desk=self.desk,
            now=now,
        )
        (decision,) = decide_checkout((ask,), rules=rules_of_the_network())
        return decision

    def due(self, material: str = "book", *, now=MORNING) -> str:
        decision = self.lend(material, now=now)
        assert isinstance(decision, Approved), decision
        return local_date(decision.due_at).isoformat()

    def refuses(self, material: str = "book", **more) -> ReasonCode:
        decision = self.lend(material, **more)
        assert isinstance(decision, Refused), decision
        return decision.reasons[0].code

    def renew(self, material: str = "book", *, after_days: int, renewals: int = 0):
        """The new due date of a loan made on MORNING, or why not."""
        due = datetime(2026, 11, 2, 15, 59, 59, tzinfo=UTC)
        terms = self.terms(material)
        loan = LoanFacts(
            id=1,
            patron_id=7,
            lent_at=MORNING,
            due_at=due + timedelta(days=terms.loan_days),
            renewals=renewals,
        )
        done = decide_renewal(
            RenewalFacts(
                loan=loan,
                patron=self.reader(),
                copy=replace(self.copy(material), loan=loan),
                desk=self.desk,
                terms=terms,
                now=MORNING + timedelta(days=after_days),
            )
        )
        if isinstance(done, Renewed):
            return local_date(done.due_at).isoformat()
        return done.reasons[0].code

    def fee(self, days_late: int, material: str = "book") -> Decimal:
        terms = self.terms(material)
        return overdue_fee(
            days_late=days_late,
            per_day=terms.fee_per_day,
            cap=terms.fee_cap,
            grace_days=terms.grace_days,
            step_days=terms.fee_step_days,
            per_day_after=terms.fee_per_day_after,
        )


def library(file: str, code: str, *, branch: str = "", category: str = "adult") -> Library:
    """A network of one, with the network's own rules below and the library's file on top."""
    world = World()
    world.agency(code, "图书馆", kind="city")
    if branch:
        world.branch(branch, code, "总馆")
    load_rules(RULES_FOLDER / "chengdu.json")
    load_rules(RULES_FOLDER / f"{file}.json")
    return Library(code=code, branch=branch, category=category)


def test_chengdu_lends_eight_books_four_periodicals_and_discs_at_its_own_house():
    """PO-2, PO-3, PO-4."""
    here = library("chengdu", "CN-510100-1-CDL", branch="CN-510100-1-CDL")

    assert here.due() == "2026-12-02"
    assert here.renew(after_days=20) == "2026-12-22"  # thirty days from the day of renewal
    assert here.renew(after_days=20, renewals=1) == ReasonCode.NO_RENEWALS_LEFT
    assert isinstance(here.lend(loans=7), Approved)
    assert here.refuses(loans=8) == ReasonCode.TOO_MANY_LOANS
    assert here.refuses("serial", loans=4) == ReasonCode.TOO_MANY_LOANS
    assert here.due("video") == "2026-12-02"
    assert here.refuses("video", loans=1) == ReasonCode.TOO_MANY_LOANS
    elsewhere = replace(here, branch="CN-510100-1-CDL-MAIN")
    assert elsewhere.refuses("video") == ReasonCode.NOT_LENDABLE
    assert here.fee(3) == Decimal("0.30")

    scheme = here.terms().points
    day = date(2026, 11, 2)
    many = [Lent(loan_id=n, day=day) for n in range(20)]
    assert sum(points for _, points in earned(scheme, loans=many, before={})) == 24
    assert 2 * lost_by_lateness(scheme, days_late=3) == 6
    assert points_suffice(scheme, balance=60, amount=Decimal("0.60"))
    assert not points_suffice(scheme, balance=59, amount=Decimal("0.60"))


def test_chengdu_of_2015_lent_four_and_four_and_nothing_to_those_who_kept_books():
    here = library("chengdu-2015", "CN-510100-1-CDL")
    then = datetime(2015, 8, 10, 2, 0, tzinfo=UTC)

    assert here.due(now=then) == "2015-09-09"
    assert {cap.limit for cap in here.terms(on=then.date()).caps if cap.scope.material} >= {4}
    assert here.refuses(now=then, loans=4) == ReasonCode.TOO_MANY_LOANS
    late = HeldLoan(item_id=1, place=here.place(), due_at=then - timedelta(days=1))
    ask = Ask(patron=here.reader().with_loan(late), copy=here.copy(), desk=here.desk, now=then)
    (decision,) = decide_checkout((ask,), rules=rules_of_the_network())
    assert isinstance(decision, Refused)
    assert decision.reasons[0].code == ReasonCode.HAS_OVERDUE
    assert here.terms(on=date(2026, 11, 2)).max_overdue is None  # the rule has ended


def test_sichuan_province_renews_from_today_and_stops_above_five_yuan():
    here = library("sichuan-province", "CN-510000-1-SCL")

    assert here.due() == "2026-12-02"
    assert here.renew(after_days=10) == "2026-12-12"
    assert here.fee(3) == Decimal("0.60")
    assert here.fee(400) == Decimal("30.00")
    assert here.refuses(loans=8) == ReasonCode.TOO_MANY_LOANS
    assert isinstance(here.lend(debts=(Owed(owner=(here.code,), amount=Decimal(5)),)), Approved)
    more = (Owed(owner=(here.code,), amount=Decimal("5.10")),)
    assert here.refuses(debts=more) == ReasonCode.OWES_TOO_MUCH


def test_enyang_lends_three_for_three_weeks_and_renews_twice():
    here = library("enyang", "CN-511903-1-EYL")

    assert here.due() == "2026-11-23"
    assert here.refuses(loans=3) == ReasonCode.TOO_MANY_LOANS
    assert here.renew(after_days=20, renewals=1) == "2026-12-13"
    assert here.renew(after_days=20, renewals=2) == ReasonCode.NO_RENEWALS_LEFT
    assert here.fee(5) == Decimal("1.00")


def test_mianyang_lends_for_sixty_days_and_leaves_the_rest_to_the_network():
    here = library("mianyang", "CN-510700-1-MYL")

    assert here.due() == "2027-01-01"
    assert here.terms().rule_for("loan_days") == "mianyang"
    assert here.terms().rule_for("fee_per_day") == "network"
    assert here.refuses(loans=20) == ReasonCode.TOO_MANY_LOANS


def test_jiulongpo_lends_four_and_does_not_renew_discs():
    here = library("chongqing-jiulongpo", "CN-500107-1-JLP")

    assert here.due() == "2026-12-02"
    assert here.due("video") == "2026-11-17"
    assert here.renew("video", after_days=5) == ReasonCode.NO_RENEWALS_LEFT
    assert here.refuses(loans=4) == ReasonCode.TOO_MANY_LOANS
    assert here.fee(1000) == Decimal("50.00")


def test_qianjiang_counts_the_price_of_the_books_and_doubles_the_fee_after_fifteen_days():
    """CO-16, FE-1."""
    here = library("chongqing-qianjiang", "CN-500114-1-QJL", category="deposit-100")

    assert here.renew(after_days=10) == "2026-12-17"  # fifteen days from the due date
    assert here.fee(15) == Decimal("1.50")
    assert here.fee(20) == Decimal("2.50")
    assert here.fee(500) == Decimal("20.00")
    assert isinstance(here.lend(loans=3, price="40"), Approved)  # 3 × 20 + 40 = 100
    assert here.refuses(loans=3, price="41") == ReasonCode.TOO_DEAR
    assert here.refuses(loans=4, price="1") == ReasonCode.TOO_MANY_LOANS
    assert replace(here, category="deposit-50").refuses(loans=2) == ReasonCode.TOO_MANY_LOANS


def test_chongqing_childrens_library_renews_from_the_seventh_day_on():
    """CO-16, RN-6."""
    here = library("chongqing-children", "CN-500000-1-CQC", category="deposit-200")

    assert here.renew(after_days=6) == ReasonCode.TOO_EARLY_TO_RENEW
    assert here.renew(after_days=7) == "2026-12-09"
    assert here.renew(after_days=40) == ReasonCode.LOAN_OVERDUE
    assert here.refuses(loans=8, price="1") == ReasonCode.TOO_MANY_LOANS
    assert here.refuses(loans=7, price="101") == ReasonCode.TOO_DEAR  # 140 + 101 > 240
    assert isinstance(replace(here, category="deposit-300").lend(loans=9, price="10"), Approved)


def test_hangzhou_takes_no_money_and_lends_nothing_while_a_copy_is_overdue():
    """CO-9."""
    here = library("hangzhou", "CN-330100-1-HZL")

    assert here.due() == "2026-12-12"
    assert here.due("serial") == "2026-11-12"
    assert here.renew(after_days=5) == "2026-12-27"  # fifteen days from the due date
    assert here.renew("serial", after_days=5) == "2026-11-19"
    assert here.refuses("video", loans=2) == ReasonCode.TOO_MANY_LOANS
    assert here.fee(90) == Decimal("0.00")
    late = HeldLoan(item_id=1, place=here.place(), due_at=MORNING - timedelta(days=1))
    ask = Ask(patron=here.reader().with_loan(late), copy=here.copy(), desk=here.desk, now=MORNING)
    (decision,) = decide_checkout((ask,), rules=rules_of_the_network())
    assert isinstance(decision, Refused)
    assert decision.reasons[0].code == ReasonCode.HAS_OVERDUE
    group = replace(here, category="group-600")
    assert group.due() == "2027-05-01"  # 180 days
    assert max(cap.limit for cap in group.terms().caps if cap.scope.owner) == 600


def test_shanghai_lends_fifteen_where_it_lent_ten_and_nothing_while_a_fen_is_owed():
    here = library("shanghai", "CN-310000-1-SHL")

    assert here.due() == "2026-11-30"
    assert here.renew(after_days=20) == "2026-12-20"
    assert here.refuses(loans=15) == ReasonCode.TOO_MANY_LOANS
    assert isinstance(here.lend(loans=14), Approved)
    before = datetime(2019, 12, 30, 2, 0, tzinfo=UTC)
    assert here.refuses(loans=10, now=before) == ReasonCode.TOO_MANY_LOANS
    assert here.fee(2) == Decimal("0.40")
    owed = (Owed(owner=(here.code,), amount=Decimal("0.01")),)
    assert here.refuses(debts=owed) == ReasonCode.OWES_TOO_MUCH


def test_guangzhou_lent_fifteen_until_january_2019_and_twenty_since_as_foshan_does():
    here = library("guangzhou-foshan", "CN-440100-1-GZL")
    february, january = (datetime(2019, m, 15, 2, 0, tzinfo=UTC) for m in (2, 1))

    assert here.due() == "2026-12-02"
    assert here.refuses(loans=15, now=january) == ReasonCode.TOO_MANY_LOANS
    assert isinstance(here.lend(loans=19, now=february), Approved)
    assert here.refuses(loans=20, now=february) == ReasonCode.TOO_MANY_LOANS
    World().agency("CN-440600-1-FSL", "佛山市图书馆", kind="city")
    load_rules(RULES_FOLDER / "guangzhou-foshan.json")
    foshan = Library(code="CN-440600-1-FSL")
    assert foshan.due() == "2026-12-02"
    assert {cap.limit for cap in foshan.terms().caps} == {20}


def test_a_closed_day_moves_the_due_date_by_the_calendar_of_the_checkout_branch():
    """CO-12, CI-9."""
    here = library("enyang", "CN-511903-1-EYL")
    closed = replace(ALWAYS_OPEN, closed_dates=frozenset({date(2026, 11, 23)}))
    desk = replace(here.desk, calendar=closed)
    ask = Ask(patron=here.reader(), copy=here.copy(), desk=desk, now=MORNING)

    (decision,) = decide_checkout((ask,), rules=rules_of_the_network())

    assert isinstance(decision, Approved)
    assert local_date(decision.due_at) == date(2026, 11, 24)


def test_a_machine_lends_ordinary_books_only_and_discs_stay_with_the_library_that_has_them():
    """CO-6: what is excluded is said by rules, the narrower one decides."""
    here = library("chengdu", "CN-510100-1-CDL", branch="CN-510100-1-CDL")
    world = World()
    world.agencies["CN-510100-1-CDL"] = Agency.objects.get(code="CN-510100-1-CDL")
    world.branch("MACHINE", "CN-510100-1-CDL", "24 小时自助馆", kind="machine")
    LoanRule.objects.create(
        code="machine", branch=world.branches["MACHINE"], is_lendable=False, max_loans=2
    )
    LoanRule.objects.create(
        code="machine-books",
        branch=world.branches["MACHINE"],
        material=MaterialType.objects.get(code="book"),
        is_lendable=True,
    )
    machine = replace(here, branch="MACHINE")

    assert isinstance(machine.lend(), Approved)
    assert machine.refuses("serial") == ReasonCode.NOT_LENDABLE
    assert machine.refuses(loans=2) == ReasonCode.TOO_MANY_LOANS
    assert here.refuses("reference") == ReasonCode.NOT_LENDABLE
    assert here.refuses("local") == ReasonCode.NOT_LENDABLE
