"""A tiny network for tests: four institutions, their branches, three people, some copies.

雪 lives in Jinjiang and borrows everywhere; 川 waits for what she has; 禾 is a child. The numbers
on their cards are invented. Tests build what they need on top:

    world = World.build()
    item = world.item("三体", at="ZY-MAIN", owner="ZY")
"""

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from catalog.domain.items import ItemStatus
from catalog.models import Item, Manifestation, SourceRecord, Work
from circulation.actions.cards import attach
from circulation.domain.credentials import Credential, CredentialKind
from circulation.models import CollectionAgreement, LoanRule, MaterialType, Patron, PatronCategory
from library_net.accounts.models import Role, RoleKind, User
from library_net.network.models import Agency, Branch, MemberKey, Route

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # a Friday, ten in the morning in Chengdu
ALWAYS_OPEN: dict[str, list[str]] = {}
CENTER, JINJIANG, ZIYANG, MIANYANG = "CD", "JJ", "ZY", "MY"
_CARDS = itertools.count(1)


@dataclass(slots=True)
class World:
    """The network by code: `world.agencies["JJ"]`, `world.branches["JJ-MAIN"]`."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    patrons: dict[str, Patron] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def build(cls) -> "World":
        world = cls()
        world.agency(CENTER, "成都图书馆", kind="center", region="510100", return_policy="home")
        world.agency(JINJIANG, "锦江区图书馆", parent=CENTER, region="510104")
        world.agency(ZIYANG, "资阳市图书馆", kind="city", region="512000", return_policy="float")
        world.agency(MIANYANG, "绵阳市图书馆", kind="peer", region="510700")
        world.branch("JJ-ROOM", JINJIANG, "春熙路阅读空间", kind="reading_space", capacity=500)
        world._rules()
        world.patron("雪", category="adult")
        world.patron("川", category="adult")
        world.patron("禾", category="child", born=date(2018, 5, 1))
        return world

    def agency(
        self,
        code: str,
        name: str,
        *,
        kind: str = "district",
        parent: str | None = None,
        region: str = "",
        **more: Any,
    ) -> Agency:
        """An institution with its main branch, CODE-MAIN, open day and night."""
        self.agencies[code] = Agency.objects.create(
            code=code,
            name_zh=name,
            name_en=f"{code} Library",
            kind=kind,
            parent=self.agencies[parent] if parent else None,
            region_code=region,
            joined_date=date(2020, 1, 1),
            **more,
        )
        self.branch(f"{code}-MAIN", code, f"{name}总馆")
        return self.agencies[code]

    def branch(
        self, code: str, agency: str, name: str, *, kind: str = "main", capacity: int = 10_000
    ) -> Branch:
        self.branches[code] = Branch.objects.create(
            code=code,
            agency=self.agencies[agency],
            name_zh=name,
            name_en=code,
            kind=kind,
            latitude=30.6 + len(self.branches) * 0.1,
            longitude=104.0 + len(self.branches) * 0.1,
            shelf_capacity=capacity,
            opening_hours=ALWAYS_OPEN,
        )
        return self.branches[code]

    def route(self, origin: str, destination: str, *, km: float = 20, crates: int = 2) -> Route:
        return Route.objects.create(
            origin=self.branches[origin],
            destination=self.branches[destination],
            distance_km=km,
            minutes=int(km * 2),
            weekdays="1234567",
            capacity_crates=crates,
        )

    def patron(self, name: str, *, category: str = "adult", born: date | None = None) -> Patron:
        """A reader with a reader card `card-N`; find it again with `card_of`."""
        number = f"P{next(_CARDS):06d}"
        patron = Patron.objects.create(
            number=number,
            name=name,
            birth_date=born or date(1990, 3, 7),
            category=PatronCategory.objects.get(code=category),
            registered_at_agency=self.agencies[JINJIANG],
            home_branch=self.branches["JJ-MAIN"],
            created_at=NOW,
        )
        card = Credential(kind=CredentialKind.READER_CARD, value=card_of(patron))
        attach(card, patron=patron, now=NOW)
        self.patrons[name] = patron
        return patron

    def record(self, title: str, *, agency: str = JINJIANG, **neutral: Any) -> SourceRecord:
        """A member's record that is a work and a manifestation by itself."""
        key = f"test-{next(self._numbers)}"
        work = Work.objects.create(title=title, grouping_key=key, updated_at=NOW)
        content = {"titles": [{"text": title, "kind": "main"}], "format": "cnmarc", **neutral}
        manifestation = Manifestation.objects.create(
            work=work, title=title, record=content, source_count=1, updated_at=NOW
        )
        return SourceRecord.objects.create(
            agency=self.agencies[agency],
            source_key=key,
            format="cnmarc",
            encoding="utf-8",
            digest=hashlib.sha256(key.encode()).hexdigest(),
            raw=b"",
            neutral=content,
            manifestation=manifestation,
            received_at=NOW,
        )

    def item(
        self,
        title: str | SourceRecord = "三体",
        *,
        at: str = "JJ-MAIN",
        owner: str | None = None,
        home: str | None = None,
        **more: Any,
    ) -> Item:
        """A copy on the shelf at a branch; two copies of one title share its record."""
        branch = self.branches[at]
        agency = self.agencies[owner] if owner else branch.agency
        record = self.record(title, agency=agency.code) if isinstance(title, str) else title
        fields: Mapping[str, Any] = {
            "barcode": f"B{next(self._numbers):07d}",
            "status": ItemStatus.AVAILABLE,
            "price": Decimal("39.00"),
            **more,
        }
        return Item.objects.create(
            owning_agency=agency,
            source_record=record,
            home_branch=self.branches[home] if home else branch,
            current_branch=branch,
            status_changed_at=NOW,
            created_at=NOW,
            **fields,
        )

    def member_key(self, agency: str) -> str:
        """The clear text of a new key, for `Authorization: Key …`."""
        _key, clear = MemberKey.issue(agency=self.agencies[agency], label="test", now=NOW)
        return clear

    def librarian(self, agency: str, *, name: str = "馆员", password: str = "test") -> User:
        user = User.objects.create_user(f"staff-{agency.lower()}", password=password, name=name)
        user.is_staff = True
        user.save()
        Role.objects.create(user=user, kind=RoleKind.LIBRARIAN, agency=self.agencies[agency])
        return user

    def network_admin(self, *, password: str = "test") -> User:
        user = User.objects.create_user("network-admin", password=password, name="管理员")
        user.is_staff = True
        user.save()
        Role.objects.create(user=user, kind=RoleKind.NETWORK_ADMIN)
        return user

    def _rules(self) -> None:
        for code, zh, en in (("adult", "成人", "adult"), ("child", "少儿", "child")):
            PatronCategory.objects.get_or_create(code=code, defaults={"name_zh": zh, "name_en": en})
        MaterialType.objects.get_or_create(
            code="book", defaults={"name_zh": "图书", "name_en": "book"}
        )
        LoanRule.objects.create(
            code="test-network",
            is_lendable=True,
            loan_days=30,
            max_loans=5,
            max_renewals=1,
            renewal_days=30,
            renew_from="due_date",
            max_requests=3,
            pickup_days=5,
            fee_per_day=Decimal("0.10"),
            fee_cap=Decimal("10.00"),
        )
        CollectionAgreement.objects.create(code="test-everybody", valid_from=date(2020, 1, 1))


def card_of(patron: Patron) -> str:
    """What the reader's card says when it is scanned."""
    return f"CARD-{patron.number}"
