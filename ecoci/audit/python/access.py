"""What an attribute or an item of a value is."""

from __future__ import annotations

import ast

from ecoci.audit.joined import join
from ecoci.audit.python.catalog import last
from ecoci.audit.python.frame import Definition, Frame
from ecoci.audit.python.merge import mapped
from ecoci.audit.values import UNRESOLVED, Alternative, Known, Made, Option, Row, Symbol, Table, Unknown, Value, via

NAMESPACE = "argparse.Namespace"
ITEM = "one of"
"""How the reason of a value begins that is one item of something gone over."""
EXPANDED = "**"
"""The key under which a batch of tokens that is expanded into keywords is kept."""
MOST_REEXPORTS = 5
MOST_BASES = 5
PASSED_ON = frozenset({"input_ids", "attention_mask", "pixel_values", "data", "shape", "T"})
"""Attributes and items of a batch of tokens that stand for the batch."""


def attribute(base: Value, name: str, frame: Frame, node: ast.expr) -> Value:
    return mapped(base, lambda one: _attribute(one, name, frame, node))


def _attribute(base: Value, name: str, frame: Frame, node: ast.expr) -> Value:
    match base:
        case Symbol(full):
            return _of_symbol(full, name, frame)
        case Made():
            return _of_made(base, name, frame, node)
        case Table():
            found = base.get(name)
            return Unknown(frame.unit.words(node)) if found is None else via(found, base.steps)
        case Option(option):
            return frame.machine.option(name, frame) or Option(f"{option}.{name}")
        case _:
            return frame.machine.option(name, frame) or Unknown(frame.unit.words(node))


def resolved(symbol: Symbol, frame: Frame) -> Value:
    """What an imported name is bound to in the module it comes from, which is read only when the name is used."""
    value: Value = symbol
    for _ in range(MOST_REEXPORTS):
        if not isinstance(value, Symbol) or value.name in frame.machine.definitions:
            break
        module, _, name = value.name.rpartition(".")
        found = frame.machine.member(module, name) if module else None
        if found is None or found == value:
            break
        value = found
    return via(value, symbol.steps)


def _of_symbol(full: str, name: str, frame: Frame) -> Value:
    """A member of a module or class of the repository, else simply a longer import path."""
    definition = frame.machine.definitions.get(full)
    if definition is not None and isinstance(definition.node, ast.ClassDef):
        found = class_member(definition, name)
        return Symbol(f"{full}.{name}") if found is None else found
    member = frame.machine.member(full, name)
    if isinstance(member, Symbol):
        return resolved(member, frame)
    return Symbol(f"{full}.{name}") if member is None else member


def _of_made(base: Made, name: str, frame: Frame, node: ast.expr) -> Value:
    found = base.keywords.get(name)
    if found is not None:
        return via(found, base.steps)
    if base.call == NAMESPACE or last(base.call) == "parse_args":
        return frame.machine.option(name, frame) or Unknown(frame.unit.words(node))
    definition = frame.machine.definitions.get(base.call)
    if definition is not None:
        return _of_instance(definition, name, frame, node)
    if is_tokens(base) and name in PASSED_ON:
        return base
    return Made(f"{base.call}.{name}", base.place, (base,)) if name in MODEL_PARTS else Unknown(frame.unit.words(node))


MODEL_PARTS = frozenset({"model", "base_model", "module", "llm", "language_model"})
"""Attributes of a model that are the model again, or the part of it that generates."""


def _of_instance(definition: Definition, name: str, frame: Frame, node: ast.expr) -> Value:
    found = class_member(definition, name)
    if isinstance(found, Symbol) and _is_property(frame.machine.definitions.get(found.name)):
        return Unknown(frame.unit.words(node))
    return Unknown(frame.unit.words(node)) if found is None else found


def property_of(base: Value, name: str, frame: Frame) -> Definition | None:
    """The method that an attribute of an object of the repository is computed by; None for a plain one."""
    owner = frame.machine.definitions.get(base.call) if isinstance(base, Made) else None
    found = class_member(owner, name) if owner is not None else None
    definition = frame.machine.definitions.get(found.name) if isinstance(found, Symbol) else None
    return definition if _is_property(definition) else None


