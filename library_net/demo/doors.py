"""The public doors, used as members, staff and readers use them: over HTTP, nothing else."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

import requests

TIMEOUT_S = 120
POLL_S = 0.15
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class DoorError(Exception):
    """A door answered something else than the story needs."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        try:
            body = response.json()
        except ValueError:
            body = {"title": response.text[:300]}
        self.body = body
        request = response.request
        reasons = "; ".join(r.get("detail", "") for r in body.get("reasons", []))
        super().__init__(
            f"{request.method} {request.path_url} -> {response.status_code}: "
            f"{body.get('title', '')} {reasons} {body.get('fields', '')}".strip()
        )


class Member:
    """A member library's software with its key."""

    def __init__(self, *, url: str, key: str) -> None:
        self.base = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.headers.update(
            {"Authorization": f"Key {key}", "Accept-Language": "en", "Accept": "application/json"}
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        response = self.session.get(f"{self.base}/{path}", params=query, timeout=TIMEOUT_S)
        return _read(response)

    def act(self, path: str, *, operation_id: str = "", **body: Any) -> dict[str, Any]:
        """POST JSON under an Idempotency-Key of its own."""
        response = self.session.post(
            f"{self.base}/{path}",
            json=body,
            headers={"Idempotency-Key": operation_id or str(uuid.uuid4())},
            timeout=TIMEOUT_S,
        )
        return _read(response)

    def refused(self, path: str, **body: Any) -> dict[str, Any] | None:
        """The problem document of an act that must be refused; None when it was allowed."""
        try:
            self.act(path, **body)
        except DoorError as error:
            return dict(error.body)
        return None

    def send_file(self, path: Path) -> dict[str, Any]:
        """A file of records, streamed as it is; answered 202 with the batch to poll."""
        with path.open("rb") as file:
            response = self.session.post(
                f"{self.base}/batches/",
                params={"filename": path.name},
                data=file,
                headers={"Content-Type": "application/marc"},
                timeout=TIMEOUT_S,
            )
        if response.status_code != requests.codes.accepted:
            raise DoorError(response)
        return dict(response.json())

    def send_items(self, rows: list[dict[str, str]]) -> dict[str, Any]:
        """A list of copies; a row that is refused is a fault of the demo."""
        response = self.session.post(f"{self.base}/items/", json=rows, timeout=TIMEOUT_S)
        answer = _read(response)
        if answer["refused"]:
            raise DoorError(response)
        return answer

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a paged list."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            rows += page["results"]
            cursor = page.get("next") or ""
            if not cursor:
                return rows


class Person:
    """Somebody in a browser, signed in with name and password."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers.update({"Accept-Language": "en"})

    def page(self, path: str, **query: Any) -> str:
        response = self.session.get(f"{self.url}{path}", params=query, timeout=TIMEOUT_S)
        if not response.ok:
            raise DoorError(response)
        return response.text

    def submit(self, path: str, *, form: str = "", **fields: str) -> requests.Response:
        """Post a form as the page at ``form`` shows it."""
        found = _CSRF.search(self.page(form or path))
        token = found.group(1) if found else ""
        response = self.session.post(
            f"{self.url}{path}",
            data={**fields, "csrfmiddlewaretoken": token},
            headers={"Referer": f"{self.url}{form or path}"},
            timeout=TIMEOUT_S,
        )
        if not response.ok:
            raise DoorError(response)
        return response

    def sign_in_staff(self, *, username: str, password: str) -> None:
        self.submit("/admin/login/", username=username, password=password, next="/admin/")
        if "sessionid" not in self.session.cookies:
            raise AssertionError(f"{username} could not sign in to the admin")

    def download(self, path: str, *, query: dict[str, str], keep_as: Path) -> bytes:
        """A file, kept where people can open it."""
        response = self.session.get(f"{self.url}{path}", params=query, timeout=TIMEOUT_S)
        if not response.ok:
            raise DoorError(response)
        keep_as.parent.mkdir(parents=True, exist_ok=True)
        keep_as.write_bytes(response.content)
        return response.content


def wait_until(look: Any, *, seconds: float = 180.0) -> Any:
    """Call ``look`` until it gives something; None when it never did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(POLL_S)
    return None


def _read(response: requests.Response) -> dict[str, Any]:
    if not response.ok:
        raise DoorError(response)
    return dict(response.json())
