"""My loans: days left first, renewing with reasons, a double tap acting once."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from circulation.models import Loan, Operation, StaffException
from tests.portal.conftest import lend, text_of


def renew(client, loan_id, *, operation="tap-1", **headers):
    return client.post(
        reverse("portal:renew", args=[loan_id]), {"operation": operation}, headers=headers
    )


def test_the_most_urgent_loan_comes_first_with_its_days(world, signed_in):
    lend(world, world.item("活着"), days_ago=2)
    lend(world, world.item("三体"), days_ago=28)
    lend(world, world.item("围城"), days_ago=33)

    words = text_of(signed_in.get(reverse("portal:loans")))

    assert words.index("围城") < words.index("三体") < words.index("活着")
    assert "已逾期 3 天" in words
    assert "2 天后到期" in words
    assert "28 天后到期" in words


def test_renewing_says_the_new_date_and_a_second_tap_changes_nothing(world, signed_in):
    loan = Loan.objects.get(pk=lend(world, world.item("三体"), days_ago=10))

    renew(signed_in, loan.pk)
    renew(signed_in, loan.pk)

    renewed = Loan.objects.get(pk=loan.pk)
    assert renewed.renewals == 1
    assert renewed.due_at - loan.due_at >= timedelta(days=29)
    assert Operation.objects.filter(action="renew").count() == 1
    day = timezone.localdate(renewed.due_at)
    words = text_of(signed_in.get(reverse("portal:loans")))
    assert f"已续借，{day.year}年{day.month}月{day.day}日到期" in words


def test_a_refused_renewal_says_why_beside_the_loan(world, signed_in):
    loan = lend(world, world.item("三体"), days_ago=40)

    renew(signed_in, loan)

    page = signed_in.get(reverse("portal:loans")).content.decode()
    place = page.index(f'id="loan-{loan}"')
    assert 'class="note error"' in page[place:]
    assert Loan.objects.get(pk=loan).renewals == 0


def test_what_was_told_once_is_not_told_again(world, signed_in):
    renew(signed_in, lend(world, world.item("三体")))

    assert "已续借" in text_of(signed_in.get(reverse("portal:loans")))
    assert "已续借" not in text_of(signed_in.get(reverse("portal:loans")))


def test_renewing_all_renews_what_can_be_and_explains_the_rest(world, signed_in):
    good = lend(world, world.item("活着"), days_ago=1)
    late = lend(world, world.item("三体"), days_ago=40)

    signed_in.post(reverse("portal:renew_all"), {"operation": "all-1"})

    page = signed_in.get(reverse("portal:loans"))
    assert Loan.objects.get(pk=good).renewals == 1
    assert Loan.objects.get(pk=late).renewals == 0
    assert page.content.decode().count('class="note error"') == 1
    assert page.content.decode().count('class="note success"') == 1


def test_with_htmx_only_the_card_of_the_loan_comes_back(world, signed_in):
    loan = lend(world, world.item("三体"))

    answer = renew(signed_in, loan, **{"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith("<article")
    assert "已续借" in text_of(answer)


def test_somebody_elses_loan_cannot_even_be_seen(world, signed_in):
    loan = lend(world, world.item("三体"), to="川")

    assert renew(signed_in, loan).status_code == 404
    assert "三体" not in text_of(signed_in.get(reverse("portal:loans")))


def test_the_page_costs_the_same_for_one_loan_and_for_five(
    world, signed_in, django_assert_max_num_queries
):
    for title in ("一", "二", "三", "四", "五"):
        lend(world, world.item(title))

    with django_assert_max_num_queries(7):  # session, user, patron, loans, balance, session
        signed_in.get(reverse("portal:loans"))


def test_nothing_borrowed_leads_on(signed_in):
    words = text_of(signed_in.get(reverse("portal:loans")))

    assert "目前没有借书" in words
    assert "去找书" in words


def test_a_reader_says_a_book_was_returned_and_it_is_looked_for(world, signed_in):
    """LO-1."""
    loan = lend(world, world.item("三体"))

    signed_in.post(reverse("portal:claim", args=[loan]), {"operation": "c1"})
    page = text_of(signed_in.get(reverse("portal:loans")))

    assert StaffException.objects.get().code == "claimed_returned"
    assert "正在查找" in page or "looking for it" in page


def test_nobody_claims_another_readers_loan(world, signed_in):
    """LO-1."""
    loan = lend(world, world.item("三体"), to="川")

    assert signed_in.post(reverse("portal:claim", args=[loan])).status_code == 404


def test_a_loss_is_reported_after_one_more_question_and_says_what_is_owed(world, signed_in):
    """LO-3: the loan ends, the copy's price is owed, and the page says where to pay."""
    item = world.item("三体", price="45.00")
    loan = lend(world, item)

    unsure = signed_in.post(reverse("portal:lost", args=[loan]), {"operation": "l0"})
    open_still = Loan.objects.get(pk=loan).closed_at is None
    sure = {"operation": "l1", "sure": "1"}
    done = signed_in.post(reverse("portal:lost", args=[loan]), sure)
    signed_in.post(reverse("portal:lost", args=[loan]), sure)  # a double tap

    item.refresh_from_db()
    assert unsure.headers["Location"] == reverse("portal:loans")
    assert open_still
    assert done.headers["Location"] == reverse("portal:money")
    assert item.status == "lost"
    assert Loan.objects.get(pk=loan).lost_at is not None
    assert "45.00" in text_of(signed_in.get(reverse("portal:money")))


def test_nobody_loses_another_readers_loan(world, signed_in):
    """LO-3."""
    loan = lend(world, world.item("三体"), to="川")

    answer = signed_in.post(reverse("portal:lost", args=[loan]), {"sure": "1"})

    assert answer.status_code == 404
    assert Loan.objects.get(pk=loan).closed_at is None
