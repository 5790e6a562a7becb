"""Run every benchmark (or those named) and write docs/performance.md: `python -m tests.bench [NAME ...]`."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from tests.bench.figures import Figure

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "docs" / "performance.md"
HEAD = """# Performance

Written by `make bench`; do not edit. Medians of repeated runs with their spread; each figure stands beside its peer or
ceiling, measured in the same run on the same machine, so read the ratios. A benchmark whose peer is not installed says
so and compares nothing.
"""


def main() -> None:
    wanted = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    sections = [HEAD, f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}.\n"]
    for name in wanted:
        module = import_module(f"tests.bench.bench_{name}")
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures: list[Figure] = list(module.run())
        sections.append(section(name, module.__doc__ or "", figures))
        print(sections[-1], flush=True)
    if not sys.argv[1:]:
        REPORT.write_text("\n".join(sections), encoding="utf-8")


def section(name: str, about: str, figures: list[Figure]) -> str:
    rows = "\n".join(figure.row() for figure in figures)
    return f"""## {name}

{about.strip()}

| what | ours | beside | ratio | goal |
|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    main()
