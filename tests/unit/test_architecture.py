"""The package keeps to its shape, and every check of the shape can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.architecture import (
    CHECKS,
    Modules,
    cycles,
    forbidden_neighbours,
    impure_core,
    knowing_renderers,
    layer_of,
    long_functions,
    long_modules,
    misplaced_libraries,
    read_package,
    relative_imports,
    unplaced_modules,
    upward_edges,
    used_commands,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_package_keeps_to_its_shape(check: Callable[[Modules], list[str]]) -> None:
    assert check(read_package()) == []


def test_the_whole_package_is_read() -> None:
    assert {"", "errors", "model.trace", "ports", "__main__"} <= set(read_package())


def test_a_module_that_nobody_placed_is_found() -> None:
    assert unplaced_modules({"errors": "", "helpers": ""}) == ["helpers has no layer"]


def test_a_module_named_in_the_table_is_placed_before_a_pattern_that_fits_it_too() -> None:
    assert (layer_of("render.text"), layer_of("render.progress"), layer_of("nowhere")) == (1, 3, None)


@pytest.mark.parametrize(
    "source",
    [
        "import ecoci.store",
        "from ecoci import store",
        "from ecoci.store import ResultFolder",
        "def late():\n    from ecoci.store import ResultFolder",
    ],
)
def test_an_import_from_a_layer_above_is_found_however_it_is_written(source: str) -> None:
    assert upward_edges({"stats": source, "store": "", "": ""}) == ["stats imports store above it"]


def test_an_import_of_a_lower_layer_is_fine() -> None:
    assert upward_edges({"store": "from ecoci.model import Trace", "model": "", "": ""}) == []


def test_a_cycle_is_found_even_through_a_lazy_import() -> None:
    modules = {
        "stats": "import ecoci.compare",
        "compare": "def f():\n    import ecoci.verdict",
        "verdict": "import ecoci.stats",
    }
    assert len(cycles(modules)) == 3


def test_a_chain_is_no_cycle() -> None:
    assert cycles({"verdict": "import ecoci.compare", "compare": "import ecoci.stats", "stats": ""}) == []


def test_a_relative_import_is_found_because_it_hides_its_target() -> None:
    assert relative_imports({"stats": "from . import compare"}) == ["stats imports ..compare relatively"]


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("meters.nvml", "meters.replay"),
        ("meters.nvml", "engines.hf"),
        ("engines.hf", "meters.sampler"),
        ("meters.nvml", "bench"),
        ("bench", "meters.nvml"),
        ("engines.hf", "bench"),
    ],
)
def test_adapters_and_work_must_not_know_each_other(module: str, target: str) -> None:
    modules = {module: f"import ecoci.{target}", target: ""}
    assert forbidden_neighbours(modules) == [f"{module} must not know {target}"]


@pytest.mark.parametrize(
    ("module", "target"),
    [("meters.nvml", "meters.sampler"), ("meters.nvml", "meters.nvml_device"), ("launchers.inline", "bench")],
)
def test_the_parts_of_an_adapter_may_know_each_other(module: str, target: str) -> None:
    assert forbidden_neighbours({module: f"import ecoci.{target}", target: ""}) == []


def test_a_renderer_that_computes_is_found() -> None:
    modules = {"render.markdown": "from ecoci import stats, model", "stats": "", "model": ""}
    assert knowing_renderers(modules) == ["render.markdown must not know stats"]


def test_work_that_lives_in_a_command_is_found() -> None:
    modules = {"action_measure": "from ecoci import cli_run", "cli_run": "", "cli": "import ecoci.cli_run"}
    assert used_commands(modules) == ["action_measure must not know cli_run"]


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("bench", "import torch", "bench imports torch outside its room"),
        ("bench", "def f():\n    from torch.cuda import synchronize", "bench imports torch outside its room"),
        ("engines.hf", "import torch", "engines.hf imports torch before it is needed"),
        ("engines.hf", "class A:\n    import torch", "engines.hf imports torch before it is needed"),
        ("stats", "import statsmodels", "stats imports statsmodels, which has no room"),
    ],
)
def test_a_library_outside_its_room_or_too_early_is_found(module: str, source: str, complaint: str) -> None:
    assert misplaced_libraries({module: source}) == [complaint]


@pytest.mark.parametrize(
    "source", ["def f():\n    import torch", "if TYPE_CHECKING:\n    import torch", "import json", "import ecoci.model"]
)
def test_a_library_in_its_room_and_in_time_is_fine(source: str) -> None:
    assert misplaced_libraries({"engines.hf_load": source}) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import time", "time"),
        ("from time import monotonic", "time.monotonic"),
        ("import os.path", "os.path"),
        ("def f():\n    import random", "random"),
        ("print('x')", "print"),
        ("with open('x') as f: ...", "open"),
        ("from datetime import datetime\ndatetime.now()", "datetime.now"),
        ("import datetime\ndatetime.datetime.now()", "datetime.now"),
        ("from pathlib import Path\nPath('x').read_text()", "Path"),
        ("np.random.default_rng()", "np.random"),
    ],
)
def test_an_effect_in_the_core_is_found(source: str, name: str) -> None:
    assert impure_core({"energy": source}) == [f"energy uses {name}"]


def test_effects_outside_the_core_are_fine() -> None:
    assert impure_core({"store": "import os\nprint(open('x'))"}) == []


def test_a_module_over_the_limit_is_found() -> None:
    assert long_modules({"stats": "x = 1\n" * 400, "energy": "x = 1\n" * 401}) == ["energy has 401 lines"]


def test_a_function_over_the_limit_is_found_and_its_docstring_is_not_counted() -> None:
    fits = 'def fits():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 59
    long = "def long():\n" + "    x = 1\n" * 60
    assert long_functions({"stats": fits + long}) == ["stats.long has 61 lines"]
