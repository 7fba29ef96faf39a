"""Reads how a scenario names its model, and says what of it is not pinned. It must not know the rest of the file."""

from __future__ import annotations

import re

from ecoci.errors import SpecError
from ecoci.model import SYNTHETIC_ARCHITECTURES, ModelRef, ModelSource
from ecoci.spec_fields import Field, Reader, Section, flag, line_of_text, matching, section, suggest
from ecoci.yaml_source import MapNode, ScalarNode, quote

_SOURCES = tuple(source.value for source in ModelSource)
_KEYS = (*_SOURCES, "revision", "trust_remote_code")
_FORMS = "write synthetic:ARCHITECTURE, hub:ORG/NAME@REVISION or a folder as ./PATH or /PATH"
_HUB_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_HUB_NAME = re.compile(rf"(?!.*\.\.){_HUB_PART}/{_HUB_PART}")
_PINNED = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,198}[A-Za-z0-9_])?")
_PIN_IT = (
    "take the 40-digit commit hash from 'Files and versions' on the model's page of the hub and write it as revision"
)

_hub_name = matching(_HUB_NAME, "a hub model as ORG/NAME")
_revision = matching(_BRANCH, "a commit hash of 40 hex digits, or a branch or tag name")
_folder = line_of_text(4096)


def parse_model(text: str, *, in_ci: bool) -> ModelRef:
    """A model in its string form, as given to an option.

    Raises SpecError, without file and line, where the text is no such form or is not pinned in CI.
    """
    node = ScalarNode(text, 0, text, quoted=True)
    return model_reader(in_ci=in_ci, warnings=[])(Field("", "model", 0, node))


def model_reader(*, in_ci: bool, warnings: list[str]) -> Reader[ModelRef]:
    """A reader of both forms, text and mapping, that adds its warnings to the list given."""

    def read(field: Field) -> ModelRef:
        model = _from_mapping(field) if isinstance(field.node, MapNode) else _from_text(field)
        if not is_pinned(model):
            warnings.append(_unpinned(field, model, in_ci=in_ci))
        if model.trust_remote_code:
            warnings.append(
                f"{field.place}: model {quote(model.name)} has trust_remote_code on: "
                "Python code that comes with the model runs on this machine"
            )
        return model

    return read


def is_pinned(model: ModelRef) -> bool:
    """Whether the name stands for one set of weights; a folder's are digested when they are loaded."""
    return model.source is not ModelSource.HUB or bool(_PINNED.fullmatch(model.revision or ""))


def _unpinned(field: Field, model: ModelRef, *, in_ci: bool) -> str:
    """The warning; in CI, where a number must mean the same tomorrow, the error."""
    state = "no revision" if model.revision is None else f"the revision {quote(model.revision)}"
    message = f"{quote(model.name)} has {state} instead of a commit hash of 40 hex digits: its weights may change"
    if in_ci:
        raise field.error(f"{message}, which CI does not accept", remedy=_PIN_IT)
    return f"{field.place}: {field.name} {message}, and CI will not accept it"


def _from_text(field: Field) -> ModelRef:
    if not isinstance(field.value, str):
        raise field.wrong("a text or a mapping that names a model", _FORMS)
    text = line_of_text(4096)(field)
    kind, colon, rest = text.partition(":")
    if text.startswith(("./", "../", "/")):
        return ModelRef(ModelSource.FOLDER, text)
    if colon and kind == ModelSource.SYNTHETIC:
        return ModelRef(ModelSource.SYNTHETIC, _architecture(_part(field, rest)))
    if colon and kind == ModelSource.HUB:
        return _hub(field, rest)
    raise _no_form(field, text)


def _hub(field: Field, text: str) -> ModelRef:
    name, at, revision = text.partition("@")
    pin = _normal(_revision(_part(field, revision))) if at else None
    return ModelRef(ModelSource.HUB, _hub_name(_part(field, name)), pin)


def _no_form(field: Field, text: str) -> SpecError:
    message, remedy = f"does not say where to take {quote(text)} from", _FORMS
    if _HUB_NAME.fullmatch(text.partition("@")[0]):
        remedy = f"write hub:{text} for a model of the hub, ./{text} for a folder"
    elif text in SYNTHETIC_ARCHITECTURES:
        message = f"{message}: did you mean synthetic:{text}?"
    return field.error(message, remedy=remedy)


def _from_mapping(field: Field) -> ModelRef:
    part = section("model", "model.")(field)
    part.check_keys(_KEYS)
    given = [source for source in _SOURCES if part.field(source) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise field.error(f"must have exactly one of the keys {', '.join(_SOURCES)}, got {found}")
    return _SOURCE_READERS[ModelSource(given[0])](part)


def _hub_mapping(part: Section) -> ModelRef:
    name = part.require("hub", _hub_name, remedy=_FORMS)
    pin = part.read("revision", lambda field: _normal(_revision(field)), None)
    return ModelRef(ModelSource.HUB, name, pin, part.read("trust_remote_code", flag, False))


def _folder_mapping(part: Section) -> ModelRef:
    _refuse(part, "revision", "a folder")
    name = part.require("folder", _folder, remedy=_FORMS)
    return ModelRef(ModelSource.FOLDER, name, None, part.read("trust_remote_code", flag, False))


def _synthetic_mapping(part: Section) -> ModelRef:
    _refuse(part, "revision", "a synthetic model")
    _refuse(part, "trust_remote_code", "a synthetic model")
    return ModelRef(ModelSource.SYNTHETIC, part.require("synthetic", _architecture, remedy=_FORMS))


_SOURCE_READERS = {
    ModelSource.HUB: _hub_mapping,
    ModelSource.FOLDER: _folder_mapping,
    ModelSource.SYNTHETIC: _synthetic_mapping,
}


def _refuse(part: Section, key: str, what: str) -> None:
    field = part.field(key)
    if field is not None:
        raise field.error(f"means nothing for {what}", remedy="remove the key")


def _architecture(field: Field) -> str:
    value = field.value
    if isinstance(value, str) and value in SYNTHETIC_ARCHITECTURES:
        return value
    hint = suggest(value, SYNTHETIC_ARCHITECTURES) if isinstance(value, str) else ""
    raise field.wrong(f"one of the synthetic architectures {', '.join(SYNTHETIC_ARCHITECTURES)}", hint)


def _part(field: Field, text: str) -> Field:
    """A piece of a text value, with the place of the whole."""
    return Field(field.file, field.name, field.line, ScalarNode(text, field.line, text, quoted=True))


def _normal(revision: str) -> str:
    """Hex digits in lower case, so that one commit has one digest; names of branches keep their case."""
    lowered = revision.lower()
    return lowered if _PINNED.fullmatch(lowered) else revision
