"""Sealing identifiers: authenticated encryption, a keyed blind index, key versions, masking.

A resident ID is found by HMAC (a plain hash of a number with 1e11 possible values is no secret),
kept as AES-256-GCM ciphertext bound to its row, and shown masked. Root secrets come from
``settings.VAULT_KEYS`` as ``version:secret``, newest first; subkeys are derived per purpose. The
primitives stand behind ``Suite``, so that SM3 and SM4 can follow; a key names another suite as
``version+suite:secret``.

Changing keys without a stop (``manage.py rotate_keys``): a row has two index columns, each unique.
Odd versions fill ``blind_index``, even ones ``next_blind_index``; what is written while two keys
are configured fills both, so a number cannot be entered twice under two keys, and what is searched
is searched under every key.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from library_net.errors import LibraryError

NONCE_BYTES: Final = 12
SIGNATURE_BYTES: Final = 64
PUBLIC_KEY_BYTES: Final = 65


class Suite(Protocol):
    """What sealing needs of a family of algorithms; keys are the 32 bytes of a derived subkey."""

    def mac(self, key: bytes, message: bytes) -> str:
        """64 hex digits."""
        ...

    def encrypt(self, key: bytes, *, nonce: bytes, text: bytes, bound_to: bytes) -> bytes: ...

    def decrypt(self, key: bytes, *, nonce: bytes, body: bytes, bound_to: bytes) -> bytes:
        """Raises ``cryptography.exceptions.InvalidTag``."""
        ...


class AesSha256:
    """AES-256-GCM and HMAC-SHA-256."""

    def mac(self, key: bytes, message: bytes) -> str:
        return hmac.digest(key, message, "sha256").hex()  # in one go: half the time of an object

    def encrypt(self, key: bytes, *, nonce: bytes, text: bytes, bound_to: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, text, bound_to)

    def decrypt(self, key: bytes, *, nonce: bytes, body: bytes, bound_to: bytes) -> bytes:
        return AESGCM(key).decrypt(nonce, body, bound_to)


DEFAULT_SUITE: Final = "aes"
SUITES: dict[str, Suite] = {DEFAULT_SUITE: AesSha256()}


@dataclass(frozen=True, slots=True)
class _Key:
    suite: Suite
    secret: str


@lru_cache(maxsize=64)
def _subkey(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
    return kdf.derive(secret.encode())


def _keys() -> dict[int, _Key]:
    return _read_keys(tuple(settings.VAULT_KEYS))


@lru_cache(maxsize=8)
def _read_keys(entries: tuple[str, ...]) -> dict[int, _Key]:
    keys = {}
    for entry in entries:
        name, secret = entry.split(":", 1)
        version, _, suite = name.partition("+")
        keys[int(version)] = _Key(SUITES[suite or DEFAULT_SUITE], secret)
    return keys


def key_versions() -> tuple[int, ...]:
    """Versions in use, the one that seals new values first."""
    return tuple(_keys())


def blind_index(value: str, *, purpose: str, version: int | None = None) -> str:
    """The lookup key of a normalised value: 64 hex digits, different for each purpose and key."""
    version = version if version is not None else key_versions()[0]
    key = _keys()[version]
    return key.suite.mac(_subkey(key.secret, f"index:{purpose}"), value.encode())


def blind_indexes(value: str, *, purpose: str) -> tuple[str, ...]:
    """The lookup keys under every key still in use, newest first (for rotation without a gap)."""
    return tuple(blind_index(value, purpose=purpose, version=v) for v in key_versions())


def index_columns(value: str, *, purpose: str) -> dict[str, str | None]:
    """What a row's two index columns hold: the newest key of odd and of even version."""
    columns: dict[str, str | None] = {"blind_index": None, "next_blind_index": None}
    for version in reversed(key_versions()):
        index = blind_index(value, purpose=purpose, version=version)
        columns["blind_index" if version % 2 else "next_blind_index"] = index
    return columns


def fingerprint(value: str, *, purpose: str) -> str:
    """A keyed digest for what is remembered of a request; the same while two keys are in use."""
    return blind_index(value, purpose=purpose, version=key_versions()[-1])


def seal(value: str, *, bound_to: str) -> bytes:
    """Encrypt so that only this row can be opened: version byte, nonce, ciphertext and tag."""
    version = key_versions()[0]
    key, nonce = _keys()[version], os.urandom(NONCE_BYTES)
    body = key.suite.encrypt(
        _subkey(key.secret, "seal"), nonce=nonce, text=value.encode(), bound_to=bound_to.encode()
    )
    return bytes([version]) + nonce + body


def unseal(sealed: bytes | memoryview, *, bound_to: str) -> str:
    """Open a sealed value. Raises ``vault_key_missing`` when its key version is not configured."""
    sealed = bytes(sealed)
    version = sealed[0]
    key = _keys().get(version)
    if key is None:
        raise LibraryError("vault_key_missing", version=version)
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    return key.suite.decrypt(
        _subkey(key.secret, "seal"), nonce=nonce, body=body, bound_to=bound_to.encode()
    ).decode()


def mask(value: str, *, head: int = 6, tail: int = 4) -> str:
    """The form a person may see: ``510104********231X``; short values keep only their last two."""
    if len(value) < head + tail + 4:
        return "*" * max(len(value) - 2, 0) + value[-2:]
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]


def short_code(seed: str, *, purpose: str, digits: int = 6) -> str:
    """Digits that follow from a random seed and our key: they can be checked without being kept."""
    return str(int(fingerprint(seed, purpose=purpose), 16) % 10**digits).zfill(digits)


def is_signed_by(public_key: bytes | memoryview, *, message: bytes, signature: bytes) -> bool:
    """Whether a device's P-256 key signed this (ECDSA, SHA-256, as browsers do: r and s)."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    half = SIGNATURE_BYTES // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes(public_key))
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def is_public_key(encoded: bytes) -> bool:
    """A point on P-256, uncompressed."""
    if len(encoded) != PUBLIC_KEY_BYTES:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encoded)
    except ValueError:
        return False
    return True
