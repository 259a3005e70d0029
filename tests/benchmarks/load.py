"""Real load: 250,000 Library of Congress book records, fetched once and verified.

The source distribution of pymarc 5.4.0 happens to carry `BooksAll.2016.part01.utf8` (LC MDSConnect,
public domain). `pip` fetches it with the user's own configuration; nothing is kept in the project
but two digests. It lands in build/load/, which is not tracked.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

LOAD_DIR = Path(__file__).resolve().parents[2] / "build" / "load"
LOAD_FILE = LOAD_DIR / "BooksAll.2016.part01.utf8"
LOAD_RECORDS = 250_000
SDIST = "pymarc-5.4.0.tar.gz"
SDIST_SHA256 = "b2016b1674d1956636c99b9bf95b31840c5cb8f22645672a660e66326371b2f3"
LOAD_SHA256 = "dfdcdad30e0e0a82b0aec831c1a08b61c6199eb8ee0d71ff7953213f20eb0e47"
RECORD_END = b"\x1d"


def fetch() -> Path:
    """Make sure the load file is here; the first time this downloads 76 MB."""
    if LOAD_FILE.exists():
        return LOAD_FILE
    LOAD_DIR.mkdir(parents=True, exist_ok=True)
    archive = LOAD_DIR / SDIST
    if not archive.exists():
        print("Fetching the load file, 76 MB, once …", flush=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--no-binary", "pymarc", "--no-deps", "--dest", LOAD_DIR, "pymarc==5.4.0"],
            check=True,
        )
    _verify(archive, SDIST_SHA256)
    partial = LOAD_FILE.with_suffix(".partial")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(f"pymarc-5.4.0/{LOAD_FILE.name}")
        assert member is not None
        with partial.open("wb") as unpacked:
            shutil.copyfileobj(member, unpacked, 1 << 20)
    _verify(partial, LOAD_SHA256)
    partial.rename(LOAD_FILE)
    archive.unlink()
    return LOAD_FILE


def first_records(count: int) -> Path:
    """A file of the first `count` records; the whole file when it has no more."""
    whole = fetch()
    if count >= LOAD_RECORDS:
        return whole
    part = LOAD_DIR / f"first-{count}.mrc"
    if not part.exists():
        partial = part.with_suffix(".partial")
        with whole.open("rb") as source, partial.open("wb") as target:
            left = count
            while left and (block := source.read(1 << 20)):
                ends = block.count(RECORD_END)
                if ends > left:
                    block = RECORD_END.join(block.split(RECORD_END, left)[:left]) + RECORD_END
                    ends = left
                target.write(block)
                left -= ends
        partial.rename(part)
    return part


def _verify(path: Path, expected: str) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        path.unlink()
        raise SystemExit(f"{path.name} is not the file it should be (digest differs); removed it.")
