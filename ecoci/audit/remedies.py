"""What to do about a quantization that costs energy, the best first, by card and size of the model."""

from __future__ import annotations

from collections.abc import Sequence

from ecoci.audit.cost_rows import ROWS, CostRow, Measured
from ecoci.audit.costs import measured_on
from ecoci.audit.fit import HALF_BYTES, Fit, billions, half_fit, weights
from ecoci.audit.gpus import has_bfloat16, is_data_centre
from ecoci.audit.rule import ModelSize, World
from ecoci.audit.sites import Library, Quantization
from ecoci.audit.values import Value
from ecoci.render.text import interval, percent

SMALL = 3.1e9
"""The largest model measured to cost energy in 4 bit on each card is Qwen2.5-3B with 3.09 billion parameters."""
LARGE = 6.0e9
PERPLEXITY = "WikiText-2 perplexity of Yi-1.5-6B: 11.16 in fp16, 11.20 with the default, 14.00 with 0.0 (+25 %)"


def int8_remedy(model: Value, asked: Quantization, world: World) -> tuple[str, ...]:
    """Half precision if it fits, then 4-bit for large models short of memory, then threshold 0.0 with its price."""
    size = world.size_of(model)
    first = (half_precision(model, world), _instead_of_int8(size, world))
    if half_fit(model, world) is Fit.NOT and size is not None and size.parameters >= LARGE:
        first = (first[1], first[0])
    return (*first, _zero_threshold(asked, world, size))


def half_precision(model: Value, world: World) -> str:
    """To load in 16 bit, with what it needs on the card that the policy names."""
    name = half_name(world)
    size, fit = world.size_of(model), half_fit(model, world)
    if size is None:
        return f"Load the model in {name} without quantization if it fits: 2 bytes a parameter, and about a fifth more."
    need = f"{billions(size)} take {weights(size, HALF_BYTES)}"
    if fit is Fit.UNKNOWN or world.gpu is None:
        return f"Load the model in {name} without quantization if it fits: {need}, and about a fifth more."
    card = f"the {world.gpu.name}, which has {world.gpu.memory_bytes / 2**30:.0f} GiB"
    if fit is Fit.FITS:
        return f"Load the model in {name} without quantization: {need} and fit {card}."
    if fit is Fit.TIGHT:
        return f"Load the model in {name} if context and batch are small: {need}, tight on {card}."
    return f"{name} without quantization needs another card or several: {need}, too much for {card}."


def half_name(world: World) -> str:
    """The 16-bit type that suits the card."""
    if world.gpu is None:
        return "bfloat16 or float16"
    return "bfloat16" if has_bfloat16(world.gpu) else "float16"


def _instead_of_int8(size: ModelSize | None, world: World) -> str:
    if size is not None and size.parameters < LARGE:
        return (
            f"4-bit is no way out at {billions(size)}: below about 6 billion it was measured to cost energy too, or to "
            f"save none. {_four_bit_here(size, world)}".strip()
        )
    lead = "If memory is short, use 4-bit (NF4 with a 16-bit compute dtype)"
    known = "" if size is not None else " for models of about 6 billion parameters and more"
    return f"{lead}{known}. {_four_bit_here(size, world)}".strip()


def _four_bit_here(size: ModelSize | None, world: World) -> str:
    """What is measured of NF4 on this card, or where it saved and where it did not."""
    rows = measured_on(Measured.NF4, world.gpu, size)
    if rows:
        return f"On this card NF4 was measured at {spread_of(rows)} against fp16."
    if world.gpu is not None and is_data_centre(world.gpu):
        return (
            "On data-centre cards it saves memory and, as far as measured, no energy: +4 … +9 % on an H200 "
            "(Mistral-7B), and an H100 decodes slower with it than in bf16 (Llama-3.1-8B, Qwen2.5-32B)."
        )
    if size is not None and size.parameters < LARGE:
        return ""
    return (
        "Measured against fp16 at 6 to 7 billion parameters, batch 1: −19 … −25 % on an RTX 4090D, −11.5 % on an RTX "
        "5090, +4 … +9 % on an H200. In batches it loses: at batch 8 an RTX 4090 decodes Llama-3.1-8B slower than in "
        "bf16."
    )


def _zero_threshold(asked: Quantization, world: World, size: ModelSize | None) -> str:
    if not asked.settable and asked.library is not Library.OWN:
        return f"{_stack(asked.library)} gives no way to change the threshold, so leave the 8-bit option out."
    way = "" if asked.settable else ", where the program that reads this hands it to BitsAndBytesConfig,"
    return (
        f"llm_int8_threshold=0.0{way} switches the decomposition off, an unsafe change: it quantizes outliers too "
        f"({PERPLEXITY}), so measure accuracy first. Against fp16 it still costs {_zero_costs(world, size)}."
    )


def _zero_costs(world: World, size: ModelSize | None) -> str:
    """What is measured of this card with models of this size, then the other measurements."""
    here = measured_on(Measured.INT8_ZERO, world.gpu, size)
    others = (row for row in ROWS if row.what is Measured.INT8_ZERO and row not in here)
    known = [f"{spread_of(here)} on this card"] if here else []
    return ", ".join((*known, *(f"{spread_of([row])} on an {row.gpu} ({row.model})" for row in others)))


def _stack(library: Library) -> str:
    if library is Library.TGI:
        return "TGI (which turns CUDA graphs off as well, and has eetq where 8 bit are needed)"
    return "This stack" if library is Library.OTHER else str(library)


def spread_of(rows: Sequence[CostRow]) -> str:
    """`+4 … +9 %`, or one number where all are the same."""
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    return percent(low, 0) if percent(low, 0) == percent(high, 0) else interval(low, high)


def small_model_remedy(model: Value, world: World) -> tuple[str, ...]:
    """For 4-bit on a small model: 16 bit, which costs little memory there."""
    rows = measured_on(Measured.NF4, world.gpu, world.size_of(model))
    here = (f"On this card NF4 was measured at {spread_of(rows)} against fp16.",) if rows else ()
    kernels = (
        "Most published numbers are from before bitsandbytes 0.50, whose new kernels may cost less: measure yours."
    )
    return (half_precision(model, world), *here, kernels)
