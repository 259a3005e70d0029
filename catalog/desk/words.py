"""What the codes of a quality report say to a cataloguer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.domain.quality import Lack

LACKS: dict[Lack, Any] = {
    Lack.NO_TITLE: _("no title"),
    Lack.NO_AUTHOR: _("no author"),
    Lack.NO_NUMBER: _("neither ISBN nor unified book number"),
    Lack.BAD_CHECK_DIGIT: _("ISBN or ISSN with a wrong check digit"),
    Lack.NO_PUBLISHER: _("no publisher"),
    Lack.NO_YEAR: _("no year"),
    Lack.NO_PAGES: _("no number of pages"),
    Lack.NO_CLASS: _("no class number (CLC)"),
    Lack.NO_SUBJECT: _("no subject"),
    Lack.NO_PRICE: _("no price"),
    Lack.CHARACTERS_DAMAGED: _("damaged characters"),
    Lack.STRUCTURE_REPAIRED: _("structure had to be repaired"),
    Lack.ENCODING_UNCLEAR: _("encoding is not the one declared"),
    Lack.NO_ITEMS: _("no copies"),
    Lack.UNMATCHED: _("held by no other member"),
}
