"""Draws a growth curve as an SVG figure: sizes on a logarithmic axis, the cost of one unit above them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 44, 44
SPARE = 1.25  # of the height, above the highest point
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2933 } .title { font-weight: 600 }
.axis { stroke: #8a94a0 } .grid { stroke: #d9dee3 } .line { fill: none; stroke: #1d5f8a; stroke-width: 2 }
.dot { fill: #1d5f8a }
@media (prefers-color-scheme: dark) {
  .paper { fill: #14181c } text { fill: #dfe5ea } .grid { stroke: #2c343b } .line { stroke: #7db8e0 } .dot { fill: #7db8e0 }
}"""


class Curve(NamedTuple):
    """The cost of one unit (in `unit`) at each size of something (`of`)."""

    title: str
    of: str
    unit: str
    points: Sequence[tuple[int, float]]

    @property
    def steepest(self) -> float:
        """Return how many times more a unit costs at the largest size than at the cheapest."""
        return self.points[-1][1] / min(cost for _, cost in self.points)


def write(curve: Curve, path: Path) -> None:
    path.write_text("\n".join(_lines(curve)) + "\n", encoding="utf-8")


def _lines(curve: Curve) -> Iterator[str]:
    top = SPARE * max(cost for _, cost in curve.points)
    spots = [(_across(curve, size), _up(cost, top)) for size, cost in curve.points]
    said = "; ".join(f"{size:,}: {cost:,.3g} {curve.unit}" for size, cost in curve.points)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">'
    yield f"<style>{STYLE}</style><rect class='paper' width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>"
    yield f'<title id="t">{escape(curve.title)}</title><desc id="d">{escape(said)}</desc>'
    yield f'<text class="title" x="{LEFT}" y="24">{escape(curve.title)} ({escape(curve.unit)})</text>'
    for share in (0, 0.5, 1):
        y = _up(share * top / SPARE, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{share * top / SPARE:,.3g}</text>'
    yield f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y in spots)}"/>'
    for (x, y), (size, cost) in zip(spots, curve.points, strict=True):
        yield f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
        yield f'<text x="{x}" y="{y - 10}" text-anchor="middle">{cost:,.3g}</text>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) // 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(curve.of)}</text></svg>'


def _across(curve: Curve, size: int) -> float:
    """Return where a size stands; half the margin is left on either side for the numbers."""
    first, last = (math.log10(one[0]) for one in (curve.points[0], curve.points[-1]))
    share = (math.log10(size) - first) / ((last - first) or 1)
    return round(LEFT + 30 + share * (WIDTH - LEFT - RIGHT - 60), 1)


def _up(cost: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - cost / top * (HEIGHT - TOP - BOTTOM), 1)
