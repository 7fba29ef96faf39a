"""How sure a finding is by what is known of a switch, where it has to be mended, and which sites ask for what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecoci.audit.sites import NO_MODEL, Carrier, Generate, Library, Load, Quantization, Site
from ecoci.audit.values import Alternative, Answer, Choice, Known, Option, Steps, Switch, Value, leaves, switch, text_of
from ecoci.model import Confidence, Place, Purpose, Severity

_DOUBT = (Answer.ON, Answer.DEFAULT_ON, Answer.UNKNOWN, Answer.DEPENDS)
OFF = Switch(Answer.OFF)
_WITH_A_CARD = re.compile(
    r"(?:torch\.)?cuda\.is_available(?:\(\))?|is_torch_cuda_available(?:\(\))?"
    r"|torch\.cuda\.device_count\(\)(?: > 0| >= 1)?"
)
"""Conditions that say no more than that there is a card."""
_NO_TEXT = re.compile(
    r"For(?:Sequence|Token|(?:Image|Audio|Video)(?!TextToText)|Object|Semantic|Instance|Zero)\w*"
    r"|For(?:QuestionAnswering|MultipleChoice|MaskedLM|Pretraining|NextSentence|CTC)\b"
    r"|(?:Encoder|Text|Vision|CLIP|Siglip|Bert|BERT|Roberta|Deberta\w*)Model\b|Transformer[23]DModel"
    r"|SentenceTransformer|CrossEncoder|FlagModel"
)
"""Classes by the task in their name."""
_NO_TEXT_TASK = re.compile(
    r"[\"'](?:text-classification|sentiment-analysis|token-classification|ner|feature-extraction|fill-mask"
    r"|(?:zero-shot|image|audio|video)-(?!(?:text-)?to-text[\"'])[\w-]+"
    r"|question-answering|object-detection|depth-estimation)[\"']"
)
"""Tasks of `pipeline`. What ends in `to-text` writes it: captions, answers about an image."""
_BNB_NAME = re.compile(r"(?:bnb|bitsandbytes)[-_]?(?P<bits>[48])[-_]?bit", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Grade:
    """Both axes of a finding."""

    severity: Severity
    confidence: Confidence


def grade(found: Switch, site: Site, severity: Severity) -> Grade | None:
    """None where the switch is off. What hangs on an option is a note; what only defaults to on is less sure."""
    match found.answer:
        case Answer.OFF:
            return None
        case Answer.ON:
            return Grade(severity, Confidence.HIGH if is_firm(site) else Confidence.MEDIUM)
        case Answer.DEFAULT_ON:
            return Grade(severity, Confidence.MEDIUM)
        case Answer.DEPENDS | Answer.UNKNOWN:
            return Grade(Severity.INFO, Confidence.LOW)


def asked_on(value: Value | None) -> Switch:
    """Whether a switch is on, on a machine with a card: what hangs on that alone is on unless there is none."""
    found = switch(value)
    doubtful = found.answer in (Answer.DEPENDS, Answer.UNKNOWN)
    if doubtful and _WITH_A_CARD.fullmatch(" ".join((found.on or "").split())):
        return Switch(Answer.DEFAULT_ON, found.on, found.steps)
    return found


def is_firm(site: Site) -> bool:
    """Whether something says that a model is really run: the code around it, or a model that is loaded or served."""
    purpose = site.spot.context.purpose
    return purpose not in (Purpose.UNKNOWN, Purpose.DEAD) or not isinstance(site, Load) or site.model != NO_MODEL


def both(*found: Switch) -> Switch:
    """On only as surely as the least sure of them; the way is that of the first that is not plainly on."""
    if any(one.answer is Answer.OFF for one in found):
        return OFF
    doubt = max(found, key=lambda one: _DOUBT.index(one.answer))
    return Switch(doubt.answer, doubt.on, doubt.steps or next((one.steps for one in found if one.steps), ()))


def negated(value: Value | None) -> Switch:
    """Whether a switch is turned off by what is written; not given is not turned off.

    A flag of the command line is there to turn it off now and then; a parameter only passes on what others say.
    """
    match value:
        case None | Known(None):
            return OFF
        case Known(constant, steps):
            return Switch(Answer.OFF if constant else Answer.ON, None, steps)
        case Option(name, default, steps):
            if default is not None and negated(default).answer is Answer.ON:
                return Switch(Answer.DEFAULT_ON, name, steps)
            return Switch(Answer.DEPENDS, name, steps) if name.startswith("-") else OFF
        case Choice(alternatives):
            return _turned_off([one for one in alternatives if negated(one.value).answer is Answer.ON], value)
        case _:
            return OFF


def _turned_off(off: list[Alternative], value: Choice) -> Switch:
    """By some of the alternatives; the way leads to the first of them."""
    if not off:
        return OFF
    answer = Answer.ON if len(off) == len(value.alternatives) else Answer.DEPENDS
    return Switch(answer, off[0].condition, value.steps + off[0].value.steps)


def decomposes(threshold: Value) -> Switch:
    """Whether an effective threshold is above zero, so that outliers are taken apart from the rest."""
    match threshold:
        case Known(constant, steps):
            number = as_number(constant)
            return Switch(Answer.ON if number is not None and number > 0 else Answer.OFF, None, steps)
        case Option(name, default, steps) if default is not None:
            answer = decomposes(default).answer
            return Switch(Answer.DEFAULT_ON if answer is Answer.ON else answer, name, steps)
        case Choice(alternatives, steps):
            return _any_of([(decomposes(one.value), one.condition) for one in alternatives], steps)
        case _:
            found = switch(threshold)
            answer = Answer.UNKNOWN if found.answer is Answer.UNKNOWN else Answer.DEPENDS
            return Switch(answer, found.on, found.steps)


def _any_of(found: list[tuple[Switch, str]], steps: Steps) -> Switch:
    """Where all agree, that; else it hangs on the condition of the first that is not off."""
    if len({one.answer for one, _ in found}) == 1:
        return found[0][0]
    condition = next(words for one, words in found if one.answer is not Answer.OFF)
    return Switch(Answer.DEPENDS, condition, steps)


def as_number(constant: object) -> float | None:
    """The number that a constant is, or that a flag's text says."""
    if isinstance(constant, bool) or not isinstance(constant, int | float | str):
        return None
    try:
        return float(constant)
    except (ValueError, OverflowError):
        return None


