"""Results: one card a work, what is on a shelf now, and how to narrow it down."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.domain.query import Filters
from catalog.readers import CARDS_ON_A_PAGE, WorkCard, WorkPage, search_works, suggest_works
from library_net.portal import facets, orders, places
from library_net.portal.cards import availability, cover_of, imprint_of

MAX_QUERY = 200
SUGGESTION_SECONDS = 60


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Queries: 5, whatever is found."""
    asked = request.GET
    typed = asked.get("q", "").strip()[:MAX_QUERY]
    cities = places.cities()
    filters = facets.filters_from(asked, cities=cities)
    found = search_works(
        typed=typed,
        filters=filters,
        page=_page_number(asked),
        sort=orders.order_from(asked),
        is_forgiving=True,
    )
    return render(
        request,
        "portal/search.html",
        {
            "query": typed,
            "is_similar": found.is_similar,
            "did_you_mean": _again(asked, found.did_you_mean),
            "problem": "" if found.is_ready else _not_ready(found),
            "results": _results(asked, found, filters=filters),
            "chosen": facets.chosen(asked, cities=cities),
            "orders": orders.links(asked) if found.total > 1 else (),
            "facets": facets.panel(asked, found=found.facets, cities=cities),
            "without_filters": facets.without_filters(asked),
        },
    )


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What is typed so far may be going to ask for these works. Queries: 1."""
    typed = request.GET.get("q", "").strip()[:MAX_QUERY]
    found = [
        {
            "title": one.title,
            "author": one.author,
            "url": reverse("portal:work", args=[one.work_id]),
        }
        for one in suggest_works(typed=typed)
    ]
    answer = JsonResponse({"suggestions": found})
    patch_cache_control(answer, private=True, max_age=SUGGESTION_SECONDS)
    return answer


def _not_ready(found: WorkPage) -> str:
    if not found.building:
        return _("The catalogue is being indexed; try again in a minute.")
    return _("The catalogue is being indexed: %(done)s of %(total)s titles so far.") % {
        "done": intcomma(found.building.done),
        "total": intcomma(found.building.total),
    }


def _again(asked: QueryDict, text: str) -> dict[str, str]:
    """The same search with other words; empty when there are none to offer."""
    if not text:
        return {}
    changed = asked.copy()
    changed.pop("page", None)
    changed["q"] = text
    return {"text": text, "url": f"?{changed.urlencode()}"}


def _results(asked: QueryDict, found: WorkPage, *, filters: Filters) -> dict[str, object]:
    asked_for = filters.available_at | filters.held_at
    return {
        "total": found.total,
        "cards": [_card(card, asked_for=asked_for) for card in found.cards],
        "first": (found.page - 1) * CARDS_ON_A_PAGE + 1,
        "page": found.page,
        "pages": found.pages,
        "previous_url": facets.page_url(asked, found.page - 1) if found.page > 1 else "",
        "next_url": facets.page_url(asked, found.page + 1) if found.page < found.pages else "",
    }


def _card(card: WorkCard, *, asked_for: frozenset[str]) -> dict[str, object]:
    here = [place.branch for place in card.availability if place.available]
    here.sort(key=lambda branch: branch.code not in asked_for)  # name the library they chose
    return {
        "url": reverse("portal:work", args=[card.work_id]),
        "title": card.title,
        "runs": card.highlight,
        "author": card.author,
        "imprint": imprint_of(publisher=card.publisher, year=card.year),
        "editions": len(card.editions),
        "cover": cover_of(card.title),
        "state": availability(
            on_shelf=card.available, copies=card.copies, branches=[branch.name for branch in here]
        ),
    }


def _page_number(asked: QueryDict) -> int:
    text = asked.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
