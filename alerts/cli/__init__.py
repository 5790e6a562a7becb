"""The command line: one file a noun, loaded only when it is called, so that help and completion answer at once."""

from importlib import import_module

import click

COMMANDS = {
    "run": "Everything: poll, release, compose, deliver, serve.",
    "poll": "Poll sources now: what is due, those named, or all.",
    "topic": "What people can follow.",
    "source": "What we poll.",
    "item": "What was found, and its labels.",
    "subscriber": "Who gets mail.",
    "digest": "Preview, send and trace digests.",
    "deliver": "Work off the outbox once.",
    "hold": "Stop all mail at once; polling and feeds go on.",
    "bounce": "Read one bounce or complaint from standard input.",
    "feed": "Print a feed, or build all of them as files.",
    "classify": "Label JSON lines; no database.",
    "db": "Create, upgrade, back up and move the database.",
    "status": "One screen: sources, queue, next digests, troubles.",
    "doctor": "Check the installation and say how to mend it.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported from `alerts.cli.<name>` when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"alerts.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="research-alerts")
def alerts() -> None:
    """Tell people what is new in medical research.

    \b
    Examples:
      alerts run                                        start everything on http://127.0.0.1:8000
      alerts source add https://example.org/feed.xml    follow one more feed
      alerts subscriber add you@example.org --topics ms,nmosd --cadence weekly --consent "asked by phone"
      alerts digest preview you@example.org             see the mail before it goes
      alerts item list --topic nmosd --since 7d         what is new on NMOSD

    Completion: eval "$(_ALERTS_COMPLETE=bash_source alerts)" (or zsh_source, fish_source).
    """  # noqa: D301  click's own mark against re-wrapping is a backspace
