"""Which records of a connected group form one manifestation: the same answer in any order.

Pure agglomeration over the strongest evidence first, forbidden where any two members are known to
differ. The tie-break is the records' own keys, so neither arrival nor row ids decide (MA-11).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import Generic, TypeVar

from catalog.domain.matching import Comparison, Evidence, Verdict, compare
from catalog.domain.profile import MatchProfile

Key = TypeVar("Key", bound=Hashable)
Comparer = Callable[[MatchProfile, MatchProfile], Comparison]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Generic[Key]):
    """Two records the matcher holds for one manifestation."""

    left: Key
    right: Key
    comparison: Comparison
    is_joined: bool  # False: kept apart by another member, and remembered for that reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering(Generic[Key]):
    clusters: tuple[frozenset[Key], ...]
    edges: tuple[Edge[Key], ...]  # enough to connect every cluster, and all that were overruled


def cluster(
    profiles: Mapping[Key, MatchProfile],
    *,
    order: Callable[[Key], tuple[str, ...]],
    comparer: Comparer = compare,
    decided: Mapping[frozenset[Key], bool] = MappingProxyType({}),
) -> Clustering[Key]:
    """Partition records, joining the strongest pairs first while nothing speaks against it.

    ``order`` gives each record's lasting name (agency and source key). A pair is evidence only if
    it shares a key, but any pair that differs forbids. ``decided`` is what people said, is it one
    manifestation? What they hold apart never meets; what they join joins the whole clusters the two
    records are in, whatever the matcher says of the other members (MA-16).
    """
    names = sorted(profiles, key=order)
    same: list[tuple[float, int, int, Comparison]] = []
    by_hand: list[tuple[int, int, Comparison]] = []
    differing: set[tuple[int, int]] = set()
    parted: set[tuple[int, int]] = set()
    for (i, left), (j, right) in combinations(enumerate(names), 2):
        found = comparer(profiles[left], profiles[right])
        word = decided.get(frozenset((left, right)))
        if word is False:
            parted.add((i, j))
        if found.verdict == Verdict.DIFFERENT:
            differing.add((i, j))
        elif found.verdict == Verdict.SAME and _meet(profiles[left], profiles[right]):
            same.append((-found.score, i, j, found))
        if word:
            by_hand.append((i, j, _with_word(found)))
    same.sort(key=lambda row: row[:3])
    groups = Groups(len(names))
    groups.join([(i, j) for _, i, j, _ in same], apart=differing | parted)
    groups.join([(i, j) for i, j, _ in by_hand], apart=parted)
    told = {(i, j) for i, j, _ in by_hand}
    known = [(i, j, found) for _, i, j, found in same if (i, j) not in told] + by_hand
    edges = tuple(
        Edge(left=names[i], right=names[j], comparison=found, is_joined=(i, j) in groups.joined)
        for i, j, found in known
        if (i, j) in groups.joined or groups.root[i] != groups.root[j]
    )
    members: dict[int, set[Key]] = {}
    for index, root in enumerate(groups.root):
        members.setdefault(root, set()).add(names[index])
    clusters = tuple(frozenset(found) for found in members.values())
    return Clustering(clusters=clusters, edges=edges)


def _meet(left: MatchProfile, right: MatchProfile) -> bool:
    return not set(left.keys).isdisjoint(right.keys)


def _with_word(found: Comparison) -> Comparison:
    """The comparison with a librarian's decision as its first evidence."""
    word = Evidence("decision", "agree", 0.0, "", "")
    return replace(found, evidence=(word, *found.evidence))


class Groups:
    """Sets of indices, growing by joins."""

    __slots__ = ("joined", "members", "root")

    def __init__(self, count: int) -> None:
        self.root = list(range(count))
        self.members = {index: [index] for index in range(count)}
        self.joined: set[tuple[int, int]] = set()

    def join(self, pairs: Sequence[tuple[int, int]], *, apart: set[tuple[int, int]]) -> None:
        """Pair after pair, unless a member of one side may not be with one of the other."""
        root, members = self.root, self.members
        for i, j in pairs:
            one, other = sorted((root[i], root[j]))
            if one == other:
                continue
            if any((min(a, b), max(a, b)) in apart for a in members[one] for b in members[other]):
                continue
            for index in members[other]:
                root[index] = one
            members[one] += members.pop(other)
            self.joined.add((i, j))
