"""What circulation's codes say to a person: what is the matter, and what to do next.

``PROBLEMS`` answers whoever asked (REST, portal, desk). ``EXCEPTIONS`` tells staff what to do with
a book that was taken in although something about it is odd.
"""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PROBLEMS: dict[str, tuple[int, Promise | str]] = {
    # the reader
    "credential_blocked": (
        403,
        _("This card was reported lost or replaced. Use another card or ID, or ask at the desk."),
    ),
    "patron_suspended": (403, _("This account is blocked. Please ask at the desk.")),
    "patron_expired": (
        403,
        _("This account was valid until %(expired_on)s. Renew it at any desk."),
    ),
    "owes_too_much": (
        403,
        _("¥%(amount)s is owed; lending stops above ¥%(limit)s. The account says where to pay."),
    ),
    "has_overdue": (
        403,
        _("%(count)s copies are overdue. Return them at any library to borrow again."),
    ),
    "too_many_loans": (
        409,
        _("%(count)s of at most %(limit)s copies are on loan already. Return one first."),
    ),
    "suspended_until": (
        403,
        _("Copies were late, so nothing is lent until %(until)s. Returns are accepted."),
    ),
    "too_young": (403, _("This is lent to readers of %(age)s years and over.")),
    "too_dear": (
        409,
        _("What is on loan would be worth ¥%(total)s; ¥%(limit)s is the most. Return one first."),
    ),
    # the copy
    "on_loan": (
        409,
        _("This copy is still on loan to somebody else. Check it in first, then lend it."),
    ),
    "already_yours": (409, _("This copy is already on loan to this reader. Renew it instead.")),
    "held_for_another": (
        409,
        _("This copy is set aside for another reader. Put it back on the hold shelf."),
    ),
    "not_lendable": (409, _("This copy is for use in the library only.")),
    "not_ready_to_lend": (
        409,
        _("This copy is not ready to be lent. Hand it to a librarian."),
    ),
    "unknown_item": (
        404,
        _("No library of the network knows the barcode %(barcode)s. Scan it again."),
    ),
    "ambiguous_item": (
        409,
        _("Several libraries have a copy %(barcode)s: %(owners)s. Say whose it is."),
    ),
    # the members
    "agency_suspended": (
        403,
        _("The library %(agency)s does not lend at present. Returns are accepted."),
    ),
    "unknown_branch": (422, _("There is no active branch %(branch)s. Check the branch code.")),
    "unknown_agency": (422, _("There is no institution %(agency)s. Check its code.")),
    "unknown_ledger": (
        409,
        _(
            "The lending system “%(ledger)s” that keeps this copy is not connected. Lend another "
            "copy, and tell whoever runs this installation."
        ),
    ),
    # a renewal
    "unknown_loan": (404, _("There is no such loan. Look at the list of loans again.")),
    "loan_closed": (409, _("This copy has been returned already; nothing is left to renew.")),
    "no_renewals_left": (
        409,
        _("This loan was renewed as often as allowed (%(limit)s). Please return it in time."),
    ),
    "loan_overdue": (
        409,
        _("This loan was due on %(due_date)s and can no longer be renewed. Please return it."),
    ),
    "wanted_by_another": (
        409,
        _("Other readers wait for this title (%(count)s). Please return it in time."),
    ),
    "loan_claimed": (
        409,
        _("This copy is said to be returned and is being looked for. There is nothing to renew."),
    ),
    "loan_recalled": (
        409,
        _("This copy was recalled because others need it. Please return it in time."),
    ),
    "already_recalled": (409, _("This loan was recalled already.")),
    "due_soon_anyway": (
        409,
        _("This loan is due on %(due_date)s; the rules allow no earlier day."),
    ),
    "not_lost_yet": (409, _("The rules do not count this loan as lost.")),
    "not_here": (
        409,
        _("%(barcode)s is not recorded as standing here. Scan it as returned first."),
    ),
    "too_early_to_renew": (409, _("This loan can be renewed from %(from_date)s on.")),
    # a request
    "unknown_request": (404, _("There is no such request. Look at the list of requests again.")),
    "unknown_record": (404, _("There is no such title in the catalogue. Search for it again.")),
    "request_limit": (
        409,
        _("%(limit)s requests are waiting already, which is the most. Cancel one first."),
    ),
    "already_requested": (409, _("This reader already waits for this title.")),
    "already_borrowed": (409, _("This reader already has this title on loan.")),
    "pickup_not_offered": (
        422,
        _("Requests cannot be collected at %(branch)s. Choose another branch."),
    ),
    "no_copy_to_wait_for": (
        409,
        _("No copy of this title can be lent at present, so there is nothing to wait for."),
    ),
    "request_closed": (409, _("This request has ended already.")),
    "request_on_its_way": (
        409,
        _("A copy is on its way already, so this request cannot pause. Cancel it instead."),
    ),
    "request_ready": (
        409,
        _("It waits at %(branch)s already. Collect it there, or cancel and ask again."),
    ),
    "not_paused": (409, _("This request is not paused.")),
    "date_passed": (422, _("%(date)s is over already. Choose a later day.")),
    "too_many_no_shows": (
        403,
        _(
            "%(count)s requests were not collected within a year (at most %(limit)s). "
            "Please ask at the desk."
        ),
    ),
    "request_not_due": (409, _("This request has not expired yet.")),
    # a transit
    "unknown_transit": (404, _("There is no such transit. Look at the list again.")),
    "transit_closed": (
        409,
        _("This transit has left, arrived or been cancelled already. Look at the list again."),
    ),
    "unknown_exception": (404, _("This case is settled already. Look at the list again.")),
    "note_missing": (422, _("Say in a few words what was done.")),
    "own_proxy": (422, _("Nobody needs to name themselves. Choose another reader.")),
    "bad_days": (422, _("Give a first and a last day, the last not over and within a year.")),
    "unknown_proxy": (404, _("This has been revoked already. Look at the list again.")),
    "not_their_proxy": (
        403,
        _("This card does not collect for the reader this copy waits for."),
    ),
    "unknown_crate": (404, _("There is no such load. Look at the list of crates again.")),
    "bad_crate_code": (
        422,
        _("“%(crate)s” cannot be a crate's code. Scan the label on the crate again."),
    ),
    "crate_in_use": (
        409,
        _("Crate %(crate)s is under way already (%(where)s). Take another, or receive it first."),
    ),
    "crate_stays_here": (422, _("A crate goes to another branch. Choose where it goes.")),
    "crate_closed": (
        409,
        _("Crate %(crate)s is not at that step any more. Look at the list of crates again."),
    ),
    "crate_not_empty": (
        409,
        _("%(count)s copies of the manifest are still in the crate. Scan them out first."),
    ),
    "not_set_aside": (
        409,
        _("%(barcode)s is not set aside to leave here. Scan it in at the desk first."),
    ),
    "goes_elsewhere": (
        409,
        _("%(barcode)s goes to %(branch)s. Put it into a crate for that branch."),
    ),
    # identity
    "unknown_patron": (
        404,
        _("No reader is known by this card or number. Check it, or register the reader first."),
    ),
    "ambiguous_card": (
        409,
        _("This number is on cards of different readers. Use another card, or the ID card."),
    ),
    "credential_empty": (422, _("Enter the number that stands on the card.")),
    "credential_wrong_form": (
        422,
        _("This is not what a number on such a card looks like. Check kind and number."),
    ),
    "credential_impossible_date": (
        422,
        _("The date of birth in this number does not exist. Check it against the card."),
    ),
    "credential_future_date": (
        422,
        _("The date of birth in this number lies in the future. Check it against the card."),
    ),
    "credential_too_old": (
        422,
        _("By this number its holder is over 120 years old. Check it against the card."),
    ),
    "credential_wrong_check_digit": (
        422,
        _("The last character of this number does not fit the others. Check every digit."),
    ),
    "credential_reserved_form": (
        422,
        _(
            "A reader card cannot bear a patron number or the number of an ID card. "
            "Check kind and number."
        ),
    ),
    "name_missing": (422, _("A name is needed to open an account.")),
    "unknown_category": (
        422,
        _("There is no reader category “%(category)s”. Load the rules or choose another."),
    ),
    # money
    "bad_amount": (
        422,
        _("¥%(amount)s cannot be entered; ¥%(owed)s is owed. Enter at most that."),
    ),
    "may_not_collect": (
        403,
        _("No agreement lets this library collect for %(agency)s. Send the reader to its desk."),
    ),
    "reason_missing": (422, _("Say why it is forgiven; the reason stays in the books.")),
    "no_points_scheme": (
        409,
        _("Fees of %(agency)s cannot be paid with points. Take money instead."),
    ),
    "too_few_points": (
        409,
        _("%(price)s points are needed and %(balance)s are left. Points pay all or nothing."),
    ),
    "nothing_to_pay_out": (409, _("Nothing of %(agency)s stands to this reader's credit.")),
    "bad_month": (422, _("Give a month that is over and not settled yet, as YYYY-MM.")),
    "month_not_over": (422, _("The month %(month)s is not over. Settle it when it is.")),
    "books_disagree": (
        500,
        _("Two books disagree: %(detail)s. Nothing was settled; tell the administrators."),
    ),
    "unknown_settlement": (404, _("There is no such settlement. Look at the list again.")),
    "settlement_paid": (409, _("This settlement was marked as paid already.")),
    "unknown_damage": (
        422,
        _("The tariff does not know the damage “%(damage)s”. Choose one of: %(known)s."),
    ),
    "unknown_suspension": (404, _("There is no such suspension. Look at the list again.")),
    # rule files
    "rules_unreadable": (
        422,
        _("The rule file %(file)s could not be read: %(detail)s. Correct it and load it again."),
    ),
    "rule_bad": (
        422,
        _("Rule %(rule)s is not right: %(detail)s. Correct it and load the file again."),
    ),
    # the operation itself
    "busy": (503, _("Others are changing the same records. Send this again in a moment.")),
    "bad_period": (
        422,
        _("Give the period as from=YYYY-MM-DD&to=YYYY-MM-DD, at most 366 days."),
    ),
}

