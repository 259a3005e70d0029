"""Slows down guessing at one reader's password, without remembering whose number was typed.

The cache holds counts under a keyed digest of the identifier (``library_net.vault``); whoever
reads the cache learns neither a number nor a name. Counts are kept by each process's own cache
unless the site configures a shared one.
"""

from __future__ import annotations

from django.core.cache import cache

from library_net import vault

FREE_TRIES = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 15 * 60
FORGET_AFTER_S = 60 * 60


def seconds_to_wait(identifier: str, *, now_s: float) -> int:
    """How long this identifier is closed; 0 when a try is allowed."""
    until_s: float = cache.get(_key(identifier), (0, 0.0))[1]
    return max(0, round(until_s - now_s))


def note_failure(identifier: str, *, now_s: float) -> None:
    """One more wrong try: after the free ones each doubles the wait."""
    failures = cache.get(_key(identifier), (0, 0.0))[0] + 1
    doublings = failures - FREE_TRIES
    wait_s = min(FIRST_WAIT_S * 2**doublings, LONGEST_WAIT_S) if doublings >= 0 else 0
    cache.set(_key(identifier), (failures, now_s + wait_s), FORGET_AFTER_S)


def forget(identifier: str) -> None:
    cache.delete(_key(identifier))


def _key(identifier: str) -> str:
    return f"portal.sign_in.{vault.blind_index(identifier, purpose='portal.sign_in')}"
