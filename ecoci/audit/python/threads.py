"""Generation that is handed to a thread, as streaming servers do: `Thread(target=model.generate, kwargs=…)`."""

from __future__ import annotations

import ast

from ecoci.audit.python.catalog import LOAD_METHODS
from ecoci.audit.python.frame import Frame
from ecoci.audit.python.merge import stored, tables, updated
from ecoci.audit.python.paths import last_name
from ecoci.audit.values import UNRESOLVED, Made, Table, Value

STARTERS = frozenset({"Thread", "Process", "submit", "run_in_executor", "to_thread", "run_sync"})
METHODS = frozenset({"generate", *LOAD_METHODS})


def read_target(node: ast.Call, frame: Frame) -> None:
    """Tells of the call that a thread will make; how it is started itself is no matter here."""
    target = _target(node) if last_name(node.func) in STARTERS else None
    if target is None:
        return
    receiver = frame.machine.evaluate(target.value, frame)
    call = f"{receiver.call}.{target.attr}" if isinstance(receiver, Made) else f"{UNRESOLVED}.{target.attr}"
    frame.machine.seen(Made(call, frame.unit.place(node), (receiver,), _keywords(node, frame)), node, frame)


def _target(node: ast.Call) -> ast.Attribute | None:
    written = [*node.args[:2], *(one.value for one in node.keywords if one.arg == "target")]
    return next((one for one in written if isinstance(one, ast.Attribute) and one.attr in METHODS), None)


def _keywords(node: ast.Call, frame: Frame) -> Table:
    """Those of the thread's `kwargs`, else those of the call."""
    given = next((one.value for one in node.keywords if one.arg == "kwargs"), None)
    table: Value = frame.machine.evaluate(given, frame) if given is not None else Table()
    for one in node.keywords if given is None else ():
        value = frame.machine.evaluate(one.value, frame)
        table = updated(table, value) if one.arg is None else stored(table, one.arg, value)
    first = tables(table)[0].value
    return first if isinstance(first, Table) else Table(whole=False)
