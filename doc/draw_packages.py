"""Draws the packages of skann and their imports into packages.svg: `python doc/draw_packages.py`.

Each package stands in a row above all that it imports, and a line bends in each row that it passes. The order within
the rows is chosen for few crossings, the positions for steep lines [Sugiyama et al., 1981].
"""

from collections import defaultdict
from graphlib import TopologicalSorter
from itertools import combinations, pairwise
from pathlib import Path
from statistics import fmean

from packages import Graph, is_directory, package_imports, reachable

PICTURE = Path(__file__).parent / "packages.svg"
SWEEPS = 40
STIFFNESS = 4  # weight of lines between bends, where that of others is 1: keeps long lines straight
PULL = 0.2  # weight of the middle: keeps the picture narrow
MARGIN, ROW, BOX = 24, 56, 26  # pixels: the border, from row to row, the height of a box
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>The packages of skann, each above the packages that it imports</title>
<style>
text {{ font: 12px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; text-anchor: middle; }}
rect {{ fill: #fdf3e4; stroke: #c58b2a; }}
.engine rect {{ fill: #e6f0f9; stroke: #0072b2; }}
.directory rect {{ stroke-width: 2; }}
.directory text {{ font-weight: 600; }}
.legend text {{ text-anchor: start; fill: #59636e; }}
path {{ fill: none; stroke: #8c959f; stroke-width: 1.2; }}
</style>
<rect width="{width}" height="{height}" rx="8" style="fill: white; stroke: none"/>"""
LEGEND = """\
<g class="legend" transform="translate(24 {y})">
<g class="engine"><rect width="26" height="14" rx="4"/><text x="34" y="11">in skann/engine</text></g>
<rect x="150" width="26" height="14" rx="4"/><text x="184" y="11">in skann</text>
<text x="256" y="11">bold: directories; imports that follow from others are left out</text>
</g>"""

Line = tuple[str, ...]  # the importing package, the bends, the imported package


def draw() -> str:
    """Return the picture as SVG."""
    graph = drawn_imports()
    lines, rows = arrange(graph)
    rows = reduce_crossings(rows, lines)
    x = positions(rows, lines)
    y = {name: MARGIN + BOX // 2 + ROW * i for i, row in enumerate(reversed(rows)) for name in row}
    width = max(round(x[name] + width_of(name) / 2) for name in graph) + MARGIN
    legend = 2 * MARGIN + BOX + ROW * (len(rows) - 1)
    shapes = [draw_line(line, x, y) for line in lines] + [draw_box(name, x[name], y[name]) for name in graph]
    head = HEAD.format(width=width, height=legend + 40)
    return "\n".join([head, *shapes, LEGEND.format(y=legend), "</svg>", ""])


def drawn_imports() -> Graph:
    """Return the imports of packages without those that follow from others, and without packages on their own."""
    graph = package_imports()
    indirect = reachable(graph)
    imported = set().union(*graph.values())
    return {
        name: graph[name].difference(*(indirect[other] for other in graph[name]))
        for name in sorted(graph)
        if graph[name] or name in imported
    }


def arrange(graph: Graph) -> tuple[list[Line], list[list[str]]]:
    """Return the lines, and the packages and bends in each row from the lowest up."""
    row_of = choose_rows(graph)
    rows: list[list[str]] = [[] for _ in range(1 + max(row_of.values()))]
    for name in graph:
        rows[row_of[name]].append(name)
    lines = []
    for name, imports in graph.items():
        for imported in sorted(imports):
            bends = {f"{name} > {imported} {i}": i for i in range(row_of[name] - 1, row_of[imported], -1)}
            for bend, i in bends.items():
                rows[i].append(bend)
            lines.append((name, *bends, imported))
    return lines, rows


def choose_rows(graph: Graph) -> dict[str, int]:
    """Return the row of each package: the lowest possible, or the highest where that shortens more lines."""
    row_of: dict[str, int] = {}
    order = list(TopologicalSorter({name: sorted(imports) for name, imports in graph.items()}).static_order())
    for name in order:
        row_of[name] = 1 + max((row_of[imported] for imported in graph[name]), default=-1)
    for name in reversed(order):
        users = [row_of[user] for user in graph if name in graph[user]]
        if len(users) > len(graph[name]):
            row_of[name] = min(users) - 1
    return row_of


def neighbours(lines: list[Line], above: bool = True, below: bool = True) -> dict[str, list[str]]:
    """Return the neighbours of each package and bend in the next rows above and below."""
    found = defaultdict(list)
    for upper, lower in (piece for line in lines for piece in pairwise(line)):
        if above:
            found[lower].append(upper)
        if below:
            found[upper].append(lower)
    return found


def reduce_crossings(rows: list[list[str]], lines: list[Line]) -> list[list[str]]:
    """Return the rows in the best order that sorting each by its neighbours' mean place gave, up and down in turn."""
    best, fewest = rows, count_crossings(rows, lines)
    for sweep in range(SWEEPS):
        upwards = sweep % 2 == 1
        near = neighbours(lines, above=not upwards, below=upwards)
        place = {name: i / len(row) for row in rows for i, name in enumerate(row)}
        ordered = []
        for row in rows if upwards else rows[::-1]:
            means = {name: fmean([place[other] for other in near[name] or [name]]) for name in row}
            ordered.append(sorted(row, key=means.__getitem__))
            place.update((name, i / len(row)) for i, name in enumerate(ordered[-1]))
        rows = ordered if upwards else ordered[::-1]
        crossings = count_crossings(rows, lines)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def count_crossings(rows: list[list[str]], lines: list[Line]) -> int:
    """Return the number of crossings of lines."""
    place = {name: i for row in rows for i, name in enumerate(row)}
    below = neighbours(lines, above=False)
    return sum(
        (place[upper] - place[other_upper]) * (place[lower] - place[other_lower]) < 0
        for row in rows
        for (upper, lower), (other_upper, other_lower) in combinations([(u, v) for u in row for v in below[u]], 2)
    )


def positions(rows: list[list[str]], lines: list[Line]) -> dict[str, float]:
    """Return the horizontal centre of each package and bend: as near to its neighbours' as the order allows."""
    near = neighbours(lines)
    x = {name: 0.0 for row in rows for name in row}
    for _ in range(SWEEPS):
        for row in [*rows, *reversed(rows)]:
            wishes = []
            for name in row:
                weights = [STIFFNESS if ">" in name and ">" in other else 1 for other in near[name]]
                total = sum(weight * x[other] for weight, other in zip(weights, near[name], strict=True))
                wishes.append(total / (sum(weights) + PULL))
            x.update(zip(row, separate(wishes, [width_of(name) + 18 for name in row]), strict=True))
    left = min(x[name] - width_of(name) / 2 for name in x)
    return {name: x[name] - left + MARGIN for name in x}


def separate(wishes: list[float], widths: list[float]) -> list[float]:
    """Return the centres of intervals, in order and without overlap, that are nearest to the wishes."""
    offsets = [sum(widths[:i]) + width / 2 for i, width in enumerate(widths)]
    # less the offsets, the centres must not fall: pool neighbours that would (isotonic regression)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, size = wish - offset, 1
        while pools and pools[-1][0] > mean:
            previous, n = pools.pop()
            mean, size = (previous * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def label_of(name: str) -> str:
    """Return the text in a box: the path in skann/engine or in skann."""
    path = name.removeprefix("skann.").removeprefix("engine.").replace(".", "/")
    return path + ("/" if is_directory(name) else ".py")


def width_of(name: str) -> float:
    """Return the width of a package's box; a bend has next to none."""
    return 0.0 if ">" in name else 6.8 * len(label_of(name)) + 18


def draw_box(name: str, x: float, y: int) -> str:
    """Return a box and its text."""
    kinds = ["engine"] * name.startswith("skann.engine.") + ["directory"] * is_directory(name)
    left, width = round(x - width_of(name) / 2), round(width_of(name))
    box = f'<rect x="{left}" y="{y - BOX // 2}" width="{width}" height="{BOX}" rx="5"/>'
    return f'<g class="{" ".join(kinds)}">{box}<text x="{round(x)}" y="{y + 4}">{label_of(name)}</text></g>'


def draw_line(line: Line, x: dict[str, float], y: dict[str, int]) -> str:
    """Return a line, which passes each row upright."""
    path = f"M{round(x[line[0]])},{y[line[0]] + BOX // 2}"
    for upper, lower in pairwise(line):
        start, end = y[upper] + BOX // 2, y[lower] - BOX // 2
        middle = (start + end) // 2
        path += f"V{start}C{round(x[upper])},{middle} {round(x[lower])},{middle} {round(x[lower])},{end}"
    return f'<path d="{path}"/>'


if __name__ == "__main__":
    PICTURE.write_text(draw())
