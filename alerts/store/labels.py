"""Labels as they are stored: the rules' word, and operators' corrections that win over it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from alerts.model import Evidence, Facet, Label, Role
from alerts.store.bulk import add, chunks, table_of
from alerts.store.tables import LabelRow

OPERATOR = "operator"
RULE = "rule"
_FACETS = {facet.value: facet for facet in Facet}
_ROLES = {role.value: role for role in Role}
ONE_VALUE = frozenset({Facet.PHASE, Facet.DESIGN, Facet.SIZE, Facet.SUBJECTS, Facet.FINDING})


_ROWS = table_of(LabelRow)
_COLUMNS = select(_ROWS.c.item_id, _ROWS.c.facet, _ROWS.c.value, _ROWS.c.role, _ROWS.c.evidence, _ROWS.c.by)


def stored(session: Session, items: Collection[int]) -> dict[int, list[Label]]:
    """Return every stored label of these items, the rules' and the operators', in the order they were written."""
    found: dict[int, list[Label]] = {}
    for part in chunks(sorted(items)):
        rows = session.execute(_COLUMNS.where(_ROWS.c.item_id.in_(part)).order_by(_ROWS.c.id))
        for one, facet, value, role, evidence, by in rows:
            found.setdefault(one, []).append(_label(facet, value, role, evidence, by))
    return found


def effective(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return what holds: an operator's `not` takes a label away, an operator's value replaces the rules' one."""
    given = list(labels)
    said = [label for label in given if label.by == OPERATOR]
    denied = {(label.facet, label.value) for label in said if label.role is Role.NOT}
    decided = {label.facet for label in said if label.role is not Role.NOT and label.facet in ONE_VALUE}
    same = {(label.facet, label.value) for label in said}
    return tuple(label for label in given if _holds(label, denied, decided, same))


def _holds(
    label: Label, denied: set[tuple[Facet, str]], decided: set[Facet], same: set[tuple[Facet, str]]
) -> bool:
    at = (label.facet, label.value)
    if label.by == OPERATOR:
        return label.role is not Role.NOT
    return at not in denied and at not in same and label.facet not in decided


def held(session: Session, items: Collection[int]) -> dict[int, tuple[Label, ...]]:
    """Return the labels that hold for these items; an item without any has an empty tuple."""
    found = stored(session, items)
    return {item: effective(found.get(item, ())) for item in items}


def replace_rules(session: Session, labels: Mapping[int, Sequence[Label]], now: datetime) -> None:
    """Put the rules' new word in place of their old one; operators' stays."""
    forget_rules(session, labels)
    add_rules(session, labels, now)


def add_rules(session: Session, labels: Mapping[int, Sequence[Label]], now: datetime) -> None:
    """Write the rules' word on items that had none."""
    add(session, LabelRow, [_values(item, label, now) for item, given in labels.items() for label in _distinct(given)])


def forget_rules(session: Session, items: Iterable[int]) -> None:
    for part in chunks(items):
        session.execute(delete(LabelRow).where(col(LabelRow.item_id).in_(part), col(LabelRow.by) == RULE))


def correct(session: Session, item: int, said: Iterable[Label], now: datetime) -> None:
    """Write an operator's word on an item; it stands until the operator says something else of the same facet."""
    for label in said:
        same = delete(LabelRow).where(
            col(LabelRow.item_id) == item, col(LabelRow.by) == OPERATOR, col(LabelRow.facet) == label.facet.value
        )
        several = label.facet not in ONE_VALUE
        session.execute(same.where(col(LabelRow.value) == label.value) if several else same)
        add(session, LabelRow, [_values(item, label, now) | {"by": OPERATOR}])


def corrections(session: Session) -> Iterator[tuple[int, Label]]:
    """Yield every operator's correction with its item, oldest first."""
    rows = session.execute(_COLUMNS.where(_ROWS.c.by == OPERATOR).order_by(_ROWS.c.at, _ROWS.c.id))
    return ((one, _label(*label)) for one, *label in rows)


def _distinct(labels: Iterable[Label]) -> Iterable[Label]:
    """One row a value; where the rules gave a value twice, the first and surer role stays."""
    return {(label.facet, label.value): label for label in reversed(list(labels))}.values()


def _label(facet: str, value: str, role: str, evidence: Sequence[Sequence[Any]], by: str) -> Label:
    words = tuple(Evidence(*place) for place in evidence)
    return Label(facet=_FACETS[facet], value=value, role=_ROLES[role], evidence=words, by=by)


def _values(item: int, label: Label, now: datetime) -> dict[str, Any]:
    return {
        "item_id": item,
        "facet": label.facet.value,
        "value": label.value,
        "role": label.role.value,
        "by": RULE,
        "evidence": label.evidence,
        "at": now,
    }
