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
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MODULUS = 2**256
WIDTH = 64  # hex digits of a digest
_PREFIX = re.compile(r"[0-9a-f]{2}(?:[0-9a-f]{2})?")


def block_of(source_key: str) -> int:
    """The block a record is in, 0 to 255."""
    return hashlib.sha256(source_key.encode()).digest()[0]


def block_name(block: int) -> str:
    return f"{block:02x}"


def sub_block_of(source_key: str) -> str:
    """The name of the sub-block a record is in."""
    return hashlib.sha256(source_key.encode()).hexdigest()[:4]


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


def digests_by_block(rows: Iterable[tuple[str, str, str]]) -> dict[str, BlockDigest]:
    """Rows of (name of the block or sub-block, source key, record digest), added up by name."""
    counts: dict[str, int] = defaultdict(int)
    totals: dict[str, int] = defaultdict(int)
    for name, source_key, record_digest in rows:
        counts[name] += 1
        totals[name] += proof_of(source_key, record_digest)
    return {
        name: BlockDigest(count=count, total=totals[name] % MODULUS)
        for name, count in sorted(counts.items())
    }


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
