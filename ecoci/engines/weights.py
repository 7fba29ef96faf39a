"""Writes random weights of real shapes as safetensors, and digests any local model folder.

Numpy only: it must not know torch or transformers, so that weights can be made and checked without them.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, BinaryIO

from ecoci.engines.architectures import ARCHITECTURES, Architecture, TensorKind, TensorShape
from ecoci.errors import EngineError, InputError, StorageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Float16s = npt.NDArray[np.float16]

_GENERATOR = "generator"
"""Key in a safetensors header under which synthetic weights name what made them."""
SAMPLES = 256
SAMPLE_BYTES = 4096
GENERATOR_VERSION = 1
"""Part of the folder name: raise it whenever the numbers change."""

SHARD_BYTES = 2_000_000_000
CHUNK_ELEMENTS = 1 << 21
FP16_BYTES = 2
SPARE_BYTES = 64 << 20
STALE_AFTER_S = 60.0

OUTLIER_GAIN = 25.0
OUTLIER_COUNT = 6
BASE_SD = 0.02
READ_OUTPUT_SD = 0.4
"""Wanted sd of query, key, value, gate and up: small enough that only planted columns pass LLM.int8's threshold."""


def outlier_channels(hidden: int) -> tuple[int, ...]:
    """The hidden channels that every norm before a linear layer amplifies, spread over the width."""
    return tuple((2 * k + 1) * hidden // (2 * OUTLIER_COUNT) for k in range(OUTLIER_COUNT))


def find_architecture(name: str) -> Architecture:
    """Look a synthetic model up by name. Raises `InputError` for an unknown one."""
    if name not in ARCHITECTURES:
        raise InputError(
            f"unknown synthetic model {name!r}",
            cause="only a fixed set of shapes can be generated",
            remedy=f"use one of: {', '.join(ARCHITECTURES)}",
        )
    return ARCHITECTURES[name]


def ensure_synthetic(architecture: str, cache_dir: Path) -> Path:
    """Folder with the synthetic fp16 model, generated on the first call (twice its size is never needed).

    Concurrent callers may each generate it; the first to finish wins and all see a whole folder.
    Raises `InputError` for an unknown name, `StorageError` when the cache cannot hold or take the files.
    """
    arch = find_architecture(architecture)
    folder = cache_dir / f"{arch.name}-fp16-g{GENERATOR_VERSION}"
    if not folder.is_dir():
        plan = _plan(arch)
        with _storage_errors(cache_dir, plan.total_bytes):
            cache_dir.mkdir(parents=True, exist_ok=True)
            _remove_stale(cache_dir)
            _require_space(cache_dir, plan.total_bytes)
            _generate(plan, folder)
    return folder


def weights_digest(folder: Path) -> str:
    """SHA-256 (hex) over config.json and each weight file's name, size, safetensors header and samples of its numbers.

    Reading all numbers would take as long as loading the model; evenly spaced samples tell a fine-tune from its origin.
    Of synthetic weights the header says it all. Raises `EngineError` when the folder cannot be read or a header is
    broken.
    """
    digest = hashlib.sha256()
    try:
        digest.update((folder / "config.json").read_bytes())
        for file in sorted(folder.glob("*.safetensors")):
            digest.update(f"\n{file.name} {file.stat().st_size}\n".encode())
            header = _header_bytes(file)
            digest.update(header)
            if _GENERATOR not in json.loads(header).get("__metadata__", {}):
                digest.update(_samples(file, 8 + len(header)))
    except OSError as error:
        raise EngineError(f"cannot read the model folder {folder}: {error.strerror}") from error
    return digest.hexdigest()


def _samples(file: Path, begin: int) -> bytes:
    """Evenly spaced blocks of a file's tensor data, from the first byte at `begin` to the last."""
    last = max(begin, file.stat().st_size - SAMPLE_BYTES)
    with file.open("rb") as stream:
        return b"".join(_block(stream, begin + (last - begin) * i // (SAMPLES - 1)) for i in range(SAMPLES))


def _block(stream: BinaryIO, place: int) -> bytes:
    stream.seek(place)
    return stream.read(SAMPLE_BYTES)


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors in the folder's safetensors files. Raises `EngineError` for a broken file."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        header = json.loads(_header_bytes(file))
        shapes |= {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    return shapes


def _header_bytes(file: Path) -> bytes:
    """The JSON header of a safetensors file: 8 bytes of little-endian length, then the text."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > file.stat().st_size - 8 or length < 2:
            raise _broken(file)
        header = stream.read(length)
    try:
        data_bytes = max(
            (v["data_offsets"][1] for k, v in json.loads(header).items() if k != "__metadata__"), default=0
        )
    except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise _broken(file) from error
    if data_bytes != file.stat().st_size - 8 - length:
        raise _broken(file)
    return header


def _broken(file: Path) -> EngineError:
    return EngineError(
        f"{file} is not a whole safetensors file",
        cause="a download or copy was cut short, or it is a Git LFS pointer instead of the weights",
        remedy="fetch the file again (for a git clone: git lfs pull)",
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of one tensor and where its bytes go."""

    tensor: TensorShape
    index: int
    elements: int
    file_offset: int


@dataclass(frozen=True, slots=True)
class _Shard:
    file_name: str
    header: bytes
    tensors: tuple[TensorShape, ...]

    @property
    def size(self) -> int:
        return len(self.header) + FP16_BYTES * sum(t.elements for t in self.tensors)

    def pieces(self) -> Iterator[_Piece]:
        offset = len(self.header)
        for tensor in self.tensors:
            for index in range(ceil(tensor.elements / CHUNK_ELEMENTS)):
                count = min(CHUNK_ELEMENTS, tensor.elements - index * CHUNK_ELEMENTS)
                yield _Piece(tensor, index, count, offset)
                offset += FP16_BYTES * count


@dataclass(frozen=True, slots=True)
class _Plan:
    arch: Architecture
    shards: tuple[_Shard, ...]

    @property
    def total_bytes(self) -> int:
        return sum(shard.size for shard in self.shards)


def _plan(arch: Architecture) -> _Plan:
    groups = tuple(_group(arch))
    count = len(groups)
    names = (f"model-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1))
    return _Plan(arch, tuple(_Shard(n, _encode_header(g), g) for n, g in zip(names, groups, strict=True)))


def _group(arch: Architecture) -> Iterator[tuple[TensorShape, ...]]:
    """Tensors in file order, cut into shards of at most `SHARD_BYTES` (a larger tensor gets its own)."""
    group: list[TensorShape] = []
    size = 0
    for tensor in arch.tensors():
        if group and size + FP16_BYTES * tensor.elements > SHARD_BYTES:
            yield tuple(group)
            group, size = [], 0
        group.append(tensor)
        size += FP16_BYTES * tensor.elements
    yield tuple(group)


def _encode_header(tensors: tuple[TensorShape, ...]) -> bytes:
    # The version stands in the header, so that the digest tells two generators' weights apart.
    metadata = {"format": "pt", _GENERATOR: f"ecoci synthetic weights {GENERATOR_VERSION}"}
    entries: dict[str, object] = {"__metadata__": metadata}
    offset = 0
    for tensor in tensors:
        end = offset + FP16_BYTES * tensor.elements
        entries[tensor.name] = {"dtype": "F16", "shape": tensor.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _generate(plan: _Plan, folder: Path) -> None:
    """Write into a sibling folder, then rename: a folder of the final name is always whole."""
    staging = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with _opened(staging, os.O_RDONLY | os.O_DIRECTORY) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _write_texts(plan, staging)
            _write_shards(plan, staging)
            staging.chmod(0o755)
            _publish(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, folder: Path) -> None:
    try:
        staging.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _write_texts(plan: _Plan, staging: Path) -> None:
    weight_map = {tensor.name: shard.file_name for shard in plan.shards for tensor in shard.tensors}
    total = FP16_BYTES * plan.arch.parameters
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (staging / "config.json").write_text(plan.arch.config_json())
    (staging / "generation_config.json").write_text(plan.arch.generation_config_json())
    (staging / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def _write_shards(plan: _Plan, staging: Path) -> None:
    """Write all pieces with one thread a core: numpy and the system calls both release the interpreter lock."""
    with ThreadPoolExecutor(max_workers=min(32, os.cpu_count() or 1)) as pool:
        synced = []
        for shard in plan.shards:
            path = staging / shard.file_name
            _write_shard(plan.arch, shard, path, pool)
            # Dirty pages must not trickle to the disk later, while something is being measured.
            synced.append(pool.submit(_sync, path))
        for outcome in synced:
            outcome.result()


def _write_shard(arch: Architecture, shard: _Shard, path: Path, pool: ThreadPoolExecutor) -> None:
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        os.truncate(descriptor, shard.size)
        _write_all(descriptor, shard.header, 0)
        for _ in pool.map(lambda piece: _write_piece(arch, piece, descriptor), shard.pieces()):
            pass


def _sync(path: Path) -> None:
    with _opened(path, os.O_WRONLY) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_piece(arch: Architecture, piece: _Piece, descriptor: int) -> None:
    _write_all(descriptor, _draw(arch, piece).tobytes(), piece.file_offset)


def _write_all(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _draw(arch: Architecture, piece: _Piece) -> Float16s:
    import numpy as np

    match piece.tensor.kind:
        case TensorKind.FINAL_NORM:
            return np.ones(piece.elements, np.float16)
        case TensorKind.NORM:
            gains = np.ones(piece.elements, np.float16)
            gains[list(outlier_channels(arch.hidden))] = OUTLIER_GAIN
            return gains
        case _:
            return _draw_uniform(piece, _weight_sd(arch, piece.tensor.kind))


def _weight_sd(arch: Architecture, kind: TensorKind) -> float:
    """Standard deviation of a tensor's weights, so that activations stay near 1 through all layers in fp16.

    The entries of a norm's output have mean square 1 but for the outliers, so a READ layer puts out
    sd x sqrt(hidden + 6 x (25² - 1)). WRITE layers shrink with depth as in GPT-2: the residual sum stays bounded.
    """
    match kind:
        case TensorKind.READ:
            return READ_OUTPUT_SD / sqrt(arch.hidden + OUTLIER_COUNT * (OUTLIER_GAIN**2 - 1))
        case TensorKind.WRITE:
            return BASE_SD / sqrt(2 * arch.layers)
        case _:
            return BASE_SD


def _draw_uniform(piece: _Piece, sd: float) -> Float16s:
    """Uniform fp16 numbers with mean 0 and the given sd, fixed by tensor name, piece index and generator version."""
    import numpy as np

    key = f"{GENERATOR_VERSION}:{piece.tensor.name}:{piece.index}".encode()
    # Raw words, because numpy promises a stable stream for bit generators but not for Generator's methods.
    words = np.random.PCG64(int.from_bytes(hashlib.sha256(key).digest(), "big")).random_raw(ceil(piece.elements / 4))
    steps = words.astype("<u8", copy=False).view("<i2")[: piece.elements]
    numbers: Float16s = np.multiply(steps, np.float32(sd * sqrt(3.0) / 2**15), dtype=np.float32).astype("<f2")
    return numbers


def _require_space(cache_dir: Path, need_bytes: int) -> None:
    free_bytes = shutil.disk_usage(cache_dir).free
    if free_bytes < need_bytes + SPARE_BYTES:
        raise _disk_full(cache_dir, need_bytes, free_bytes)


def _disk_full(cache_dir: Path, need_bytes: int, free_bytes: int) -> StorageError:
    return StorageError(
        f"no room for synthetic weights in {cache_dir}: {need_bytes:,} bytes needed, {free_bytes:,} free",
        cause="each synthetic model is generated once and kept in the cache folder",
        remedy="free some space or choose another cache folder",
    )


@contextmanager
def _storage_errors(cache_dir: Path, need_bytes: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(cache_dir, need_bytes, shutil.disk_usage(cache_dir).free) from error
        raise StorageError(
            f"cannot write synthetic weights to {cache_dir}: {error.strerror or error}",
            remedy="choose a cache folder that can be written",
        ) from error


def _remove_stale(cache_dir: Path) -> None:
    """Delete what a killed generator left behind: its lock is gone with it, a living one's is not."""
    for leftover in cache_dir.glob(".*-fp16-g*.*"):
        with suppress(OSError), _opened(leftover, os.O_RDONLY | os.O_DIRECTORY) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A fresh folder may not have been locked by its owner yet.
            if time.time() - os.fstat(lock).st_mtime > STALE_AFTER_S:
                shutil.rmtree(leftover, ignore_errors=True)
