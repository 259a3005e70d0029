"""Which records of a connected group form one manifestation: the same answer in any order.

Pure agglomeration over the strongest evidence first, forbidden where any two members are known to
differ. The tie-break is the records' own keys, so neither arrival nor row ids decide (MA-11).
"""

from __future__ import annotations

import math
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
    it shares a key, but any pair that differs forbids. What people decided (``decided``: is it one
    manifestation?) comes first: their pairs are joined whatever the records say, and nothing joins
    what they hold apart (MA-16).
    """
    names = sorted(profiles, key=order)
    same: list[tuple[float, int, int, Comparison]] = []
    apart: set[tuple[int, int]] = set()
    by_hand = _Groups.of(len(names))
    for (i, left), (j, right) in combinations(enumerate(names), 2):
        found = comparer(profiles[left], profiles[right])
        word = decided.get(frozenset((left, right)))
        if word is not None:
            found = _with_word(found, is_same=word)
            (by_hand.wanted if word else by_hand.apart).append((i, j))
        elif found.verdict == Verdict.DIFFERENT:
            apart.add((i, j))
        if word or (found.verdict == Verdict.SAME and _meet(profiles[left], profiles[right])):
            same.append((-found.score if word is None else -math.inf, i, j, found))
    same.sort(key=lambda row: row[:3])
    forbidden = apart | set(by_hand.apart)
    groups = _join(
        _Groups.of(len(names)), [(by_hand.wanted, set(by_hand.apart)),
        ([(i, j) for _, i, j, _ in same], forbidden)],
    )  # fmt: skip
    edges = tuple(
        Edge(left=names[i], right=names[j], comparison=found, is_joined=(i, j) in groups.joined)
        for _, i, j, found in same
        if (i, j) in groups.joined or groups.root[i] != groups.root[j]
    )
    members: dict[int, set[Key]] = {}
    for index, root in enumerate(groups.root):
        members.setdefault(root, set()).add(names[index])
    clusters = tuple(frozenset(found) for found in members.values())
    return Clustering(clusters=clusters, edges=edges)


def _meet(left: MatchProfile, right: MatchProfile) -> bool:
    return not set(left.keys).isdisjoint(right.keys)


def _with_word(found: Comparison, *, is_same: bool) -> Comparison:
    """The comparison with a librarian's decision as its first evidence."""
    word = Evidence("decision", "agree" if is_same else "differ", 0.0, "", "")
    return replace(found, evidence=(word, *found.evidence))


_Pairs = list[tuple[int, int]]


@dataclass(slots=True)
class _Groups:
    root: list[int]
    members: dict[int, list[int]]
    joined: set[tuple[int, int]]
    wanted: _Pairs
    apart: _Pairs

    @classmethod
    def of(cls, count: int) -> _Groups:
        return cls(list(range(count)), {index: [index] for index in range(count)}, set(), [], [])


def _join(groups: _Groups, rounds: Sequence[tuple[_Pairs, set[tuple[int, int]]]]) -> _Groups:
    """Join pair after pair, each unless a member of one side may not be with one of the other."""
    root, members = groups.root, groups.members
    for pairs, apart in rounds:
        for i, j in pairs:
            one, other = sorted((root[i], root[j]))
            if one == other:
                continue
            if any((min(a, b), max(a, b)) in apart for a in members[one] for b in members[other]):
                continue
            for index in members[other]:
                root[index] = one
            members[one] += members.pop(other)
            groups.joined.add((i, j))
    return groups
