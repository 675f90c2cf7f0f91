"""Charts as inline SVG: no script, nothing loaded, readable in print and by screen readers."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH = 640
_LABEL = 150  # pixels for the names beside the bars
_BAR = 26
_COLOURS = ("#1f5f99", "#d97706", "#2e7d4f", "#8b3a8b", "#a33a3a", "#5b6670")


def bar_chart(title: str, bars: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars with their numbers; the longest fills the width."""
    most = max((value for _, value in bars), default=0) or 1
    room = _WIDTH - _LABEL - 70
    rows = []
    for place, (name, value) in enumerate(bars):
        y, width = place * _BAR + 4, value / most * room
        rows.append(
            f'<text x="{_LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(_short(name))}</text>'
            f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="{_BAR - 8}" '
            f'fill="{_COLOURS[0]}"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 13}">{value:,}</text>'
        )
    return _svg(title, len(bars) * _BAR + 8, "".join(rows), _described(bars))


def line_chart(title: str, times: Sequence[str], lines: Mapping[str, Sequence[int]]) -> str:
    """Lines over time, one for each name; `times` name the points (first and last are shown)."""
    height, top = 220, 28
    most = max((value for values in lines.values() for value in values), default=0) or 1
    step = (_WIDTH - 60) / max(len(times) - 1, 1)
    drawn = []
    for place, (name, values) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        points = [
            (50 + number * step, top + (height - top - 30) * (1 - value / most))
            for number, value in enumerate(values)
        ]
        drawn.append(_line(points, colour) + _key(place, name, sum(values), colour))
    axis = _axis(times, height, top, most)
    described = [(name, sum(values)) for name, values in lines.items()]
    return _svg(title, height, axis + "".join(drawn), _described(described))


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    if len(points) == 1:
        return f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="4" fill="{colour}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _key(place: int, name: str, total: int, colour: str) -> str:
    x = 50 + place * 140
    return (
        f'<rect x="{x}" y="6" width="12" height="12" fill="{colour}"/>'
        f'<text x="{x + 17}" y="16">{escape(name)} {total:,}</text>'
    )


def _axis(times: Sequence[str], height: int, top: int, most: int) -> str:
    bottom = height - 30
    ends = f'<text x="50" y="{height - 10}">{escape(times[0])}</text>' if times else ""
    if len(times) > 1:
        ends += (
            f'<text x="{_WIDTH - 10}" y="{height - 10}" text-anchor="end">'
            f"{escape(times[-1])}</text>"
        )
    return (
        f'<line x1="50" y1="{bottom}" x2="{_WIDTH - 10}" y2="{bottom}" stroke="#9aa3ab"/>'
        f'<text x="44" y="{top + 5}" text-anchor="end">{most:,}</text>'
        f'<text x="44" y="{bottom}" text-anchor="end">0</text>{ends}'
    )


def _svg(title: str, height: int, inside: str, description: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}: '
        f'{escape(description)}"><title>{escape(title)}</title>{inside}</svg>'
    )


def _described(values: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in values) or "nothing yet"


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"
