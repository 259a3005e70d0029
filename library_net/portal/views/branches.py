"""Every library of the network: where it is, and whether it is open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from library_net.portal import places


def branches(request: HttpRequest) -> HttpResponse:
    """Queries: 4, and 2 more once a minute for the counts."""
    now = timezone.localtime()
    closed = places.closed_dates(today=now.date())
    copies = places.tally().copies_by_branch
    shown = [
        {
            "anchor": city.anchor,
            "name": city.name,
            "branches": [
                _line(place, closed=closed, copies=copies, now=now) for place in city.branches
            ],
        }
        for city in places.cities()
    ]
    return render(request, "portal/branches.html", {"cities": shown})


def _line(
    place: places.Place,
    *,
    closed: Mapping[int, frozenset[date]],
    copies: Mapping[int, int],
    now: datetime,
) -> dict[str, Any]:
    shut = closed.get(place.id, frozenset())
    return {
        "anchor": place.anchor,
        "name": place.name,
        "kind": place.kind,
        "agency": place.agency,
        "hours": places.hours_now(place.opening_hours, closed=shut, now=now),
        "copies": copies.get(place.id, 0),
        "books_url": f"{reverse('portal:search')}?{urlencode({'branch': place.code})}",
    }
