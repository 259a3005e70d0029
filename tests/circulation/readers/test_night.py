"""The evening's rows are what the database holds, and nothing is asked twice."""

from datetime import date, timedelta

import pytest

from catalog.domain.items import ItemStatus
from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import Night
from circulation.domain.states import RequestState, TransitReason
from circulation.models import HoldRequest, Loan, LoanRule, MaterialType, Transit
from circulation.readers.night import read_night
from tests.world import NOW

pytestmark = pytest.mark.django_db


def night() -> Night:
    return read_night(on=NOW.date(), terms=Terms())


def test_reading_takes_thirteen_queries_however_much_there_is(world, django_assert_num_queries):
    """Once the rules and the network are remembered."""
    night()
    for number in range(5):
        world.item(f"书{number}", at="ZY-MAIN")

    with django_assert_num_queries(13):
        assert len(night().items) == 5


def test_titles_lean_on_their_clc_main_class(world):
    """RB-1."""
    novel = world.record("三体", classes=[{"scheme": "clc", "value": "I247.55"}])
    other = world.record("线性代数", classes=[{"scheme": "ddc", "value": "512"}])
    plain = world.record("无类号")
    for record in (novel, other, plain):
        world.item(record)

    classes = night().classes

    assert classes[novel.manifestation_id] == ord("I")
    assert classes[other.manifestation_id] == classes[plain.manifestation_id] == 0


def test_records_not_matched_yet_stand_for_themselves(world):
    record = world.record("三体")
    record.manifestation = None
    record.save()
    world.item(record)

    assert [row.title for row in night().items] == [-record.pk]


def test_copies_promised_pinned_or_travelling_are_marked(world):
    """RB-4."""
    MaterialType.objects.create(code="journal", name_zh="期刊")
    LoanRule.objects.create(
        code="no-journals", material=MaterialType.objects.get(code="journal"), is_lendable=False
    )
    free = world.item("自由")
    journal = world.item("期刊", material_type="journal")
    member = world.item("自管", ledger="sip2")
    wanted, served, moving = world.item("点名"), world.item("待取"), world.item("在途")
    requests = {
        "requesting_agency": world.agencies["JJ"],
        "pickup_branch": world.branches["JJ-MAIN"],
    }
    HoldRequest.objects.create(
        patron=world.patrons["川"],
        anchor=wanted.source_record,
        wanted_item=wanted,
        placed_at=NOW,
        **requests,
    )
    HoldRequest.objects.create(
        patron=world.patrons["川"],
        anchor=served.source_record,
        item=served,
        state=RequestState.READY,
        placed_at=NOW,
        **requests,
    )
    Transit.objects.create(
        item=moving,
        origin=moving.current_branch,
        destination=world.branches["ZY-MAIN"],
        reason=TransitReason.TO_HOME,
        created_at=NOW,
    )

    rows = {row.item: row for row in night().items}

    assert not (rows[free.pk].is_pinned or rows[free.pk].is_promised or rows[free.pk].bound_for)
    assert rows[journal.pk].is_pinned
    assert rows[member.pk].is_pinned
    assert rows[wanted.pk].is_promised
    assert rows[served.pk].is_promised
    assert rows[moving.pk].bound_for == world.branches["ZY-MAIN"].pk
    assert night().requests == []


def test_loans_count_by_the_local_day_within_the_window(world):
    """RB-1: half past one at night in Chengdu is the evening before in UTC."""
    item = world.item("三体", status=ItemStatus.AVAILABLE)
    branch = item.current_branch
    late = NOW.replace(hour=17, minute=30) - timedelta(days=1)
    for at in (late, NOW - timedelta(weeks=27)):
        Loan.objects.create(
            item=item,
            owning_agency=branch.agency,
            checkout_branch=branch,
            checkout_agency=branch.agency,
            checked_out_at=at,
            due_at=at + timedelta(days=30),
            closed_at=at + timedelta(days=1),
        )

    assert [row.day for row in night().loans] == [date(2026, 11, 20)]


def test_weekly_hours_and_closed_days_close_a_branch(world):
    """RB-5."""
    world.branches["ZY-MAIN"].opening_hours = {"6": ["09:00", "17:00"]}
    world.branches["ZY-MAIN"].save()
    world.branches["MY-MAIN"].closed_days.create(date=NOW.date())

    is_open = {row.code: row.is_open for row in night().branches}

    assert is_open["JJ-MAIN"]
    assert not is_open["ZY-MAIN"]
    assert not is_open["MY-MAIN"]
