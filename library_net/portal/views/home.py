"""The first page: one box, and the network at a glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from library_net.portal import places


def home(request: HttpRequest) -> HttpResponse:
    """Queries: 3, and 2 more once a minute for the counts."""
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
            "skyline": places.skyline(shown, copies=counts.copies_by_branch),
        },
    )
