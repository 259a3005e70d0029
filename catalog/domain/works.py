"""Which editions are of one work: the same book for a reader, whoever printed or translated it.

Title and first author make the work (MA-12). Where an author is transliterated otherwise, or a
title translated otherwise, only what the records themselves say can tell: the author's name in its
own language, life dates, the original title, an identifier of the person (MA-18, MA-19).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

import msgspec

from catalog.domain.clustering import Groups
from catalog.domain.matching import Verdict
from catalog.domain.profile import split_title
from catalog.domain.records import BibRecord, Contributor, Material, TitleKind
from catalog.domain.text import (
    fold,
    has_han,
    person_key,
    pinyin_forms,
    pinyin_key,
    publisher_key,
    title_key,
)
from catalog.domain.transliteration import names_in_letters, sound_alike

_NOTHING: frozenset[str] = frozenset()
_ORIGINAL, _SERIAL = TitleKind.ORIGINAL, Material.SERIAL  # see Note [Members by name] in records
_LIFE = re.compile(r"(\d{4})\s*[-–—~]\s*(\d{4})?")
_MARK = re.compile(r"[^\W\d]{1,6}")
_DYNASTY_NAMES = """
    先秦 春秋 战国 秦 汉 西汉 东汉 后汉 三国 魏 蜀 吴 晋 西晋 东晋 南朝 南朝宋 宋 齐 梁 陈 北魏 北齐
    北周 隋 唐 五代 北宋 南宋 辽 金 西夏 元 明 清 民国
"""
_DYNASTIES = frozenset(_DYNASTY_NAMES.split())
_SPELT_NATIONS = {"苏": "俄", "前苏": "俄", "古希": "希"}  # 苏联 and 俄, 古希腊 and 希腊
_ARTICLE = re.compile(
    r"^(?:the|an?|l[ae']?|les|une?|d[ei]r|d[ai]s|ein|eine|el|los|las|il|lo|gli|os?|as) +"
)
# Several works in one, chosen or complete: titles that name no work.
_COLLECTED = re.compile(
    "选集|全集|文集|作品集|作品选|诗选|诗集|诗抄|小说选|小说集|散文集|散文选|书信|日记|合集|精选|短篇|中短篇|戏剧集"
    r"|\b(?:works?|complete|collect\w*|select\w*|stories|tales|poems?|poetry|essays|letters|plays"
    r"|novels|writings|werke|gedichte|erzahlungen|oeuvres|poesies|contes|nouvelles|obras|cuentos"
    r"|sochineniia|rasskazy|stikhotvoreniia|omnibus|anthology|fables|essais|divan\w*)\b"
)
# Another book made of this one, or about it.
_MADE_OF_IT = re.compile(
    "改编|改写|缩写|缩编|节选|节编|节本|简写|简编|漫画|连环画|绘本|图说|导读|解读|赏析|故事|剧本|话剧|电影"
    "|研究|评析|辅导|学生版|少年版|青少版|少儿版|儿童版"
    "|abridg|adapt|retold|graphicnovel|comic|studyguide|companion|simplified|screenplay"
)
_LARGEST_FAMILY = 400  # unlike units; beyond that only title and author count


class WorkFacts(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What a record says of the work it is an edition of. Only ``key``: nothing beyond MA-12."""

    key: str
    title: str = ""
    author: str = ""  # key of the first name, as on the title page
    born: int = 0
    died: int = 0
    nation: str = ""
    is_part: bool = False  # a volume, several works, or a collection
    is_made_over: bool = False
    order: tuple[tuple[str, ...], ...] = ()  # the sets below: they have no order of their own
    names: frozenset[str] = _NOTHING  # in the original language
    ids: frozenset[str] = _NOTHING
    originals: frozenset[str] = _NOTHING  # keys of original titles
    languages: frozenset[str] = _NOTHING  # of this edition

    @property
    def ties(self) -> tuple[str, ...]:
        """Keys under which editions with evidence look for each other."""
        if not (self.names or self.ids or self.originals or self.died):
            return ()
        found = [_hash("title", self.title)]
        found += [_hash("original", one) for one in sorted(self.originals) if not self.is_part]
        return tuple(found)


def work_key(record: BibRecord) -> str:
    """The key under which manifestations meet in one work: title and first author (MA-12).

    Without an author the publisher stands in, so that two yearbooks of one name stay apart.
    """
    return _key(record, _first_named(record)[1])


def _first_named(record: BibRecord) -> tuple[Contributor | None, str]:
    """The first whose name says anything, and the key of that name."""
    for one in record.contributors:
        if key := person_key(one.name):
            return one, key
    return None, ""


def _key(record: BibRecord, person: str) -> str:
    title, _, _ = split_title(_main_title(record))
    kind = "" if record.material is not _SERIAL else "serial"
    return _hash(kind, title, person or f"publisher {publisher_key(record.publisher)}")


