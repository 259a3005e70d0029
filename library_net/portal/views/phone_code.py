"""The page that makes one-time codes on the reader's own phone, and what keeps it when offline."""

from __future__ import annotations

import base64
import binascii
import json
from itertools import groupby

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.enrol_device import enrol_device
from circulation.models import Device, Patron
from circulation.models.patrons import CredentialStatus
from library_net import vault
from library_net.api.problems import document
from library_net.errors import LibraryError
from library_net.network.models import Branch
from library_net.portal.doors import for_readers, intent_of, new_operation

MOST_BYTES = 2000


@require_GET
@for_readers
def phone_code(request: HttpRequest, patron: Patron) -> HttpResponse:
    """The page; all it needs later is in it. Queries: 3."""
    rows = Branch.objects.filter(is_active=True).select_related("agency")
    branches = rows.order_by("agency__code", "agency_id", "pk")
    groups = groupby(branches, key=lambda branch: branch.agency)
    context = {
        "reader": patron.number,
        "keys": " ".join(_active_keys(patron)),
        "home": patron.home_branch_id,
        "places": [{"name": agency.name, "branches": list(group)} for agency, group in groups],
        "operation": new_operation(),
    }
    return render(request, "portal/phone_code.html", context)


@require_POST
@for_readers
def enrol(request: HttpRequest, patron: Patron) -> HttpResponse:
    """The phone's public key, while the reader is signed in; answers its name and our time."""
    now = timezone.now()
    try:
        body = json.loads(request.body[:MOST_BYTES])
        answer = enrol_device(
            intent=intent_of(patron, operation=str(body.get("operation", ""))),
            patron_id=patron.pk,
            public_key=base64.b64decode(str(body["key"]), validate=True),
            name=str(body.get("name", "")),
            now=now,
        )
    except (ValueError, KeyError, AttributeError, binascii.Error):
        body = document(LibraryError("device_key_bad"))
        return JsonResponse(body, status=body["status"])
    except LibraryError as error:
        body = document(error)
        return JsonResponse(body, status=body["status"])
    return JsonResponse({"key": answer["key"], "now": now.timestamp()}, status=201)


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; it may keep pages only below its own address."""
    context = {"page": reverse("portal:phone_code"), "static": static("")}
    answer = render(request, "portal/worker.js", context, content_type="text/javascript")
    answer["Cache-Control"] = "no-cache"
    return answer


def _active_keys(patron: Patron) -> list[str]:
    """The names of this reader's keys that still open her account."""
    devices = Device.objects.filter(
        credential__patron=patron, credential__status=CredentialStatus.ACTIVE
    ).select_related("credential")
    return [
        vault.unseal(row.credential.sealed, bound_to=str(row.credential.seal_id)) for row in devices
    ]
