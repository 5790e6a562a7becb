"""Run every benchmark (or those named) and write docs/performance.md: `python -m tests.bench [--write] [NAME ...]`.

Without names all run and the page is written anew; with `--write` the sections of those named take the place of the
old ones.
"""

import os
import platform
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import perf_counter

from tests.bench.figures import Figure

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "docs" / "performance.md"
HEAD = """# Performance

Written by `make bench`; do not edit. Medians of repeated runs, with their spread where there were several. Each figure
stands beside its peer or ceiling, measured in the same run on the same machine, so read the ratios; a benchmark whose
peer is not installed says so and compares nothing. Goals that are not reached are marked.

Sizes are settable, so that the whole runs in a quarter of an hour: `ALERTS_BENCH_MAILS`, `ALERTS_BENCH_PEOPLE`,
`ALERTS_BENCH_FEEDS`, `ALERTS_BENCH_GROWTH` (the largest size of a curve), `ALERTS_BENCH_DELIVERIES` and
`ALERTS_BENCH_SENT` (the four workers). `ALERTS_BENCH_READER` names a Python that has the `reader` library;
`smtp-source` (postfix), `wrk` and `nginx` are taken where they are installed.
"""
SECTION = re.compile(r"^## (\w+)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def main() -> None:
    names = [word for word in sys.argv[1:] if word != "--write"]
    there = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if unknown := set(names) - set(there):
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(there)}")
    old = {} if not names else kept(REPORT)
    made = {name: measured(name) for name in names or there}
    if "--write" in sys.argv or not names:
        sections = old | {name: made[name] for name in made if made[name]}
        REPORT.write_text("\n".join([HEAD, *(sections[name] for name in sorted(sections))]), encoding="utf-8")
    sys.exit(any(not section for section in made.values()))


def kept(report: Path) -> Mapping[str, str]:
    """Return the sections of a page that was written before, by name."""
    text = report.read_text(encoding="utf-8") if report.exists() else ""
    return {found[1]: found[0].rstrip("\n") + "\n" for found in SECTION.finditer(text)}


def measured(name: str) -> str:
    """Return a benchmark's section; empty where it failed, so that the others still run."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    started = perf_counter()
    try:
        module = import_module(f"tests.bench.bench_{name}")
        figures: list[Figure] = list(module.run())
    except Exception:  # noqa: BLE001  told, and the others go on
        traceback.print_exc()
        return ""
    made = section(name, module, figures, perf_counter() - started)
    print(made, flush=True)
    return made


def section(name: str, module: object, figures: list[Figure], seconds: float) -> str:
    rows = "\n".join(figure.row() for figure in figures)
    where = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, {seconds:.0f} s"
    after = getattr(module, "AFTER", "")
    return f"""## {name}

{(module.__doc__ or "").strip()}

| what | ours | beside | ratio | goal |
|---|---|---|---|---|
{rows}

{where}.
{after}"""


if __name__ == "__main__":
    main()