def work_facts(record: BibRecord) -> WorkFacts:
    """Everything that may tie this edition to others of its work (MA-18, MA-19).

    Only a person named as author, and only names or titles carried over from another language, are
    worth more than the key.
    """
    author, person = _first_named(record)
    key = _key(record, person)
    if author is None or not _is_carried_over(record, author):
        return WorkFacts(key=key)
    title, volume, set_size = split_title(_main_title(record))
    names, originals = _names(author), _original_titles(record)
    ids = frozenset(author.ids)
    born, died = _life(author)
    is_part = bool(record.volume or record.part_name or volume or set_size)
    is_part = is_part or (record.volumes or 1) > 1 or len(originals) > 1
    return WorkFacts(
        key=key,
        title=title,
        author=person,
        names=names,
        ids=ids,
        originals=originals,
        languages=frozenset(record.languages),
        born=born,
        died=died,
        nation=_nation(author),
        is_part=is_part or _names_no_one_work(title, record.title),
        is_made_over=_is_made_over(record),
        order=tuple(tuple(sorted(one)) for one in (names, ids, originals, record.languages)),
    )


def work_ties(record: BibRecord) -> tuple[str, ...]:
    """Keys beyond the work key under which the edition may meet others; most records have none."""
    return work_facts(record).ties


