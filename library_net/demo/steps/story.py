"""Who and what the live story is about, and the doors it goes through."""

from __future__ import annotations

from dataclasses import dataclass, field

from library_net.demo.doors import Member
from library_net.demo.members import DEYANG, JINJIANG, ZIYANG
from library_net.demo.world import World
from library_net.network.models import Branch

JIANYANG = "CN-510185-1-JY"  # lies on the way from Ziyang back to Chengdu


@dataclass(slots=True)
class Story:
    """Three members in three cities, a book, and the branch where another reader waits for it."""

    url: str
    world: World
    lender: str = JINJIANG
    returns_at: str = ZIYANG
    third: str = DEYANG
    pickup: str = JIANYANG
    title: str = ""
    manifestation: str = ""  # public id: m12
    barcode: str = ""  # of the lender's only copy
    items: dict[str, int] = field(default_factory=dict)  # barcode -> copy id, as answers told

    def member(self, agency: str) -> Member:
        return Member(url=self.url, key=self.world.key(agency))

    def branch_id(self, code: str) -> int:
        return Branch.objects.get(code=code).pk

    def name(self, code: str) -> str:
        return Branch.objects.get(code=code).name_zh

    @property
    def live_members(self) -> tuple[str, ...]:
        return (self.lender, self.returns_at, self.third)
