"""What measuring costs: throughput with and without the meter in alternating blocks, and the sampler's processor time.

Needs an NVIDIA GPU and the gpu extra:  python benchmarks/overhead.py --pairs 40 --block-s 3 --out overhead.json
"""

from __future__ import annotations

import argparse
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ecoci.clocks import SystemClock
from ecoci.engines.hf import HfEngine
from ecoci.meters.nvml import NvmlMeter
from ecoci.model import DecodeMode, ModelRef, ModelSource, Quantization, Summary, Workload
from ecoci.stats import summary
from ecoci.wiring import cache_folder, choose_board, now_utc

SAMPLER_THREAD = "ecoci-sampler"


@dataclass(frozen=True, slots=True)
class Block:
    """Some seconds of generations: tokens per second, and the sampler's share of one core (None without a meter)."""

    tokens_per_s: float
    sampler_core_share: float | None


def measure_block(engine: HfEngine, block_s: float) -> Block:
    tokens, started_s, cpu = 0, time.monotonic(), sampler_cpu_clock()
    cpu_started_s = cpu()
    while time.monotonic() - started_s < block_s:
        tokens += engine.generate().output_tokens
    duration_s = time.monotonic() - started_s
    used_s = cpu() - cpu_started_s
    return Block(tokens / duration_s, used_s / duration_s if math.isfinite(used_s) else None)


def sampler_cpu_clock() -> Callable[[], float]:
    """A function that reads the sampler thread's processor time in seconds; NaN when there is no such thread."""
    ident = next((thread.ident for thread in threading.enumerate() if thread.name == SAMPLER_THREAD), None)
    if ident is None:
        return lambda: math.nan
    clock = time.pthread_getcpuclockid(ident)
    return lambda: time.clock_gettime(clock)


def measure_pairs(engine: HfEngine, meter: NvmlMeter, pairs: int, block_s: float) -> list[tuple[Block, Block]]:
    """Pairs of (without, with) in the order AB BA AB BA, so that drift cancels."""
    done = []
    for number in range(pairs):
        if number % 2:
            metered = meter.record(lambda: measure_block(engine, block_s))[0]
            done.append((measure_block(engine, block_s), metered))
        else:
            plain = measure_block(engine, block_s)
            done.append((plain, meter.record(lambda: measure_block(engine, block_s))[0]))
    return done


def table(name: str, pairs: list[tuple[Block, Block]]) -> str:
    """One row: the change is the mean log ratio of the pairs with its 95 % t interval."""
    change = _summary([math.log(metered.tokens_per_s / plain.tokens_per_s) for plain, metered in pairs])
    share = _summary([m.sampler_core_share for _, m in pairs if m.sampler_core_share is not None])
    plain_rate = _summary([plain.tokens_per_s for plain, _ in pairs])
    low, high = change.ci_low or math.nan, change.ci_high or math.nan
    return (
        f"| {name} | {len(pairs)} | {plain_rate.mean:.1f} | {100 * math.expm1(change.mean):+.2f} % "
        f"| {100 * math.expm1(low):+.2f} … {100 * math.expm1(high):+.2f} % | {100 * share.mean:.2f} % |"
    )


def _summary(values: list[float]) -> Summary:
    found = summary(tuple(values))
    if found is None:
        raise SystemExit("nothing was measured: take at least one pair")
    return found


def measure(asked: argparse.Namespace) -> dict[str, object]:
    """Measure all decode modes asked for and return what the file will hold."""
    meter = NvmlMeter(choose_board(), SystemClock())
    raw: dict[str, object] = {"utc": now_utc(), "board": asdict(meter.describe()), "block_s": asked.block_s}
    for decode in asked.decode:
        engine = HfEngine(cache_folder())
        model = ModelRef(ModelSource.SYNTHETIC, asked.model)
        engine.prepare(Workload(model, Quantization.FP16, decode))
        for _ in range(8):
            engine.generate()
        pairs = measure_pairs(engine, meter, asked.pairs, asked.block_s)
        raw[decode.value] = [[asdict(plain), asdict(metered)] for plain, metered in pairs]
        engine.close()
    meter.close()
    return raw


def pooled_rows(files: list[Path]) -> list[str]:
    """One row for each decode mode, over the pairs of all files; boards may differ, as a pair is made on one board."""
    raws = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    rows = []
    for decode in DecodeMode:
        pairs = [(Block(**plain), Block(**metered)) for raw in raws for plain, metered in raw.get(decode.value, [])]
        if pairs:
            rows.append(table(f"fp16 {decode.value}", pairs))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--block-s", type=float, default=3.0)
    parser.add_argument("--model", default="tinyllama-1.1b")
    parser.add_argument("--decode", type=DecodeMode, choices=list(DecodeMode), nargs="+", default=list(DecodeMode))
    parser.add_argument("--out", type=Path, default=Path("overhead.json"))
    parser.add_argument("--pool", type=Path, nargs="+", help="measure nothing, sum up these files")
    asked = parser.parse_args()
    if not asked.pool:
        asked.out.write_text(json.dumps(measure(asked), indent=1), encoding="utf-8")
    print("| workload | pairs | tok/s without meter | change with meter | 95 % CI | sampler, share of one core |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(pooled_rows(asked.pool or [asked.out])))


if __name__ == "__main__":
    main()
