"""Options of programs: argparse and its relatives, click, typer, fields of settings classes, environment variables."""

from __future__ import annotations

import ast

from ecoci.audit.python.catalog import last
from ecoci.audit.python.frame import Arguments, Frame
from ecoci.audit.python.paths import last_name
from ecoci.audit.python.trail import bound
from ecoci.audit.python.unit import Unit
from ecoci.audit.values import Known, Made, Option, Table, Unknown, Value
from ecoci.model import Step

PARSERS = frozenset({"ArgumentParser", "HfArgumentParser", "FlexibleArgumentParser", "ArgParser", "Tap"})
DECLARATIONS = frozenset(
    {"Option", "Argument", "Field", "field", "Parameter", "option", "Query", "Body", "Form", "Factor"}
)
"""Last names of calls that declare a field or parameter and hold its default."""
DEFAULT_KEYS = ("default", "default_value", "value")
FLAGS = {"store_true": False, "store_false": True}


def argument(node: ast.Call, given: Arguments, frame: Frame) -> tuple[str, Option] | None:
    """The destination and the option of an `add_argument`, also of a `click.option`."""
    flags = [one.value for one in given.positional if isinstance(one, Known) and isinstance(one.value, str)]
    if not flags:
        return None
    shown = next((flag for flag in flags if flag.startswith("--")), flags[0])
    default = _default(given)
    return _destination(flags, shown, given), Option(
        shown.split("/")[0], default, _declared(shown, default, node, frame)
    )


def _destination(flags: list[str], shown: str, given: Arguments) -> str:
    wanted = given.keywords.get("dest")
    if isinstance(wanted, Known) and isinstance(wanted.value, str):
        return wanted.value
    bare = next((flag for flag in flags if not flag.startswith("-")), shown)
    return bare.split("/")[0].lstrip("-").replace("-", "_")


def _default(given: Arguments) -> Value | None:
    value = given.keywords.get("default")
    if value is not None:
        return value
    action = given.keywords.get("action")
    if isinstance(action, Known) and action.value in FLAGS:
        return Known(FLAGS[str(action.value)])
    flag = given.keywords.get("is_flag")
    return Known(False) if isinstance(flag, Known) and flag.value is True else None


def _declared(shown: str, default: Value | None, node: ast.Call, frame: Frame) -> tuple[Step, ...]:
    """The default where one is written, else the declaration."""
    if default is not None and default.steps:
        last_step = default.steps[-1]
        return (*default.steps[:-1], Step(f"{shown}: {last_step.text}", last_step.place))
    return (Step(shown, frame.unit.place(node)),)


def is_parser(value: Value) -> bool:
    return isinstance(value, Made) and last(value.call) in PARSERS


def scanned_options(unit: Unit, frame: Frame) -> dict[str, Option]:
    """Every option that a file declares by `add_argument` or absl's `DEFINE_…`, whatever parser it belongs to."""
    found: dict[str, Option] = {}
    if not any(adder in unit.source.text for adder in ADDERS):
        return found
    for node in ast.walk(unit.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ADDERS:
            given = _plain_arguments(node, frame)
            option = argument(node, given, frame)
            if option is not None:
                found[option[0]] = option[1]
    return found


ADDERS = frozenset({"add_argument", "add_arg", "DEFINE_bool", "DEFINE_boolean", "DEFINE_string", "DEFINE_integer"})


def _plain_arguments(node: ast.Call, frame: Frame) -> Arguments:
    evaluate = frame.machine.evaluate
    positional = [evaluate(one, frame) for one in node.args]
    keywords = [
        (one.arg, bound(evaluate(one.value, frame), one.arg, one.value, frame.unit)) for one in node.keywords if one.arg
    ]
    if isinstance(node.func, ast.Attribute) and node.func.attr.startswith("DEFINE_") and len(positional) > 1:
        keywords.append(("default", positional[1]))
    return Arguments(tuple(positional[:1] if node.func.__class__ is ast.Name else positional), Table(tuple(keywords)))


def decorated_options(function: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> dict[str, Option]:
    """Parameters that `click.option` decorators fill."""
    found: dict[str, Option] = {}
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and last_name(decorator.func) in ("option", "argument"):
            option = argument(decorator, _plain_arguments(decorator, frame), frame)
            if option is not None:
                found[option[0]] = option[1]
    return found


def plain_default(value: Value) -> Value | None:
    """What a declaration stands for: `typer.Option(True)`, `field(default=8)`; None where it gives no default."""
    if not isinstance(value, Made) or last(value.call) not in DECLARATIONS:
        return value
    for key in DEFAULT_KEYS:
        found = value.keywords.get(key)
        if found is not None:
            return found
    if value.positional and not isinstance(value.positional[0], Unknown):
        return value.positional[0]
    return None
