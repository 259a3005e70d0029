"""Sealing identifiers: authenticated encryption, a keyed blind index, key versions, masking.

A resident ID is found by HMAC (a plain hash of a number with 1e11 possible values is no secret),
kept as AES-256-GCM ciphertext bound to its row, and shown masked. Root secrets come from
``settings.VAULT_KEYS`` as ``version:secret``, newest first; subkeys are derived per purpose, so
that another algorithm can follow behind the same five functions.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from library_net.errors import LibraryError

NONCE_BYTES = 12


@lru_cache(maxsize=64)
def _subkey(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
    return kdf.derive(secret.encode())


def _secrets() -> dict[int, str]:
    pairs = (entry.split(":", 1) for entry in settings.VAULT_KEYS)
    return {int(version): secret for version, secret in pairs}


def key_versions() -> tuple[int, ...]:
    """Versions in use, the one that seals new values first."""
    return tuple(_secrets())


def blind_index(value: str, *, purpose: str, version: int | None = None) -> str:
    """The lookup key of a normalised value: 64 hex digits, different for each purpose and key."""
    version = version if version is not None else key_versions()[0]
    key = _subkey(_secrets()[version], f"index:{purpose}")
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def blind_indexes(value: str, *, purpose: str) -> tuple[str, ...]:
    """The lookup keys under every key still in use, newest first (for rotation without a gap)."""
    return tuple(blind_index(value, purpose=purpose, version=v) for v in key_versions())


def seal(value: str, *, bound_to: str) -> bytes:
    """Encrypt so that only this row can be opened: version byte, nonce, ciphertext and tag."""
    version = key_versions()[0]
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(_subkey(_secrets()[version], "seal"))
    return bytes([version]) + nonce + cipher.encrypt(nonce, value.encode(), bound_to.encode())


def unseal(sealed: bytes, *, bound_to: str) -> str:
    """Open a sealed value. Raises ``vault_key_missing`` when its key version is not configured."""
    sealed = bytes(sealed)
    version = sealed[0]
    secret = _secrets().get(version)
    if secret is None:
        raise LibraryError("vault_key_missing", version=version)
    cipher = AESGCM(_subkey(secret, "seal"))
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    return cipher.decrypt(nonce, body, bound_to.encode()).decode()


def mask(value: str, *, head: int = 6, tail: int = 4) -> str:
    """The form a person may see: ``510104********231X``; short values keep only their last two."""
    if len(value) < head + tail + 4:
        return "*" * max(len(value) - 2, 0) + value[-2:]
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]
