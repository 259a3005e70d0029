"""What the README tells people to type works as it says."""

import json
import re
import subprocess

import pytest

from tests.site import ROOT

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
HERE = "http://127.0.0.1:8000"


def _curl_blocks() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [block for block in BLOCK.findall(text) if f"S={HERE}" in block]


def _answers(output: str) -> list[dict]:
    """The JSON documents curl printed, one after another without a line end between."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(output.rstrip()):
        answer, at = decoder.raw_decode(output, at)
        found.append(answer)
        while at < len(output) and output[at].isspace():
            at += 1
    return found


def test_the_readme_shows_the_same_commands_in_both_languages():
    chinese, english = _curl_blocks()

    def bare(block: str) -> list[str]:
        return [line for line in block.splitlines() if not line.startswith("#")]

    assert bare(chinese) == bare(english)


@pytest.mark.server
def test_the_curl_commands_of_the_readme_do_what_they_say(demo_site):
    script = _curl_blocks()[1].replace(HERE, demo_site.url)
    script = script.replace("var/demo", str(demo_site.data_dir / "demo"))

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found, batch, patron, loan, back, transits = _answers(done.stdout)
    assert found["total"] > 0
    assert batch["file_name"] == "week.iso"
    assert patron["credential"]["number"].startswith("510199***")
    assert loan["item"]["barcode"] == back["item"]["barcode"]
    assert back["closed_loan"]
    assert "results" in transits
