"""The first page: one box, and the network at a glance."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from catalog import vocabulary
from catalog.readers import search_works
from library_net.portal import places

SUBJECT_SECONDS = 300  # how old the counts by subject may be
MOST_SUBJECTS = 14


def home(request: HttpRequest) -> HttpResponse:
    """Queries: 3, and a few more once in a while for the counts."""
    shown = places.cities()
    counts = places.tally()
    return render(
        request,
        "portal/home.html",
        {
            "cities": [
                {
                    "number": city.number,
                    "anchor": city.anchor,
                    "name": city.name,
                    "branches": len(city.branches),
                    "copies": sum(counts.copies_by_branch.get(b.id, 0) for b in city.branches),
                }
                for city in shown
            ],
            "tally": counts,
            "subjects": _subjects(),
            "skyline": places.skyline(shown, copies=counts.copies_by_branch),
        },
    )


def _subjects() -> list[dict[str, Any]]:
    """The main classes with the most titles, as ways into the catalogue."""
    counts: list[tuple[str, int]] | None = cache.get("portal.subjects")
    if counts is None:
        found = search_works(typed="", per_page=1)
        counts = [(choice.value, choice.count) for choice in found.facets.get("clc", ())]
        if counts:  # an index that is still being built says nothing worth keeping
            cache.set("portal.subjects", counts, SUBJECT_SECONDS)
    return [
        {
            "name": vocabulary.main_class(letters),
            "count": count,
            "url": f"{reverse('portal:search')}?{urlencode({'class': letters})}",
        }
        for letters, count in counts[:MOST_SUBJECTS]
    ]
