"""How another cataloguer would write an LC record, and twins: other books that look like it."""

import random
import re
import unicodedata
from collections.abc import Callable

import pymarc

Slip = Callable[[pymarc.Record, random.Random], None]


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


SLIPS: dict[Slip, float] = {
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


def make_twin(record: pymarc.Record, dice: random.Random) -> tuple[str, pymarc.Record | None]:
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
