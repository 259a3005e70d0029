"""Two records of one person, joined and taken apart."""

from decimal import Decimal

import pytest

from circulation.actions.merge_patrons import merge_patrons, undo_merge
from circulation.actions.operations import Intent
from circulation.actions.steps.joining import relations
from circulation.models import LedgerEntry, Loan, Operation, Patron, PatronMerge
from library_net.accounts.models import User
from library_net.accounts.scope import Scope, agency_scope
from library_net.errors import LibraryError
from tests.circulation.calls import reasons
from tests.world import NOW, card_of

pytestmark = pytest.mark.django_db
_COUNT = iter(range(10_000))


def _intent(scope: Scope | None = None) -> Intent:
    return Intent(
        caller="user:1",
        operation_id=f"op-{next(_COUNT)}",
        scope=scope or Scope(everywhere=True),
    )


def _join(world, kept="雪", absorbed="川", **more):
    return merge_patrons(
        intent=more.pop("intent", None) or _intent(),
        kept_id=world.patrons[kept].pk,
        absorbed_id=world.patrons[absorbed].pk,
        reason="same ID card seen",
        now=NOW,
        **more,
    )


def _everything() -> dict:
    """Every row that names a reader, and the readers themselves."""
    rows = {key: list(model._base_manager.order_by("pk").values()) for key, model, _ in relations()}
    rows["readers"] = list(Patron.objects.order_by("pk").values())
    rows["users"] = list(User.objects.order_by("pk").values("pk", "is_active"))
    rows.pop("circulation.patronmerge.kept")
    rows.pop("circulation.patronmerge.absorbed")
    return rows


def _busy(world, jinjiang):
    """Both have a loan, a debt and a log-in; 川 waits for something."""
    for name in ("雪", "川"):
        jinjiang.checkout(name, world.item(name))
        patron = world.patrons[name]
        patron.user = User.objects.create_user(patron.number)
        patron.save()
        LedgerEntry.objects.create(
            patron=patron,
            book=world.agencies["JJ"],
            debit="reader",
            credit="fees",
            owner=world.agencies["JJ"],
            collector=world.agencies["JJ"],
            kind="overdue",
            amount=Decimal("1.50"),
            at=NOW,
        )
    wanted = world.item("流浪地球")
    jinjiang.checkout("雪", wanted)
    assert jinjiang.request("川", wanted).status_code == 201


def test_after_joining_every_card_and_number_opens_one_account(world, jinjiang):
    """ID-25: loans, requests, charges and cards move; limits count both halves."""
    _busy(world, jinjiang)
    kept, absorbed = world.patrons["雪"], world.patrons["川"]

    answer = _join(world)

    assert answer["moved"] == {"credential": 1, "loan": 1, "holdrequest": 1, "ledgerentry": 1}
    by_card = jinjiang.checkout("川", world.item())
    by_number = jinjiang.post(
        "checkouts/",
        {"branch": "JJ-MAIN", "card": absorbed.number, "barcode": world.item().barcode},
    )
    assert by_card.json()["patron"] == by_number.json()["patron"] == kept.number
    assert reasons(jinjiang.checkout("川", world.item())) == ["too_many_loans"]  # 5 of 5
    assert not Loan.objects.filter(patron=absorbed).exists()


def test_undoing_gives_every_row_back(world, jinjiang):
    """ID-26."""
    _busy(world, jinjiang)
    before = _everything()
    answer = _join(world)
    assert _everything() != before

    undo_merge(intent=_intent(), merge_id=answer["merge"], now=NOW)

    assert _everything() == before
    done = PatronMerge.objects.get()
    assert (done.merged_by, done.undone_by, done.undone_at) == ("user:1", "user:1", NOW)
    assert set(Operation.objects.values_list("action", flat=True)) >= {
        "merge_patrons",
        "undo_merge",
    }


def test_what_happened_since_stays_with_the_kept_record(world, jinjiang):
    """ID-26: a loan made meanwhile, and a block set meanwhile."""
    _busy(world, jinjiang)
    merge = _join(world)["merge"]
    jinjiang.checkout("川", world.item())
    Patron.objects.filter(pk=world.patrons["雪"].pk).update(is_blocked=True, block_note="lost bag")

    undo_merge(intent=_intent(), merge_id=merge, now=NOW)

    kept, absorbed = (Patron.objects.get(pk=world.patrons[n].pk) for n in ("雪", "川"))
    assert (kept.loans.count(), absorbed.loans.count()) == (3, 1)
    assert (kept.is_blocked, absorbed.is_blocked) == (True, False)


