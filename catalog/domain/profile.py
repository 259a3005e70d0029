"""What the matcher knows of one record: everything a comparison needs, worked out once.

Keys are the blocks in which records meet; a pair that shares no key is never compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from catalog.domain.numbering import roman_number
from catalog.domain.records import SUDOC, BibRecord, IdentifierKind, Material, TitleKind
from catalog.domain.text import (
    edition_number,
    has_han,
    person_keys,
    pinyin_forms,
    pinyin_key,
    publisher_key,
    title_key,
    volume_in_title,
    volume_number,
)

_NUMERAL = r"\d一二三四五六七八九十百两〇"
# 全四册, 4 vols.: how many parts there are, not which one this is (MA-4).
_WHOLE_SET = re.compile(
    rf"[\s(（\[〔【,，:：.]*(?:全|共)\s*(?P<n>[{_NUMERAL}]+)\s*[册冊卷本部集函][)）\]〕】\s]*$"
)
# A quick look before the long one: most titles name no part.
_MAY_NAME_PART = re.compile(
    rf"[{_NUMERAL}第卷上中下册冊部辑輯编編集]|\b(?:v|pt|part|bd|bde|band|tome?)", re.IGNORECASE
)
_SET_QUALIFIER = re.compile(r"套|全[\d一二三四五六七八九十]|\bset\b|\bcomplete\b", re.IGNORECASE)
_DATES = re.compile(r"[,\s(（]*(?:b\.|d\.|ca\.|active|approximately)?\s*\d{3,4}.*$")
_COUNT_BEFORE = re.compile(r"(?<![\w<-])(?P<n>[ivxlc]+|\d{1,3})(?: ?p\.)?\]?(?=\s*[,，]\s*\[?\d)")
_REVISED = re.compile(
    r"\brev|\benl|\bexp|\bupd|\baugm|\bnew\b|\bnouv|\bnuev|\bneu|\bcorr|\bverb|\büberarb|\blarge"
    r"|\bspecial|\blimited|修订|修訂|增订|增訂|增补|增補|补订|校订|新版|新1版|新一版|重排|典藏|珍藏|纪念",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_COUNTED = re.compile(
    r"\[(?P<n>\d{1,3})\] ?(?:p|l)|(?P<m>\d{1,3}) un+umbered (?:page|lea)", re.IGNORECASE
)
_DOUBLED = re.compile(r"([^\W\d])(?=\1)")
_DOUBLED_LATIN = re.compile(r"([a-z])(?=\1)")  # the same where there are no others
_OPEN_SET = re.compile(
    r"\s*(?:v|vols?|bd|t)\.?\s*(?:<|$|\()|\s*<|\s*\d+\s*v\.\s*\(<", re.IGNORECASE
)
# Links meant to last and to lead to one thing: PURL, DOI, Handle (MA-22).
_LASTING_LINK = re.compile(
    r"^https?://(?:www\.)?(purl\.[^/]+/.{6,}|(?:dx\.)?doi\.org/10\..{6,}|hdl\.handle\.net/.{6,})",
    re.IGNORECASE,
)
_LONGEST_PART = 12  # characters; a longer tail is a title of its own, not a part designation
_MAIN, _ISBN = TitleKind.MAIN, IdentifierKind.ISBN  # see Note [Members by name] in records
_ELECTRONIC, _SERIAL = Material.ELECTRONIC, Material.SERIAL
_STRONG_KINDS = {
    IdentifierKind.ISSN: "issn",
    IdentifierKind.UBSN: "ubsn",
    IdentifierKind.LCCN: "lccn",
    IdentifierKind.OCLC: "oclc",
}


class MatchProfile(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One record as the matcher sees it: folded, keyed, ready to compare.

    What the keys need is worked out at once, the rest when a comparison first asks: most records
    of a new file meet nobody. (Hence ``dict``.)
    """

    record: BibRecord
    title: str  # main title without its part designation
    title_volume: str  # the part its title names
    set_size: int | None  # how many parts its title says it has
    is_han: bool
    sounds: tuple[str, ...]  # romanised titles; of a title in Latin letters, itself
    first_people: tuple[str, ...]  # the first name in every form
    isbns: frozenset[str]
    set_isbns: frozenset[str]
    numbers: frozenset[str]  # "lccn:…", "sudoc:…", "link:…"; other than ISBN
    keys: tuple[str, ...]

    @property
    def first_person(self) -> str:
        return self.first_people[0] if self.first_people else ""

    @property
    def year(self) -> int | None:
        return self.record.year

    @cached_property
    def pages(self) -> int | None:
        """Printed pages; of a leaflet those somebody counted: ``[16] p.``, 2 unnumbered pages."""
        if self.record.pages or not self.record.extent:
            return self.record.pages
        found = _COUNTED.search(self.record.extent)
        return int(found["n"] or found["m"]) if found else None

    @cached_property
    def page_counts(self) -> tuple[int, ...]:
        """The pages, without and with the front matter counted apart (xii, 306 p.)."""
        pages = self.pages
        if not pages:
            return ()
        front = _front_matter(self.record.extent)
        return (pages, pages + front) if front else (pages,)

    @cached_property
    def parts_there(self) -> tuple[str, ...]:
        """The numbers of an open set: ``v. <1-3>`` -> 1, 3."""
        return tuple(_DIGITS.findall(self.record.extent))

    @cached_property
    def full_name(self) -> str:
        """Title, subtitle and part in one, however they were divided."""
        return self.title + self.part_name + self.subtitle

    @cached_property
    def other_edition(self) -> bool:
        """An edition that is said to differ from the first without saying how often."""
        stated = self.record.edition
        return bool(stated) and self.edition is None and bool(_REVISED.search(stated))

    @property
    def is_online(self) -> bool:
        return "online" in self.record.extent.lower()

    @property
    def is_open_set(self) -> bool:
        """``v.`` or ``v. <1-5>``: of a set that was not complete when it was catalogued."""
        is_serial = self.record.material is Material.SERIAL
        return not is_serial and bool(_OPEN_SET.match(self.record.extent))

    @cached_property
    def series(self) -> dict[str, str]:
        """The number in each numbered series."""
        numbers = ((title_key(s.title), volume_number(s.volume)) for s in self.record.series)
        return {title: number for title, number in numbers if title and number}

    @property
    def is_by_body(self) -> bool:
        people = self.record.contributors
        return bool(people) and people[0].is_corporate

    @property
    def volumes(self) -> int | None:
        return self.record.volumes or self.set_size

    @property
    def material(self) -> Material:
        return self.record.material

    @cached_property
    def subtitle(self) -> str:
        return title_key(self.subtitle_text)

    @cached_property
    def subtitle_text(self) -> str:
        """As written: in its own field, or after a colon in the title's."""
        return self.record.subtitle or self.record.title.partition(" : ")[2]

    @cached_property
    def full_title(self) -> str:
        return self.title + self.subtitle

    @cached_property
    def part_name(self) -> str:
        return title_key(self.record.part_name)

    @cached_property
    def volume(self) -> str:
        return volume_number(self.record.volume) or self.title_volume

    @cached_property
    def names(self) -> frozenset[str]:
        """The same book is entered under its own title, or under the set's with its part (MA-3)."""
        found = {self.title, self.full_title, self.title + self.part_name}
        if len(self.part_name) >= (4 if has_han(self.part_name) else 8):
            found.add(self.part_name)
        return frozenset(found - {""})

    @cached_property
    def other_titles(self) -> frozenset[str]:
        """Parallel, variant, uniform … titles."""
        kinds = (TitleKind.MAIN, TitleKind.OTHER)
        found = {title_key(t.text) for t in self.record.titles if t.kind not in kinds}
        return frozenset(found - {""})

    @cached_property
    def edition(self) -> int | None:
        stated = self.record.edition
        return self.record.edition_number or (edition_number(stated) if stated else None)

    @cached_property
    def people(self) -> frozenset[str]:
        return frozenset(key for c in self.record.contributors for key in person_keys(c.name))

    @cached_property
    def letters(self) -> frozenset[str]:
        """Romanised names as sorted letters, to meet across scripts."""
        return _letters(self.record)

    @cached_property
    def responsibility(self) -> str:
        return title_key(self.record.responsibility)

    @cached_property
    def publisher(self) -> str:
        return publisher_key(self.record.publisher)

    @cached_property
    def languages(self) -> frozenset[str]:
        return frozenset(self.record.languages)


