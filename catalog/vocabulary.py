"""Codes of the catalogue in words: languages, materials, roles, classes, evidence."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# ISO 639-2/B; the commonest in public libraries here. Others show their code.
LANGUAGES = {
    "chi": _("Chinese"), "eng": _("English"), "jpn": _("Japanese"), "fre": _("French"),
    "ger": _("German"), "rus": _("Russian"), "kor": _("Korean"), "spa": _("Spanish"),
    "ita": _("Italian"), "por": _("Portuguese"), "ara": _("Arabic"), "lat": _("Latin"),
    "tib": _("Tibetan"), "uig": _("Uyghur"), "mon": _("Mongolian"), "mul": _("several languages"),
    "und": _("language not stated"), "vie": _("Vietnamese"), "tha": _("Thai"), "hin": _("Hindi"),
    "dut": _("Dutch"), "swe": _("Swedish"), "pol": _("Polish"), "cze": _("Czech"),
    "heb": _("Hebrew"), "gre": _("Greek"), "grc": _("Ancient Greek"), "san": _("Sanskrit"),
    "per": _("Persian"), "tur": _("Turkish"), "iii": _("Yi"), "zha": _("Zhuang"),
    "kaz": _("Kazakh"), "dan": _("Danish"), "nor": _("Norwegian"), "fin": _("Finnish"),
    "hun": _("Hungarian"), "ukr": _("Ukrainian"), "ind": _("Indonesian"), "zxx": _("no words"),
}  # fmt: skip
MATERIALS = {
    "book": _("book"), "serial": _("periodical"), "score": _("printed music"), "map": _("map"),
    "audio": _("sound recording"), "video": _("video"), "graphic": _("picture"),
    "electronic": _("electronic"), "kit": _("kit"), "other": _("other"),
}  # fmt: skip
# MARC relator codes; an author goes without saying.
ROLES = {
    "aut": "", "trl": _("translator"), "edt": _("editor"), "ill": _("illustrator"),
    "com": _("compiler"), "ant": _("after a work by"), "aui": _("introduction"),
    "cmp": _("composer"), "nrt": _("narrator"), "pbl": _("publisher"), "rev": _("reviewer"),
    "art": _("artist"), "pht": _("photographer"), "drt": _("director"), "ann": _("annotator"),
    "crp": _("corrector"), "cmm": _("commentator"), "lbt": _("words"), "adp": _("adapter"),
    "isb": _("issuing body"), "ctb": _("contributor"), "oth": "",
}  # fmt: skip
# Main classes of the Chinese Library Classification; T is shown by its second letter.
CLC = {
    "A": _("Marxism, Leninism"), "B": _("Philosophy, religion"), "C": _("Social sciences"),
    "D": _("Politics, law"), "E": _("Military science"), "F": _("Economics"),
    "G": _("Culture, education, sports"), "H": _("Languages"), "I": _("Literature"),
    "J": _("Art"), "K": _("History, geography"), "N": _("Natural sciences"),
    "O": _("Mathematics, physics, chemistry"), "P": _("Astronomy, earth sciences"),
    "Q": _("Biology"), "R": _("Medicine, health"), "S": _("Agriculture"),
    "T": _("Technology"), "U": _("Transport"), "V": _("Aviation, space"),
    "X": _("Environment, safety"), "Z": _("General works"),
    "TB": _("General engineering"), "TD": _("Mining"), "TE": _("Oil, gas"),
    "TF": _("Metallurgy"), "TG": _("Metalworking"), "TH": _("Machinery, instruments"),
    "TJ": _("Weapons"), "TK": _("Energy"), "TL": _("Atomic energy"),
    "TM": _("Electrical engineering"), "TN": _("Electronics, telecommunications"),
    "TP": _("Automation, computers"), "TQ": _("Chemical industry"),
    "TS": _("Light industry, crafts, cooking"), "TU": _("Building, architecture"),
    "TV": _("Water engineering"),
}  # fmt: skip
AUDIENCES = {"children": _("for children"), "youth": _("for young people"), "adult": _("adults")}
FIELDS = {
    "isbn": "ISBN", "issn": "ISSN", "ubsn": _("Unified book number"), "lccn": "LCCN",
    "sudoc": "SuDoc", "link": _("Lasting link"), "oclc": "OCLC",
    "other": _("Identifier"), "identifier": _("Identifier"),
    "title": _("Title"), "author": _("Author"), "publisher": _("Publisher"),
    "year": _("Year"), "pages": _("Pages"), "edition": _("Edition"), "language": _("Language"),
    "volume": _("Volume"), "volumes": _("Volumes"), "part_name": _("Part"),
    "material": _("Material"), "series": _("Series"), "place": _("Place"),
    "extent": _("Extent"), "adaptation": _("Made over for others"),
    "hand_press": _("Printed by hand"),
}  # fmt: skip
VERDICTS = {
    "agree": pgettext_lazy("evidence", "agree"),
    "near": pgettext_lazy("evidence", "nearly agree"),
    "differ": pgettext_lazy("evidence", "differ"),
    "missing": pgettext_lazy("evidence", "one side is silent"),
    "absent": pgettext_lazy("evidence", "neither says"),
}


def language(code: str) -> str:
    return str(LANGUAGES.get(code, code))


def material(code: str) -> str:
    return str(MATERIALS.get(code, code))


def role(code: str) -> str:
    return str(ROLES.get(code, ""))


def person(name: str, code: str) -> str:
    """A name with what its bearer did, unless it goes without saying."""
    return f"{name} ({words})" if (words := role(code)) else name


def main_class(letters: str) -> str:
    return str(CLC.get(letters, CLC.get(letters[:1], letters)))


def audience(code: str) -> str:
    return str(AUDIENCES.get(code, code))


def decade(year: str) -> str:
    """2010 -> the 2010s."""
    return str(_("%(year)ss") % {"year": year})


def field(name: str) -> str:
    return str(FIELDS.get(name, name))


def verdict(word: str) -> str:
    return str(VERDICTS.get(word, word))
