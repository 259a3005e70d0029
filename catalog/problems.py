"""What the catalogue's codes say to a person: what is the matter, and what to do next.

``PROBLEMS`` refuse a request. ``REJECTS`` are about one record or copy of a batch that went on
without it, or took it in with a change worth knowing.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalog.models import Batch, BatchState, Withdrawal

PROBLEMS: dict[str, tuple[int, Promise | str]] = {
    "bad_batch_mode": (
        422,
        _("The mode is “%(mode)s”; say delta (changes only) or full (everything you have)."),
    ),
    "bad_batch_sequence": (422, _("The sequence must be a whole number, zero or more.")),
    "unknown_marc_format": (
        422,
        _("The format is “%(format)s”; say marc21, cnmarc or unimarc, or leave it out."),
    ),
    "unknown_encoding": (
        422,
        _("The encoding is “%(encoding)s”; say utf-8, gb18030, big5 or marc-8, or leave it out."),
    ),
    "batch_too_large": (
        413,
        _("The file is larger than %(limit_mb)s MB unpacked. Split it and send the parts."),
    ),
    "damaged_gzip": (
        400,
        _("The compressed file is damaged or incomplete; nothing was kept. Send it again."),
    ),
    "empty_batch": (400, _("No bytes arrived. Send the file itself as the body.")),
    "upload_too_slow": (
        408,
        _("The file took more than half a day to arrive and was given up. Send it in parts."),
    ),
    "too_many_rows": (
        413,
        _("A list may have at most %(limit)s rows. Send it in parts."),
    ),
    "bad_item_list": (
        400,
        _("The list could not be read: send a JSON array of objects, or CSV with a heading row."),
    ),
    "bad_change_list": (
        400,
        _("The changes could not be read: send a JSON array of objects, or one object on a line."),
    ),
    "no_withdrawal_asked": (
        409,
        _("This file asks for no answer: nothing was held back, or it was answered before."),
    ),
    "reject_settled": (409, _("This record has been mended already; nothing is left to do.")),
    "one_record_expected": (
        422,
        _("%(count)s records were sent for one. Send the mended record alone."),
    ),
    "bad_block": (
        422,
        _("Name blocks by two or four hex digits in lower case, all of one length, with commas."),
    ),
    "bad_block_digests": (
        422,
        _("Send {“blocks”: {name: digest}}, each digest 64 hex digits; leave empty blocks out."),
    ),
    "too_many_blocks": (
        422,
        _("That is more than %(limit)s records at once. Ask for fewer blocks."),
    ),
    # telling members
    "webhook_address_bad": (
        422,
        _("The address must begin with http:// or https:// and hold no user name or password."),
    ),
    "webhook_address_closed": (
        422,
        _("Nothing is sent to %(host)s: it is an address of this machine's own network link."),
    ),
    "webhook_exists": (409, _("This institution has a webhook with this address already.")),
    # harvesting a repository
    "harvest_unreachable": (
        502,
        _("The repository cannot be reached (%(reason)s). Check the address; we try again later."),
    ),
    "harvest_status": (
        502,
        _("The repository answers with HTTP status %(status)s. We try again later."),
    ),
    "harvest_busy": (502, _("The repository asked us to wait %(seconds)s seconds; we do.")),
    "harvest_not_oai": (
        502,
        _("The answer is no OAI-PMH (%(detail)s). Is this the repository's base URL?"),
    ),
    "harvest_refused": (
        502,
        _("The repository refuses: %(error)s %(detail)s. Check the set and the metadata prefix."),
    ),
    "harvest_no_progress": (
        502,
        _("The repository gives the same resumption token again; its list has no end."),
    ),
    "no_agency": (
        422,
        _("Say for which institution this is: ?agency=CODE, one your role covers."),
    ),
    "record_withdrawn": (
        410,
        _("This record was withdrawn: no member library holds it any more."),
    ),
    # librarians' decisions on duplicates
    "unknown_source_record": (
        404,
        _("One of the records is no longer there. Load the page again."),
    ),
    "unknown_work_or_edition": (
        404,
        _("There is no work or edition %(public_id)s. Copy its number from its page: w12 or m34."),
    ),
    "same_source_record": (422, _("Name two different records.")),
    "unknown_match_decision": (404, _("This decision is not there. Load the list again.")),
    "match_decision_already_undone": (409, _("This decision was taken back before.")),
    "match_decided_otherwise": (
        409,
        _("The opposite is decided for this pair (decision %(decision)s). Take that back first."),
    ),
    "match_contradicts_decision": (
        409,
        _("This contradicts decision %(decision)s on the same cluster. Take that back first."),
    ),
    "barcode_needed": (422, _("Say which copy: ?barcode=NUMBER, as printed on it.")),
}

REJECTS: dict[str, tuple[int, Promise | str]] = {
    # records that could not be read (catalog.domain.marc.problems.ErrorCode)
    "empty_span": (
        422,
        _("Two record ends follow each other with nothing between. Nothing was lost."),
    ),
    "no_leader": (
        422,
        _("No MARC record begins here. Export the record again; the bytes are kept."),
    ),
    "truncated": (422, _("The record is cut short. Export it again and send it.")),
    "no_terminator": (
        422,
        _("No end of record within %(limit)s bytes. Is this a MARC file? Check the export."),
    ),
    "bad_directory": (
        422,
        _("The record's directory does not fit its fields. Save it again in your system."),
    ),
    "no_fields": (422, _("The record has no fields. Delete it or catalogue it in your system.")),
    "not_bibliographic": (
        422,
        _("This is no bibliographic record (leader/06 is “%(type)s”). Leave it out of the export."),
    ),
    "xml_unclosed": (
        422,
        _("A <record> element is not closed before the next begins. Check the export."),
    ),
    "xml_stray_fields": (
        422,
        _("MARC fields stand outside any <record> element. Check the export."),
    ),
    "xml_ill_formed": (
        422,
        _("The XML of this record is broken at line %(line)s, column %(column)s: %(reason)s."),
    ),
    "xml_encoding": (422, _("The XML file is not in UTF-8. Convert it and send it again.")),
    "no_records": (422, _("The XML file holds no MARC <record> element. Is it the right file?")),
    "reader_defect": (
        422,
        _("Our reader failed on this record (%(error)s). It is kept; please tell the network."),
    ),
    # records and copies that were taken, with something to know
    "duplicate_in_file": (
        422,
        _("Control number %(key)s appears again as record %(again_at)s; the later one was kept."),
    ),
    "bad_barcode": (
        422,
        _("The copy has no barcode, or one longer than 64 characters. Give it one and send again."),
    ),
    "copy_at_unknown_branch": (
        422,
        _(
            "No branch of yours is called “%(branch)s”; copy %(barcode)s and others like it were"
            " placed at the main branch. Correct the code or ask for the branch to be added."
        ),
    ),
    "agency_has_no_branch": (
        422,
        _("Copy %(barcode)s has no place: your institution has no branch in the network yet."),
    ),
    # single changes
    "change_unreadable": (
        422,
        _("This line is no JSON object, or is longer than 8 MB. Send one change on each line."),
    ),
    "change_op_unknown": (422, _("The operation is “%(op)s”; say upsert or delete.")),
    "change_without_sequence": (
        422,
        _(
            "The change of %(control_number)s has no sequence: a whole number, 1 or more, that"
            " rises with each change you make."
        ),
    ),
    "change_without_record": (
        422,
        _(
            "The change of %(control_number)s has no record: send MARCXML as text, or ISO 2709"
            " in base64."
        ),
    ),
    "control_number_differs": (
        422,
        _("The change is of %(sent)s, but the record's own control number is %(found)s."),
    ),
    # rows of an item list
    "not_a_row": (422, _("This row is not an object with fields. Check the list.")),
    "missing_field": (422, _("The field %(field)s is missing. Fill it in and send the row again.")),
    "copy_of_unknown_record": (
        422,
        _("You have sent no record %(control_number)s yet. Send the record first, then the copy."),
    ),
}


def note_on(batch: Batch) -> str:
    """What a member should know of a full batch read to its end; empty if all is well.

    All are about Note [What is missing] in `catalog.actions.ingesting.missing`.
    """
    if batch.mode != "full" or batch.state != BatchState.DONE:
        return ""
    if batch.lost:
        params = {"lost": batch.lost, "withheld": batch.withheld}
        text = _(
            "Nothing was withdrawn: %(lost)s unreadable spans may hold any of the %(withheld)s"
            " records this file lacks. Mend the export and send the full file again."
        )
        return str(text) % params
    if batch.withdrawal == Withdrawal.ASKED:
        text = _(
            "Nothing was withdrawn yet: this full file lacks %(withheld)s of your records, more"
            " than usual. If it was cut short, send the whole file again; if they are really gone,"
            " confirm the withdrawal."
        )
        return str(text) % {"withheld": batch.withheld}
    if batch.spared:
        return ngettext(
            "%(count)s damaged record was in the file and stands as it was before; what the file"
            " lacked was withdrawn. Send the mended record alone.",
            "%(count)s damaged records were in the file and stand as they were before; what the"
            " file lacked was withdrawn. Send the mended records alone.",
            len(batch.spared),
        ) % {"count": len(batch.spared)}
    return ""
