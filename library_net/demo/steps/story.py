"""What the live story is about, and the doors it goes through."""

from __future__ import annotations

from dataclasses import dataclass, field

from library_net.demo.cast import Cast
from library_net.demo.doors import Member
from library_net.demo.world import World
from library_net.network.models import Branch


@dataclass(slots=True, kw_only=True)
class Story:
    """The parts, a book with one copy, and what became known of it on the way."""

    url: str
    world: World
    cast: Cast
    title: str = ""
    manifestation: str = ""  # public id: m12
    barcode: str = ""  # of the lender's only copy
    loan: int = 0  # the cross-city one
    items: dict[str, int] = field(default_factory=dict)  # barcode -> copy id, as answers told

    @property
    def lender(self) -> str:
        return self.cast.lender

    @property
    def returns_at(self) -> str:
        return self.cast.returns_at

    @property
    def pickup(self) -> str:
        return self.cast.pickup

    def member(self, agency: str) -> Member:
        return Member(url=self.url, key=self.world.key(agency))

    def branch_id(self, code: str) -> int:
        return Branch.objects.get(code=code).pk

    def name(self, code: str) -> str:
        return Branch.objects.get(code=code).name_zh
