"""The source files of the repository and what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("heartsite", "analysis", "recordings", "accounts", "ml")


def python_files(*packages: str) -> Iterator[Path]:
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def imports_of(path: Path, *, at_import_time: bool = False) -> tuple[tuple[str, int], ...]:
    """(dotted module, line) of each import; `at_import_time` leaves out those inside functions and type checks."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _top_level(tree) if at_import_time else ast.walk(tree)
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert node.level == 0, f"{path}: relative import at line {node.lineno}"
            # `from ml import dsp` imports ml.dsp as much as `import ml.dsp` does.
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return tuple(found)


def _top_level(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _top_level(node)
