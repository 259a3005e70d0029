"""How a reader wants to be told: by which way, about what, and not at night."""

from __future__ import annotations

from datetime import time

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from circulation.actions.choose_notices import choose_notices
from circulation.models import NoticeAddress, NoticeChoice, Patron
from circulation.models.identity import Phone
from circulation.models.notices import ChannelKind, NoticeKind
from circulation.readers.notices import told
from library_net.portal.doors import for_readers

HOURS = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30)]


@require_http_methods(["GET", "POST"])
@for_readers
def notices(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 4."""
    if request.method == "POST":
        return _save(request, patron)
    choice = NoticeChoice.objects.filter(patron=patron).first() or NoticeChoice(patron=patron)
    addresses = dict(NoticeAddress.objects.filter(patron=patron).values_list("kind", "masked"))
    phone = Phone.objects.filter(patron=patron).exclude(confirmed_at=None).first()
    if phone is not None:
        addresses[ChannelKind.SMS] = phone.masked
    first = next(iter(choice.channels), "")
    context = {
        "channels": [
            {
                "value": kind.value,
                "label": kind.label,
                "address": addresses.get(kind, ""),
                "is_chosen": kind.value == first,
            }
            for kind in ChannelKind
        ],
        "kinds": [
            {"value": k.value, "label": k.label, "is_on": k.value not in choice.silent_kinds}
            for k in NoticeKind
        ],
        "hours": HOURS,
        "quiet_from": f"{choice.quiet_from:%H:%M}",
        "quiet_to": f"{choice.quiet_to:%H:%M}",
        "email": addresses.get(ChannelKind.EMAIL, ""),
        "forgettable": [k for k in ChannelKind if k in addresses and k != ChannelKind.SMS],
        "told": list(told(patron.pk)[:10]),
    }
    return render(request, "portal/notices.html", context)


def _save(request: HttpRequest, patron: Patron) -> HttpResponse:
    form = request.POST
    email = str(form.get("email", "")).strip()
    try:
        if email:
            validate_email(email)
        hours = [time.fromisoformat(str(form.get(name, ""))) for name in ("from", "to")]
    except (ValidationError, ValueError):
        messages.error(request, _("This e-mail address or time is not right. Nothing was saved."))
        return redirect("portal:notices")
    choose_notices(
        patron_id=patron.pk,
        first_channel=str(form.get("channel", "")),
        wanted_kinds=form.getlist("kind"),
        quiet_from=hours[0],
        quiet_to=hours[1],
        email=email,
        forgets=form.getlist("forget"),
    )
    messages.success(request, _("Saved."))
    return redirect("portal:notices")
