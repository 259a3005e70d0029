"""Which records of a connected group form one manifestation: the same answer in any order.

Pure agglomeration over the strongest evidence first, forbidden where any two members are known to
differ. The tie-break is the records' own keys, so neither arrival nor row ids decide (MA-11).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

from catalog.domain.matching import Comparison, Verdict, compare
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
) -> Clustering[Key]:
    """Partition records, joining the strongest pairs first while nothing speaks against it.

    ``order`` gives each record's lasting name (agency and source key). A pair is evidence only if
    it shares a key, but any pair that differs forbids.
    """
    names = sorted(profiles, key=order)
    same: list[tuple[float, int, int, Comparison]] = []
    apart: set[tuple[int, int]] = set()
    for (i, left), (j, right) in combinations(enumerate(names), 2):
        found = comparer(profiles[left], profiles[right])
        if found.verdict == Verdict.DIFFERENT:
            apart.add((i, j))
        elif found.verdict == Verdict.SAME and _meet(profiles[left], profiles[right]):
            same.append((-found.score, i, j, found))
    same.sort(key=lambda row: row[:3])
    groups = _join(len(names), [(i, j) for _, i, j, _ in same], apart)
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


@dataclass(slots=True)
class _Groups:
    root: list[int]
    joined: set[tuple[int, int]]


def _join(count: int, pairs: Sequence[tuple[int, int]], apart: set[tuple[int, int]]) -> _Groups:
    root = list(range(count))
    members = {index: [index] for index in range(count)}
    joined: set[tuple[int, int]] = set()
    for i, j in pairs:
        one, other = sorted((root[i], root[j]))
        if one == other:
            continue
        if any((min(a, b), max(a, b)) in apart for a in members[one] for b in members[other]):
            continue
        for index in members[other]:
            root[index] = one
        members[one] += members.pop(other)
        joined.add((i, j))
    return _Groups(root, joined)
