"""Reconciliation over REST: both sides find the records they differ in, in three round trips.

GET gives digests or records; POST takes the member's own digests and answers differences only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.caller import agency_of
from catalog.domain.digests import (
    EMPTY,
    WIDTH,
    BlockDigest,
    differing,
    is_block_name,
    whole_digest,
)
from catalog.sync_readers import reconciliation
from library_net.errors import LibraryError
from library_net.network.models import Agency

MAX_BLOCKS = 512  # asked for at once
MAX_RECORDS = 20_000


class Reconciliation(APIView):
    """Nothing gives 256 blocks, ``?block=ab`` sub-blocks, ``?block=abcd,abce`` records."""

    def get(self, request: Request) -> Response:
        agency = agency_of(request)
        names = _names(request.query_params.get("block", ""))
        if not names:
            tree = reconciliation.digest_tree(agency_id=agency.pk)
            return Response(_whole(agency, tree) | {"blocks": _digests(tree)})
        if len(names[0]) == 2:
            found = reconciliation.sub_blocks(agency_id=agency.pk, blocks=names)
            return Response({"blocks": _digests(found)})
        return Response(_records(agency, names))

    def post(self, request: Request) -> Response:
        """``{"blocks": {"00": digest, …}}``; for sub-blocks also ``"within": ["ab", …]``."""
        agency = agency_of(request)
        theirs = _sent_digests(request.data)
        within = _within(request.data)
        if not within:
            ours = reconciliation.digest_tree(agency_id=agency.pk)
            answer = _whole(agency, ours)
        else:
            ours = reconciliation.sub_blocks(agency_id=agency.pk, blocks=within)
            theirs = {name: value for name, value in theirs.items() if name[:2] in within}
            answer = {}
        names = differing(ours, theirs)
        return Response(
            answer | {"differing": {name: _digest(ours.get(name, EMPTY)) for name in names}}
        )


def _whole(agency: Agency, tree: Mapping[str, BlockDigest]) -> dict[str, Any]:
    """The root of the tree, and what it does not tell of yet."""
    return {
        "agency": agency.code,
        **_digest(whole_digest(tree)),
        "unread_batches": reconciliation.unread_batches(agency_id=agency.pk),
        "last_sequence": reconciliation.last_sequence(agency_id=agency.pk),
    }


def _records(agency: Agency, names: list[str]) -> dict[str, Any]:
    lines = reconciliation.record_lines(agency_id=agency.pk, blocks=names, limit=MAX_RECORDS + 1)
    if len(lines) > MAX_RECORDS:
        raise LibraryError("too_many_blocks", limit=MAX_RECORDS)
    return {
        "records": [
            {
                "control_number": line.source_key,
                "digest": line.digest,
                "sequence": line.sequence,
                "block": line.block,
            }
            for line in lines
        ]
    }


def _digests(blocks: Mapping[str, BlockDigest]) -> dict[str, Any]:
    return {name: _digest(one) for name, one in blocks.items()}


def _digest(one: BlockDigest) -> dict[str, Any]:
    return {"count": one.count, "digest": one.digest}


def _names(text: str) -> list[str]:
    """Block names of one length, separated by commas."""
    names = [name for name in text.lower().split(",") if name]
    if len({len(name) for name in names}) > 1 or not all(map(is_block_name, names)):
        raise LibraryError("bad_block")
    if len(names) > MAX_BLOCKS:
        raise LibraryError("too_many_blocks", limit=MAX_RECORDS)
    return names


def _within(data: Any) -> list[str]:
    within = data.get("within") or [] if isinstance(data, dict) else []
    if not isinstance(within, list) or not all(isinstance(name, str) for name in within):
        raise LibraryError("bad_block")
    names = _names(",".join(within))
    if any(len(name) != 2 for name in names):
        raise LibraryError("bad_block")
    return names


def _sent_digests(data: Any) -> dict[str, str]:
    """Digest by block name; a block may also be given as it stands in our own answers."""
    blocks = data.get("blocks") if isinstance(data, dict) else None
    if not isinstance(blocks, dict):
        raise LibraryError("bad_block_digests")
    found: dict[str, str] = {}
    for name, value in blocks.items():
        digest = value.get("digest") if isinstance(value, dict) else value
        if not is_block_name(name) or not isinstance(digest, str) or len(digest) != WIDTH:
            raise LibraryError("bad_block_digests")
        found[name] = digest.lower()
    return found
