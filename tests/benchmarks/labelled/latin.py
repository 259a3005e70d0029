"""Latin pairs: real records of the Library of Congress and others, real and made-up second ones.

Real and the same: one record of a member before and after it was changed (GPO, same OCLC or LCCN
number), and copies of one record in several libraries; only where the sample corpus lies beside
the checkout. Derived and the same: LC records catalogued again, with the slips below. Real and
different: what the blocking keys bring together in LC's file under two LCCNs; pairs that proved on
reading to be LC's own duplicates are left out (`lc_twins.csv`). Derived and different: twins.
"""

import csv
import difflib
import gzip
import io
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pymarc

from catalog.domain.folding import fold
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import RecordError
from catalog.domain.marc.read import RawRecord, read_records, sniff
from catalog.domain.records import BibRecord, IdentifierKind, Material
from tests.benchmarks.labelled.pairs import LABELLING, Described, Pair, read, without_labels

SEED = 20261122
LABELS = Path(__file__).resolve().parents[2] / "data" / "match_labels"
RECORD_END = b"\x1d"

Slip = Callable[[pymarc.Record, random.Random], None]


# --- records of the load file, by their place ----------------------------------------------------


def _lines(name: str) -> list[list[int]]:
    text = (LABELS / name).read_text(encoding="ascii")
    return [[int(number) for number in line.split()] for line in text.splitlines()]


def _known_twins() -> set[tuple[int, int]]:
    """Pairs of LC that a person judged one manifestation, or could not judge."""
    with (LABELS / "lc_twins.csv").open(encoding="ascii", newline="") as lines:
        return {(int(row["offset"]), int(row["other_offset"])) for row in csv.DictReader(lines)}


def _bytes_at(source: io.BufferedReader, offset: int) -> bytes:
    source.seek(offset)
    length = int(source.read(5))
    source.seek(offset)
    return source.read(length)


def candidate_pairs(load: Path) -> Iterator[Pair]:
    """Records LC gave two numbers, which share a blocking key."""
    twins = _known_twins()
    with load.open("rb") as source:
        for left, right in _lines("lc_candidates.txt"):
            if (left, right) in twins:
                continue
            described = (
                Described(name=f"lc{offset}", record=read(_bytes_at(source, offset)))
                for offset in (left, right)
            )
            one, other = described
            yield Pair(left=one, right=other, kind="real: LC candidates", is_same=False)


# --- catalogued again ----------------------------------------------------------------------------


def again_pairs(load: Path) -> Iterator[Pair]:
    """LC's record and the same book by another cataloguer; and a twin that is another book."""
    with load.open("rb") as source:
        for (offset,) in _lines("lc_books.txt"):
            data = _bytes_at(source, offset)
            if not _is_for_the_matcher(_pymarc(data)):
                continue
            original = Described(name=f"lc{offset}", record=read(data))
            dice = random.Random(f"again:{SEED}:{offset}")
            again = _again(_pymarc(data), dice)
            yield Pair(
                left=original, right=Described(name=f"lc{offset}@again", record=again),
                kind="derived: catalogued again", is_same=True,
            )  # fmt: skip
            kind, twin = _twin(_pymarc(data), dice)
            if twin is not None:
                other = Described(name=f"lc{offset}@{kind}", record=_again(twin, dice))
                yield Pair(left=original, right=other, kind=f"derived: {kind}", is_same=False)


def _is_for_the_matcher(record: pymarc.Record) -> bool:
    """In Latin letters throughout, and from the age of machines.

    Books before 1850 are always a question for a person (MA-15), so they would measure nothing.
    """
    coded = record.get("008")
    year = (coded.data or "")[7:11] if coded else ""
    return not record.get_fields("880") and year.isdigit() and int(year) >= 1850


def _pymarc(data: bytes) -> pymarc.Record:
    return pymarc.Record(data, to_unicode=True, force_utf8=True)


def _again(record: pymarc.Record, dice: random.Random) -> BibRecord:
    for slip, share in _SLIPS.items():
        if dice.random() < share:
            slip(record, dice)
    return read(record.as_marc())


def _change(record: pymarc.Record, tag: str, code: str, change: Callable[[str], str]) -> None:
    for field in record.get_fields(tag):
        field.subfields = [
            pymarc.Subfield(s.code, change(s.value) or "?") if s.code == code else s
            for s in field.subfields
        ]


def _drop(record: pymarc.Record, tag: str, code: str) -> None:
    for field in record.get_fields(tag):
        field.subfields = [s for s in field.subfields if s.code != code]


def _no_isbd(record: pymarc.Record, dice: random.Random) -> None:
    """No punctuation between the parts, as in records of the new rules."""
    for tag in ("100", "110", "245", "250", "260", "300", "700", "710"):
        for field in record.get_fields(tag):
            field.subfields = [
                pymarc.Subfield(s.code, s.value.rstrip(" /:;,=.") or s.value)
                for s in field.subfields
            ]


