"""REST calls as a member library's software makes them, for stories."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from rest_framework.test import APIClient

from tests.world import World, card_of

_KEYS = itertools.count(1)


@dataclass(slots=True)
class Member:
    """One agency's software: `member.checkout("雪", item)`; keys are new unless given."""

    world: World
    agency: str
    client: APIClient = field(init=False)
    branch: str = ""

    def __post_init__(self) -> None:
        self.client = APIClient()
        key = self.world.member_key(self.agency)
        self.client.credentials(HTTP_AUTHORIZATION=f"Key {key}")
        self.branch = self.branch or f"{self.agency}-MAIN"

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        return self.client.post(
            f"/api/v1/{path}",
            body or {},
            format="json",
            headers={"Idempotency-Key": key or f"key-{next(_KEYS)}"},
        )

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(f"/api/v1/{path}", query)

    def checkout(self, reader: str, item: Any, *, key: str = "", **more: str) -> Any:
        body = {"branch": self.branch, "card": card_of(self.world.patrons[reader])}
        return self.post("checkouts/", {**body, "barcode": _barcode(item), **more}, key=key)

    def checkin(self, item: Any, *, key: str = "", **more: str) -> Any:
        body = {"branch": self.branch, "barcode": _barcode(item), **more}
        return self.post("checkins/", body, key=key)

    def renew(self, loan: int, *, key: str = "") -> Any:
        return self.post("renewals/", {"loan": loan}, key=key)

    def request(self, reader: str, item: Any, *, pickup: str = "", key: str = "") -> Any:
        body = {
            "card": card_of(self.world.patrons[reader]),
            "pickup_branch": pickup or self.branch,
            "manifestation": item.source_record.manifestation.public_id,
        }
        return self.post("requests/", body, key=key)


def reasons(response: Any) -> list[str]:
    """The codes of a refusal, which is always a problem document."""
    assert response.headers["Content-Type"].startswith("application/problem+json"), response
    return [reason["code"] for reason in response.json()["reasons"]]


def _barcode(item: Any) -> str:
    return item if isinstance(item, str) else str(item.barcode)
