"""The OpenSearch description: a browser can keep our search box as one of its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=86_400)
def description(request: HttpRequest) -> HttpResponse:
    """OpenSearch 1.1, in the language of the page that links to it. No queries."""
    return render(
        request,
        "portal/opensearch.xml",
        {
            "search": request.build_absolute_uri(reverse("portal:search")),
            "itself": request.build_absolute_uri(),
        },
        content_type="application/opensearchdescription+xml; charset=utf-8",
    )