class Glimpse(NamedTuple):
    """What most often tells two records apart, without working out a whole profile."""

    isbns: frozenset[str]
    set_isbns: frozenset[str]
    numbers: frozenset[str]  # as in MatchProfile
    year: int | None
    is_serial: bool


def glimpse_of(record: BibRecord) -> Glimpse:
    isbns, set_isbns = _isbns(record)
    is_serial = record.material is _SERIAL
    return Glimpse(isbns, set_isbns, _numbers(record), record.year, is_serial)


def match_keys(record: BibRecord) -> tuple[str, ...]:
    """The blocking keys of a record, at most 72 characters each (MA-1)."""
    return profile_of(record).keys


def key_number(key: str) -> int:
    """A blocking key as it is stored: 64 bits, signed, so that indexes stay small and quick.

    Two keys of one number cost a comparison and no wrong merge.
    """
    return int.from_bytes(
        blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), signed=True
    )


def profile_of(record: BibRecord) -> MatchProfile:
    """What the keys of a record need; see MatchProfile."""
    shown = record.title
    main_title = shown.partition(" : ")[0] or shown
    title, title_volume, set_size = split_title(main_title)
    people = record.contributors
    first_people = person_keys(people[0].name) if people else ()
    isbns, set_isbns = _isbns(record)
    numbers = _numbers(record)
    is_han = has_han(main_title)
    sounds = _sounds(record, title, is_han=is_han)
    return MatchProfile(
        record=record,
        title=title,
        title_volume=title_volume,
        set_size=set_size,
        is_han=is_han,
        sounds=sounds,
        first_people=first_people,
        isbns=isbns,
        set_isbns=set_isbns,
        numbers=numbers,
        keys=_keys(
            title=title,
            sounds=sounds[:2],
            is_han=is_han,
            part_name=title_key(record.part_name) if record.part_name else "",
            year=record.year,
            first_person=first_people[0] if first_people else "",
            identifiers=[f"isbn:{isbn}" for isbn in sorted(isbns | set_isbns)] + sorted(numbers),
        ),
    )


