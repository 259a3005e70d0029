"""Children and who answers for them."""

from datetime import date, timedelta

import pytest

from circulation.domain.credentials import check_character, last_day_of_guard
from circulation.models import Credential, Guardianship, Operation, Patron, Phone
from circulation.readers.guardians import may_act_for
from tests.circulation.calls import Member, reasons
from tests.world import card_of

pytestmark = pytest.mark.django_db


def _id(born: str) -> str:
    first = f"510199{born}001"  # nobody's region
    return first + check_character(first)


CHILD, TEEN = _id("20200102"), _id("20110102")


def _register(member, number, *, name="小明", **more):
    body = {"branch": member.branch, "name": name, "number": number, **more}
    return member.post("patrons/", body)


def _rows() -> dict[str, int]:
    models = (Patron, Credential, Guardianship, Operation, Phone)
    return {model.__name__: model.objects.count() for model in models}


def test_a_child_without_a_guardian_is_refused_and_nothing_is_kept(jinjiang):
    """ID-14, scenario 9."""
    before = _rows()

    answer = _register(jinjiang, CHILD, phone="13800000000")

    assert (answer.status_code, reasons(answer)) == (422, ["guardian_missing"])
    assert _rows() == before


@pytest.mark.parametrize(
    "more", [{"category": "child"}, {"born_on": "2020-01-02"}], ids=["as a child", "by birthday"]
)
def test_a_document_without_a_birthday_does_not_get_round_the_guardian(jinjiang, more):
    """ID-14."""
    answer = _register(jinjiang, "E12345678", kind="passport", **more)

    assert reasons(answer) == ["guardian_missing"]


def test_a_guardian_who_is_a_minor_or_blocked_will_not_do(world, jinjiang):
    """ID-14."""
    young = _register(jinjiang, CHILD, guardian=card_of(world.patrons["禾"]))
    Patron.objects.filter(pk=world.patrons["川"].pk).update(is_blocked=True)
    blocked = _register(jinjiang, CHILD, guardian=card_of(world.patrons["川"]))
    unknown = _register(jinjiang, CHILD, guardian="NOBODY-1")

    assert reasons(young) == reasons(blocked) == ["guardian_unfit"]
    assert reasons(unknown) == ["unknown_patron"]
    assert not Guardianship.objects.exists()


def test_a_child_registered_with_a_guardian_is_linked_until_eighteen(world, jinjiang):
    """ID-9, ID-14, ID-15."""
    mother = world.patrons["雪"]

    answer = _register(jinjiang, CHILD, guardian=card_of(mother))

    assert (answer.status_code, answer.json()["category"]) == (201, "child")
    link = Guardianship.objects.get()
    assert (link.ward.number, link.guardian_id) == (answer.json()["patron"], mother.pk)
    assert (link.until, link.agency.code) == (date(2038, 1, 1), "JJ")
    assert link.taken_by.startswith("agency:")
    assert may_act_for(mother.pk, ward_id=link.ward_id, today=link.until)
    assert not may_act_for(mother.pk, ward_id=link.ward_id, today=link.until + timedelta(days=1))


def test_a_child_who_is_known_already_needs_no_second_consent(world, jinjiang):
    """ID-9, ID-14."""
    first = _register(jinjiang, CHILD, guardian=card_of(world.patrons["雪"]))
    again = _register(Member(world, "ZY"), CHILD)

    assert again.json()["patron"] == first.json()["patron"]


def test_from_fourteen_on_nobody_has_to_come_along(jinjiang):
    """ID-14."""
    assert _register(jinjiang, TEEN).status_code == 201


def test_guard_of_a_leap_day_child_ends_on_the_last_of_february():
    """ID-15."""
    assert last_day_of_guard(date(2020, 2, 29)) == date(2038, 2, 28)
    assert last_day_of_guard(date(2020, 1, 2)) == date(2038, 1, 1)
