"""What people are told about machines: SIP2 terminals, off-line journals, notices."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DEVICE_PROBLEMS: dict[str, tuple[int, Promise | str]] = {
    "sip2_log_in_first": (401, _("This machine must log in first. Check its name and password.")),
    "sip2_not_allowed": (403, _("This machine may not do that. Please ask at the desk.")),
    # off-line journals: what to do next
    "offline_over_limit": (
        409,
        _(
            "%(barcode)s was lent off line beyond the reader's limit and is due after one day. "
            "Tell the reader, or renew it at the desk."
        ),
    ),
    "offline_still_on_loan": (
        409,
        _(
            "%(barcode)s was lent off line while somebody else had it. Their loan was ended; ask "
            "them whether they gave the copy on, and see that no fee stays with them."
        ),
    ),
    "offline_lent_on": (
        409,
        _(
            "%(barcode)s was lent to somebody else before this reader returned it. The earlier "
            "loan was ended; ask who has the copy now."
        ),
    ),
    "offline_unknown_item": (
        409,
        _(
            "Nobody knows the barcode %(barcode)s. Find the copy on the shelf or with the reader, "
            "and scan it at the desk."
        ),
    ),
    "offline_ambiguous_item": (
        409,
        _("Several libraries have a copy %(barcode)s. Find out whose it was, and scan it again."),
    ),
    "offline_withdrawn": (
        409,
        _("%(barcode)s was lent off line although it is withdrawn. Ask its owner what to do."),
    ),
    "offline_unknown_reader": (
        409,
        _(
            "%(barcode)s was lent off line on a card nobody knows (%(card)s). Find out whose card "
            "it is, and lend the copy at the desk."
        ),
    ),
    "offline_card_lost": (
        409,
        _(
            "%(barcode)s was lent off line on a card that is reported lost. Ask the reader "
            "whether it was them."
        ),
    ),
    "offline_reader_blocked": (
        409,
        _("%(barcode)s was lent off line to a blocked reader. Ask for the copy back."),
    ),
    "offline_clock": (
        409,
        _(
            "The device's clock was ahead: %(barcode)s is recorded as of the upload. Set the "
            "clock of the device."
        ),
    ),
    "unknown_case": (404, _("There is no such open case. Look at the list again.")),
}
