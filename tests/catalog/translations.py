"""Translations as members send them, and the works the catalogue makes of them."""

from catalog.domain.marc.write import write_iso2709
from catalog.models import SourceRecord
from tests.catalog.files import CNMARC, cnmarc_fields


def translated(number, title, author, *, name="", nation="", life="", original="", **named):
    """A translation as the National Library catalogues it: (法) 司汤达 (Stendhal, 1783-1842)."""
    fields = [one for one in cnmarc_fields(number, title, author, **named) if one[0] != "701"]
    person = [("a", author), ("c", nation), ("g", name), ("f", life), ("4", "著")]
    fields.append(("701", " 0", [one for one in person if one[1]]))
    if original:
        fields.append(("454", " 0", [("1", "2001 "), ("a", original)]))
    return write_iso2709(fields, format=CNMARC)


def works():
    """The works as sets of control numbers (those of others than JJ with their agency)."""
    found = {}
    rows = SourceRecord.objects.filter(deleted_at=None)
    columns = ("manifestation__work_id", "agency__code", "source_key")
    for work, agency, key in rows.values_list(*columns):
        found.setdefault(work, set()).add(f"{agency} {key}" if agency != "JJ" else key)
    return {frozenset(members) for members in found.values()}
