"""What two sides believe they hold, as a tree of digests that do not depend on order.

A record's proof is SHA-256 over its source key and the SHA-256 of its bytes as sent. A block's
digest is the sum of its records' proofs modulo 2²⁵⁶: the same whatever the order, and cheap to put
together from smaller blocks. A record's block is the first four hex digits of SHA-256 of its source
key; two digits name the 256 blocks, four the 65,536 sub-blocks. `docs/sync.md` tells members the
same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MODULUS = 2**256
WIDTH = 64  # hex digits of a digest
SUB_BLOCKS = 256  # of each block
BLOCKS = 256 * SUB_BLOCKS
_PREFIX = re.compile(r"[0-9a-f]{2}(?:[0-9a-f]{2})?")


def block_of(source_key: str) -> int:
    """The sub-block a record is in, 0 to 65,535."""
    return int.from_bytes(hashlib.sha256(source_key.encode()).digest()[:2])


def proof_of(source_key: str, record_digest: str) -> int:
    """What one record adds to its block; ``record_digest`` is 64 hex digits."""
    return int.from_bytes(hashlib.sha256(f"{source_key}\0{record_digest}".encode()).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDigest:
    """How many records, and the sum of their proofs."""

    count: int = 0
    total: int = 0

    @property
    def digest(self) -> str:
        return f"{self.total:0{WIDTH}x}"

    def __add__(self, other: BlockDigest) -> BlockDigest:
        return BlockDigest(
            count=self.count + other.count, total=(self.total + other.total) % MODULUS
        )


EMPTY = BlockDigest()


def sub_block_digests(rows: Iterable[tuple[int, str, str]]) -> dict[str, BlockDigest]:
    """Rows of (block, source key, record digest) as sub-blocks by their four hex digits."""
    counts, totals = [0] * BLOCKS, [0] * BLOCKS
    for block, source_key, record_digest in rows:
        counts[block] += 1
        totals[block] += proof_of(source_key, record_digest)
    return {
        f"{block:04x}": BlockDigest(count=count, total=totals[block] % MODULUS)
        for block, count in enumerate(counts)
        if count
    }


def block_digests(sub_blocks: Mapping[str, BlockDigest]) -> dict[str, BlockDigest]:
    """Sub-blocks put together into blocks by their first two hex digits."""
    found: dict[str, BlockDigest] = {}
    for name, one in sub_blocks.items():
        found[name[:2]] = found.get(name[:2], EMPTY) + one
    return found


def whole_digest(blocks: Mapping[str, BlockDigest]) -> BlockDigest:
    return sum(blocks.values(), start=EMPTY)


def differing(ours: Mapping[str, BlockDigest], theirs: Mapping[str, str]) -> list[str]:
    """Names of blocks whose digests differ; a block not named is one without records."""
    names = sorted(ours.keys() | theirs.keys())
    return [
        name for name in names if ours.get(name, EMPTY).digest != theirs.get(name, EMPTY.digest)
    ]


def is_block_name(text: str) -> bool:
    """Two hex digits for a block, four for a sub-block, in lower case."""
    return _PREFIX.fullmatch(text) is not None


def block_range(name: str) -> tuple[int, int]:
    """First and last sub-block of a block or sub-block name."""
    if len(name) == 2:
        first = int(name, 16) * SUB_BLOCKS
        return first, first + SUB_BLOCKS - 1
    return int(name, 16), int(name, 16)
