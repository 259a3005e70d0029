"""The sample world's books with what else identifies them; numbers and page counts are made up."""

import random
from dataclasses import dataclass, replace

from library_net.demo.books import Book, load_books

SEED = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A book with what its title leaf would say, and what else identifies it."""

    book: Book
    isbn: str
    set_isbn: str = ""
    ubsn: str = ""
    is_recording: bool = False
    is_abridged: bool = False  # and says so: nothing else would tell it from the whole book


def books() -> list[Facts]:
    found = []
    for listed in load_books():
        if listed.language != "chi" or not listed.year:
            continue
        dice = random.Random(f"facts:{SEED}:{listed.key}")
        sets = random.Random(f"set:{SEED}:{listed.set_key}")
        set_isbn = invented_isbn(sets) if listed.volume and sets.random() < 0.5 else ""
        year = int(listed.year)
        isbn = listed.isbn or (invented_isbn(dice) if year >= 1987 and dice.random() < 0.92 else "")
        ubsn = ""
        if 1956 <= year < 1987 and dice.random() < 0.7:
            ubsn = f"{dice.randint(1, 17)}{dice.randint(100, 219):03d}·{dice.randint(1, 4999)}"
        extent = listed.extent or ("" if dice.random() < 0.1 else f"{dice.randint(90, 900)}页")
        book = replace(listed, isbn=isbn, extent=extent)
        found.append(Facts(book=book, isbn=isbn, set_isbn=set_isbn, ubsn=ubsn))
    return found


def invented_isbn(dice: random.Random) -> str:
    """A valid number of a Chinese publisher; invented, like the copy of the book it stands in."""
    digits = f"9787{dice.randrange(10**8):08d}"
    total = sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"