_RDA = (("p.", "pages"), ("ill.", "illustrations"), ("illus.", "illustrations"),
        ("v.", "volumes"), ("col.", "color"), ("l.", "leaves"))  # fmt: skip


def _spelled_out(record: pymarc.Record, dice: random.Random) -> None:
    """RDA: pages, illustrations, volumes in full."""

    def spell(text: str) -> str:
        for short, long in _RDA:
            text = re.sub(rf"(?<!\w){re.escape(short)}", long, text)
        return text

    _change(record, "300", "a", spell)
    _change(record, "300", "b", spell)


def _as_264(record: pymarc.Record, dice: random.Random) -> None:
    for field in record.get_fields("260"):
        field.tag, field.indicators = "264", pymarc.Indicators(" ", "1")


def _year_otherwise(record: pymarc.Record, dice: random.Random) -> None:
    """c1964, [1964?], ©1964."""
    form = dice.choice(("c{}", "[{}]", "©{}", "{}, ©{}", "[{}?]"))

    def change(text: str) -> str:
        found = re.search(r"\d{4}", text)
        return form.replace("{}", found.group()) if found else text

    for tag in ("260", "264"):
        _change(record, tag, "c", change)


def _no_isbn(record: pymarc.Record, dice: random.Random) -> None:
    record.remove_fields("020")


def _pages_otherwise(record: pymarc.Record, dice: random.Random) -> None:
    """One page more or less; or the front matter not written down."""
    step, is_bare = dice.choice((-1, 1, 1, 2)), dice.random() < 0.5

    def change(text: str) -> str:
        if is_bare:
            return re.sub(r"^[ivxlc]+,\s*", "", text)
        return re.sub(r"\d{2,}", lambda m: str(int(m.group()) + step), text, count=1)

    _change(record, "300", "a", change)


def _no_subtitle(record: pymarc.Record, dice: random.Random) -> None:
    _drop(record, "245", "b")


def _joined_subtitle(record: pymarc.Record, dice: random.Random) -> None:
    """Title and subtitle in one subfield."""
    for field in record.get_fields("245"):
        parts = field.get_subfields("b")
        if parts:
            field.subfields = [
                pymarc.Subfield("a", f"{s.value.rstrip(' :')} : {parts[0]}") if s.code == "a" else s
                for s in field.subfields if s.code != "b"
            ]  # fmt: skip


def _no_statement(record: pymarc.Record, dice: random.Random) -> None:
    _drop(record, "245", "c")


def _no_life_dates(record: pymarc.Record, dice: random.Random) -> None:
    for tag in ("100", "700"):
        _drop(record, tag, "d")


def _initials(record: pymarc.Record, dice: random.Random) -> None:
    """Carter, Forrest -> Carter, F."""

    def change(name: str) -> str:
        family, comma, given = name.partition(", ")
        short = " ".join(f"{word[0]}." for word in given.split() if word[0].isalpha())
        return f"{family}, {short}" if comma and short else name

    _change(record, "100", "a", change)


def _added_entry(record: pymarc.Record, dice: random.Random) -> None:
    """The author in 700: the title is the main entry."""
    for field in record.get_fields("100"):
        field.tag = "700"
    record.fields.sort(key=lambda field: field.tag)


_PRESS = (
    (r"\bUniv\.", "University"), (r"\bUniversity\b", "Univ."), (r" & ", " and "),
    (r" and ", " & "), (r"\bPub\.", "Publishers"), (r"\bPublishers\b", "Pub."),
    (r",? Inc\.?", ""), (r"\bcompany\b", "Co."), (r"\bCompany\b", "Co."), (r"\bCo\.", "Company"),
    (r"^The ", ""), (r"\bInstitute\b", "Inst."), (r"\bDept\.", "Department"),
    (r"\bU\.S\.", "United States"), (r"\bVerlag\b", "Vlg."), (r"\bÉditions?\b", "Éd."),
)  # fmt: skip


def _publisher_otherwise(record: pymarc.Record, dice: random.Random) -> None:
    rules = dice.sample(_PRESS, len(_PRESS))

    def change(text: str) -> str:
        for pattern, put in rules:
            changed = re.sub(pattern, put, text)
            if changed != text:
                return changed
        return text

    for tag in ("260", "264"):
        _change(record, tag, "b", change)


