"""Who may open the desk's pages, and in whose name they act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from circulation.actions.operations import Intent
from library_net.accounts.scope import scope_of

View = Callable[..., HttpResponse]


def staff_page(view: View) -> View:
    """Only staff with a role; others are sent to the desk's own sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not admin.site.has_permission(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return view(request, *args, **kwargs)

    return guarded


def intent_of(request: HttpRequest, *, part: str = "") -> Intent:
    """The operation the form carries; a form without one gets a fresh id (it cannot repeat)."""
    given = request.POST.get("operation_id", "")[:80] or new_operation_id()
    return Intent(
        caller=f"user:{request.user.pk}",
        operation_id=f"{given}{part}",
        scope=scope_of(request.user),
    )


def new_operation_id() -> str:
    return str(uuid.uuid4())
