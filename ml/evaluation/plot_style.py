"""One look for every plot: SVG with the same bytes each time, which follows a reader's light or dark page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = "#fcfcfd"
INK, MUTED, GRID = "#1f2933", "#616e7c", "#d3d9e0"
BLUE, ORANGE, GREY = "#1d5fa8", "#c05a13", "#8a96a3"
# One hue a database, told apart by people with any colour vision (after M. Okabe and K. Ito), dark enough for text.
DATABASES = {
    "a": "#0b6fa4",
    "b": "#c05a14",
    "c": "#14835f",
    "d": "#a8487f",
    "e": "#7a6f00",
    "f": "#5b52b8",
}
# What each becomes on a dark page.
_DARK = {
    PAGE: "#12171e",
    INK: "#e4e8ee",
    MUTED: "#a3afbd",
    GRID: "#3a434f",
    BLUE: "#6fb1f2",
    ORANGE: "#f0995a",
    GREY: "#7d8996",
    DATABASES["a"]: "#58b5ea",
    DATABASES["b"]: "#f29d5f",
    DATABASES["c"]: "#4fd0a5",
    DATABASES["d"]: "#eb93c6",
    DATABASES["e"]: "#e3d64a",
    DATABASES["f"]: "#aba4ff",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "heartsite",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
}


def draw(path: Path, size_inches: tuple[float, float], paint: Callable[["Axes"], None]) -> Path:
    """Write one plot as SVG; `paint` gets empty axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with _settings():
        figure, axes = plt.subplots(figsize=size_inches, layout="constrained")
        paint(axes)
        figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor=PAGE)
        plt.close(figure)
    path.write_text(_for_both_pages(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


@contextmanager
def _settings() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(_SETTINGS):
        yield


def _for_both_pages(svg: str) -> str:
    """Colours as they are on a light page, replaced where the reader's is dark; the page's own font."""
    rules = "".join(
        f'[style*="{kind}: {light}"] {{ {kind}: {dark} !important; }}\n'
        for light, dark in _DARK.items()
        for kind in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark) {{\n{rules}}}</style>"
    svg = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", rf"font: \1{_FONT}", svg)
    return svg.replace(" <defs>", f" {style}\n <defs>", 1)
