"""What the codes of identity say to a person: what is the matter, and what to do next."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

IDENTITY_PROBLEMS: dict[str, tuple[int, Promise | str]] = {
    # guardians
    "guardian_missing": (
        422,
        _(
            "A child under fourteen is registered together with a guardian. Scan the guardian's "
            "card, or register the guardian first. Nothing was kept."
        ),
    ),
    "guardian_unfit": (
        422,
        _("A guardian is of age and has an open account. Scan another adult's card."),
    ),
    "not_a_minor": (409, _("This reader is of age and answers for herself.")),
    "unknown_guardianship": (404, _("These two readers are not linked. Look at the list again.")),
    "ward_too_young": (
        403,
        _("Readers under fourteen cannot end this themselves. Ask the guardian, or at any desk."),
    ),
    # cards
    "credential_taken": (
        409,
        _(
            "This number is on another reader's card. If both are the same person, join the two "
            "records first."
        ),
    ),
    "unknown_credential": (404, _("There is no such card. Look at the list of cards again.")),
    "phone_wrong_form": (
        422,
        _("This is not a phone number. Enter eleven digits, or + and the country's number."),
    ),
    "notice_address_wrong_form": (
        422,
        _(
            "This is not an address messages can be pushed to. Send the identifier the app gave, "
            "at most 200 characters without blanks."
        ),
    ),
    # codes of phones, electronic cards
    "code_unreadable": (
        422,
        _("This code could not be read. Let the reader show it again, or use another card."),
    ),
    "code_expired": (
        409,
        _("This code is older than a minute. Let the phone make a new one and scan that."),
    ),
    "code_too_early": (
        409,
        _("The clock of this phone is ahead. Set it right, or use another card."),
    ),
    "code_elsewhere": (
        409,
        _("This code was made for another library. Let the reader choose this one and scan again."),
    ),
    "code_used": (
        409,
        _("This code was shown already and works only once. Let the phone make a new one."),
    ),
    "device_key_bad": (422, _("This browser made a key we cannot use. Show your card instead.")),
    "too_many_devices": (
        409,
        _("%(limit)s phones are registered already. Remove one on the page “My card” first."),
    ),
    "relay_down": (
        503,
        _(
            "Electronic cards cannot be read at the moment: their issuer does not answer. Every "
            "other card works."
        ),
    ),
    "ecard_unknown": (
        404,
        _("The issuer does not know this electronic card, or it is too old. Show it anew."),
    ),
    "ecard_not_accepted": (
        422,
        _("Electronic cards are not accepted here yet. Use another card."),
    ),
    "reason_missing": (422, _("Say in a few words why; it is kept with your name.")),
    # first sign-in
    "sms_not_set_up": (
        503,
        _("Codes by phone are not offered yet. Any desk sets a password for you."),
    ),
    "sms_failed": (502, _("The message could not be sent (%(kind)s). Try again in a minute.")),
    "sign_in_code_soon": (429, _("A code was sent a moment ago. Wait a minute before the next.")),
    "sign_in_code_too_many": (
        429,
        _("Too many codes were asked for. Try again in an hour, or ask at any desk."),
    ),
    "sign_in_code_wrong": (422, _("This code is not right. Check the digits and try again.")),
    "sign_in_code_over": (
        422,
        _("This code no longer holds, or was tried too often. Ask for a new one."),
    ),
    # being erased
    "erasure_open_loans": (
        409,
        _("%(count)s copies are on loan. Return them first; then everything can be erased."),
    ),
    "erasure_open_requests": (
        409,
        _("%(count)s requests are open. Cancel them first; then everything can be erased."),
    ),
    "erasure_owes": (
        409,
        _("¥%(amount)s is owed. Pay it at any desk first; then everything can be erased."),
    ),
    "erasure_guards": (
        409,
        _("You answer for %(count)s children. End these links at a desk or under “Family” first."),
    ),
    "forgotten": (410, _("This was done long ago; what was answered is no longer kept.")),
    # joining
    "same_reader": (409, _("Both cards open the same account already. There is nothing to join.")),
    "merge_of_staff": (
        409,
        _("One of the two records belongs to a staff log-in. Ask the network administrator."),
    ),
    "merge_contested": (
        409,
        _(
            "Both records wait for the same title or copy (%(where)s). End one of the two first, "
            "then join them."
        ),
    ),
    "unknown_merge": (404, _("There is no such joining of records, or it was undone already.")),
    "merge_not_last": (
        409,
        _("One of these records was joined again later. Undo the later joining first."),
    ),
}
