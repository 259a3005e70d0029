"""Coded values of both dialects in our own words: tables, and nothing else."""

from __future__ import annotations

from catalog.domain.records import Audience, Material

# Leader/06, and what a serial or a remote resource makes of it (NO-17).
MARC21_MATERIALS = {
    "a": Material.BOOK, "t": Material.BOOK, "c": Material.SCORE, "d": Material.SCORE,
    "e": Material.MAP, "f": Material.MAP, "g": Material.VIDEO, "i": Material.AUDIO,
    "j": Material.AUDIO, "k": Material.GRAPHIC, "m": Material.ELECTRONIC, "o": Material.KIT,
    "p": Material.OTHER, "r": Material.OTHER,
}  # fmt: skip
MARC21_AUDIENCES = {
    "a": Audience.CHILDREN, "b": Audience.CHILDREN, "c": Audience.CHILDREN,
    "j": Audience.CHILDREN, "d": Audience.YOUTH, "e": Audience.ADULT, "f": Audience.ADULT,
}  # fmt: skip
# MARC country codes -> ISO 3166; states and provinces end in u (US), k (GB), c (CA), a (AU).
_COUNTRIES = {
    "cc": "CN", "ch": "TW", "hk": "HK", "mh": "MO", "ja": "JP", "ko": "KR", "kn": "KP",
    "si": "SG", "my": "MY", "th": "TH", "vm": "VN", "ii": "IN", "io": "ID", "ph": "PH",
    "ru": "RU", "fr": "FR", "gw": "DE", "it": "IT", "sp": "ES", "po": "PT", "ne": "NL",
    "be": "BE", "sz": "CH", "au": "AT", "pl": "PL", "xr": "CZ", "sw": "SE", "no": "NO",
    "dk": "DK", "fi": "FI", "ie": "IE", "at": "AU", "nz": "NZ", "mx": "MX", "bl": "BR",
    "ag": "AR", "cl": "CL", "ck": "CO", "is": "IL", "tu": "TR", "ua": "EG", "sa": "ZA",
    "pk": "PK", "bg": "BD", "ce": "LK", "ir": "IR", "kz": "KZ", "uz": "UZ", "cb": "KH",
    "ls": "LA", "ic": "IS", "bu": "BG", "xo": "SK", "xv": "SI", "ci": "HR", "rb": "RS",
    "er": "EE", "lv": "LV", "li": "LT", "cu": "CU", "pe": "PE", "ve": "VE", "ng": "NG",
    "hu": "HU", "gr": "GR", "rm": "RO", "un": "UA", "mp": "MN", "br": "MM", "np": "NP",
}  # fmt: skip
_REGIONS = {"u": "US", "k": "GB", "c": "CA", "a": "AU"}
COUNTRY_CODES = {iso: code for code, iso in _COUNTRIES.items()} | {
    "US": "xxu", "GB": "xxk", "CA": "xxc",
}  # fmt: skip
"""The way back: ISO 3166 -> MARC country code."""


def iso_country(marc_code: str) -> str:
    """ISO 3166 for a MARC country code; a code not in the table as it is, "xx" empty."""
    code = marc_code.strip(" |#")
    if len(code) == 3 and code[2] in _REGIONS:
        return _REGIONS[code[2]]
    return _COUNTRIES.get(code, "" if code == "xx" else code)


UNIMARC_MATERIALS = {
    "a": Material.BOOK, "b": Material.BOOK, "c": Material.SCORE, "d": Material.SCORE,
    "e": Material.MAP, "f": Material.MAP, "g": Material.VIDEO, "i": Material.AUDIO,
    "j": Material.AUDIO, "k": Material.GRAPHIC, "l": Material.ELECTRONIC, "m": Material.KIT,
    "r": Material.OTHER,
}  # fmt: skip
UNIMARC_AUDIENCES = {  # 100 $a/17-19
    "a": Audience.CHILDREN, "b": Audience.CHILDREN, "c": Audience.CHILDREN,
    "d": Audience.CHILDREN, "e": Audience.YOUTH, "k": Audience.ADULT, "m": Audience.ADULT,
}  # fmt: skip
