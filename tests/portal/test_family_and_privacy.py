"""A mother acts for her child; a reader sees, keeps, takes along or erases what is held of her."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Item
from circulation.actions.checkin import checkin
from circulation.actions.forget import forget
from circulation.actions.guards import give_guardian
from circulation.actions.operations import Intent
from circulation.models import (
    AccessLog,
    Credential,
    Erasure,
    Guardianship,
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Loan,
    NoticeChoice,
    Operation,
    Patron,
    PrivacyTerm,
)
from circulation.readers.privacy import held_about
from library_net.accounts.models import User
from library_net.accounts.scope import Scope
from tests.circulation.calls import Member
from tests.portal.conftest import PASSWORD, lend, sign_in, text_of
from tests.world import card_of

STAFF = Scope(everywhere=True)


@pytest.fixture
def child(world, reader):
    """禾, for whom 雪 answers."""
    ward = world.patrons["禾"]
    give_guardian(
        ward=ward,
        guardian_id=reader.pk,
        agency_id=ward.registered_at_agency_id,
        caller="test",
        now=timezone.now(),
    )
    return ward


def bring_back(item, *, days_ago=0, operation="back"):
    item = Item.objects.get(pk=item.pk)
    return checkin(
        intent=Intent(caller="agency:1", operation_id=f"{operation}-{item.pk}", scope=STAFF),
        branch_id=item.home_branch_id,
        barcode=item.barcode,
        now=timezone.now() - timedelta(days=days_ago),
    )


def test_a_guardian_sees_and_acts_for_her_child_and_comes_back(world, signed_in, child):
    """ID-15."""
    mine, hers = world.item("三体"), world.item("夏洛的网")
    lend(world, mine)
    loan = lend(world, hers, to="禾")

    page = text_of(signed_in.get(reverse("portal:family")))
    signed_in.post(reverse("portal:act_for"), {"ward": child.pk})
    acting = text_of(signed_in.get(reverse("portal:loans")))
    renewed = signed_in.post(reverse("portal:renew", args=[loan]), {"operation": "renew-for-child"})
    signed_in.post(reverse("portal:act_for"), {"ward": ""})
    back = text_of(signed_in.get(reverse("portal:loans")))

    assert "禾" in page
    assert ("夏洛的网" in acting, "三体" in acting) == (True, False)
    assert renewed.status_code == 302
    assert Loan.objects.get(pk=loan).renewals == 1
    assert Operation.objects.get(action="renew").caller == f"user:{world.patrons['雪'].user_id}"
    assert ("夏洛的网" in back, "三体" in back) == (False, True)


def test_nobody_acts_for_a_child_that_is_not_linked_any_more(world, signed_in, child):
    """ID-15: looked up at every request, not only when chosen."""
    stranger = signed_in.post(reverse("portal:act_for"), {"ward": world.patrons["川"].pk})
    assert stranger.status_code == 302
    assert "川" not in text_of(signed_in.get(reverse("portal:card")))
    signed_in.post(reverse("portal:act_for"), {"ward": child.pk})
    assert child.number in text_of(signed_in.get(reverse("portal:card")))

    Guardianship.objects.update(until=timezone.localdate() - timedelta(days=1))

    assert child.number not in text_of(signed_in.get(reverse("portal:card")))


def test_a_guardian_ends_the_link_herself_and_a_young_child_cannot(world, signed_in, child):
    """ID-15."""
    link = Guardianship.objects.get()
    child.user = User.objects.create_user(child.number, password=PASSWORD)
    child.save()
    signed_in.logout()
    sign_in(signed_in, child.number)
    signed_in.post(reverse("portal:end_guardianship", args=[link.pk]))
    link.refresh_from_db()
    assert link.revoked_at is None

    signed_in.logout()
    sign_in(signed_in, world.patrons["雪"].number)
    signed_in.post(reverse("portal:end_guardianship", args=[link.pk]))
    link.refresh_from_db()
    assert link.revoked_at is not None


def test_a_reader_reports_her_own_card_lost_and_nobody_elses(world, signed_in, reader):
    """ID-23."""
    own, other = reader.credentials.get(), world.patrons["川"].credentials.get()
    for row in (own, other):
        signed_in.post(reverse("portal:report_lost", args=[row.pk]))

    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.status, other.status) == ("lost", "active")


def test_returned_loans_lose_their_reader_after_the_days_and_not_before(world, reader):
    """ID-30: by every way from the loan to the person; statistics keep the category."""
    old, late, fresh, out = (world.item(title) for title in ("旧", "迟", "新", "借"))
    for item in (old, fresh, out):
        lend(world, item, days_ago=60)
    lend(world, late, days_ago=100)
    bring_back(old, days_ago=40)
    bring_back(late, days_ago=40)
    bring_back(fresh, days_ago=5)
    LedgerEntry.objects.filter(loan__item=late).exists()
    owes = LedgerEntry.objects.filter(patron=reader).count()

    forget(now=timezone.now())
    forget(now=timezone.now())

    named = set(Loan.objects.filter(patron=reader).values_list("item_id", flat=True))
    assert owes > 0
    # She owes for the late one; its loan says why, until that is settled.
    assert named == {late.pk, fresh.pk, out.pk}
    parted = Loan.objects.get(item=old)
    assert (parted.patron, parted.reader_category) == (None, "adult")
    answers = json.dumps(
        list(
            Operation.objects.filter(
                events__isnull=True, action__in=("checkout", "checkin")
            ).values_list("answer", flat=True)
        )
    )
    assert old.barcode not in answers
    assert not ItemEvent.objects.filter(item=old, operation__isnull=False, loan_id=parted.pk)


def test_once_the_fee_is_settled_the_late_loan_is_parted_and_the_money_stays(world, reader):
    """ID-30."""
    late = world.item("迟")
    lend(world, late, days_ago=100)
    bring_back(late, days_ago=40)
    owed = sum(row.owed for row in LedgerEntry.objects.filter(patron=reader))
    _settle(world, reader, owed)

    forget(now=timezone.now())

    assert Loan.objects.get().patron is None
    assert LedgerEntry.objects.filter(patron=reader).count() >= 2
    assert not LedgerEntry.objects.filter(loan__isnull=False).exists()


def _settle(world, reader, owed: Decimal):
    from circulation.actions.record_payment import record_payment

    owner = world.agencies["JJ"]
    record_payment(
        intent=Intent(caller="agency:1", operation_id="pay", scope=STAFF),
        branch_id=world.branches["JJ-MAIN"].pk,
        patron_id=reader.pk,
        owner=owner.code,
        amount=owed,
        now=timezone.now(),
    )


def test_an_institution_may_remember_longer_or_shorter_than_the_network(world, reader):
    """ID-30: the nearest up the tree; Jinjiang stands below the centre."""
    there, here = world.item(at="ZY-MAIN"), world.item(at="JJ-MAIN")
    for item in (there, here):
        lend(world, item, days_ago=20)
        bring_back(item, days_ago=10)
    PrivacyTerm.objects.create(agency=world.agencies["CD"], loan_memory_days=7)

    forget(now=timezone.now())

    assert set(Loan.objects.filter(patron=reader).values_list("item_id", flat=True)) == {there.pk}


def test_a_reader_who_asks_for_it_keeps_her_history(world, signed_in, reader):
    """ID-31."""
    item = world.item()
    lend(world, item, days_ago=60)
    bring_back(item, days_ago=50)
    signed_in.post(reverse("portal:keep_history"), {"keep": "yes"})
    forget(now=timezone.now())
    assert Loan.objects.get().patron == reader

    signed_in.post(reverse("portal:keep_history"), {"keep": "no"})
    forget(now=timezone.now())
    assert Loan.objects.get().patron is None


def test_requests_that_ended_long_ago_are_nobodys(world, reader):
    """ID-30."""
    anchor = world.record("三体")
    ended = timezone.now() - timedelta(days=90)
    for state, closed in (("filled", ended), ("waiting", None)):
        HoldRequest.objects.create(
            patron=reader,
            anchor=anchor,
            pickup_branch=world.branches["JJ-MAIN"],
            requesting_agency=world.agencies["JJ"],
            state=state,
            placed_at=ended,
            closed_at=closed,
        )

    forget(now=timezone.now())

    assert HoldRequest.objects.get(state="filled").patron.number == "NOBODY"
    assert HoldRequest.objects.get(state="waiting").patron == reader


def test_a_reader_takes_along_everything_held_about_her(world, signed_in, reader):
    """ID-33: to read and for programs; numbers masked."""
    lend(world, world.item("三体"))
    AccessLog.objects.create(
        actor=world.librarian("ZY"),
        patron=reader,
        agency=world.agencies["ZY"],
        purpose="desk",
        at=timezone.now(),
    )

    told = signed_in.get(reverse("portal:copy_json"))
    page = signed_in.get(reverse("portal:copy_html"))

    held = json.loads(told.content)
    assert held["reader"]["name"] == "雪"
    assert held["loans"][0]["title"] == "三体"
    assert held["looked_at_by"][0]["institution"] == "资阳市图书馆"
    assert card_of(reader) not in told.content.decode() + page.content.decode()
    assert "attachment" in page.headers["Content-Disposition"]
    for word in ("三体", "资阳市图书馆", reader.number):
        assert word in page.content.decode()
    assert set(held) == set(held_about(Patron.objects.get(pk=reader.pk)))


def test_a_reader_sees_that_a_librarys_software_looked(world, signed_in, reader):
    """ID-28: a member key is somebody, too; so is whoever watches over privacy told."""
    member = Member(world, "JJ")
    body = {"branch": "JJ-MAIN", "card": card_of(reader)}
    assert member.post("accounts/", body).status_code == 200

    words = text_of(signed_in.get(reverse("portal:privacy")))
    look = AccessLog.objects.get()
    signed_in.force_login(world.network_admin())
    trace = text_of(signed_in.get(reverse("admin:circulation_accesslog_changelist")))

    assert (look.actor, look.agency, look.purpose) == (None, world.agencies["JJ"], "money")
    assert "锦江区图书馆 （其软件） · 查看了您的费用与积分" in words
    assert "该馆的软件" in trace


def test_erasure_is_refused_with_every_reason_while_something_is_open(world, signed_in, child):
    """ID-32."""
    reader = world.patrons["雪"]
    lend(world, world.item(), days_ago=1)
    late = world.item("迟")
    lend(world, late, days_ago=100)
    bring_back(late)

    page = signed_in.post(reverse("portal:erase"), {"number": reader.number}, follow=True)

    words = text_of(page)
    assert Patron.objects.filter(pk=reader.pk).exists()
    for part in ("¥7.00", "1 个孩子") if "孩子" in words else ("¥", "1 children"):
        assert part in words


def test_an_erased_reader_is_nowhere_named(world, signed_in, reader):
    """ID-32."""
    item = world.item()
    lend(world, item, days_ago=10)
    bring_back(item)
    signed_in.post(reverse("portal:report_lost", args=[reader.credentials.get().pk]))
    NoticeChoice.objects.create(patron=reader)
    number, user_id, name_of = reader.number, reader.user_id, card_of(reader)
    slip = signed_in.post(reverse("portal:erase"), {"number": "wrong"})
    assert slip.status_code == 302
    assert Patron.objects.filter(pk=reader.pk).exists()

    signed_in.post(reverse("portal:erase"), {"number": number})

    assert not Patron.objects.filter(number=number).exists()
    assert not User.objects.filter(pk=user_id).exists()
    assert not Credential.objects.filter(masked__endswith=name_of[-3:], patron__number=number)
    assert Loan.objects.get().patron is None
    kept = repr([*Operation.objects.values(), *Erasure.objects.values()])
    assert number not in kept
    assert f"user:{user_id}'" not in kept
    assert signed_in.get(reverse("portal:loans")).status_code == 302
    assert Erasure.objects.get().rows["loan"] == 1
    assert not NoticeChoice.objects.exists()