@lru_cache(maxsize=1024)  # asked for the profile and for the work of one record
def split_title(text: str) -> tuple[str, str, int | None]:
    """(title key without part designation, the part, how many parts a whole set has)."""
    set_size = None
    if ("全" in text or "共" in text) and (whole := _WHOLE_SET.search(text)):
        digits = volume_number(whole["n"])
        set_size = int(digits) if digits.isdigit() else None
        text = text[: whole.start()]
    volume = volume_in_title(text) if _MAY_NAME_PART.search(text) else ""
    if volume:
        for start in range(len(text) - 1, max(0, len(text) - _LONGEST_PART), -1):
            is_inside = (
                text[start].isascii() and text[start].isalnum() and text[start - 1].isalpha()
            )
            if not is_inside and volume_in_title(text[start:]) == volume:
                text = text[:start]
                break
    return title_key(text), volume, set_size


def _sounds(record: BibRecord, title: str, *, is_han: bool) -> tuple[str, ...]:
    """Romanised main title: as catalogued first, then as computed; most likely reading first."""
    if not is_han:
        return (_heard(pinyin_key(title)),) if title else ()
    main = next((t for t in record.titles if t.kind is _MAIN), None)
    catalogued = _heard(pinyin_key(main.pinyin)) if main and main.pinyin else ""
    computed = [_heard(pinyin_key(full)) for full in pinyin_forms(title).fulls()]
    # The reading everybody computes alike comes first: it is the key both sides certainly have.
    return tuple(dict.fromkeys(s for s in (*computed[:1], catalogued, *computed[1:]) if s))


