"""`alerts classify`: JSON lines in, labels with their evidence out; no database is touched."""

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from alerts.errors import AlertsError


@click.command("classify")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option(
    "--pack", "packs", multiple=True, help="A topic pack: a shipped name or a TOML file (default: neuroimmunology)."
)
def command(file: TextIO, packs: tuple[str, ...]) -> None:
    """Label the items in FILE (or - for standard input), one JSON object a line.

    \b
    Example:
      echo '{"id": 1, "title": "Phase 2 trial of X in NMOSD", "text": ""}' | alerts classify -

    A line that is wrong is named on standard error and passed over; the exit code is then 1.
    """  # noqa: D301
    from alerts.classify import Classifier
    from alerts.classify.lines import classify_lines
    from alerts.classify.packs import load, shipped
    from alerts.model import Topic

    topics: list[Topic] = []
    for name in packs or ("neuroimmunology",):
        path = Path(name)
        text = path.read_text(encoding="utf-8") if path.is_file() else shipped(name)
        topics.extend(load(text, name))
    wrong = 0
    for result in classify_lines(Classifier(topics), file):
        if result.note:
            click.echo(result.note, err=True)
        if result.output is None:
            wrong += 1
            click.echo(result.error, err=True)
        else:
            sys.stdout.write(json.dumps(result.output, ensure_ascii=False) + "\n")
    if wrong:
        raise AlertsError(f"{wrong} {'line was' if wrong == 1 else 'lines were'} wrong; all others are done.")
