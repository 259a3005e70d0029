"""Sealing identifiers."""

import pytest
from cryptography.exceptions import InvalidTag

from library_net import vault
from library_net.errors import LibraryError

NUMBER = "510199199001010015"  # unassigned region, valid check digit
OLD, NEW = "1:first-secret-long-enough", "2:second-secret-long-enough"


def test_a_sealed_value_opens_only_for_the_row_it_was_sealed_for(settings):
    settings.VAULT_KEYS = [OLD]
    sealed = vault.seal(NUMBER, bound_to="row-1")

    assert NUMBER.encode() not in sealed
    assert vault.unseal(sealed, bound_to="row-1") == NUMBER
    with pytest.raises(InvalidTag):
        vault.unseal(sealed, bound_to="row-2")


def test_two_seals_of_one_value_differ_but_its_blind_index_does_not(settings):
    settings.VAULT_KEYS = [OLD]

    assert vault.seal(NUMBER, bound_to="r") != vault.seal(NUMBER, bound_to="r")
    first = vault.blind_index(NUMBER, purpose="resident_id")
    assert first == vault.blind_index(NUMBER, purpose="resident_id")
    assert first != vault.blind_index(NUMBER, purpose="passport")


def test_after_a_key_change_old_values_open_and_are_found(settings):
    settings.VAULT_KEYS = [OLD]
    sealed, index = vault.seal(NUMBER, bound_to="r"), vault.blind_index(NUMBER, purpose="id")

    settings.VAULT_KEYS = [NEW, OLD]

    assert vault.unseal(sealed, bound_to="r") == NUMBER
    assert index in vault.blind_indexes(NUMBER, purpose="id")
    assert vault.blind_index(NUMBER, purpose="id") != index


def test_a_missing_key_version_is_named(settings):
    settings.VAULT_KEYS = [OLD]
    sealed = vault.seal(NUMBER, bound_to="r")
    settings.VAULT_KEYS = [NEW]

    with pytest.raises(LibraryError) as error:
        vault.unseal(sealed, bound_to="r")

    assert error.value.params == {"version": 1}


@pytest.mark.parametrize(
    ("value", "masked"),
    [(NUMBER, "510199********0015"), ("E1234567", "******67"), ("7", "7")],
)
def test_a_mask_shows_only_the_ends(value, masked):
    assert vault.mask(value) == masked