def _heard(text: str) -> str:
    """Two ways to romanise a word, and a letter written once or twice, become one."""
    doubled = _DOUBLED_LATIN if text.isascii() else _DOUBLED
    return doubled.sub("", text.replace("y", "i").replace("j", "i").replace("w", "v"))


def _front_matter(extent: str) -> int:
    """Pages counted before the last count: ``xii, 306 p.`` -> 12, ``2, 5, 243页`` -> 7."""
    total = 0
    for found in _COUNT_BEFORE.finditer(extent.lower()):
        text = found["n"]
        total += int(text) if text.isdigit() else (roman_number(text) or 0)
    return total if total < 200 else 0


def _letters(record: BibRecord) -> frozenset[str]:
    found: set[str] = set()
    for person in record.contributors[:6]:
        latin = person.pinyin if has_han(person.name) else person.name
        if latin and not has_han(latin):
            found.add("".join(sorted(pinyin_key(_DATES.sub("", latin)))))
        if has_han(person.name) and (keys := person_keys(person.name)):
            sound = pinyin_forms(keys[0], is_person=True).full
            found.add("".join(sorted(pinyin_key(sound))))
    return frozenset(found - {""})


def _isbns(record: BibRecord) -> tuple[frozenset[str], frozenset[str]]:
    """(ISBNs of this volume, ISBNs said to be of a whole set)."""
    own: set[str] = set()
    of_set: set[str] = set()
    for found in record.identifiers:
        if found.kind is _ISBN and found.is_valid:
            is_set = found.qualifier and _SET_QUALIFIER.search(found.qualifier)
            (of_set if is_set else own).add(found.value)
    return frozenset(own), frozenset(of_set - own)


def _numbers(record: BibRecord) -> frozenset[str]:
    found = {
        f"{_STRONG_KINDS[i.kind]}:{i.value[:60]}"
        for i in record.identifiers
        if i.kind in _STRONG_KINDS and i.is_valid and i.value
    }
    return frozenset(found).union(_numbers_of_documents(record))


def _numbers_of_documents(record: BibRecord) -> Iterator[str]:
    """Rule MA-22: SuDoc numbers and lasting links; none of a serial, whose parts share them.

    What is printed, filmed and online has one SuDoc number, and a record of one links to another.
    """
    if not record.urls and not any(one.qualifier == SUDOC for one in record.identifiers):
        return  # as most
    extent = record.extent.lower()
    carrier = "online" if "online" in extent else "film" if "micro" in extent else "print"
    is_electronic = record.material is _ELECTRONIC
    if record.material is _SERIAL or is_electronic != (carrier == "online"):
        return
    for one in record.identifiers:
        if one.qualifier == SUDOC and not one.value.endswith((":", "/")):
            yield f"sudoc:{_hash(carrier, ''.join(one.value.split()).upper())}"
    for url in record.urls:
        if link := _LASTING_LINK.search(url):
            yield f"link:{_hash(carrier, link[1].lower())}"


def _keys(
    *,
    title: str,
    sounds: tuple[str, ...],
    is_han: bool,
    part_name: str,
    year: int | None,
    first_person: str,
    identifiers: list[str],
) -> tuple[str, ...]:
    """Rule MA-1. Hashes are 16 hex digits; a collision costs one comparison and no wrong merge."""
    keys = dict.fromkeys(identifiers)
    stamp = str(year or "")
    if title:
        if is_han:
            keys[f"ty:{_hash(title, stamp)}"] = None
        for sound in sounds:
            keys[f"sy:{_hash(sound, stamp)}"] = None
        if first_person:
            keys[f"ta:{_hash(title, first_person)}"] = None
        if part_name:
            keys[f"ty:{_hash(part_name, stamp)}"] = None
    return tuple(keys)


def _hash(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()