def _plain_letters(record: pymarc.Record, dice: random.Random) -> None:
    """No diacritics, no ligatures: typed on an English keyboard."""

    def plain(text: str) -> str:
        bare = unicodedata.normalize("NFD", text)
        bare = "".join(c for c in bare if not unicodedata.combining(c) and c not in "ʹʺʻʼ")
        return bare.translate(str.maketrans({"ø": "o", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"}))

    for field in record.fields:
        if not field.is_control_field():
            field.subfields = [pymarc.Subfield(s.code, plain(s.value) or "?")
                               for s in field.subfields]  # fmt: skip


def _other_romanisation(record: pymarc.Record, dice: random.Random) -> None:
    """Russian after the British standard: -yy for -iĭ, yu, ya, ts."""
    coded = record.get("008")
    if coded is None or "rus" not in (coded.data or "")[35:38]:
        return
    pairs = (("i͡u", "yu"), ("i͡a", "ya"), ("i︠u︡", "yu"), ("i︠a︡", "ya"), ("t͡s", "ts"),
             ("t︠s︡", "ts"), ("iĭ", "iy"), ("ĭ", "y"))  # fmt: skip

    def change(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        for old, new in pairs:
            text = text.replace(unicodedata.normalize("NFC", old), new)
        return text

    _change(record, "245", "a", change)
    _change(record, "100", "a", change)


def _capitals(record: pymarc.Record, dice: random.Random) -> None:
    form = dice.choice((str.upper, str.title))
    _change(record, "245", "a", form)
    _change(record, "245", "b", form)


def _misspelt(record: pymarc.Record, dice: random.Random) -> None:
    """One letter of the title left out or doubled, somewhere in a long word."""

    def change(text: str) -> str:
        words = list(re.finditer(r"[^\W\d]{6,}", text))
        if not words:
            return text
        word = dice.choice(words)
        place = dice.randrange(word.start() + 1, word.end() - 1)
        return text[:place] + text[place + 1 :] if dice.random() < 0.5 else (
            text[:place] + text[place] + text[place:])  # fmt: skip

    _change(record, "245", "a", change)


def _bare(record: pymarc.Record, dice: random.Random) -> None:
    """Nothing but the description."""
    record.remove_fields(
        "440", "490", "500", "504", "650", "651", "830", "240", "246", "050", "082"
    )


def _in_marc8(record: pymarc.Record, dice: random.Random) -> None:
    """Leader/09 blank over UTF-8, as many exports have it."""
    leader = str(record.leader)
    record.leader = pymarc.Leader(f"{leader[:9]} {leader[10:]}")


_SLIPS: dict[Slip, float] = {
    _no_isbd: 0.3,
    _spelled_out: 0.3,
    _year_otherwise: 0.3,
    _no_isbn: 0.15,
    _pages_otherwise: 0.25,
    _no_subtitle: 0.12,
    _joined_subtitle: 0.08,
    _no_statement: 0.1,
    _no_life_dates: 0.4,
    _initials: 0.1,
    _added_entry: 0.05,
    _publisher_otherwise: 0.3,
    _plain_letters: 0.15,
    _other_romanisation: 0.3,
    _capitals: 0.08,
    _misspelt: 0.02,
    _bare: 0.3,
    _as_264: 0.3,
}


# --- twins ---------------------------------------------------------------------------------------


def _twin(record: pymarc.Record, dice: random.Random) -> tuple[str, pymarc.Record | None]:
    """Another book that looks like this one, with pages of its own unless that is the point."""
    kinds = list(_TWINS)
    kind = dice.choice(kinds)
    if dice.random() < 0.7:
        record.remove_fields("020")
    made = _TWINS[kind](record, dice)
    return kind, record if made else None


def _other_pages(record: pymarc.Record, dice: random.Random) -> None:
    pages = dice.randint(60, 700)
    _change(record, "300", "a", lambda text: f"{pages} p.")


def _volume(record: pymarc.Record, dice: random.Random) -> bool:
    field = record.get("245")
    number = dice.choice(("v. 2", "vol. II", "pt. 3", "Part 2", "Bd. 2"))
    if field is None or field.get_subfields("n"):
        return False
    field.subfields.insert(1, pymarc.Subfield("n", f"{number}."))
    _other_pages(record, dice)
    return True


def _edition(record: pymarc.Record, dice: random.Random) -> bool:
    record.remove_fields("250")
    text = dice.choice(("2d ed.", "3rd ed., rev.", "Rev. and enl. ed.", "4. Aufl.", "2e éd."))
    record.add_ordered_field(
        pymarc.Field("250", pymarc.Indicators(" ", " "), [pymarc.Subfield("a", text)])
    )
    step = dice.choice((1, 2, 5))
    for tag in ("260", "264"):
        _change(record, tag, "c",
                lambda t: re.sub(r"\d{4}", lambda m: str(int(m.group()) + step), t))  # fmt: skip
    _other_pages(record, dice)
    return True


_HOUSES = (
    *(("London", "Longmans"), ("New York", "Dodd, Mead"), ("Leipzig", "Tauchnitz")),
    *(("Paris", "Hachette"), ("Delhi", "Motilal")),
)


def _publisher(record: pymarc.Record, dice: random.Random) -> bool:
    """The London and the New York edition of one year."""
    record.remove_fields("020")
    house = dice.choice(_HOUSES)
    for tag in ("260", "264"):
        _change(record, tag, "a", lambda text: f"{house[0]} :")
        _change(record, tag, "b", lambda text: f"{house[1]},")
    return bool(record.get_fields("260", "264"))


def _companion(record: pymarc.Record, dice: random.Random) -> bool:
    tail = dice.choice(("workbook", "a study guide", "teacher's manual", "index", "a sequel",
                        "essays in criticism", "solutions to the problems"))  # fmt: skip
    _drop(record, "245", "b")
    _change(record, "245", "a", lambda text: f"{text.rstrip(' /:.')} {tail}")
    _other_pages(record, dice)
    return True


def _author(record: pymarc.Record, dice: random.Random) -> bool:
    names = ("Ellery, Martha K.", "Oduya, Peter", "Lindqvist, Astrid", "Barros, Helena")
    name = dice.choice(names)
    if record.get("100") is None:
        return False
    record.remove_fields("700", "020")
    _change(record, "100", "a", lambda text: name)
    _change(record, "245", "c", lambda text: f"by {name}.")
    _other_pages(record, dice)
    return True


_TOPICS = (
    *("northern regions", "southern regions", "letters A to K", "the early years"),
    *("secondary schools", "large print"),
)


def _subtitle(record: pymarc.Record, dice: random.Random) -> bool:
    """A series of one author whose titles differ in the subtitle."""
    record.remove_fields("020")
    topic = dice.choice(_TOPICS)
    field = record.get("245")
    if field is None or not field.get_subfields("b"):
        return False
    _change(record, "245", "b", lambda text: f"{topic} /")
    _other_pages(record, dice)
    return True


_TWINS: dict[str, Callable[[pymarc.Record, random.Random], bool]] = {
    "a volume": _volume,
    "next edition": _edition,
    "other publisher": _publisher,
    "companion": _companion,
    "other author": _author,
    "other subtitle": _subtitle,
}


# --- real pairs of the sample corpus -------------------------------------------------------------

_FOLDERS = ("gpo", "evergreen", "koha", "lc_bf_dataset", "solrmarc")
_SAME_TITLE = 0.85


def corpus_pairs(corpus: Path) -> Iterator[Pair]:
    """Records of one OCLC or LCCN number that do not say the same, while the title does.

    A record whose title was changed is left out: whether that is still one manifestation is what
    cataloguers' rules differ on.
    """
    groups = _by_number(corpus)
    seen: set[tuple[str, str]] = set()
    for number in sorted(groups):
        for (one, left), (other, right) in combinations(groups[number], 2):
            if Material.SERIAL in (left.material, right.material):
                continue  # without ISSN a serial is a question; with one there is nothing to test
            if (one, other) in seen or _says(left) == _says(right):
                continue
            seen.add((one, other))
            if _title_ratio(left, right) >= _SAME_TITLE:
                yield Pair(
                    left=Described(name=one, record=without_labels(left)),
                    right=Described(name=other, record=without_labels(right)),
                    kind="real: one number", is_same=True,
                )  # fmt: skip


def _by_number(corpus: Path) -> dict[str, list[tuple[str, BibRecord]]]:
    groups: dict[str, list[tuple[str, BibRecord]]] = defaultdict(list)
    for folder in _FOLDERS:
        for path in sorted((corpus / folder).rglob("*")):
            for name, record in _records(path):
                for found in record.identifiers:
                    if found.kind in LABELLING and found.value:
                        groups[f"{found.kind}:{found.value}"].append((name, record))
    return groups


def _records(path: Path) -> Iterator[tuple[str, BibRecord]]:
    if not path.is_file() or "nist" in path.parts or "auth" in path.name:
        return
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for outcome in read_records([data], kind=sniff(data[:256])):
        if isinstance(outcome, RawRecord):
            found = parse(outcome.data)
            if not isinstance(found, RecordError) and found.record.title:
                yield f"{path.name}#{outcome.position}", found.record


def _says(record: BibRecord) -> tuple[object, ...]:
    """What a comparison could look at."""
    isbns = [i.value for i in record.identifiers if i.kind == IdentifierKind.ISBN]
    return (record.titles, record.contributors, record.publisher, record.year, record.extent,
            record.edition, record.volume, record.part_name, record.material, isbns,
            record.languages, record.series)  # fmt: skip


def _title_ratio(left: BibRecord, right: BibRecord) -> float:
    return difflib.SequenceMatcher(None, fold(left.title), fold(right.title)).ratio()
