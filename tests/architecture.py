"""The shape of the package, read from its syntax trees: layers, rooms of libraries, purity of the core, sizes.

Every check is a function from modules to complaints; `test_architecture` runs them on the package and on made-up ones.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from tests import ROOT

Modules = Mapping[str, str]
"""Source text by module name without the package's own; the package itself is ""."""

PACKAGE = "ecoci"

LAYERS: Mapping[int, tuple[str, ...]] = {
    0: ("", "errors", "model", "model.*"),
    1: (
        *("codec", "plans", "upgrades", "spec", "spec_*", "yaml_source", "identity", "template", "utf8"),
        *(
            "energy",
            "boards",
            "quality",
            "measure",
            "stats",
            "sequential",
            "series",
            "screen",
            "screening",
            "gate",
            "creep",
            "levels",
            "overview",
            "ancestry",
            "arms",
            "pairing",
            "calibration",
            "disturbance",
            "planning",
            "compare",
            "pace",
            "verdict",
            "judge",
            "baselines",
            "history",
            "tables",
        ),
        *("audit", "audit.*"),
        *("actions", "actions.*"),
        *("csv_rows", "published", "raw_runs", "effects", "matching", "study", "claims", "study_tables"),
        *("render", "render.*"),
    ),
    2: ("ports",),
    3: (
        *(
            "clocks",
            "child_variables",
            "bench",
            "wait_idle",
            "store",
            "store_*",
            "render.progress",
            "render.progress_setup",
        ),
        *("meters", "meters.*", "engines", "engines.*", "launchers", "launchers.*", "hosts", "hosts.*"),
        *("checkouts", "checkouts.*"),
        *("github", "github.*"),
        *("audit_tree", "audit_tree_*"),
    ),
    4: (
        *(
            "accepting",
            "audit_judge",
            "base_rules",
            "audit_policy",
            "audit_request",
            "audit_run",
            "pipeline",
            "confirm",
            "confirming",
            "desks",
            "measuring",
            "scenario_files",
            "wiring",
            "worker",
            "fork_server",
            "fork_child",
            "checkouts.arm",
            "doctor",
            "doctor_github",
            "action",
            "action_*",
        ),
        *("cli", "cli_*", "cli.*", "__main__"),
    ),
}

ADAPTERS = (
    *("store", "store_*", "render.progress*", "meters.*", "engines.*", "launchers.*", "hosts.*", "checkouts.*"),
    *("audit_tree", "audit_tree_*", "github.*"),
)
SHARED = (
    "child_variables",
    "clocks",
    "wait_idle",
    "checkouts.bootstrap",
    "checkouts.folders",
    "checkouts.lock_files",
    "meters.answers",
    "meters.pids",
    "meters.sampler",
    "meters.sensor_cache",
    "meters.ticks",
    "meters.visible",
    "meters.window",
    "engines.architectures",
    "engines.counts",
    "engines.planted",
    "engines.weights",
    "github.addresses",
    "github.answers",
    "github.api",
    "github.failures",
    "launchers.child",
)
"""Parts of layer 3 that are no adapters: several adapters may be built of them."""
GRANTED = {
    *(("launchers.inline", "bench"), ("launchers.child", "bench")),
    *(("audit_tree_list", "checkouts.git_command"), ("audit_tree", "checkouts.git_command")),
    ("audit_tree", "checkouts.git_refs"),
}
"""A launcher calls the work in this process, or puts together what the work wrote in another; git is run in one way."""

COMMANDS = ("cli", "cli_*", "__main__")

ROOMS: Mapping[str, tuple[str, ...]] = {
    "amdsmi": ("meters.amd*",),
    "click": ("cli*", "__main__"),
    "numpy": ("engines.hf*", "engines.weights", "energy", "measure", "stats", "sequential", "tables"),
    "pandas": ("tables",),
    "pynvml": ("meters.nvml*",),
    "requests": ("github.client",),
    "rich": ("render.progress*", "render.terminal", "cli*"),
    "scipy": ("stats",),
    "urllib3": ("github.client",),
    "yaml": ("yaml_source", "audit.configs.yaml_doc"),
    **dict.fromkeys(("torch", "transformers", "bitsandbytes", "accelerate", "safetensors"), ("engines.hf*",)),
}
EAGER = {"click"}
"""Libraries light enough to be imported at the top of a module."""

