"""Many desks at once, each with its own connection, on whichever database the tests run on."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from catalog.domain.items import ItemStatus
from circulation.actions.allocate_requests import allocate_requests
from circulation.actions.check_item_events import check_item_events
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.crates import close_crate, dispatch_crate, open_crate, pack
from circulation.actions.operations import Intent
from circulation.actions.place_request import place_request
from circulation.actions.register_patron import register_patron
from circulation.actions.renew import renew
from circulation.models import Credential, HoldRequest, Loan, LoanRule, Operation, Patron, Pick
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

THREADS = 24


def all_at_once(work: Callable[[int], Any], *, threads: int = THREADS) -> list[Any]:
    """Run `work(n)` in so many threads that wait for each other; results or refusal codes."""
    start = threading.Barrier(threads)
    results: list[Any] = [None] * threads

    def run(number: int) -> None:
        try:
            start.wait(30)
            results[number] = work(number)
        except LibraryError as error:
            results[number] = error.code
        except BaseException as error:  # noqa: BLE001 - the test must see it
            results[number] = error
        finally:
            connection.close()

    workers = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    crashed = [r for r in results if isinstance(r, BaseException)]
    assert not crashed, crashed
    return results


def intent(world: World, operation_id: str, agency: str = "JJ") -> Intent:
    pk = world.agencies[agency].pk
    scope = Scope(agency_ids=frozenset({pk}), home_agency_id=pk)
    return Intent(caller=f"agency:{pk}", operation_id=operation_id, scope=scope)


def lend(world: World, patron: Patron, item, operation_id: str):
    return checkout(
        intent=intent(world, operation_id),
        branch_id=world.branches["JJ-MAIN"].pk,
        patron_id=patron.pk,
        barcode=item.barcode,
        now=NOW,
    )


def test_twenty_four_desks_lend_one_copy_once(world):
    item = world.item()
    readers = [world.patron(f"读者{n}") for n in range(THREADS)]

    results = all_at_once(lambda n: lend(world, readers[n], item, f"op-{n}"))

    lent = [r for r in results if isinstance(r, dict)]
    assert len(lent) == 1
    assert sorted(r for r in results if isinstance(r, str)) == ["on_loan"] * (THREADS - 1)
    assert Loan.objects.count() == 1
    assert Operation.objects.count() == THREADS  # every desk has its answer
    assert check_item_events().is_sound


def test_one_operation_sent_twenty_times_at_once_has_twenty_equal_answers(world):
    item = world.item()
    reader = world.patrons["雪"]

    results = all_at_once(lambda _n: lend(world, reader, item, "the-same"), threads=20)

    assert all(result == results[0] for result in results)
    assert results[0]["loan"] == Loan.objects.get().pk
    assert Operation.objects.count() == 1


def test_a_readers_limit_holds_while_every_desk_lends_to_them(world):
    """CO-7: no constraint guards it, the reader's lock does."""
    LoanRule.objects.filter(code="test-network").update(max_loans=8)
    reader = world.patrons["雪"]
    items = [world.item(f"书{n}") for n in range(THREADS)]

    results = all_at_once(lambda n: lend(world, reader, items[n], f"op-{n}"))

    assert sum(isinstance(r, dict) for r in results) == 8
    assert Loan.objects.filter(closed_at=None).count() == 8
    assert {r for r in results if isinstance(r, str)} == {"too_many_loans"}


def test_one_card_in_two_cities_borrows_eight_of_ten(world):
    """Five and five at once with a limit of eight across the network."""
    LoanRule.objects.filter(code="test-network").update(max_loans=8)
    reader = world.patrons["雪"]
    items = [world.item(f"书{n}", at="JJ-MAIN" if n % 2 else "ZY-MAIN") for n in range(10)]

    def borrow(n: int):
        agency = "JJ" if n % 2 else "ZY"
        return checkout(
            intent=intent(world, f"op-{n}", agency),
            branch_id=world.branches[f"{agency}-MAIN"].pk,
            patron_id=reader.pk,
            barcode=items[n].barcode,
            now=NOW,
        )

    results = all_at_once(borrow, threads=10)

    assert sum(isinstance(r, dict) for r in results) == 8


def test_a_limit_on_requests_holds_too(world):
    """RQ-4."""
    reader = world.patrons["雪"]
    items = [world.item(f"书{n}") for n in range(12)]

    def ask(n: int):
        return place_request(
            intent=intent(world, f"op-{n}"),
            patron_id=reader.pk,
            pickup_branch_id=world.branches["JJ-MAIN"].pk,
            anchor_id=items[n].source_record_id,
            now=NOW,
        )

    results = all_at_once(ask, threads=12)

    assert sum(isinstance(r, dict) for r in results) == 3  # the test world's max_requests
    assert HoldRequest.objects.count() == 3


