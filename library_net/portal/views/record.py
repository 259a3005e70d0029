"""One work: what it is, where it is, and asking for it."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from catalog.domain.schema_org import JsonLd
from catalog.linked_data import as_json_ld
from catalog.readers import find_record_page
from circulation.models import Patron
from library_net.portal import places
from library_net.portal.doors import find_patron, new_operation
from library_net.portal.mine import others_waiting
from library_net.portal.works import WorkPage, work_page

GONE_STATUS = 410  # no member holds a record of it any more; the address stays known


@require_safe
def work(request: HttpRequest, work_id: int) -> HttpResponse:
    """The page; a work that was merged into another redirects for ever."""
    return record_page(request, public_id=f"w{work_id}")


@require_safe
def manifestation(request: HttpRequest, manifestation_id: int) -> HttpResponse:
    """An edition's own address: its place on the page of its work."""
    del request  # the answer is the same for everybody
    found = find_record_page(public_id=f"m{manifestation_id}")
    if found is None:
        raise Http404
    return redirect(f"{reverse('portal:work', args=[found.work_id])}#{found.chosen}")


def record_page(
    request: HttpRequest, *, public_id: str, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Queries: 9, and 2 more for a reader who is signed in."""
    found = find_record_page(public_id=public_id)
    if found is None:
        raise Http404
    if found.public_id != public_id:
        return redirect("portal:work", found.work_id, permanent=True)
    cities = places.cities()
    shown = work_page(found, cities=cities)
    patron = find_patron(request)
    return render(
        request,
        "portal/record.html",
        {
            "work": shown,
            "linked_data": as_script(as_json_ld(found, root=_root(request))),
            "record_url": f"/api/v1/records/{found.public_id}/",
            "refusal": refusal,
            "ask": _ask(request, shown, cities=cities, patron=patron) if patron else {},
        },
        status=GONE_STATUS if found.is_withdrawn else status,
    )


def _root(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


_UNSAFE_IN_SCRIPT = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def as_script(data: JsonLd) -> SafeString:
    """JSON that cannot end the script element it stands in; a browser reads it, never runs it."""
    text = orjson.dumps(data).decode().translate(_UNSAFE_IN_SCRIPT)
    return SafeString(text)


def _ask(
    request: HttpRequest,
    shown: WorkPage,
    *,
    cities: tuple[places.City, ...],
    patron: Patron,
) -> dict[str, Any]:
    lendable = [edition for edition in shown.editions if edition.lendable]
    chosen = request.POST.get("edition") or (lendable[0].public_id if lendable else "")
    home = patron.home_branch.code if patron.home_branch else ""
    return {
        "has_card": True,
        "operation": new_operation(),
        "editions": [
            {
                "public_id": edition.public_id,
                "heading": edition.heading,
                "state": edition.state,
                "is_chosen": edition.public_id == chosen,
                "copies": edition.copies,
            }
            for edition in lendable
        ],
        "has_copies": sum(len(edition.copies) for edition in lendable) > 1,
        "copy": request.POST.get("copy", ""),
        "pickups": places.pickups(cities, home=home),
        "pickup": request.POST.get("pickup") or home,
        "waiting": others_waiting(lendable[0].id, patron=patron) if lendable else 0,
        "is_on_shelf": bool(lendable and lendable[0].on_shelf),
    }