def _hash(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _main_title(record: BibRecord) -> str:
    title = record.title
    return title.partition(" : ")[0] or title


def _is_carried_over(record: BibRecord, author: Contributor) -> bool:
    if author.is_corporate or author.role not in ("aut", "cre") or not record.titles:
        return False
    if record.material is _SERIAL:
        return False
    if author.ids or author.original or record.original_languages:
        return True
    for title in record.titles:
        if title.kind is _ORIGINAL:
            return True
    return has_han(author.name) and bool(_nation(author))


def _names(author: Contributor) -> frozenset[str]:
    """The author's name in letters; pinyin of a Han name is no name of another language."""
    found = {author.original} if author.original else set()
    if not has_han(author.name):
        found.add(author.name)
    elif author.pinyin and not _is_its_pinyin(author):
        found.add(author.pinyin)
    return frozenset(key for name in found if not has_han(name) and (key := person_key(name)))


def _is_its_pinyin(author: Contributor) -> bool:
    spoken = pinyin_key(author.pinyin)
    return spoken in {
        pinyin_key(full)
        for is_person in (True, False)
        for full in pinyin_forms(person_key(author.name), is_person=is_person).fulls()
    }


def _life(author: Contributor) -> tuple[int, int]:
    for text in (author.note, author.original, author.name):
        if found := _LIFE.search(text):
            return int(found[1]), int(found[2] or 0)
    return 0, 0


def _nation(author: Contributor) -> str:
    """美 or 美国, as the catalogue marks foreigners; a dynasty is no nation."""
    mark = _MARK.match(author.note)
    if mark is None or not has_han(mark.group()) or mark.group() in _DYNASTIES:
        return ""
    name = mark.group().removesuffix("国") or mark.group()
    name = name.removesuffix("联") if name.startswith(("苏", "前苏")) else name
    return _SPELT_NATIONS.get(name[:2], _SPELT_NATIONS.get(name[:1], name[:2]))


def _original_titles(record: BibRecord) -> frozenset[str]:
    """Keys of what this book was translated from; of uniform or parallel titles for want of it."""
    kinds = [TitleKind.ORIGINAL]
    if has_han(record.title):  # the title of the work, and what stands beside the translated one
        kinds += [TitleKind.UNIFORM, TitleKind.PARALLEL]
    by_kind = ({t.text for t in record.titles if t.kind is kind} for kind in kinds)
    named = next((texts for texts in by_kind if any(not has_han(text) for text in texts)), set())
    found = {_original_key(text) for text in named if not has_han(text)}
    return frozenset(key for key in found if len(key) > 1)


def _original_key(text: str) -> str:
    """Without article, subtitle and statement; empty for a title that names no one work."""
    main = re.split(r"\s*[:：;/=]\s|[（(\[]", text, maxsplit=1)[0]
    folded = fold(main)
    if _COLLECTED.search(folded):
        return ""
    return title_key(_ARTICLE.sub("", folded))


def _is_made_over(record: BibRecord) -> bool:
    if any(one.role == "adp" for one in record.contributors):
        return True
    said = (record.subtitle, record.edition, record.part_name, record.responsibility)
    return any(_MADE_OF_IT.search(title_key(text)) for text in said if text)


def _names_no_one_work(key: str, title: str) -> bool:
    return bool(_COLLECTED.search(fold(title)) or _MADE_OF_IT.search(key))


# --- two editions ------------------------------------------------------------------------------


def compare_works(one: WorkFacts, other: WorkFacts) -> tuple[Verdict, int]:
    """Whether two editions are of one work, and how strongly that is said; symmetric.

    *Ask* means that nothing is known: it neither joins nor keeps apart.
    """
    if _are_two_persons(one, other):
        return Verdict.DIFFERENT, 0
    if one.key == other.key:
        return Verdict.SAME, 4
    if not one.title or not other.title or one.is_made_over or other.is_made_over:
        return Verdict.ASK, 0
    strength = _same_author(one, other)
    if one.title == other.title:
        return (Verdict.SAME, strength) if strength else (Verdict.ASK, 0)
    is_same = strength > 1 and _is_one_book(one, other)
    return (Verdict.SAME, strength) if is_same else (Verdict.ASK, 0)


def _is_one_book(one: WorkFacts, other: WorkFacts) -> bool:
    """Rule MA-19: another title of the same whole book; who asks for one can read the other."""
    if one.is_part or other.is_part:
        return False
    is_read_alike = not (one.languages and other.languages) or bool(one.languages & other.languages)
    return is_read_alike and bool(one.originals) and one.originals == other.originals


def _same_author(one: WorkFacts, other: WorkFacts) -> int:
    """3 by identifier, 2 by name in letters or by dates, 1 by original title; 0: cannot tell."""
    if one.ids & other.ids:
        return 3
    alike = sound_alike(one.author, other.author)
    # MARC 21 enters Stendhal where CNMARC enters 司汤达: nothing to be alike.
    may_be = alike or has_han(one.author) != has_han(other.author)
    spelt = {names_in_letters(a, b) for a in one.names for b in other.names}
    if "full" in spelt or ("word" in spelt and may_be):
        return 2
    is_one_life = bool(one.died) and (one.born, one.died) == (other.born, other.died)
    is_one_nation = bool(one.nation) and one.nation == other.nation
    is_whole = not (one.is_part or other.is_part)
    if is_one_life and (alike or (is_whole and (is_one_nation or may_be))):
        return 2
    return 1 if alike and one.originals & other.originals else 0


def _are_two_persons(one: WorkFacts, other: WorkFacts) -> bool:
    """Rule MA-20: Smith, Adam and Smith, John; two who were born years apart."""
    if one.ids & other.ids:
        return False
    if one.born and other.born:
        if one.born == other.born:
            return False
        if abs(one.born - other.born) > _SLIP_OF_YEARS:
            return True
    spelt = {names_in_letters(a, b) for a in one.names for b in other.names}
    return "differ" in spelt and not spelt & {"full", "word"}


_SLIP_OF_YEARS = 10  # between catalogues that disagree about one person


# --- many editions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unit:
    """Editions nothing tells apart; one that people decided about stands for itself."""

    facts: WorkFacts
    decided: tuple[tuple[str, str], ...] = ()  # its records' lasting names: (agency, source key)

    @property
    def is_open(self) -> bool:
        """It takes in every other edition with its key of which nothing more is said."""
        return not self.decided and self.facts == WorkFacts(key=self.facts.key)

    @property
    def lasting_key(self) -> str:
        """For a work that could not have the plain key, because another one has it."""
        facts = self.facts
        return _hash("apart", facts.key, repr((facts.order, facts.born, self.decided)))


def group_works(
    units: Sequence[Unit], *, decided: Mapping[frozenset[Unit], bool]
) -> list[list[Unit]]:
    """Works as lists of units, in an order and composition that do not depend on theirs.

    ``decided`` is what librarians said: held apart never meets, joined always does (MA-21).
    """
    opened = (Unit(facts=WorkFacts(key=one.facts.key)) for one in units)
    return [
        work
        for family in _families(sorted({*units, *opened}), decided)
        for work in _works_of_family(family, decided)
    ]


def _families(units: Sequence[Unit], decided: Mapping[frozenset[Unit], bool]) -> list[list[Unit]]:
    """Units that share a key or a decision, or are tied by others that do."""
    first: dict[str, int] = {}
    ties = [
        (first.setdefault(key, index), index)
        for index, one in enumerate(units)
        for key in (one.facts.key, *one.facts.ties)
    ]
    place = {one: index for index, one in enumerate(units)}
    ties += [(place[one], place[other]) for one, other in map(tuple, decided)]
    groups = Groups(len(units))
    groups.join(ties, apart=set())
    return [[units[i] for i in sorted(found)] for _, found in sorted(groups.members.items())]


def _works_of_family(
    ordered: Sequence[Unit], decided: Mapping[frozenset[Unit], bool]
) -> list[list[Unit]]:
    same: list[tuple[int, int, int]] = []
    differing: set[tuple[int, int]] = set()
    parted: set[tuple[int, int]] = set()
    by_hand: list[tuple[int, int]] = []
    is_small = len(ordered) <= _LARGEST_FAMILY
    for (i, one), (j, other) in combinations(enumerate(ordered), 2):
        word = decided.get(frozenset((one, other)))
        if word is not None:
            (by_hand.append if word else parted.add)((i, j))
        if not is_small and one.facts.key != other.facts.key:
            continue
        verdict, strength = compare_works(one.facts, other.facts)
        if verdict is Verdict.SAME:
            same.append((-strength, i, j))
        elif verdict is Verdict.DIFFERENT:
            differing.add((i, j))
    groups = Groups(len(ordered))
    groups.join([(i, j) for _, i, j in sorted(same)], apart=differing | parted)
    groups.join(by_hand, apart=parted)
    return [[ordered[i] for i in sorted(found)] for _, found in sorted(groups.members.items())]


def keys_of_work(units: Sequence[Unit]) -> list[str]:
    """The grouping keys this work answers to, one at least; no two works of a family share one."""
    return sorted({one.facts.key for one in units if one.is_open}) or [min(units).lasting_key]
