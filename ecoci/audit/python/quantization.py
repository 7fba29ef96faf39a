"""From the keywords of a call to the bitsandbytes quantization that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from ecoci.audit.joined import both, join
from ecoci.audit.python.catalog import (
    BNB_CONFIGS,
    CONFIG_KEYS,
    INT4_KEYS,
    INT8_KEYS,
    NESTED_KEYS,
    THRESHOLD_KEYS,
    config_library,
    is_look_alike,
    last,
)
from ecoci.audit.python.merge import mapped
from ecoci.audit.sites import DEFAULT_THRESHOLD, Carrier, Library, Quantization
from ecoci.audit.values import Alternative, Answer, Choice, Known, Made, Option, Table, Value, switch, via
from ecoci.model import Place

Carriers = Mapping[Place, Carrier]
OFF = Known(False)
CONFIG_POSITIONS = ("load_in_8bit", "load_in_4bit", "llm_int8_threshold")
NOT_SETTABLE = frozenset({Library.LLAVA, Library.TRL, Library.LIGHTNING})
DEEPEST_NESTED = 3
DIFFUSERS_KINDS = {"bitsandbytes_8bit": "load_in_8bit", "bitsandbytes_4bit": "load_in_4bit"}


@dataclass(frozen=True)
class Way:
    """One of several quantizations, by condition; None for none, or none of bitsandbytes."""

    quantization: Quantization | None
    condition: str
    config: Place | None = None


def quantization_in(
    keywords: Table, library: Library, carriers: Carriers
) -> tuple[Quantization | None, frozenset[Place]]:
    """What the keywords of a loader ask for, and the places of the config objects that they hold."""
    groups = [list(ways) for ways in _sources(keywords, library, carriers)]
    configs = frozenset(way.config for ways in groups for way in ways if way.config is not None)
    found = [one for one in map(together, groups) if one is not None and (one.int8 is not None or one.int4 is not None)]
    return reduce(_beside, found) if found else None, configs


def _sources(keywords: Table, library: Library, carriers: Carriers) -> Iterator[Iterator[Way]]:
    """What is asked for beside each other: by keyword, by a config, in the keywords of a loader further in."""
    for key in ("", *CONFIG_KEYS, *NESTED_KEYS):
        kept = tuple(entry for entry in keywords.entries if _belongs(entry[0], key))
        if kept:
            yield _ways(replace(keywords, entries=kept), library, carriers, DEEPEST_NESTED)


def _belongs(name: str, key: str) -> bool:
    return name == key if key else name not in CONFIG_KEYS and name not in NESTED_KEYS


def _beside(one: Quantization, other: Quantization) -> Quantization:
    """Two that are given together: each switch is the one that is on."""
    return replace(
        one,
        int8=_stronger(one.int8, other.int8),
        int4=_stronger(one.int4, other.int4),
        threshold=other.threshold if one.threshold == DEFAULT_THRESHOLD else one.threshold,
        kind_4bit=one.kind_4bit or other.kind_4bit,
        compute_dtype=one.compute_dtype or other.compute_dtype,
    )


def _stronger(one: Value | None, other: Value | None) -> Value | None:
    return other if one is None or (other is not None and switch(one).answer is Answer.OFF) else one


def _ways(keywords: Table, library: Library, carriers: Carriers, depth: int) -> Iterator[Way]:
    if any(keywords.get(key) is not None for key in (*INT8_KEYS, *INT4_KEYS)):
        asked = pieces(keywords, library, Carrier.LOADER_KEYWORD, carriers)
        yield Way(replace(asked, in_loader=True), "")
    for key in CONFIG_KEYS:
        value = keywords.get(key)
        if value is not None:
            yield from _configs(via(value, keywords.steps), library, carriers, depth)
    for key in NESTED_KEYS:
        nested = keywords.get(key)
        if nested is not None and depth:
            yield from _nested(via(nested, keywords.steps), library, carriers, depth - 1)


def _nested(value: Value, library: Library, carriers: Carriers, depth: int) -> Iterator[Way]:
    match value:
        case Table():
            yield from _ways(value, library, carriers, depth)
        case Choice(alternatives=alternatives, steps=steps):
            for one in alternatives:
                found = list(_nested(via(one.value, steps), library, carriers, depth))
                yield from (
                    replace(way, condition=both(one.condition, way.condition)) for way in found or [Way(None, "")]
                )
        case Option(default=default) if default is not None:
            yield from _nested(default, library, carriers, depth)


def _configs(value: Value, library: Library, carriers: Carriers, depth: int) -> Iterator[Way]:
    match value:
        case Choice(alternatives=alternatives, steps=steps) if depth:
            for one in alternatives:
                for way in _configs(via(one.value, steps), library, carriers, depth - 1):
                    yield replace(way, condition=both(one.condition, way.condition))
        case Option(default=default) if default is not None and depth:
            yield from (_optional(way, value) for way in _configs(default, library, carriers, depth - 1))
        case Made():
            yield from _made(value, library, carriers, depth)
        case Table():
            yield Way(_of_table(value, library, carriers), "")
        case _:
            yield Way(None, "")


def _optional(way: Way, option: Option) -> Way:
    """What an option holds by default is on unless somebody chooses otherwise."""
    if way.quantization is None:
        return way
    return replace(way, quantization=with_switches(way.quantization, lambda one: Option(option.name, one, one.steps)))


def with_switches(quantization: Quantization, function: Callable[[Value], Value]) -> Quantization:
    """The function of both switches, where they are given and not off."""

    def changed(value: Value | None) -> Value | None:
        return value if value is None or switch(value).answer is Answer.OFF else function(value)

    return replace(quantization, int8=changed(quantization.int8), int4=changed(quantization.int4))


def _made(made: Made, library: Library, carriers: Carriers, depth: int) -> Iterator[Way]:
    own = config_library(made.call)
    if own is not None:
        yield Way(of_config(made, own, carriers), "", made.place)
    elif last(made.call) == "PipelineQuantizationConfig" and depth:
        yield from _pipeline_config(made, carriers, depth - 1)
    elif made.keywords.entries and any(key in dict(made.keywords.entries) for key in (*INT8_KEYS, *INT4_KEYS)):
        yield Way(None if is_foreign_config(made) else _of_table(made.keywords, library, carriers), "", made.place)
    else:
        yield Way(None, "")


def is_foreign_config(made: Made) -> bool:
    return is_look_alike(made.call) or last(made.call) in BNB_CONFIGS or last(made.call).startswith(("OV", "Ipex"))


def _pipeline_config(made: Made, carriers: Carriers, depth: int) -> Iterator[Way]:
    """Of diffusers: a back end by name with its settings, or a config object for each component."""
    mapping = made.keywords.get("quant_mapping")
    if isinstance(mapping, Table):
        for _, value in mapping.entries:
            yield from _configs(via(value, mapping.steps), Library.DIFFUSERS, carriers, depth)
    backend, settings = made.keywords.get("quant_backend"), made.keywords.get("quant_kwargs")
    if isinstance(backend, Known) and str(backend.value) in DIFFUSERS_KINDS:
        table = settings if isinstance(settings, Table) else Table(whole=False)
        key = DIFFUSERS_KINDS[str(backend.value)]
        if table.get(key) is None:
            table = replace(table, entries=(*table.entries, (key, Known(True, backend.steps))))
        yield Way(pieces(table, Library.DIFFUSERS, Carrier.DICT, carriers), "", made.place)


def of_config(made: Made, library: Library, carriers: Carriers) -> Quantization:
    """The quantization of a config object."""
    given = tuple(zip(CONFIG_POSITIONS, made.positional, strict=False))
    keywords = replace(made.keywords, entries=(*given, *made.keywords.entries))
    keywords = replace(keywords, steps=made.steps + keywords.steps)
    return pieces(keywords, library, Carrier.KEYWORD, carriers)


def _of_table(table: Table, library: Library, carriers: Carriers) -> Quantization | None:
    """A plain dict given as config."""
    if not any(table.get(key) is not None for key in (*INT8_KEYS, *INT4_KEYS)):
        return None
    return pieces(table, library, Carrier.DICT, carriers)


def pieces(table: Table, library: Library, carrier: Carrier, carriers: Carriers) -> Quantization:
    int8, int4 = first(table, INT8_KEYS), first(table, INT4_KEYS)
    deciding = int8 if int8 is not None and switch(int8).answer is not Answer.OFF else int4 or int8
    return Quantization(
        library=library,
        carrier=carrier_of(deciding, carrier, carriers),
        int8=int8,
        int4=int4,
        threshold=effective_threshold(first(table, THRESHOLD_KEYS)),
        settable=library not in NOT_SETTABLE,
        kind_4bit=first(table, ("bnb_4bit_quant_type",)),
        compute_dtype=first(table, ("bnb_4bit_compute_dtype",)),
    )


def first(table: Table, keys: tuple[str, ...]) -> Value | None:
    value = next((value for key in keys if (value := table.get(key)) is not None), None)
    return None if value is None else via(value, table.steps)


def effective_threshold(value: Value | None) -> Value:
    if value is None:
        return DEFAULT_THRESHOLD
    return mapped(value, lambda one: DEFAULT_THRESHOLD if isinstance(one, Known) and one.value is None else one)


def carrier_of(value: Value | None, default: Carrier, carriers: Carriers) -> Carrier:
    """How the switch is written nearest to its literal."""
    if value is None:
        return default
    inner = value
    while isinstance(inner, Choice) and inner.alternatives:
        inner = next((one.value for one in inner.alternatives if switch(one.value).answer is not Answer.OFF), OFF)
    found = [carriers[step.place] for step in inner.steps if step.place in carriers]
    if not found and isinstance(inner, Option) and inner.default is not None:
        return Carrier.DEFAULT
    return found[-1] if found else default


def together(ways: list[Way]) -> Quantization | None:
    """All ways as one: each switch a choice, the rest of those ways where its switch is not off."""
    given = [way.quantization for way in ways if way.quantization is not None]
    if not given:
        return None
    if len(ways) == 1:
        return given[0]
    with_int8 = [one for one in given if one.int8 is not None and switch(one.int8).answer is not Answer.OFF]
    with_int4 = [one for one in given if one.int4 is not None and switch(one.int4).answer is not Answer.OFF]
    base = (with_int8 or with_int4 or given)[0]
    return replace(
        base,
        int8=_switch(ways, "int8") if any(one.int8 is not None for one in given) else None,
        int4=_switch(ways, "int4") if any(one.int4 is not None for one in given) else None,
        threshold=_joined([one.threshold for one in with_int8]) or DEFAULT_THRESHOLD,
        kind_4bit=_joined([one.kind_4bit for one in with_int4]),
        compute_dtype=_joined([one.compute_dtype for one in with_int4]),
    )


def _switch(ways: list[Way], name: str) -> Value:
    values = [Alternative(_value(way.quantization, name), way.condition or "otherwise") for way in ways]
    return join(values)


def _value(quantization: Quantization | None, name: str) -> Value:
    value: Value | None = getattr(quantization, name) if quantization is not None else None
    return OFF if value is None else value


def _joined(values: list[Value | None]) -> Value | None:
    given = [value for value in values if value is not None]
    if not given:
        return None
    return join([Alternative(value, "") for value in given])