EXCEPTIONS: dict[str, Promise | str] = {
    "unknown_barcode": _(
        "Nobody knows the barcode %(barcode)s. Look for an owner's stamp; hand foreign books over."
    ),
    "ambiguous_barcode": _(
        "%(barcode)s belongs to several libraries: %(owners)s. Scan it again with its owner."
    ),
    "was_lost": _("%(barcode)s counted as lost. Check its state and give back what was paid."),
    "was_missing": _("%(barcode)s counted as missing. It is found; nothing else to do."),
    "was_claimed": _(
        "The reader had said that %(barcode)s was returned. Settle the claim with them."
    ),
    "was_withdrawn": _("%(barcode)s was withdrawn. Keep it aside and ask its owner."),
    "was_not_processed": _(
        "%(barcode)s was not ready for the shelf yet. Check its label and record."
    ),
    "claimed_returned": _(
        "The reader says that %(barcode)s was returned. Look on the shelves; found, scan it as "
        "returned."
    ),
    "damaged": _("%(barcode)s is damaged: %(note)s. Mend it, charge its reader, or withdraw it."),
    "missing_in_crate": _(
        "%(barcode)s is on the manifest of crate %(crate)s but did not come out of it. Look in the "
        "crate and the van, then ask %(origin)s to look on the shelf."
    ),
    "clear_hold_shelf": _(
        "Nobody waits for %(barcode)s any more. Take it off the hold shelf and scan it in."
    ),
}


def exception_text(code: str, params: dict[str, Any]) -> str:
    """What staff should do about an exception, in their language."""
    text = EXCEPTIONS.get(code)
    return str(text) % params if text is not None else code