def _is_property(definition: Definition | None) -> bool:
    node = definition.node if definition else None
    decorators = [] if node is None or isinstance(node, ast.Lambda) else node.decorator_list
    names = (one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in decorators)
    return any(name in ("property", "cached_property") for name in names)


def class_member(definition: Definition, name: str) -> Value | None:
    """What the body of a class or of one of its bases in the repository binds to a name."""
    for one in class_chain(definition):
        names = one.frame.names
        if name in names:
            return names[name]
    return None


def class_chain(definition: Definition) -> list[Definition]:
    """A class and its bases that are of the repository, nearest first. Their frames are those of their bodies."""
    chain: list[Definition] = []
    waiting = [definition]
    while waiting and len(chain) < MOST_BASES:
        one = waiting.pop(0)
        chain.append(one)
        waiting.extend(_bases(one))
    return chain


def _bases(definition: Definition) -> list[Definition]:
    frame = definition.frame
    names = [base.name for base in base_values(definition) if isinstance(base, Symbol)]
    return [frame.machine.definitions[name] for name in names if name in frame.machine.definitions]


def base_values(definition: Definition) -> list[Value]:
    node = definition.node
    if not isinstance(node, ast.ClassDef) or definition.frame.outer is None:
        return []
    outer = definition.frame.outer
    return [outer.machine.evaluate(base, outer) for base in node.bases[:MOST_BASES]]


def base_names(definition: Definition) -> list[str]:
    """Import paths of the bases of a class that are not of the repository, through those that are."""
    values = [value for one in class_chain(definition) for value in base_values(one)]
    known = definition.frame.machine.definitions
    return [value.name for value in values if isinstance(value, Symbol) and value.name not in known]


def item(base: Value, key: Value, frame: Frame, node: ast.Subscript) -> Value:
    words = frame.unit.words(node)
    if isinstance(key, Option) and isinstance(base, Table) and key.default is not None:
        return _by_option(base, key, words)
    return mapped(base, lambda one: mapped(key, lambda which: _item(one, which, words)))


def _by_option(table: Table, key: Option, words: str) -> Value:
    """The entry that an option names: that of its default, or any other."""
    by_default = key.default.value if isinstance(key.default, Known) else None
    entries = [
        (name, Option(key.name, value, key.steps) if name == by_default else value) for name, value in table.entries
    ]
    if not entries:
        return Unknown(words)
    return via(join([Alternative(value, f"{key.name} is {name}") for name, value in entries]), table.steps)


def _item(base: Value, key: Value, words: str) -> Value:
    match base, key:
        case (Table(), _):
            return _table_item(base, key, words)
        case (Row(items=items, whole=True), Known(int() as index)) if -len(items) <= index < len(items):
            return via(items[index], base.steps)
        case (Row(), Unknown("slice")):
            return Row(base.items, whole=False)
        case (Made(), _) if is_tokens(base):
            return base
        case (Symbol("os.environ"), Known(name)):
            return Option(str(name))
        case _:
            return Unknown(_why(base, key, words))


def _why(base: Value, key: Value, words: str) -> str:
    """What is taken out of one of many is still of one of many."""
    if isinstance(base, Unknown) and base.why.startswith(ITEM):
        is_field = isinstance(key, Known) and isinstance(key.value, str)
        return f"{base.why}[…]" if is_field and not base.why.endswith("[…]") else base.why
    return f"{ITEM} {words}" if isinstance(key, Unknown) and key.why.startswith(ITEM) else words


def _table_item(table: Table, key: Value, words: str) -> Value:
    """An entry; one of all where the key is not known."""
    if isinstance(key, Known):
        found = table.get(str(key.value))
        return Unknown(words) if found is None else via(found, table.steps)
    if not table.entries or not table.whole:
        return Unknown(words)
    return via(join([Alternative(value, f"{words} is {name}") for name, value in table.entries]), table.steps)


def is_tokens(value: Value) -> bool:
    """Whether it is what a tokenizer or processor gave."""
    if not isinstance(value, Made):
        return False
    name = last(value.call).lower()
    if name in (
        "apply_chat_template",
        "batch_encode_plus",
        "encode",
        "encode_plus",
        "tokenizer",
        "processor",
        "__call__",
    ):
        return True
    return value.call.startswith(UNRESOLVED) and ("token" in name or "processor" in name)
