"""The vault's key is changed while readers are served."""

import uuid

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from circulation.actions.cards import attach, keep_phone
from circulation.actions.rotate_keys import (
    left_to_rotate,
    rotate_keys,
    sealed_models,
    unsearchable_models,
)
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import CredentialKind
from circulation.models import Credential, NoticeAddress, Phone
from library_net import vault
from tests.circulation.calls import reasons
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
OLD, NEW = "1:first-secret-long-enough", "2:second-secret-long-enough"
RESIDENT_ID = "510199199001010015"  # unassigned region, valid check digit


@pytest.fixture
def world(settings) -> World:
    settings.VAULT_KEYS = [OLD]
    world = World.build()
    keep_phone("13800000000", patron=world.patrons["雪"], confirmed_at=NOW)
    return world


def _register(member, number=RESIDENT_ID):
    return member.post("patrons/", {"branch": "JJ-MAIN", "name": "王小明", "number": number})


def test_readers_are_found_at_every_step_of_a_rotation_and_nobody_twice(world, jinjiang, settings):
    """ID-29: old, old+new, new+old, half sealed, all sealed, new alone."""
    reader = _register(jinjiang).json()["patron"]

    def is_served() -> bool:
        known = _register(jinjiang).json()
        lent = jinjiang.checkout("雪", item := world.item())
        jinjiang.checkin(item)
        return (known["patron"], known["is_new"], lent.status_code) == (reader, False, 201)

    for keys in ([OLD], [OLD, NEW], [NEW, OLD]):
        settings.VAULT_KEYS = keys
        assert is_served(), keys
    steps = rotate_keys(chunk=2)
    next(steps)
    assert is_served(), "half way"
    steps.close()
    assert left_to_rotate() > 0
    call_command("rotate_keys", verbosity=0)
    assert left_to_rotate() == 0
    assert is_served()

    settings.VAULT_KEYS = [NEW]
    call_command("rotate_keys", verbosity=0)
    assert is_served()
    assert not Credential.objects.filter(blind_index__isnull=False).exists()
    phone = Phone.objects.get()
    assert vault.unseal(phone.sealed, bound_to=str(phone.seal_id)) == "13800000000"


def test_a_rotation_run_again_changes_nothing(world, settings):
    """ID-29."""
    settings.VAULT_KEYS = [NEW, OLD]
    list(rotate_keys())
    before = list(Credential.objects.order_by("pk").values())

    assert list(rotate_keys()) == []
    assert list(Credential.objects.order_by("pk").values()) == before


def test_while_two_keys_are_in_use_a_number_cannot_be_entered_twice(world, settings):
    """ID-29: a process that knows the old key only and one that seals with the new one."""
    value = CredentialValue(kind=CredentialKind.PASSPORT, value="E12345678")
    settings.VAULT_KEYS = [OLD]
    attach(value, patron=world.patrons["雪"], now=NOW)

    settings.VAULT_KEYS = [NEW, OLD]
    with pytest.raises(IntegrityError), transaction.atomic():
        attach(value, patron=world.patrons["川"], now=NOW)


def test_a_repeated_request_gets_its_answer_while_keys_change(world, jinjiang, settings):
    """ID-29: what is remembered of a request does not change with the newest key."""
    body = {"branch": "JJ-MAIN", "name": "王小明", "number": RESIDENT_ID}
    first = jinjiang.post("patrons/", body, key="same")
    settings.VAULT_KEYS = [NEW, OLD]

    assert jinjiang.post("patrons/", body, key="same").json() == first.json()


def test_a_third_key_follows_the_second(world, jinjiang, settings):
    """ID-29: the columns change sides."""
    reader = _register(jinjiang).json()["patron"]
    third = "3:third-secret-long-enough"
    for keys in ([NEW, OLD], [NEW], [third, NEW], [third]):
        settings.VAULT_KEYS = keys
        list(rotate_keys())
        assert _register(jinjiang).json()["patron"] == reader

    row = Credential.objects.get(kind="resident_id")
    assert (row.key_version, row.next_blind_index) == (3, None)


def test_without_the_old_key_the_rotation_says_which_one_is_missing(world, jinjiang, settings):
    """ID-29."""
    settings.VAULT_KEYS = [NEW]

    with pytest.raises(Exception, match=r"vault_key_missing.*version=1"):
        list(rotate_keys())
    assert reasons(jinjiang.checkout("雪", world.item())) == ["unknown_patron"]


def test_every_sealed_table_takes_part(world):
    """ID-29."""
    assert set(sealed_models()) == {Credential, Phone}
    assert set(unsearchable_models()) == {NoticeAddress}


def test_an_address_for_notices_is_sealed_anew_too(world, settings):
    """ID-29."""
    seal_id = uuid.uuid4()
    row = NoticeAddress.objects.create(
        patron=world.patrons["雪"],
        kind="email",
        seal_id=seal_id,
        sealed=vault.seal("xue@example.org", bound_to=str(seal_id)),
        masked="x**@example.org",
    )
    settings.VAULT_KEYS = [NEW, OLD]
    call_command("rotate_keys", verbosity=0)
    settings.VAULT_KEYS = [NEW]
    row.refresh_from_db()

    assert vault.unseal(row.sealed, bound_to=str(row.seal_id)) == "xue@example.org"