def test_one_log_in_is_left(world):
    """ID-25."""
    mover = world.patrons["川"]
    mover.user = User.objects.create_user(mover.number)
    mover.save()

    merge = _join(world)["merge"]
    assert Patron.objects.get(pk=world.patrons["雪"].pk).user_id == mover.user_id

    undo_merge(intent=_intent(), merge_id=merge, now=NOW)
    assert Patron.objects.get(pk=mover.pk).user_id == mover.user_id


def test_a_chain_is_undone_from_its_end(world):
    """ID-25, ID-26."""
    before = _everything()
    first = _join(world, kept="川", absorbed="禾")["merge"]
    second = _join(world, kept="雪", absorbed="川")["merge"]
    assert Patron.objects.get(pk=world.patrons["禾"].pk).merged_into_id == world.patrons["雪"].pk

    with pytest.raises(LibraryError) as refused:
        undo_merge(intent=_intent(), merge_id=first, now=NOW)
    assert refused.value.code == "merge_not_last"
    for merge in (second, first):
        undo_merge(intent=_intent(), merge_id=merge, now=NOW)

    assert _everything() == before
    with pytest.raises(LibraryError) as refused:
        undo_merge(intent=_intent(), merge_id=first, now=NOW)
    assert refused.value.code == "unknown_merge"


def test_who_found_the_absorbed_record_a_moment_before_is_refused(world, jinjiang):
    """ID-25: what the race between a scan and the joining comes to."""
    from circulation.actions.checkout import checkout

    _join(world)

    with pytest.raises(LibraryError) as refused:
        checkout(
            intent=_intent(),
            branch_id=world.branches["JJ-MAIN"].pk,
            patron_id=world.patrons["川"].pk,
            barcode=world.item().barcode,
            now=NOW,
        )

    assert refused.value.code == "patron_suspended"


def test_both_waiting_for_one_title_must_be_settled_first(world, jinjiang):
    """ID-27."""
    wanted = world.item()
    jinjiang.checkout("禾", wanted)
    for name in ("雪", "川"):
        assert jinjiang.request(name, wanted).status_code == 201
    before = _everything()

    with pytest.raises(LibraryError) as refused:
        _join(world)

    assert refused.value.code == "merge_contested"
    assert _everything() == before


def test_readers_of_another_library_are_joined_only_with_their_card_on_the_table(world):
    """ID-27: all three are registered in Jinjiang."""
    ziyang = agency_scope(world.agencies["ZY"].pk)
    with pytest.raises(LibraryError) as refused:
        _join(world, intent=_intent(ziyang))
    assert refused.value.code == "outside_your_agency"

    cards = {n: world.patrons[n].credentials.get().pk for n in ("雪", "川")}
    _join(world, intent=_intent(ziyang), kept_card=cards["雪"], absorbed_card=cards["川"])

    assert PatronMerge.objects.get().kept == world.patrons["雪"]


@pytest.mark.parametrize(
    ("kept", "absorbed", "code"), [("雪", "雪", "same_reader"), ("雪", "川", "merge_of_staff")]
)
def test_what_cannot_be_joined_says_why(world, kept, absorbed, code):
    """ID-27."""
    if code == "merge_of_staff":
        patron = world.patrons[absorbed]
        patron.user = world.librarian("JJ")
        patron.save()

    with pytest.raises(LibraryError) as refused:
        _join(world, kept=kept, absorbed=absorbed)

    assert refused.value.code == code


def test_joining_by_rest_takes_two_cards_and_a_reason(world, jinjiang):
    """ID-25, ID-27."""
    cards = {"keep": card_of(world.patrons["雪"]), "absorb": card_of(world.patrons["川"])}

    silent = jinjiang.post("merges/", {**cards, "reason": " "})
    done = jinjiang.post("merges/", {**cards, "reason": "two cards, one person"})
    undone = jinjiang.post(f"merges/{done.json()['merge']}/undo/")

    assert reasons(silent) == ["reason_missing"]
    assert (done.status_code, undone.status_code) == (201, 200)
    assert not PatronMerge.objects.filter(undone_at=None).exists()
