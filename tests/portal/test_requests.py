"""My requests: asked for in two taps, followed on the way, given up."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from circulation.actions.checkin import checkin
from circulation.actions.operations import Intent
from circulation.domain.states import RequestState
from circulation.models import HoldRequest
from library_net.accounts.scope import Scope
from tests.portal.conftest import lend, text_of


def ask(client, item, *, pickup="JJ-MAIN", operation="tap-1"):
    edition = item.source_record.manifestation
    return client.post(
        reverse("portal:place_request", args=[edition.work_id]),
        {"edition": edition.public_id, "pickup": pickup, "operation": operation},
    )


def give_back(world, item, *, at):
    return checkin(
        intent=Intent(caller="test", operation_id=f"back-{item.pk}", scope=Scope(everywhere=True)),
        branch_id=world.branches[at].pk,
        barcode=item.barcode,
        now=timezone.now(),
    )


def test_the_form_offers_her_own_branch_first_so_that_one_tap_is_enough(world, signed_in):
    item = world.item("三体", at="ZY-MAIN")

    page = signed_in.get(f"/works/w{item.source_record.manifestation.work_id}").content.decode()

    assert '<option value="JJ-MAIN" selected>' in page
    assert page.index('value="JJ-MAIN"') < page.index('value="ZY-MAIN"')


def test_a_double_tap_places_one_request(world, signed_in, reader):
    item = world.item("三体", at="ZY-MAIN")

    first = ask(signed_in, item)
    ask(signed_in, item)

    request = HoldRequest.objects.get()
    assert first.headers["Location"] == reverse("portal:requests")
    assert (request.patron, request.pickup_branch.code) == (reader, "JJ-MAIN")
    assert "预约成功" in text_of(signed_in.get(reverse("portal:requests")))


def test_asking_twice_is_refused_on_the_page_where_it_was_asked(world, signed_in):
    item = world.item("三体", at="ZY-MAIN")
    ask(signed_in, item)

    answer = ask(signed_in, item, operation="tap-2")

    assert answer.status_code == 409
    assert "您已经预约了这本书" in text_of(answer)
    assert HoldRequest.objects.count() == 1


def test_the_fourth_request_is_refused_with_the_limit_in_words(world, signed_in):
    for number in range(4):
        answer = ask(signed_in, world.item(f"书{number}", at="ZY-MAIN"), operation=f"tap-{number}")

    assert answer.status_code == 409
    assert "您已预约 3 种书，达到上限" in text_of(answer)
    assert HoldRequest.objects.count() == 3


def test_a_request_is_followed_from_the_queue_to_the_hold_shelf(world, signed_in):
    item = world.item("三体", at="ZY-MAIN")
    lend(world, item, to="川", days_ago=3)
    ask(signed_in, item)

    assert "下一位就是您" in text_of(signed_in.get(reverse("portal:requests")))

    give_back(world, item, at="ZY-MAIN")
    words = text_of(signed_in.get(reverse("portal:requests")))
    assert "运送途中 · 从资阳市图书馆总馆出发" in words

    request = HoldRequest.objects.get()
    request.state, request.ready_at = RequestState.READY, timezone.now()
    request.expires_at = timezone.now() + timedelta(days=5)
    request.save()
    assert "已到馆，等您来取" in text_of(signed_in.get(reverse("portal:requests")))


def test_the_second_in_line_sees_one_reader_before_her(world, signed_in):
    item = world.item("三体")
    lend(world, item, to="禾", days_ago=3)
    HoldRequest.objects.create(
        patron=world.patrons["川"],
        anchor=item.source_record,
        pickup_branch=world.branches["ZY-MAIN"],
        requesting_agency=world.agencies["ZY"],
        placed_at=timezone.now(),
    )
    ask(signed_in, item)

    assert "前面还有 1 位读者" in text_of(signed_in.get(reverse("portal:requests")))


def test_a_cancelled_request_stays_visible_as_cancelled(world, signed_in):
    ask(signed_in, world.item("三体", at="ZY-MAIN"))
    request = HoldRequest.objects.get()

    signed_in.post(reverse("portal:cancel_request", args=[request.pk]), {"operation": "cancel-1"})

    request.refresh_from_db()
    words = text_of(signed_in.get(reverse("portal:requests")))
    assert request.state == RequestState.CANCELLED
    assert "已取消" in words


def test_nobody_cancels_for_another(world, signed_in):
    item = world.item("三体")
    request = HoldRequest.objects.create(
        patron=world.patrons["川"],
        anchor=item.source_record,
        pickup_branch=world.branches["ZY-MAIN"],
        requesting_agency=world.agencies["ZY"],
        placed_at=timezone.now(),
    )

    answer = signed_in.post(reverse("portal:cancel_request", args=[request.pk]))

    request.refresh_from_db()
    assert answer.status_code == 404
    assert request.state == RequestState.WAITING


def test_without_signing_in_the_page_offers_to(world, client):
    item = world.item("三体")

    page = client.get(f"/works/w{item.source_record.manifestation.work_id}")

    assert "登录后预约" in text_of(page)
    assert ask(client, item).headers["Location"].startswith(reverse("portal:sign_in"))


def own(reader, **more):
    return HoldRequest.objects.get(patron=reader, **more)


def test_a_waiting_reader_sees_her_place_and_an_honest_range_of_days(world, signed_in, reader):
    """RQ-17."""
    item = world.item("三体", at="JJ-MAIN")
    lend(world, item, to="川", days_ago=10)
    ask(signed_in, item)

    page = text_of(signed_in.get(reverse("portal:requests")))

    assert "下一位就是您" in page or "轮到您" in page or "You are next" in page
    assert "把握" in page or "8 of 10" in page


def test_she_pauses_and_goes_on(world, signed_in, reader):
    """RQ-12."""
    item = world.item("三体", at="JJ-MAIN")
    lend(world, item, to="川")
    ask(signed_in, item)
    request = own(reader)
    until = timezone.localdate() + timedelta(days=9)

    signed_in.post(reverse("portal:pause_request", args=[request.pk]), {"until": until.isoformat()})
    paused = own(reader)
    page = signed_in.get(reverse("portal:requests")).content.decode()
    signed_in.post(reverse("portal:resume_request", args=[request.pk]))

    assert (paused.state, paused.suspended_until) == (RequestState.SUSPENDED, until)
    assert reverse("portal:resume_request", args=[request.pk]) in page
    assert own(reader).state == RequestState.WAITING


def test_a_day_nobody_can_read_changes_nothing(world, signed_in, reader):
    item = world.item("三体", at="JJ-MAIN")
    lend(world, item, to="川")
    ask(signed_in, item)

    signed_in.post(reverse("portal:pause_request", args=[own(reader).pk]), {"until": "明年"})

    assert own(reader).state == RequestState.WAITING


def test_she_collects_it_elsewhere(world, signed_in, reader):
    """RQ-14."""
    item = world.item("三体", at="ZY-MAIN")
    ask(signed_in, item)

    signed_in.post(reverse("portal:move_request", args=[own(reader).pk]), {"pickup": "ZY-MAIN"})

    assert own(reader).pickup_branch.code == "ZY-MAIN"


def test_nobody_changes_another_readers_request(world, signed_in):
    item = world.item("三体", at="JJ-MAIN")
    other = HoldRequest.objects.create(
        patron=world.patrons["川"],
        anchor=item.source_record,
        pickup_branch=world.branches["JJ-MAIN"],
        requesting_agency=world.agencies["JJ"],
        placed_at=timezone.now(),
    )

    for name in ("pause_request", "resume_request", "cancel_request"):
        assert signed_in.post(reverse(f"portal:{name}", args=[other.pk])).status_code == 404


def test_a_request_can_have_a_last_day_of_need(world, signed_in, reader):
    """RQ-13."""
    item = world.item("三体", at="ZY-MAIN")
    edition = item.source_record.manifestation
    day = timezone.localdate() + timedelta(days=30)
    signed_in.post(
        reverse("portal:place_request", args=[edition.work_id]),
        {
            "edition": edition.public_id,
            "pickup": "JJ-MAIN",
            "operation": "tap-1",
            "needed_until": day.isoformat(),
        },
    )

    assert own(reader).needed_until == day


def test_one_particular_copy_may_be_asked_for(world, signed_in):
    """RQ-6: the second volume, not just any."""
    record = world.record("大藏经")
    world.item(record, at="ZY-MAIN", volume="第一册")
    second = world.item(record, at="ZY-MAIN", volume="第二册")
    manifestation = record.manifestation

    page = signed_in.get(f"/works/w{manifestation.work_id}").content.decode()
    form = {"edition": manifestation.public_id, "pickup": "JJ-MAIN", "operation": "tap-1"}
    answer = signed_in.post(
        reverse("portal:place_request", args=[manifestation.work_id]), {**form, "copy": second.pk}
    )

    assert "第二册" in page
    assert answer.headers["Location"] == reverse("portal:requests")
    assert HoldRequest.objects.get().wanted_item == second


def test_a_copy_of_another_work_cannot_be_asked_for_there(world, signed_in):
    item, other = world.item("三体", at="ZY-MAIN"), world.item("活着", at="ZY-MAIN")
    place = reverse("portal:place_request", args=[item.source_record.manifestation.work_id])

    for copy in (other.pk, "x", "9" * 15):
        form = {"pickup": "JJ-MAIN", "operation": "tap-1", "copy": copy}
        assert signed_in.post(place, form).status_code == 404

    assert HoldRequest.objects.count() == 0
