"""Copies over REST: a list in, one by its barcode out."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import readers
from catalog.actions.save_item_list import save_item_list
from catalog.api.caller import StreamParser, agency_of, limited, pieces
from catalog.models import Item
from library_net.api.problems import sentence
from library_net.errors import LibraryError

MAX_LIST_BYTES = 16 * 1024 * 1024


class Items(APIView):
    """Send a list of copies (JSON array, bare or as ``items``, or CSV); find one by barcode."""

    parser_classes = [StreamParser]

    def post(self, request: Request) -> Response:
        saved = save_item_list(agency=agency_of(request), rows=_rows(request), now=timezone.now())
        problems = [
            {
                "row": problem.row,
                "barcode": problem.barcode,
                "code": problem.code,
                "message": sentence(problem.code, problem.params),
                "is_refused": problem.is_refused,
            }
            for problem in saved.problems
        ]
        return Response(
            {
                "created": saved.created,
                "updated": saved.updated,
                "unchanged": saved.unchanged,
                "refused": sum(problem.is_refused for problem in saved.problems),
                "problems": problems,
            }
        )

    def get(self, request: Request) -> Response:
        barcode = request.query_params.get("barcode", "").strip()
        if not barcode:
            raise LibraryError("barcode_needed")
        found = readers.find_items(
            barcode=barcode, owner_code=request.query_params.get("owner", "")
        )
        return Response({"results": [item_as_json(item) for item in found]})


class ItemDetail(APIView):
    def get(self, request: Request, owner_code: str, barcode: str) -> Response:  # noqa: ARG002
        found = readers.find_items(barcode=barcode, owner_code=owner_code)
        if not found:
            raise LibraryError("not_found")
        return Response(item_as_json(found[0]))


def _rows(request: Request) -> list[Any]:
    data = (
        b"".join(limited(pieces(request.data), MAX_LIST_BYTES))
        if hasattr(request.data, "read")
        else b""
    )
    try:
        if "csv" in str(request.content_type):
            text = data.decode("utf-8-sig")
            return list(csv.DictReader(io.StringIO(text, newline="")))
        rows = orjson.loads(data)
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise LibraryError("bad_item_list") from error
    if isinstance(rows, dict):
        rows = rows.get("items")
    if not isinstance(rows, list):
        raise LibraryError("bad_item_list")
    return rows


def item_as_json(item: Item) -> dict[str, Any]:
    manifestation_id = getattr(item, "manifestation_id", None)
    return {
        "owner": item.owning_agency.code,
        "barcode": item.barcode,
        "status": item.status,
        "status_changed_at": item.status_changed_at,
        "home_branch": item.home_branch.code,
        "current_branch": item.current_branch.code,
        "location": item.location,
        "call_number": item.call_number,
        "volume": item.volume,
        "material": item.material_type,
        "price": item.price,
        "is_lendable": item.is_lendable,
        "record": f"m{manifestation_id}" if manifestation_id else "",
    }
