"""`alerts topic`: what people can follow."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.cli import defined
from alerts.cli.common import Span, counted, json_option, opened, print_json, print_rows, progress
from alerts.errors import AlertsError, UsageError

if TYPE_CHECKING:
    from alerts.model import Topic
    from alerts.pipeline.trial import Trial
    from alerts.wiring import World

COLUMNS = ("slug", "name", "parent", "items")
UNSAVED = "Nothing was saved (--dry-run)."


@click.group("topic")
def command() -> None:
    """What people can follow: names, words and acronyms that an item must show.

    \b
    Examples:
      alerts topic add narcolepsy --name Narcolepsy --term narcolepsy --watch pubmed,clinicaltrials
      alerts topic test narcolepsy --since 90d
      alerts topic export narcolepsy > narcolepsy.toml
    """  # noqa: D301


@command.command("list")
@click.option("--retired", is_flag=True, help="Retired ones too.")
@json_option
def list_(*, retired: bool, as_json: bool) -> None:
    """List the topics, with how many items are about each."""
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        counts = catalogue.topic_counts(session)
        rows = [
            {"slug": topic.slug, "name": topic.name, "parent": topic.parent, "items": counts.get(topic.slug, 0)}
            for topic in catalogue.topics(session, retired=retired)
        ]
    print_rows(
        rows, COLUMNS, as_json=as_json, empty="No topics yet; load some with: alerts topic import neuroimmunology"
    )


@command.command()
@click.argument("slug")
@json_option
def show(slug: str, *, as_json: bool) -> None:
    """Show one topic with its definition."""
    from alerts.classify import packs
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        topic = catalogue.topic(session, slug)
        items = catalogue.topic_counts(session).get(slug, 0)
    if as_json:
        print_json(
            {
                "slug": topic.slug,
                "name": topic.name,
                "parent": topic.parent,
                "items": items,
                "definition": dict(topic.definition),
                "retired": topic.retired,
                "successor": topic.successor,
            }
        )
        return
    click.echo(packs.dump([topic], pack=slug).rstrip())
    click.echo(
        f"\n{items} items"
        + (f"; retired{f' into {topic.successor}' if topic.successor else ''}" if topic.retired else "")
    )


@command.command()
@click.argument("slug")
@click.option("--name", required=True, help="The name that readers see.")
@defined.options
@click.option("--watch", help="Make sources that ask for it: pubmed,clinicaltrials,europepmc.")
@click.option("--dry-run", is_flag=True, help="Show what it would match; save nothing.")
def add(slug: str, name: str, watch: str | None, *, dry_run: bool, **options: Any) -> None:  # noqa: ANN401
    """Add a topic.

    Shows the stored items that it matches, with the words that prove it, before it is saved.
    """
    from alerts.model import Topic
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    said = defined.definition(options)
    topic = defined.checked(Topic(slug=slug, name=name, definition=said, parent=options["parent"]))
    world = opened()
    kinds = [kind for kind in (watch or "").replace(" ", "").split(",") if kind]
    sources = _watchers(topic, kinds)
    with reading(world.engine) as session:
        catalogue.check_new_topics(session, [topic])
    _try(world, [topic])
    if dry_run:
        click.echo(UNSAVED)
        return
    manage.add_topics(world.engine, [topic], world.now(), watchers=sources)
    click.echo(f"Added the topic {slug}.")
    _label_anew(world)
    _say_sources(slug, [source.slug for source in sources])


def _watchers(topic: Any, kinds: list[str]) -> tuple[Any, ...]:  # noqa: ANN401
    from alerts.ingest.watch import QUERIES, watchers

    unknown = [kind for kind in kinds if kind not in QUERIES]
    if unknown:
        raise UsageError(f"--watch does not know {unknown[0]!r}; it knows {', '.join(QUERIES)}")
    return watchers(topic, kinds)


def _say_sources(slug: str, made: list[str]) -> None:
    if made:
        click.echo(
            f"Made {len(made)} sources that ask for it: {', '.join(made)}. Poll them now: alerts poll {' '.join(made)}"
        )
    else:
        click.echo(
            "The sources there are bring it when they carry it; for more: "
            f'alerts source add --kind pubmed --query "..." --slug pubmed-{slug}'
        )


def _try(world: "World", topics: "Sequence[Topic]", since: datetime | None = None) -> None:
    """Show what definitions would change in the archive, with the words."""
    from alerts.pipeline.trial import trial

    with progress("Trying it on the archive") as told:
        found = trial(world.engine, topics, since=since, progress=told)
    _print_trial(found)


def _label_anew(world: "World") -> None:
    """Leave the archive to the running service, or label it here, showing how far it is."""
    from alerts.pipeline import relabel, release
    from alerts.store import presence
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        served = any("scheduler" in process.roles for process in presence.running(session))
    if served:
        click.echo("The running service labels the archive anew; how far it is: alerts status")
        return
    with progress("Labelling the archive") as told:
        done = relabel.work_off(world.engine, world.now(), told)
    release.release(world.engine, world.now())
    if done is None:
        click.echo("Another process labels the archive anew; how far it is: alerts status")
    else:
        click.echo(f"Labelled the archive anew: {counted(done.changed, 'item')} of {done.items} changed.")


def _print_trial(trial: "Trial", most: int = 20) -> None:
    for sign, changes in (("+", trial.added), ("-", trial.dropped)):
        for change in changes[:most]:
            words = "; ".join(dict.fromkeys(change.words)) or "no words"
            click.echo(f"{sign} {change.slug}  item {change.item_id}  {change.title[:70]}  [{words[:80]}]")
        if len(changes) > most:
            click.echo(f"{sign} ... and {len(changes) - most} more")
    click.echo(
        f"Of {counted(trial.items, 'stored item')} it would add {counted(len(trial.added), 'label')} "
        f"and drop {len(trial.dropped)}."
    )


@command.command()
@click.argument("slug")
@click.option("--name", help="A new name.")
@defined.options
@click.option("--no-parent", is_flag=True, help="It stands alone.")
@click.option("--alert", is_flag=True, help="Items that gain it are news (mailed), not only shown.")
@click.option("--dry-run", is_flag=True, help="Show what would change; save nothing.")
def edit(slug: str, name: str | None, *, no_parent: bool, alert: bool, dry_run: bool, **options: Any) -> None:  # noqa: ANN401
    """Change a topic.

    Each option given replaces that part of the definition. What changes in the archive is shown before it is saved;
    the archive is then labelled anew.
    """
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        old = catalogue.topic(session, slug)
        new = replace(
            old,
            name=name or old.name,
            definition=defined.definition(options, old.definition),
            parent=None if no_parent else options["parent"] or old.parent,
        )
        catalogue.check_topics(session, [defined.checked(new)])
    if new == old:
        click.echo(f"The topic {slug} is as it was.")
        return
    _try(world, [new])
    if dry_run:
        click.echo(UNSAVED)
        return
    manage.edit_topics(world.engine, [new], world.now(), loud=alert)
    click.echo(f"Changed the topic {slug}.")
    _label_anew(world)


@command.command()
@click.argument("slug")
@click.option("--into", help="The topic that its followers go on with.")
def retire(slug: str, into: str | None) -> None:
    """End a topic.

    Its slug is never used again; its feed says that it is gone, or leads to the successor. Followers get one mail.
    Sources that were made to watch it (--watch) are paused.
    """
    from alerts.pipeline.retiring import Retiring

    world = opened()
    done = Retiring(world.engine, world.keyring, world.settings).retire(slug, world.now(), into=into)
    onwards = f"go on with {into}" if into else "lose it"
    click.echo(f"Retired the topic {slug}; {counted(done.told, 'follower')} {onwards}, and are told.")
    for source in done.paused:
        click.echo(f"Paused the source {source}, which watched it; remove it with: alerts source remove {source}")


@command.command()
@click.argument("what")
@click.option("--since", type=Span(), default="90d", help="How far back to look.")
def test(what: str, since: Any) -> None:  # noqa: ANN401
    """Try definitions on the stored items.

    WHAT is a pack file, or the slug of a topic as it is saved. Shows what would be added and dropped, with the words;
    nothing is saved.
    """
    from alerts.classify import packs
    from alerts.store import catalogue
    from alerts.store.engine import reading

    path = Path(what)
    text = path.read_text(encoding="utf-8") if path.is_file() else None
    world = opened()
    if text is None:
        with reading(world.engine) as session:
            topics = [catalogue.topic(session, what)]
    else:
        topics = list(packs.load(text, str(path)))
    _try(world, topics, world.now() - since)


@command.command()
def check() -> None:
    """Replay operators' corrections.

    Says with which of them the rules now disagree.
    """
    from alerts.pipeline import corrections

    world = opened()
    found = corrections.replay(world.engine)
    for one in found.disagreements:
        click.echo(
            f"item {one.item_id}: {one.facet} {one.value}: the operator said {one.said}, the rules say {one.ruled}"
        )
    click.echo(f"{counted(found.corrections, 'correction')}, {counted(len(found.disagreements), 'disagreement')}.")
    if found.disagreements:
        raise AlertsError("The rules disagree with operators' corrections; the corrections stay in force.")


@command.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def lint(files: tuple[Path, ...]) -> None:
    """Find mistakes in definitions.

    Terms that can never match, shadowed terms, acronyms without company: in the topics, or in pack FILES.
    """
    from alerts.classify import lint as rules
    from alerts.classify import packs
    from alerts.store import catalogue
    from alerts.store.engine import reading

    if files:
        topics = [topic for path in files for topic in packs.load(path.read_text(encoding="utf-8"), str(path))]
    else:
        world = opened()
        with reading(world.engine) as session:
            topics = catalogue.topics(session)
    found = list(rules.lint(topics))
    for line in found:
        click.echo(line)
    click.echo(f"{counted(len(topics), 'topic')}, {counted(len(found), 'finding')}.")
    if found:
        raise AlertsError("Mend what is listed, or leave it on purpose.")


@command.command("import")
@click.argument("what")
@click.option("--dry-run", is_flag=True, help="Show what would change; save nothing.")
def import_(what: str, *, dry_run: bool) -> None:
    """Read a pack of topics; known slugs are changed.

    WHAT is a TOML file, - for standard input, or the name of a shipped pack. What changes in the archive is shown
    before it is saved.
    """
    from alerts.classify import packs
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    name, text = defined.pack_text(what)
    topics = packs.load(text, name)
    named = {topic.slug for topic in topics}
    world = opened()
    with reading(world.engine) as session:
        ended = catalogue.ended(session)
        topics = tuple(topic for topic in topics if topic.slug not in ended)
        catalogue.check_topics(session, topics)
    if left := sorted(ended.intersection(named)):
        click.echo(f"Left out, since they have ended: {', '.join(left)}")
    defined.warn(topics)
    _try(world, topics)
    if dry_run:
        click.echo(UNSAVED)
        return
    added, changed = manage.import_topics(world.engine, topics, world.now())
    click.echo(f"Added {counted(len(added), 'topic')}, changed {len(changed)}.")
    if added or changed:
        _label_anew(world)


@command.command()
@click.argument("slugs", nargs=-1)
def export(slugs: tuple[str, ...]) -> None:
    """Write topics as a pack to standard output: all, or those named."""
    from alerts.classify import packs
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        chosen = [catalogue.topic(session, slug) for slug in slugs] or catalogue.topics(session)
    click.echo(packs.dump(chosen), nl=False)
