"""Threads: the items of one study, joined by links between them or by a registry number that they share."""

from collections.abc import Collection

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from alerts.model import Item, Key, ThreadMember
from alerts.store.bulk import chunks
from alerts.store.tables import ItemRow, KeyRow, LinkRow

# A text that only mentions another work is no part of its study.
JOINS = (
    "registered-as", "published-as", "preprint-of", "version-of", "reports", "news-about",
    "corrects", "corrected-by", "retracts", "retracted-by", "concerns", "concern-by",
)  # fmt: skip
_TURNED = {
    "registered-as": "reported-by", "published-as": "preprint-of", "preprint-of": "published-as",
    "reports": "reported-by", "version-of": "version-of", "news-about": "news",
    "corrects": "corrected-by", "corrected-by": "corrects",
    "retracts": "retracted-by", "retracted-by": "retracts", "concerns": "concern-by", "concern-by": "concerns",
}  # fmt: skip
SAME_STUDY = "same-study"
_ROUNDS = 3  # how far a thread reaches: news - paper - record - paper

Edge = tuple[int, str, int]


def of(session: Session, ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
    """Map each item to the others of its study and how they stand to it; nearer ones first."""
    edges: dict[int, dict[int, str]] = {}
    frontier, known = set(ids), set(ids)
    for _ in range(_ROUNDS):
        for one, relation, other in _edges(session, frontier):
            edges.setdefault(one, {}).setdefault(other, relation)
            edges.setdefault(other, {}).setdefault(one, _TURNED.get(relation, relation))
        frontier = {other for one in frontier for other in edges.get(one, ())} - known
        known |= frontier
        if not frontier:
            break
    return {one: _reach(edges, one) for one in ids}


def _reach(edges: dict[int, dict[int, str]], start: int) -> list[tuple[str, int]]:
    found: dict[int, str] = {}
    ring = {start}
    for _ in range(_ROUNDS):
        following: set[int] = set()
        for one in sorted(ring):
            for other, relation in sorted(edges.get(one, {}).items()):
                if other != start and other not in found:
                    found[other] = relation if one == start else SAME_STUDY
                    following.add(other)
        ring = following
    return [(relation, other) for other, relation in found.items()]


def _edges(session: Session, ids: Collection[int]) -> list[Edge]:
    """Return the links from and to these items, and the items that name the same registry number."""
    found: list[Edge] = []
    for part in chunks(sorted(ids), 200):
        outgoing = _links(session, part)
        owners = _owners(session, {key for _, _, key in outgoing})
        found += [(one, relation, owners[key]) for one, relation, key in outgoing if owners.get(key, one) != one]
        keys = _keys(session, part)
        found += [(one, relation, keys[key]) for one, relation, key in _pointing(session, keys) if one != keys[key]]
        registered = {key: one for one, relation, key in outgoing if relation == "registered-as"}
        found += [(registered[key], SAME_STUDY, one) for one, relation, key in _pointing(session, registered)
                  if relation == "registered-as" and one != registered[key]]
    return _placed(session, found)


def _links(session: Session, ids: Collection[int]) -> list[tuple[int, str, Key]]:
    query = select(LinkRow.item_id, LinkRow.relation, LinkRow.scheme, LinkRow.value)
    rows = session.execute(query.where(col(LinkRow.item_id).in_(ids), col(LinkRow.relation).in_(JOINS)))
    return [(one, relation, Key(scheme, value)) for one, relation, scheme, value in rows]


def _pointing(session: Session, keys: Collection[Key]) -> list[tuple[int, str, Key]]:
    found: list[tuple[int, str, Key]] = []
    for part in chunks(sorted(keys)):
        pair = tuple_(col(LinkRow.scheme), col(LinkRow.value))
        query = select(LinkRow.item_id, LinkRow.relation, LinkRow.scheme, LinkRow.value)
        rows = session.execute(query.where(pair.in_(part), col(LinkRow.relation).in_(JOINS)))
        found += [(one, relation, Key(scheme, value)) for one, relation, scheme, value in rows]
    return found


def _owners(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for part in chunks(sorted(keys)):
        pair = tuple_(col(KeyRow.scheme), col(KeyRow.value))
        rows = session.execute(select(KeyRow.scheme, KeyRow.value, KeyRow.item_id).where(pair.in_(part)))
        found |= {Key(scheme, value): one for scheme, value, one in rows}
    return found


def _keys(session: Session, ids: Collection[int]) -> dict[Key, int]:
    rows = session.execute(select(KeyRow.scheme, KeyRow.value, KeyRow.item_id).where(col(KeyRow.item_id).in_(ids)))
    return {Key(scheme, value): one for scheme, value, one in rows}


def _placed(session: Session, edges: list[Edge]) -> list[Edge]:
    """Let edges to merged items lead to the survivor; what was merged into its own thread is no member of it."""
    ids = sorted({one for edge in edges for one in (edge[0], edge[2])})
    home: dict[int, int] = {}
    for part in chunks(ids):
        rows = session.execute(select(ItemRow.id, ItemRow.merged_into).where(col(ItemRow.id).in_(part)))
        home |= {one: into or one for one, into in rows if one is not None}
    placed = ((home[one], relation, home[other]) for one, relation, other in edges)
    return [edge for edge in placed if edge[0] != edge[2]]


def member(relation: str, item: Item) -> ThreadMember:
    return ThreadMember(relation, item)
