"""Sealing identifiers."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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


class _ShangMi:
    """SM3 and SM4 behind the same interface, as a later suite would be written."""

    def mac(self, key, message):
        made = hmac.HMAC(key, hashes.SM3())
        made.update(message)
        return made.finalize().hex()

    def encrypt(self, key, *, nonce, text, bound_to):
        cipher = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(bound_to)
        return cipher.update(text) + cipher.finalize() + cipher.tag

    def decrypt(self, key, *, nonce, body, bound_to):
        cipher = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce, body[-16:])).decryptor()
        cipher.authenticate_additional_data(bound_to)
        return cipher.update(body[:-16]) + cipher.finalize()


def test_another_suite_of_algorithms_follows_behind_the_same_functions(settings, monkeypatch):
    """Rotating from AES to SM4 is rotating a key; the vector is a published one of HMAC-SM3."""
    monkeypatch.setitem(vault.SUITES, "sm", _ShangMi())
    settings.VAULT_KEYS = [OLD]
    before = vault.seal(NUMBER, bound_to="r")
    settings.VAULT_KEYS = ["2+sm:second-secret-long-enough", OLD]
    after = vault.seal(NUMBER, bound_to="r")

    assert vault.unseal(before, bound_to="r") == vault.unseal(after, bound_to="r") == NUMBER
    assert (before[0], after[0]) == (1, 2)
    with pytest.raises(InvalidTag):
        vault.unseal(after, bound_to="another row")
    assert len(vault.blind_index(NUMBER, purpose="id")) == 64
    vector = "ff45d9cb8ba66e6197a566bd3c8d009eab84ac340e15691c4ea45379754e7eac"
    assert _ShangMi().mac(b"demo-key-1", b"51010419900307231X") == vector


def test_odd_and_even_keys_have_a_column_each(settings):
    settings.VAULT_KEYS = [NEW, OLD]
    both = vault.index_columns(NUMBER, purpose="id")
    settings.VAULT_KEYS = [NEW]
    one = vault.index_columns(NUMBER, purpose="id")

    assert (
        both["next_blind_index"]
        == one["next_blind_index"]
        == vault.blind_index(NUMBER, purpose="id")
    )
    assert both["blind_index"] is not None
    assert one["blind_index"] is None
