"""The tiny network is what it says it is; every story stands on it."""

import pytest

from circulation.models import Credential
from circulation.readers.identity import find_card
from tests.world import NOW, World, card_of

pytestmark = pytest.mark.django_db


def test_the_world_has_four_institutions_with_a_main_branch_each():
    world = World.build()

    assert {f"{code}-MAIN" for code in world.agencies} < set(world.branches)


def test_a_reader_is_found_by_what_their_card_says():
    world = World.build()
    card = card_of(world.patrons["雪"])

    found = find_card(card, today=NOW.date())

    assert found is not None
    assert found.patron_id == world.patrons["雪"].pk
    assert not Credential.objects.filter(masked=card).exists()


def test_two_copies_of_one_title_share_its_record():
    world = World.build()

    first = world.item("三体", at="JJ-MAIN")
    second = world.item(first.source_record, at="ZY-MAIN")

    assert first.source_record == second.source_record
    assert second.owning_agency == world.agencies["ZY"]
