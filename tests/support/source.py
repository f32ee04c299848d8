"""What Python sources show without being run: sizes, public names, imports."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Module:
    """One source file; `name` is dotted, from the package's top."""

    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@cache
def modules(package: Path) -> tuple[Module, ...]:
    """Every module of a package, in the order of their paths."""
    found: list[Module] = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text("utf-8")
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, ast.parse(text), text.count("\n")))
    return tuple(found)


def public_names(module: Module) -> set[str]:
    """The public classes, functions and values that a module defines at its top level."""
    found: set[str] = set()
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def shared_names(package: Path) -> dict[str, set[str]]:
    """The public names that more than one module defines, with these modules."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in modules(package):
        for name in public_names(module):
            found[name].add(module.name)
    return {name: where for name, where in found.items() if len(where) > 1}


def long_modules(package: Path, most: int) -> dict[str, int]:
    """The modules of more than `most` lines, with their lengths."""
    return {one.name: one.lines for one in modules(package) if one.lines > most}


def long_functions(package: Path, most: int) -> dict[str, int]:
    """The functions of more than `most` lines, decorators not counted, with their lengths."""
    found: dict[str, int] = {}
    for module in modules(package):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > most:
                    found[f"{module.name}.{node.name}"] = length
    return found


def full_folders(package: Path, most: int) -> dict[str, int]:
    """The folders that hold more than `most` modules beside their `__init__.py`."""
    found: defaultdict[str, int] = defaultdict(int)
    for module in modules(package):
        if not module.is_package:
            found[str(module.path.parent.relative_to(package.parent))] += 1
    return {name: count for name, count in found.items() if count > most}


def modules_naming(package: Path, word: str) -> set[str]:
    """The modules whose code contains a name, imports not counted."""
    return {
        module.name
        for module in modules(package)
        if any(isinstance(node, ast.Name) and node.id == word for node in ast.walk(module.tree))
    }


def imports(package: Path) -> dict[str, set[str]]:
    """Which modules of the package each module imports, at any time: also inside functions, but
    not for types only."""
    known = {module.name for module in modules(package)}
    return {
        module.name: set(_imported(module, known)) - {module.name} for module in modules(package)
    }


def _imported(module: Module, known: set[str]) -> Iterator[str]:
    for node in _running(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                if submodule in known:
                    yield submodule
                elif base in known:
                    yield base


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield other
                yield from _running(other)
            continue
        yield node
        yield from _running(node)


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = len(parts) - node.level + module.is_package
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])


def circles(graph: dict[str, set[str]]) -> list[frozenset[str]]:
    """The groups of nodes that reach each other: strongly connected components of more than one
    node (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], order[other])
        if lowest[node] == order[node]:
            group: set[str] = set()
            while node not in group:
                group.add(stack.pop())
            if len(group) > 1:
                found.append(frozenset(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def room_circles(graph: dict[str, set[str]]) -> list[frozenset[str]]:
    """The circles between what lies side by side in one package: its modules and its folders, each
    folder with all that is below it as one."""
    rooms: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, targets in graph.items():
        for target in targets:
            here, there = importer.split("."), target.split(".")
            same = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0)
            if same:
                parent = ".".join(here[:same])
                rooms[parent][".".join(here[: same + 1])].add(".".join(there[: same + 1]))
    return [circle for parent in sorted(rooms) for circle in circles(rooms[parent])]


def marks_of_tests(module: Module) -> dict[str, set[str]]:
    """The tests of a module with the marks that they or the whole module have; a mark that only
    some of a test's cases have is left out."""
    shared: set[str] = set()
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            shared |= _marks(node.value)
    return {
        node.name: shared.union(*map(_marks, node.decorator_list))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def _marks(node: ast.AST) -> set[str]:
    """The marks named by an expression: `pytest.mark.NAME`, called or not, or a list of them."""
    if isinstance(node, ast.List | ast.Tuple):
        return set().union(*map(_marks, node.elts))
    if isinstance(node, ast.Call):
        return _marks(node.func)
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark":
        return {node.attr}
    return set()
