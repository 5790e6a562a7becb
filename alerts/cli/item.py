"""`alerts item`: what was found, its labels with the words that prove them, and operators' corrections."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from alerts.cli.common import Span, counted, json_option, opened, print_json, print_rows
from alerts.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from alerts.model import Evidence, Label
    from alerts.store.items import Listed
    from alerts.wiring import World

COLUMNS = ("id", "kind", "published", "topics", "phase", "design", "size", "title")
SUBJECTS = ("humans", "human-samples", "animals", "cells", "none")
STUDIED_IN = {"animal": ("animals",), "lab": ("human-samples", "cells")}
SIZELESS = frozenset({"review", "systematic-review", "guideline", "editorial", "animal"})
PHASES = {"early": "EARLY_PHASE1", "0": "EARLY_PHASE1", **{str(n): f"PHASE{n}" for n in range(1, 5)}}


@click.group("item")
def command() -> None:
    """What was found, and its labels.

    \b
    Examples:
      alerts item list --topic nmosd --phase 2 --since 30d
      alerts item show NCT01234567
      alerts item relabel 10.1000/example --add-topic nmosd --design lab
    """  # noqa: D301


@command.command("list")
@click.option("--topic", help="A topic, or none: items that are about nothing followed.")
@click.option("--phase", help="early, 1, 2, 3 or 4.")
@click.option("--design", help="A study design, such as randomized-trial.")
@click.option("--kind", help="paper, preprint, abstract, record, news, explainer or notice.")
@click.option("--source", help="A source that carries them.")
@click.option("--since", type=Span(), help="First seen within, such as 7d.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--reported", is_flag=True, help="Items with a reader's report of a wrong label.")
@json_option
def list_(limit: int, *, as_json: bool, reported: bool, **wanted: Any) -> None:  # noqa: ANN401
    """List items, newest first."""
    from alerts.store import items, reports
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        _check(session, wanted)
        if reported:
            found = items.listed(session, reports.open_items(session, limit))
        else:
            found = items.listing(session, _filter(world, wanted), limit)
    _print(found, as_json=as_json, empty="No item passes this filter.")


def _check(session: Any, wanted: Mapping[str, Any]) -> None:  # noqa: ANN401
    from alerts.store import catalogue

    if wanted["topic"] not in (None, "none"):
        catalogue.topic(session, wanted["topic"])
    if wanted["source"]:
        catalogue.source(session, wanted["source"])


def _filter(world: "World", wanted: Mapping[str, Any]) -> Any:  # noqa: ANN401
    from alerts.model import Kind
    from alerts.store.items import Filter
    from subscribers.interest import DESIGNS

    phase, design, kind = wanted["phase"], wanted["design"], wanted["kind"]
    if phase is not None and phase.lower() not in PHASES:
        raise UsageError(f"--phase {phase} is not known; it is one of {', '.join(PHASES)}")
    if design is not None and design not in DESIGNS:
        raise UsageError(f"--design {design} is not known; it is one of {', '.join(DESIGNS)}")
    if kind is not None and kind not in list(Kind):
        raise UsageError(f"--kind {kind} is not known; it is one of {', '.join(Kind)}")
    since: timedelta | None = wanted["since"]
    return Filter(
        topic=wanted["topic"],
        phase=PHASES[phase.lower()] if phase else None,
        design=design,
        kind=Kind(kind) if kind else None,
        source=wanted["source"],
        since=world.now() - since if since else None,
    )


def _print(found: "Sequence[Listed]", *, as_json: bool, empty: str) -> None:
    print_rows([row(one) for one in found], COLUMNS, as_json=as_json, empty=empty)


def row(one: "Listed") -> dict[str, Any]:
    """Return an item as `--json` shows it."""
    from alerts.classify.phase import role
    from alerts.model import Facet, Role

    content = one.item.content
    phases = [label for label in one.labels if label.facet is Facet.PHASE]
    keys: dict[str, list[str]] = {}
    for key in one.item.keys:
        keys.setdefault(key.scheme, []).append(key.value)
    size = _values(one.labels, Facet.SIZE)
    return {
        "id": one.item.id,
        "title": content.title,
        "url": content.url,
        "kind": content.kind.value,
        "published": str(content.published) if content.published else None,
        "first_seen": one.item.first_seen,
        "keys": keys,
        "topics": _values(one.labels, Facet.TOPIC, Role.ABOUT),
        "mentions": _values(one.labels, Facet.TOPIC, Role.MENTION),
        "phase": [label.value for label in phases if label.role is not Role.MENTION],
        "phase_role": stands.value if (stands := role(phases)) else "none",
        "design": next(iter(_values(one.labels, Facet.DESIGN)), "unclear"),
        "size": int(size[0]) if size else None,
        "cautions": sorted({*_values(one.labels, Facet.CAUTION), *([one.mark] if one.mark else [])}),
        "sources": list(one.item.sources),
    }


def _values(labels: "Iterable[Label]", facet: str, role: str | None = None) -> list[str]:
    return [label.value for label in labels if label.facet == facet and role in (None, label.role)]


@command.command()
@click.argument("item", metavar="ID")
@json_option
def show(item: str, *, as_json: bool) -> None:
    """Show one item and the words that prove its labels. ID: our number, a PMID, DOI, registry number or address."""
    from alerts.store import catalogue, items
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        one = items.listed(session, [_found(session, item)])[0]
        names = {topic.slug: topic.name for topic in catalogue.topics(session, retired=True)}
    if as_json:
        labels = [
            {
                "facet": label.facet.value,
                "value": label.value,
                "role": label.role.value,
                "by": label.by,
                "evidence": [evidence._asdict() for evidence in label.evidence],
            }
            for label in one.labels
        ]
        print_json(row(one) | {"text": one.item.content.text, "labels": labels})
        return
    for line in _shown(one, names):
        click.echo(line)


def _found(session: Any, said: str) -> int:  # noqa: ANN401
    from alerts.store import items

    number = items.find(session, said)
    if number is None:
        raise NotFoundError(f"No item is called {said!r}; give our number, a PMID, DOI, registry number or address.")
    return number


def _shown(one: "Listed", names: Mapping[str, str]) -> Iterable[str]:
    from alerts.model import Facet, Reason
    from alerts.publish.grounds import stated
    from alerts.publish.strength import headline_finding, strength
    from alerts.publish.words import REASONS

    content = one.item.content
    linked = any(link.relation == "news-about" for link in one.item.links)
    yield click.style(_highlighted(content.title, "title", one.labels), bold=True)
    yield f"{content.kind}  {content.venue}  {content.published or ''}  {content.url}"
    if one.mark and one.mark not in _values(one.labels, Facet.CAUTION):
        yield click.style(f"{REASONS[Reason(one.mark)]}.", bold=True)
    yield strength(content, one.labels, study_linked=linked)
    if finding := headline_finding(content, one.labels):
        yield finding
    yield ""
    for label in sorted(one.labels, key=lambda label: list(Facet).index(label.facet)):
        quoted = "; ".join(f'"{evidence.words}" ({evidence.field})' for evidence in label.evidence)
        words = stated(label, names.get(label.value, label.value)) or quoted
        yield f"  {label.facet.value:10} {label.value} ({label.role.value})  {words}"
    yield ""
    yield _highlighted(content.text, "text", one.labels)
    yield ""
    yield f"item {one.item.id}, from {', '.join(one.item.sources)}; " + ", ".join(
        f"{key.scheme} {key.value}" for key in one.item.keys
    )


def _highlighted(text: str, field: str, labels: "Iterable[Label]") -> str:
    """Underline the words of a field that prove a label (at a terminal)."""
    marks = bytearray(len(text))
    evidence: Evidence
    for label in labels:
        for evidence in label.evidence:
            if evidence.field == field:
                marks[evidence.start : evidence.end] = b"\x01" * len(text[evidence.start : evidence.end])
    parts, start = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marks[at] != marks[start]:
            parts.append(click.style(text[start:at], underline=True) if marks[start] else text[start:at])
            start = at
    return "".join(parts)


@command.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
def search(words: tuple[str, ...], limit: int, *, as_json: bool) -> None:
    """Search titles and texts for WORDS, best first."""
    from alerts.store import items, search
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        found = items.listed(session, search.search(session, " ".join(words), limit))
    _print(found, as_json=as_json, empty="Nothing holds these words.")


@command.command()
@click.argument("item", metavar="ID")
@click.option("--add-topic", multiple=True)
@click.option("--drop-topic", multiple=True)
@click.option("--design", help="The right study design.")
@click.option("--phase", multiple=True, help="The right phase (early, 1, 2, 3, 4), or none.")
@click.option("--size", type=click.IntRange(0), help="The right number of people; 0: not stated.")
@click.option("--subjects", help="humans, human-samples, animals, cells or none.")
@click.option("--why", default="", help="Shown with the label instead of words from the text.")
def relabel(item: str, why: str, **given: Any) -> None:  # noqa: ANN401
    """Correct an item's labels; the operator's word wins over rules and survives re-classification."""
    from alerts.pipeline import corrections
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        number = _found(session, item)
        for slug in (*given["add_topic"], *given["drop_topic"]):
            catalogue.topic(session, slug)
        now_so = row_of(session, number)
    said = list(_said(given, why, now_so))
    if not said:
        raise UsageError("Say what is right; see: alerts item relabel --help")
    corrections.correct(world.engine, number, said, world.now())
    click.echo(f"Corrected item {number}: {counted(len(said), 'label')}. The rules' other labels stand.")


def row_of(session: Any, number: int) -> dict[str, Any]:  # noqa: ANN401
    from alerts.store import items

    return row(items.listed(session, [number])[0])


def _said(given: Mapping[str, Any], why: str, now_so: Mapping[str, Any]) -> "Iterable[Label]":
    """Turn the options into an operator's labels; what they replace is taken away by name."""
    from alerts.model import Evidence, Facet, Label, Role

    proof = (Evidence("operator", 0, len(why), why),) if why else ()

    def label(facet: Facet, value: str, role: Role) -> Label:
        return Label(facet=facet, value=value, role=role, evidence=proof, by="operator")

    _check_values(given)
    _check_sense(given)
    yield from (label(Facet.TOPIC, slug, Role.ABOUT) for slug in given["add_topic"])
    yield from (label(Facet.TOPIC, slug, Role.NOT) for slug in given["drop_topic"])
    if given["phase"]:
        wanted = {PHASES[phase.lower()] for phase in given["phase"] if phase.lower() != "none"}
        yield from (label(Facet.PHASE, value, Role.NOT) for value in now_so["phase"] if value not in wanted)
        yield from (label(Facet.PHASE, value, Role.OWN) for value in sorted(wanted))
    if given["size"] == 0 and now_so["size"] is not None:
        yield label(Facet.SIZE, str(now_so["size"]), Role.NOT)
    for facet in (Facet.DESIGN, Facet.SIZE, Facet.SUBJECTS):
        if given[facet.value]:
            yield label(facet, str(given[facet.value]), Role.IS)


