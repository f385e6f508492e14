"""Draws charts as inline SVG without scripts. Colors are CSS variables of the page, for dark mode and print."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 320, 160  # about the width of a chart on the page, so that its text has the requested size
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 10, 12, 24
_ROW, _DOTS_LEFT, _NAME = 20, 104, 15  # of a plot of scores: height of a line, room for names, their letters
_PALETTE = ("var(--accent)", "var(--second)", "var(--third)", "var(--drop)")
_STANDALONE_STYLE = (
    "<style>:root{--accent:#3a6ea5;--second:#c2703d;--third:#6b8e4e;--line:#999;--ink:#222;--drop:#b3402e}"
    "text{font:11px sans-serif;fill:var(--ink)}</style>"
)


def histogram(
    kept: Sequence[int], dropped: Sequence[int], edges: Sequence[float], marks: Sequence[tuple[float, str]], title: str
) -> str:
    """Draws stacked columns of kept and dropped documents between `edges` (columns + 1); `marks` are limits."""
    top = max((k + d for k, d in zip(kept, dropped, strict=True)), default=1) or 1
    n_columns = len(kept)
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    step = inner_w / max(n_columns, 1)
    parts = [_y_axis([(0, "0"), (top, _short(top))], 0, top)]

    for i, (k, d) in enumerate(zip(kept, dropped, strict=True)):
        x, y = _LEFT + i * step, float(_TOP + inner_h)
        for count, color in ((k, "var(--accent)"), (d, "var(--drop)")):
            height = inner_h * count / top
            y -= height
            if count:
                tip = f"{_short(edges[i])} to {_short(edges[i + 1])}: {k:,} kept, {d:,} dropped"
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(step - 1, 0.5):.1f}" height="{height:.1f}" '
                    f'fill="{color}"><title>{escape(tip)}</title></rect>'
                )

    for value, label in marks:
        place = _place(value, edges)
        if place is not None:
            parts.append(_mark(_LEFT + place * inner_w, label))
    ticks = [(i, _short(edges[i])) for i in range(0, n_columns + 1, max(1, n_columns // 4))]
    parts += [_x_label(_LEFT + i * step, text) for i, text in ticks if i <= n_columns]
    return _svg(parts, title)


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    mark: float | None = None,
    *,
    standalone: bool = False,
) -> str:
    """Draws lines of shares in [0, 1] over a common x; `mark` is the limit in force."""
    xs = [x for points in series.values() for x, _ in points] or [0.0, 1.0]
    low, high = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x_of(x: float) -> float:
        return _LEFT + inner_w * (x - low) / (high - low)

    parts = [_y_axis([(0, "0%"), (0.5, "50%"), (1, "100%")], 0, 1)]
    for (name, points), color in zip(series.items(), _PALETTE, strict=False):
        path = " ".join(f"{x_of(x):.1f},{_TOP + inner_h * (1 - y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        if points:
            x, y = points[-1]
            position = f'x="{x_of(x) - 4:.1f}" y="{_TOP + inner_h * (1 - y) + 12:.1f}"'
            parts.append(f'<text {position} text-anchor="end" style="fill:{color}">{escape(name)}</text>')
    if mark is not None and low <= mark <= high:
        parts.append(_mark(x_of(mark), f"limit {_short(mark)}"))
    parts += [_x_label(x_of(low + (high - low) * i / 4), _short(low + (high - low) * i / 4)) for i in range(5)]
    return _svg(parts, title, standalone=standalone)


def losses(
    training: Sequence[tuple[float, float]],
    held_out: Mapping[str, Sequence[tuple[float, float]]],
    marks: Sequence[tuple[float, str]],
    title: str,
) -> str:
    """Draws loss curves over tokens: training as a thin line, held-out groups with points; `marks` begin stages."""
    points = [*training, *(point for each in held_out.values() for point in each)]
    if not points:
        return ""
    left, right = min(0.0, *(x for x, _ in points)), max(x for x, _ in points) or 1.0
    low, high = _rounded_range([y for _, y in points])
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + inner_w * (x - left) / (right - left), _TOP + inner_h * (1 - (y - low) / (high - low))

    parts = [_y_axis(_ticks(low, high), low, high)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in training))
    parts.append(f'<polyline points="{path}" fill="none" stroke="var(--line)" stroke-width="1.2"/>')
    for i, (name, each) in enumerate(held_out.items()):
        color = _PALETTE[i % len(_PALETTE)]
        placed = [at(*point) for point in each]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        for (x, y), (tokens, loss) in zip(placed, each, strict=True):
            tip = f"{name}: {loss:.3f} after {_short(tokens)} tokens"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{color}"><title>{escape(tip)}</title></circle>'
            )
    parts += [_mark(at(x, low)[0], label, row=i) for i, (x, label) in enumerate(marks)]
    parts += [
        _x_label(at(left + (right - left) * i / 4, low)[0], _short(left + (right - left) * i / 4)) for i in range(5)
    ]
    return _svg(parts, title)


def dots(rows: Sequence[tuple[str, int, float, float, float]], mark: float | None, title: str) -> str:
    """Draws scores with their intervals, a line each: (name, place of its color, score, low, high)."""
    values = [value for _, _, _, low, high in rows for value in (low, high)] + ([] if mark is None else [mark])
    low, high = _rounded_range([value for value in values if math.isfinite(value)] or [0.0, 1.0])
    height = _TOP + _BOTTOM + _ROW * len(rows)

    def at(value: float) -> float:
        return _DOTS_LEFT + (_WIDTH - _DOTS_LEFT - _RIGHT) * (value - low) / (high - low)

    parts = []
    if mark is not None:
        parts.append(
            f'<line x1="{at(mark):.1f}" x2="{at(mark):.1f}" y1="{_TOP - 4}" y2="{height - _BOTTOM}" '
            f'stroke="var(--ink)" stroke-dasharray="4 3"/>'
        )
    for i, (name, place, score, below, above) in enumerate(rows):
        y, tint = _TOP + _ROW * (i + 0.5), color(place)
        tip = f"{name}: {score:.4f}, 95% interval {below:.4f} to {above:.4f}"
        if math.isfinite(below) and math.isfinite(above):
            parts.append(
                f'<line x1="{at(below):.1f}" x2="{at(above):.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{tint}" '
                f'stroke-width="2"/>'
            )
        parts.append(
            f'<circle cx="{at(score):.1f}" cy="{y:.1f}" r="4" fill="{tint}"><title>{escape(tip)}</title></circle>'
            f'<text x="{_DOTS_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(_fitted(name))}</text>'
        )
    for value, text in _ticks(low, high):
        anchor = "end" if at(value) > _WIDTH - _RIGHT - 12 else "middle"
        parts.append(f'<text x="{at(value):.1f}" y="{height - 8}" text-anchor="{anchor}">{text}</text>')
    return _svg(parts, title, height=height)


def growth(
    series: Sequence[tuple[str, int, Sequence[tuple[float, float, float, float]]]], mark: float | None, title: str
) -> str:
    """Draws scores with intervals over tokens: for each series (name, place of its color, (x, score, low, high))."""
    points = [point for _, _, each in series for point in each]
    values = [value for _, score, low, high in points for value in (score, low, high) if math.isfinite(value)]
    low, high = _rounded_range(values + ([] if mark is None else [mark]))
    first, right = min(x for x, *_ in points), max(x for x, *_ in points) or 1.0
    left = 0.0 if first < right / 2 else first - (right - first) / 10
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + inner_w * (x - left) / (right - left), _TOP + inner_h * (1 - (y - low) / (high - low))

    parts = [_y_axis(_ticks(low, high), low, high)]
    if mark is not None:
        y = at(left, mark)[1]
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--ink)" '
                     'stroke-dasharray="4 3"/>')  # fmt: skip
    for name, place, each in series:
        tint = color(place)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(x, score) for x, score, _, _ in each))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{tint}" stroke-width="2"/>')
        for tokens, score, below, above in each:
            x, y = at(tokens, score)
            tip = f"{name}: {score:.4f} after {_short(tokens)} tokens, 95% interval {below:.4f} to {above:.4f}"
            if math.isfinite(below) and math.isfinite(above):
                ends = f'y1="{at(tokens, below)[1]:.1f}" y2="{at(tokens, above)[1]:.1f}"'
                parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} stroke="{tint}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{tint}"><title>{escape(tip)}</title></circle>')
    parts += [_x_label(at(tick, low)[0], text) for tick, text in _ticks(left, right)]
    return _svg(parts, title)


def band(
    points: Sequence[tuple[float, float, float, float]], dots: Sequence[tuple[float, float]], marks: Sequence[float],
    title: str,
) -> str:  # fmt: skip
    """Draws a line with a band around it, (x, value, low, high), over single values, (x, value); `marks` are places
    on the x axis."""
    if not points:
        return ""
    ys = [y for _, value, low, high in points for y in (value, low, high)] + [y for _, y in dots]
    low, high = _rounded_range([y for y in ys if math.isfinite(y)] or [0.0, 1.0])
    left, right = min(x for x, *_ in points), max(x for x, *_ in points)
    right = right if right > left else left + 1
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> str:
        return (
            f"{_LEFT + inner_w * (x - left) / (right - left):.1f},{_TOP + inner_h * (1 - (y - low) / (high - low)):.1f}"
        )

    parts = [_y_axis(_ticks(low, high), low, high)]
    around = [*(at(x, top) for x, _, _, top in points), *(at(x, bottom) for x, _, bottom, _ in reversed(points))]
    parts.append(f'<polygon points="{" ".join(around)}" fill="var(--accent)" opacity="0.18"/>')
    for x, y in dots:
        if left <= x <= right:
            place_x, place_y = at(x, y).split(",")
            parts.append(f'<circle cx="{place_x}" cy="{place_y}" r="1.8" fill="var(--second)"/>')
    line = " ".join(at(x, value) for x, value, _, _ in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="var(--accent)" stroke-width="2"/>')
    for x in marks:
        if left <= x <= right:
            place_x = at(x, low).split(",")[0]
            parts.append(f'<line x1="{place_x}" x2="{place_x}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" '
                         'stroke="var(--ink)" stroke-dasharray="4 3"/>')  # fmt: skip
    parts += [_x_label(float(at(tick, low).split(",")[0]), text) for tick, text in _ticks(left, right)]
    return _svg(parts, title)


def _fitted(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def color(place: int) -> str:
    """Returns the color of the series at a place."""
    return _PALETTE[place % len(_PALETTE)]


def _rounded_range(values: Sequence[float]) -> tuple[float, float]:
    """Returns a range around some values whose ends have few digits."""
    low, high = min(values), max(values)
    step = 10 ** math.floor(math.log10(max(high - low, 1e-3))) / 2
    return math.floor(low / step) * step, math.ceil(high / step + 1e-9) * step


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Returns places on an axis with their labels: multiples of 1, 2 or 5 times a power of ten, zero among them."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))
    n_decimals = max(-math.floor(math.log10(step * (1 + 1e-9))), 0)
    places = [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return [(one, _short(one) if step >= 1 else f"{one:.{n_decimals}f}") for one in places]


def _place(value: float, edges: Sequence[float]) -> float | None:
    """Returns the position of a value between the edges, in [0, 1] of the axis; None outside."""
    if not edges[0] <= value <= edges[-1]:
        return None
    for i in range(len(edges) - 1):
        if value <= edges[i + 1]:
            width = edges[i + 1] - edges[i]
            return (i + ((value - edges[i]) / width if width else 0)) / (len(edges) - 1)
    return None


def _mark(x: float, label: str, row: int = 0) -> str:
    anchor, shift = ("end", -4) if x > _WIDTH * 0.7 else ("start", 4)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="var(--ink)" '
        f'stroke-dasharray="4 3"/>'
        f'<text x="{x + shift:.1f}" y="{_TOP + 9 + 11 * row}" text-anchor="{anchor}">{escape(label)}</text>'
    )


def _y_axis(ticks: Sequence[tuple[float, str]], low: float, high: float) -> str:
    inner_h = _HEIGHT - _TOP - _BOTTOM
    parts = []
    for value, text in ticks:
        y = _TOP + inner_h * (1 - (value - low) / (high - low))
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="var(--line)" stroke-width="0.5"/>'
            f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        )
    return "".join(parts)


def _x_label(x: float, text: str) -> str:
    is_last = x > _WIDTH - _RIGHT - 12  # a centered label would be cut off
    anchor, place = ("end", _WIDTH - 1) if is_last else ("middle", x)
    return f'<text x="{place:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str], title: str, *, standalone: bool = False, height: int = _HEIGHT) -> str:
    head = '<svg xmlns="http://www.w3.org/2000/svg"' if standalone else "<svg"
    style = _STANDALONE_STYLE if standalone else ""
    caption = f'<text x="{_LEFT}" y="{_HEIGHT - 2}">{escape(title)}</text>' if standalone else ""
    return (
        f'{head} viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{style}{''.join(parts)}{caption}</svg>"
    )


def _short(value: float) -> str:
    """Formats 12,345,678 as 12.3M and 1,612.3 as 1.61k; other numbers with two or three digits, never as 1.6e+03."""
    if not math.isfinite(value):
        return "-"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 10 else _plain(value)


def _plain(value: float) -> str:
    """Formats a number with two significant digits, without an exponent."""
    n_decimals = min(max(1 - math.floor(math.log10(abs(value))), 0), 6) if value else 0
    return f"{value:.{n_decimals}f}".rstrip("0").rstrip(".") or "0"
