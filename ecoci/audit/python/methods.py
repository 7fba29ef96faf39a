"""Methods of values that are known: tables, lists, text, parsers, models."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from ecoci.audit.python.access import ITEM, NAMESPACE
from ecoci.audit.python.binding import rebind
from ecoci.audit.python.catalog import last
from ecoci.audit.python.frame import Arguments, Frame
from ecoci.audit.python.instances import opened
from ecoci.audit.python.merge import mapped, settled, stored, updated
from ecoci.audit.python.operators import HOLE, LONGEST_TEXT, TEXT, put_together, shape_of
from ecoci.audit.python.options import argument, is_parser
from ecoci.audit.python.paths import path_of
from ecoci.audit.sites import Carrier
from ecoci.audit.values import UNRESOLVED, Choice, Known, Made, Option, Row, Symbol, Table, Unknown, Value, via
from ecoci.model import Step

LONGEST_CALL = 200
SELF = frozenset(
    {
        *(
            "to",
            "cuda",
            "eval",
            "half",
            "bfloat16",
            "float",
            "cpu",
            "train",
            "requires_grad_",
            "to_bettertransformer",
            "tie_weights",
        ),
        *(
            "merge_and_unload",
            "contiguous",
            "unsqueeze",
            "enable_input_require_grads",
            "clone",
            "detach",
            "model",
            "type",
        ),
    }
)
"""Methods that give the object itself."""
CASTS = {"half": "torch.float16", "bfloat16": "torch.bfloat16", "float": "torch.float32"}
DEVICES = {"cuda": "cuda", "cpu": "cpu"}
TEXT_METHODS: dict[str, Callable[..., object]] = {
    **{name: getattr(str, name) for name in ("lower", "upper", "strip", "rstrip", "lstrip", "title", "capitalize")},
    **{name: getattr(str, name) for name in ("startswith", "endswith", "removeprefix", "removesuffix", "replace")},
}


def method_call(receiver: Value, name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    """What a method gives; changes of the receiver are written back to the name that holds it."""
    written = node.func.value if isinstance(node.func, ast.Attribute) else node
    match receiver:
        case Table():
            return _of_table(receiver, name, given, written, frame)
        case Row():
            return _of_row(receiver, name, given, written, frame)
        case Known(str()) | Option(default=Known(str())):
            words = frame.unit.words(node)
            return mapped(receiver, lambda one: _of_text(one, name, given, words) if isinstance(one, Known) else one)
        case Made():
            of_kind = _of_parser if is_parser(receiver) else _of_made
            return of_kind(receiver, name, given, node, frame)
        case Choice() | Option() if name in ("update", "setdefault") and given.positional:
            return _change(receiver, name, given, written, frame)
        case _:
            return (
                receiver
                if _stays(receiver, name) or _is_moved_item(receiver, name)
                else _unresolved(receiver, name, given, node, frame)
            )


def _stays(receiver: Value, name: str) -> bool:
    """Text of an option stays an option, whatever is done to its letters."""
    return isinstance(receiver, Option) and name in TEXT_METHODS


def _is_moved_item(receiver: Value, name: str) -> bool:
    """One of many is that still when it is moved to a device."""
    return name in SELF and isinstance(receiver, Unknown) and receiver.why.startswith(ITEM)


def _unresolved(receiver: Value, name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    asked = _asked_of_settings(name, given) if not isinstance(receiver, Symbol) else None
    if asked is not None:
        return asked
    prefix = receiver.name if isinstance(receiver, Symbol) else f"{UNRESOLVED}{_own_name(node)}"
    return Made(
        f"{prefix}.{name}"[:LONGEST_CALL], frame.unit.place(node), (receiver, *given.positional), given.keywords
    )


def _asked_of_settings(name: str, given: Arguments) -> Option | None:
    """`settings.get("load_in_8bit", True)`: what a file or request says, with what holds where it says nothing."""
    match name, given.positional:
        case ("get", (Known(str() as key), Known() as default)) if key.replace("-", "_").isidentifier():
            return Option(key, default, default.steps)
        case _:
            return None


def _own_name(node: ast.Call) -> str:
    """The dotted name of something that is not known, so that a class can be told by it."""
    path = path_of(node.func.value) if isinstance(node.func, ast.Attribute) else None
    return f".{path}" if path else ""


def _of_table(table: Table, name: str, given: Arguments, written: ast.expr, frame: Frame) -> Value:
    key = given.positional[0] if given.positional else None
    if name in ("update", "setdefault"):
        return _change(table, name, given, written, frame)
    if name in ("get", "pop") and key is not None:
        return _get(table, name, given, written, frame)
    if name in ("copy", "to_dict", "dict", "model_dump"):
        return table
    return _listed(table, name)


def _listed(table: Table, name: str) -> Value:
    """Keys, values, or both."""
    if name == "keys":
        return Row(tuple(Known(one) for one, _ in table.entries), table.whole)
    if name == "values":
        return Row(tuple(value for _, value in table.entries), table.whole)
    if name == "items":
        return Row(tuple(Row((Known(one), value)) for one, value in table.entries), table.whole)
    return Unknown(f"{name} of a table")


def _change(table: Value, name: str, given: Arguments, written: ast.expr, frame: Frame) -> Value:
    """`update` and `setdefault`."""
    table = settled(table)
    if name == "update":
        changed = updated(table, given.positional[0]) if given.positional else table
        rebind(written, updated(changed, given.keywords), frame)
        return Known(None)
    key = given.positional[0]
    default = given.positional[1] if len(given.positional) > 1 else Known(None)
    if not isinstance(key, Known):
        return default
    frame.machine.carriers.setdefault(default.steps[-1].place, Carrier.SUBSCRIPT) if default.steps else None
    held = table.get(str(key.value)) if isinstance(table, Table) else None
    if held is None:
        rebind(written, stored(table, str(key.value), default), frame)
    return default if held is None else held


def _get(table: Table, name: str, given: Arguments, written: ast.expr, frame: Frame) -> Value:
    key = given.positional[0]
    default = given.positional[1] if len(given.positional) > 1 else Known(None)
    if not isinstance(key, Known):
        return mapped(key, lambda one: _entry(table, one, default))
    found = _entry(table, key, default)
    if name == "pop":
        kept = tuple(entry for entry in table.entries if entry[0] != str(key.value))
        rebind(written, replace(table, entries=kept), frame)
    return found


def _entry(table: Table, key: Value, default: Value) -> Value:
    found = table.get(str(key.value)) if isinstance(key, Known) else None
    if found is not None:
        return via(found, table.steps)
    if table.whole and isinstance(key, Known):
        return default
    named = str(key.value) if isinstance(key, Known) else "a key"
    return Option(named, default, default.steps) if isinstance(default, Known) else Unknown(named)


def _of_row(row: Row, name: str, given: Arguments, written: ast.expr, frame: Frame) -> Value:
    if name == "append" and given.positional:
        rebind(
            written, replace(row, items=(*row.items, given.positional[0]), whole=row.whole and not frame.loops), frame
        )
    elif name == "extend":
        rebind(written, replace(row, whole=False), frame)
    elif name == "copy":
        return row
    return Known(None) if name in ("append", "extend") else Unknown(f"{name} of a list")


def _of_text(text: Known, name: str, given: Arguments, words: str) -> Value:
    arguments = [one.value for one in given.positional if isinstance(one, Known)]
    if name == "join" and given.positional:
        return _put_together(str(text.value), given.positional[0], words)
    if name == "format":
        return _formatted(str(text.value), given)
    if name in TEXT_METHODS and len(arguments) == len(given.positional):
        try:
            return _known(TEXT_METHODS[name](text.value, *arguments), text)
        except TypeError:
            return Unknown(words)
    if (
        name == "split"
        and len(arguments) == len(given.positional) == 1
        and isinstance(arguments[0], str)
        and arguments[0]
    ):
        return Row(tuple(Known(part, text.steps) for part in str(text.value).split(arguments[0])[:50]))
    return Unknown(words)


def _put_together(separator: str, parts: Value, words: str) -> Value:
    if not isinstance(parts, Row) or not parts.whole:
        return Unknown(words)
    if not all(isinstance(one, Known) for one in parts.items):
        return put_together(separator, parts.items)
    texts = [str(one.value) for one in parts.items if isinstance(one, Known)]
    return Known(separator.join(texts)[:LONGEST_TEXT])


def _known(value: object, text: Known) -> Value:
    return Known(value[:LONGEST_TEXT] if isinstance(value, str) else bool(value), text.steps)


def _formatted(text: str, given: Arguments) -> Value:
    """`"{}-{size}".format(…)` of plain fields."""
    shapes = [shape_of(one) for one in given.positional]
    named = [(name, shape_of(value)) for name, value in given.keywords.entries]
    for number, shape in enumerate(shapes):
        text = text.replace("{}", shape or HOLE, 1).replace(f"{{{number}}}", shape or HOLE)
    for name, shape in named:
        text = text.replace(f"{{{name}}}", shape or HOLE)
    if None in (*shapes, *(shape for _, shape in named)):
        return Unknown(f"{TEXT} {text[:LONGEST_TEXT]}")
    return Known(text[:LONGEST_TEXT])


def _of_parser(parser: Made, name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    if name == "add_argument" and isinstance(node.func, ast.Attribute):
        option = argument(node, given, frame)
        if option is not None:
            keywords = stored(parser.keywords, *option)
            rebind(
                node.func.value, replace(parser, keywords=keywords) if isinstance(keywords, Table) else parser, frame
            )
        return Known(None)
    if name in ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers", "add_parser"):
        return parser
    if name.startswith("parse_args_into_dataclasses") or name in ("parse_yaml_file", "parse_json_file", "parse_dict"):
        return _settings(parser, given, frame)
    if name in ("parse_args", "parse_known_args"):
        if last(parser.call) == "HfArgumentParser":
            return _settings(parser, given, frame)
        namespace = Made(NAMESPACE, frame.unit.place(node), (), replace(parser.keywords, whole=False))
        return namespace if name == "parse_args" else Row((namespace, Row((), whole=False)))
    return Unknown(f"{name} of a parser")


def _settings(parser: Made, given: Arguments, frame: Frame) -> Value:
    """`HfArgumentParser((ModelArguments, …))` gives an object of each class."""
    first = parser.positional[0] if parser.positional else parser.keywords.get("dataclass_types")
    classes = first.items if isinstance(first, Row) else () if first is None else (first,)
    rest = (Row((), whole=False),) if given.keywords.get("return_remaining_strings") is not None else ()
    return Row((*(_opened(one, frame) for one in classes), *rest))


def _opened(value: Value, frame: Frame) -> Value:
    definition = frame.machine.definitions.get(value.name) if isinstance(value, Symbol) else None
    if definition is None or not isinstance(definition.node, ast.ClassDef):
        return Unknown("settings of a library")
    return opened(definition, frame)


def _of_made(made: Made, name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    if name in SELF:
        _cast(made, name, given, node, frame)
        return made
    if made.call == NAMESPACE and name == "get":
        return Unknown(frame.unit.words(node))
    asked = _asked_of_settings(name, given)
    if asked is not None:
        return asked
    call = f"{made.call}.{name}"[-LONGEST_CALL:]
    return Made(call, frame.unit.place(node), (made, *given.positional), given.keywords)


def _cast(made: Made, name: str, given: Arguments, node: ast.Call, frame: Frame) -> None:
    """`model.half()`, `model.to("cuda", torch.float16)`: noted for the place where the model was loaded."""
    casts = frame.machine.casts.setdefault(made.place, {})
    if name in DEVICES:
        casts["device"] = Known(DEVICES[name])
    steps = (Step(frame.unit.words(node), frame.unit.place(node)),)
    dtypes: list[Value] = [Symbol(CASTS[name], steps)] if name in CASTS else []
    for value in (*given.positional, *(one for _, one in given.keywords.entries)) if name == "to" else ():
        if isinstance(value, Symbol) and value.name.startswith("torch."):
            dtypes.append(via(value, steps))
        else:
            casts["device"] = _named_device(value)
    for dtype in dtypes:
        casts.update({"dtype": dtype, "surely": dtype} if _is_certain(frame) else {"dtype": dtype})


def _named_device(value: Value) -> Value:
    """`torch.device("cpu")` is the device of that name."""
    is_made = isinstance(value, Made) and value.call == "torch.device" and value.positional
    return value.positional[0] if is_made and isinstance(value, Made) else value


def _is_certain(frame: Frame) -> bool:
    """Whether what is done here is done in any case."""
    one: Frame | None = frame
    while one is not None and not one.conditions:
        one = one.caller.frame if one.caller is not None else None
    return one is None
