"""The Jinja2 environments: one folder of templates each, HTML escaped, unknown names refused."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.resources import resource_folder


@cache
def environment(folder: str) -> Environment:
    """Return the environment of `templates/<folder>`: `.html` and `.xml` are escaped, `.txt` is not."""
    return Environment(
        loader=FileSystemLoader(resource_folder("templates") / folder),
        autoescape=lambda name: name is None or not name.endswith(".txt"),  # noqa: S701  plain text is not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
