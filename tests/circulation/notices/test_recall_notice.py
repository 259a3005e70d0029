"""A recalled loan: its reader is told the new day, once, and not when the copy is back."""

import pytest
from django.utils import timezone

from circulation.actions.collect_notices import collect_news
from circulation.actions.notices.words import still_true, words
from circulation.models import LoanRule, Notice
from tests.circulation.calls import Member

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "图书催还"), ("en", "sooner")])
def test_a_recall_is_told_once_with_the_new_day(world, language, said):
    """LO-8, NT-1."""
    LoanRule.objects.update(recall_days=7)
    jinjiang = Member(world, "JJ")
    loan = jinjiang.checkout("雪", world.item("三体")).json()["loan"]
    jinjiang.post(f"loans/{loan}/recall/")

    first, again = (collect_news(now=timezone.now()) for _ in range(2))
    (notice,) = Notice.objects.filter(kind="recalled")
    lines = list(still_true([notice], language=language).values())
    told = words(
        patron=world.patrons["雪"],
        kind="recalled",
        lines=lines,
        now=timezone.now(),
        language=language,
    )

    assert (first >= 1, again) == (True, 0)
    assert said in told.subject
    assert "三体" in told.text


def test_a_copy_that_is_back_is_not_asked_for(world):
    """LO-8."""
    jinjiang = Member(world, "JJ")
    item = world.item("三体")
    loan = jinjiang.checkout("雪", item).json()["loan"]
    jinjiang.post(f"loans/{loan}/recall/")
    collect_news(now=timezone.now())
    jinjiang.checkin(item)

    assert still_true(list(Notice.objects.filter(kind="recalled")), language="zh-hans") == {}