def test_two_copies_returned_at_once_do_not_serve_one_reader_twice(world):
    """CI-4, RQ-6."""
    record = world.record("三体")
    copies = [world.item(record) for _ in range(6)]
    for n, reader in enumerate(("川", "禾")):
        place_request(
            intent=intent(world, f"ask-{n}"),
            patron_id=world.patrons[reader].pk,
            pickup_branch_id=world.branches["JJ-MAIN"].pk,
            anchor_id=record.pk,
            now=NOW,
        )

    def take(n: int):
        return checkin(
            intent=intent(world, f"back-{n}"),
            branch_id=world.branches["JJ-MAIN"].pk,
            barcode=copies[n].barcode,
            now=NOW,
        )

    results = all_at_once(take, threads=6)

    kinds = sorted(r["next"]["kind"] for r in results)
    assert kinds == ["hold_shelf", "hold_shelf", "shelf", "shelf", "shelf", "shelf"]
    assert sorted(HoldRequest.objects.values_list("state", flat=True)) == ["ready", "ready"]
    assert check_item_events().is_sound


def test_one_copy_scanned_back_everywhere_at_once_closes_its_loan_once(world):
    """CI-1."""
    item = world.item()
    lend(world, world.patrons["雪"], item, "lend")
    Loan.objects.update(due_at=NOW - timedelta(days=2))

    results = all_at_once(
        lambda n: checkin(
            intent=intent(world, f"back-{n}"),
            branch_id=world.branches["JJ-MAIN"].pk,
            barcode=item.barcode,
            now=NOW,
        )
    )

    assert sum(r["closed_loan"] is not None for r in results) == 1
    assert sum(r["fee"] != "0.00" for r in results) == 1
    item.refresh_from_db()
    assert item.status == ItemStatus.AVAILABLE
    assert check_item_events().is_sound


def test_lending_renewing_and_returning_the_same_copies_never_deadlocks(world):
    readers = [world.patron(f"读者{n}") for n in range(4)]
    items = [world.item(f"书{n}") for n in range(4)]

    def mixed(n: int):
        for step in range(6):
            reader, item = readers[(n + step) % 4], items[(n * 3 + step) % 4]
            try:
                if step % 2 == 0:
                    loan = lend(world, reader, item, f"lend-{n}-{step}")["loan"]
                    renew(intent=intent(world, f"renew-{n}-{step}"), loan_id=loan, now=NOW)
                else:
                    checkin(
                        intent=intent(world, f"back-{n}-{step}"),
                        branch_id=world.branches["JJ-MAIN"].pk,
                        barcode=item.barcode,
                        now=NOW,
                    )
            except LibraryError as error:
                assert error.code != "busy", error
        return True

    assert all_at_once(mixed, threads=12) == [True] * 12
    assert check_item_events().is_sound


def test_one_person_registered_at_many_desks_has_one_account(world):
    """ID-9."""

    def register(n: int):
        return register_patron(
            intent=intent(world, f"op-{n}"),
            branch_id=world.branches["JJ-MAIN"].pk,
            name="王小明",
            number="510199199001010015",
            now=NOW,
        )

    results = all_at_once(register, threads=12)

    assert len({r["patron"] for r in results}) == 1
    assert sum(r["is_new"] for r in results) == 1
    assert Credential.objects.filter(kind="resident_id").count() == 1


def test_proposals_made_at_once_propose_no_copy_twice(world: World) -> None:
    """RQ-15."""
    record = world.record("三体")
    for _copy in range(3):
        world.item(record)
    for reader in ("雪", "川", "禾"):
        place_request(
            intent=intent(world, f"ask-{reader}"),
            patron_id=world.patrons[reader].pk,
            pickup_branch_id=world.branches["JJ-MAIN"].pk,
            anchor_id=record.pk,
            now=NOW,
        )

    done = all_at_once(lambda _n: allocate_requests(now=NOW), threads=8)

    assert {one.picks for one in done} == {3}
    assert Pick.objects.count() == 3
    assert len({pick.item_id for pick in Pick.objects.all()}) == 3


def test_a_crate_scanned_at_two_desks_leaves_once(world: World) -> None:
    """TR-3."""
    item = world.item(at="JJ-MAIN", owner="CD", home="CD-MAIN")
    jinjiang = world.branches["JJ-MAIN"].pk
    checkin(intent=intent(world, "in"), branch_id=jinjiang, barcode=item.barcode, now=NOW)
    crate = open_crate(
        intent=intent(world, "open"),
        code="C1",
        origin_id=jinjiang,
        destination_id=world.branches["CD-MAIN"].pk,
        now=NOW,
    )["crate"]
    pack(intent=intent(world, "pack"), crate_id=crate, barcode=item.barcode, now=NOW)
    close_crate(intent=intent(world, "close"), crate_id=crate, now=NOW)

    done = all_at_once(
        lambda n: dispatch_crate(intent=intent(world, f"go-{n}"), crate_id=crate, now=NOW),
        threads=8,
    )

    assert [one for one in done if isinstance(one, dict)] != []
    assert sum(isinstance(one, dict) for one in done) == 1
    assert check_item_events().is_sound