def place_of(found: Switch, site: Site) -> Place:
    """Where it has to be mended: where the literal is written or the option defined, else the site."""
    return found.steps[-1].place if found.steps else site.spot.place


def quantization_of(site: Site) -> Quantization | None:
    """The quantization that a load or a server asks for, or that the checkpoint has by its name."""
    if isinstance(site, Generate):
        return None
    return site.quantization or _by_name(site.model)


def may_be_quantized(site: Site) -> bool:
    """Whether bitsandbytes may be on, in 8 or in 4 bits."""
    asked = quantization_of(site)
    return asked is not None and any(switch(value).answer is not Answer.OFF for value in (asked.int8, asked.int4))


def _by_name(model: Value) -> Quantization | None:
    """Of `unsloth/llama-3-8b-bnb-4bit`: the weights are stored as bitsandbytes has them."""
    found = _BNB_NAME.search(text_of(model) or "")
    if found is None:
        return None
    on = Known(True, model.steps)
    if found["bits"] == "4":
        return Quantization(Library.CHECKPOINT, Carrier.ARGUMENT, int4=on)
    return Quantization(Library.CHECKPOINT, Carrier.ARGUMENT, int8=on, settable=False)


def model_of(site: Site) -> Value:
    """The model as the site names it."""
    if isinstance(site, Generate):
        return NO_MODEL if site.model is None else site.model.model
    return site.model


def is_settled(value: Value) -> bool:
    """Whether only one value is possible, however it is given."""
    return len(list(leaves(value))) == 1


def hanging_on(found: Switch) -> str:
    """The words for what a switch hangs on: `--load-8bit`, or why it is not known."""
    if found.answer is Answer.UNKNOWN:
        return f" (not known from the text: {quoted(found.on)[1:-1]})" if found.on else " (not known from the text)"
    return f" (depends on {quoted(found.on)})" if found.on else " (depends on what is given at run time)"


def quoted(text: str) -> str:
    """Source as code in a sentence, on one line and not too long."""
    line = " ".join(text.split())
    return "`" + (line if len(line) <= 80 else line[:79] + "…").replace("`", "'") + "`"


def never_generates(site: Site) -> bool:
    """Whether it loads what writes no text: a classifier, an encoder, an image model. Its tokens cost nothing."""
    if not isinstance(site, Load):
        return False
    if site.library is Library.DIFFUSERS or _NO_TEXT.search(site.call) is not None:
        return True
    return site.call.endswith("pipeline") and _NO_TEXT_TASK.search(site.spot.expression) is not None


def on_cpu(site: Site) -> bool:
    """Whether the site says that it runs on no NVIDIA or AMD card."""
    device = None if isinstance(site, Generate) else site.device
    names = [] if device is None else [text_of(leaf) for leaf in leaves(device)]
    return bool(names) and all(name is not None and name.lower().startswith(("cpu", "mps", "meta")) for name in names)


def on_gpu(site: Site) -> bool:
    """Whether the site says that it runs on a card: a server, a device, or a map over devices."""
    if not isinstance(site, Load):
        return True
    return site.device is not None and any(_is_gpu(leaf) for leaf in leaves(site.device))


def _is_gpu(device: Value) -> bool:
    named = text_of(device)
    if named is not None:
        return named.startswith(("cuda", "auto", "balanced", "sequential", "hip", "xpu"))
    return isinstance(device, Known) and isinstance(device.value, int) and device.value >= 0