def _check_values(given: Mapping[str, Any]) -> None:
    from subscribers.interest import DESIGNS

    for name, known in (("design", DESIGNS), ("subjects", SUBJECTS)):
        if given[name] and given[name] not in known:
            raise UsageError(f"--{name} {given[name]} is not known; it is one of {', '.join(known)}")
    if unknown := [phase for phase in given["phase"] if phase.lower() not in {*PHASES, "none"}]:
        raise UsageError(f"--phase {unknown[0]} is not known; it is one of {', '.join(PHASES)}, or none")


def _check_sense(given: Mapping[str, Any]) -> None:
    """Refuse corrections that contradict each other."""
    both = sorted({*given["add_topic"]} & {*given["drop_topic"]})
    if both:
        raise UsageError(f"{both[0]} cannot be added and dropped at once")
    phases = [phase.lower() for phase in given["phase"]]
    if "none" in phases and len({*phases}) > 1:
        raise UsageError("--phase none says that there is no phase; leave it or the others out")
    wanted = STUDIED_IN.get(given["design"] or "")
    if wanted and given["subjects"] and given["subjects"] not in wanted:
        raise UsageError(f"--design {given['design']} is of {' or '.join(wanted)}, not --subjects {given['subjects']}")
    if given["size"] and given["design"] in SIZELESS:
        raise UsageError(f"--design {given['design']} has no --size: a number of people is that of one study in people")