IMPURE_MODULES = {
    *("asyncio", "glob", "logging", "multiprocessing", "os", "random", "secrets", "shutil", "signal", "socket"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
IMPURE_NAMES = {"Path", "breakpoint", "input", "open", "print"}
IMPURE_METHODS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("np", "random"),
}

MODULE_LINES = 400
FUNCTION_LINES = 60


def read_package() -> dict[str, str]:
    files = sorted((ROOT / PACKAGE).rglob("*.py"))
    return {_module_name(file.relative_to(ROOT / PACKAGE)): file.read_text(encoding="utf-8") for file in files}


def _module_name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int | None:
    """The layer that names the module itself, else the lowest with a pattern for it, else None."""
    placed = [
        (pattern != module, layer)
        for layer, patterns in LAYERS.items()
        for pattern in patterns
        if fnmatchcase(module, pattern)
    ]
    return min(placed)[1] if placed else None


def _matches(module: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(module, pattern) for pattern in patterns)


@cache
def _tree(source: str) -> ast.Module:
    """Every check reads the same modules."""
    return ast.parse(source)


@cache
def imported_names(source: str) -> tuple[tuple[str, bool], ...]:
    """Every absolute name that `source` imports, lazily or not, and whether it does so while it is being loaded."""
    return tuple(_imported_names(_tree(source)))


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    late = set(_late_nodes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((f"{base}.{alias.name}", node not in late) for alias in node.names)


def _late_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes that loading the module does not run: function bodies and what is there for type checkers only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_for_types_only(node):
            yield from ast.walk(node)


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def own_imports(modules: Modules, module: str) -> set[str]:
    """Modules of the package that `module` imports, lazy imports included."""
    names = [name for name, _ in imported_names(modules[module])]
    own = [name.removeprefix(PACKAGE).removeprefix(".") for name in names if name.split(".")[0] == PACKAGE]
    return {_known(modules, name) for name in own}


def _known(modules: Modules, name: str) -> str:
    """The module that an imported name is or lives in: `from ecoci.model import Trace` imports `model`."""
    while name not in modules and name:
        name = name.rpartition(".")[0]
    return name


def unplaced_modules(modules: Modules) -> list[str]:
    return [f"{module} has no layer" for module in modules if layer_of(module) is None]


def relative_imports(modules: Modules) -> list[str]:
    names = ((module, name) for module, source in modules.items() for name, _ in imported_names(source))
    return [f"{module} imports {name} relatively" for module, name in names if name.startswith(".")]


def upward_edges(modules: Modules) -> list[str]:
    edges = ((module, target) for module in modules for target in sorted(own_imports(modules, module)))
    return [f"{module} imports {target} above it" for module, target in edges if _rank(module) < _rank(target)]


def _rank(module: str) -> int:
    layer = layer_of(module)
    return -1 if layer is None else layer


def cycles(modules: Modules) -> list[str]:
    reach = {module: own_imports(modules, module) - {module} for module in modules}
    for middle in modules:
        for start in modules:
            if middle in reach[start]:
                reach[start] = reach[start] | reach[middle]
    return [f"{module} imports itself through others" for module in modules if module in reach[module]]


def forbidden_neighbours(modules: Modules) -> list[str]:
    """Adapters that import each other or the work, and work that imports an adapter."""
    third = [module for module in modules if layer_of(module) == 3]
    edges = [(module, target) for module in third for target in sorted(own_imports(modules, module))]
    return [f"{module} must not know {target}" for module, target in edges if not _may_know(module, target)]


def _may_know(module: str, target: str) -> bool:
    if layer_of(target) != 3 or (module, target) in GRANTED:
        return True
    if _matches(target, SHARED):
        return "." not in target or _package(module) == _package(target)
    return _matches(module, ADAPTERS) and _family(module) == _family(target)


def _package(module: str) -> str:
    return module.rpartition(".")[0]


def _family(module: str) -> str:
    """Adapters split over files share the stem: `meters.nvml` and `meters.nvml_device` are one."""
    return module.partition("_")[0]


def knowing_renderers(modules: Modules) -> list[str]:
    renderers = [module for module in modules if module.startswith("render.") and layer_of(module) == 1]
    edges = [(module, target) for module in renderers for target in sorted(own_imports(modules, module))]
    allowed = (*LAYERS[0], "render", "render.*")
    return [f"{module} must not know {target}" for module, target in edges if not _matches(target, allowed)]


def used_commands(modules: Modules) -> list[str]:
    """What does the work must not know the commands: others ask for it too, and print otherwise."""
    others = [module for module in modules if not _matches(module, COMMANDS)]
    edges = [(module, target) for module in others for target in sorted(own_imports(modules, module))]
    return [f"{module} must not know {target}" for module, target in edges if _matches(target, COMMANDS)]


def misplaced_libraries(modules: Modules) -> list[str]:
    foreign = ((module, name, eager) for module in modules for name, eager in _foreign_imports(modules[module]))
    return [complaint for edge in foreign if (complaint := _library_complaint(*edge))]


def _foreign_imports(source: str) -> Iterator[tuple[str, bool]]:
    ours = {PACKAGE, "", *sys.stdlib_module_names}
    for name, eager in imported_names(source):
        top = name.split(".")[0]
        if top not in ours:
            yield top, eager


def _library_complaint(module: str, library: str, eager: bool) -> str:
    if library not in ROOMS:
        return f"{module} imports {library}, which has no room"
    if not _matches(module, ROOMS[library]):
        return f"{module} imports {library} outside its room"
    if eager and library not in EAGER:
        return f"{module} imports {library} before it is needed"
    return ""


def impure_core(modules: Modules) -> list[str]:
    core = [module for module in modules if _rank(module) in (0, 1)]
    return [f"{module} uses {name}" for module in core for name in sorted(_impurities(modules[module]))]


def _impurities(source: str) -> Iterator[str]:
    for name, _ in imported_names(source):
        if name.split(".")[0] in IMPURE_MODULES:
            yield name
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Name) and node.id in IMPURE_NAMES:
            yield node.id
        elif isinstance(node, ast.Attribute) and (_last_name(node.value), node.attr) in IMPURE_METHODS:
            yield f"{_last_name(node.value)}.{node.attr}"


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def long_modules(modules: Modules) -> list[str]:
    lengths = {module: len(source.splitlines()) for module, source in modules.items()}
    return [f"{module} has {length} lines" for module, length in lengths.items() if length > MODULE_LINES]


def long_functions(modules: Modules) -> list[str]:
    sized = ((module, *function) for module, source in modules.items() for function in _functions(source))
    return [f"{module}.{name} has {length} lines" for module, name, length in sized if length > FUNCTION_LINES]


def _functions(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, _lines(node) - _docstring_lines(node)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return 0 if ast.get_docstring(node) is None else _lines(node.body[0])


CHECKS: tuple[Callable[[Modules], list[str]], ...] = (
    unplaced_modules,
    relative_imports,
    upward_edges,
    cycles,
    forbidden_neighbours,
    knowing_renderers,
    used_commands,
    misplaced_libraries,
    impure_core,
    long_modules,
    long_functions,
)
