"""Synthetic weights and folder digests, with numpy alone."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ecoci.engines.architectures import ARCHITECTURES, TensorKind
from ecoci.engines.weights import (
    CHUNK_ELEMENTS,
    GENERATOR_VERSION,
    SHARD_BYTES,
    _plan,
    _remove_stale,
    _require_space,
    _storage_errors,
    _write_all,
    ensure_synthetic,
    find_architecture,
    outlier_channels,
    tensor_shapes,
    weights_digest,
)
from ecoci.errors import EngineError, InputError, StorageError

# Totals as published with the models (for Mistral: v0.3).
PUBLIC_TOTALS = {
    "tinyllama-1.1b": 1_100_048_384,
    "qwen2-1.5b": 1_543_714_304,
    "phi-3-mini": 3_821_079_552,
    "yi-1.5-6b": 6_061_035_520,
    "mistral-7b": 7_248_023_552,
    "qwen2.5-7b": 7_615_616_512,
}
TINY = ARCHITECTURES["tiny"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_synthetic("tiny", tmp_path_factory.mktemp("cache"))


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """A reader of its own, so that the writer is not checked against itself."""
    tensors = {}
    for file in folder.glob("*.safetensors"):
        raw = file.read_bytes()
        start = 8 + int(np.frombuffer(raw[:8], "<u8")[0])
        for name, entry in json.loads(raw[8:start]).items():
            if name != "__metadata__":
                first, last = entry["data_offsets"]
                tensors[name] = np.frombuffer(raw[start + first : start + last], "<f2").reshape(entry["shape"])
    return tensors


@pytest.mark.parametrize(("name", "total"), PUBLIC_TOTALS.items())
def test_an_architecture_has_the_published_number_of_parameters(name: str, total: int) -> None:
    assert ARCHITECTURES[name].parameters == total


def test_every_architecture_but_the_tiny_one_has_a_published_total() -> None:
    assert set(ARCHITECTURES) == {"tiny", *PUBLIC_TOTALS}


def test_the_tiny_model_has_only_sizes_in_multiples_of_64() -> None:
    assert all(size % 64 == 0 for tensor in TINY.tensors() for size in tensor.shape)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_config_reads_at_least_4096_tokens_and_has_no_sliding_window(name: str) -> None:
    config = json.loads(ARCHITECTURES[name].config_json())
    assert config["max_position_embeddings"] >= 4096
    assert config.get("sliding_window") is None


def test_tied_embeddings_are_stored_once() -> None:
    assert "lm_head.weight" not in {tensor.name for tensor in ARCHITECTURES["qwen2-1.5b"].tensors()}


def test_an_unknown_architecture_is_an_input_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="gpt-5") as caught:
        find_architecture("gpt-5")
    assert "tinyllama-1.1b" in caught.value.remedy


def test_the_folder_holds_every_tensor_of_the_architecture(tiny: Path) -> None:
    assert tensor_shapes(tiny) == {tensor.name: tensor.shape for tensor in TINY.tensors()}
    assert {file.name for file in tiny.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model-00001-of-00001.safetensors",
        "model.safetensors.index.json",
    }


def test_the_folder_name_carries_the_generator_version(tiny: Path) -> None:
    assert tiny.name == f"tiny-fp16-g{GENERATOR_VERSION}"


def test_the_numbers_of_generator_1_stay_what_they_are(tiny: Path) -> None:
    digest = hashlib.sha256((tiny / "model-00001-of-00001.safetensors").read_bytes()).hexdigest()
    assert (GENERATOR_VERSION, digest) == (1, "806d83b73d8d3849fffc07a2fbd4b759b28ceef07b1e59bd997e0e80d4ee616b")


def test_a_second_call_writes_nothing(tiny: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in tiny.iterdir()}
    assert ensure_synthetic("tiny", tiny.parent) == tiny
    assert {file: file.stat().st_mtime_ns for file in tiny.iterdir()} == before


@pytest.mark.parametrize("kind", [TensorKind.EMBEDDING, TensorKind.HEAD, TensorKind.READ, TensorKind.WRITE])
def test_matrices_are_finite_and_centred_with_a_small_spread(tiny: Path, kind: TensorKind) -> None:
    tensors = read_tensors(tiny)
    for shape in (tensor for tensor in TINY.tensors() if tensor.kind is kind):
        values = tensors[shape.name].astype(np.float64)
        assert np.isfinite(values).all()
        assert 0.004 < values.std() < 0.021
        assert abs(values.mean()) < 5 * values.std() / np.sqrt(values.size)


def test_no_two_matrices_are_alike(tiny: Path) -> None:
    matrices = [tensor for tensor in read_tensors(tiny).values() if tensor.ndim == 2]
    assert len({tensor.tobytes()[:64] for tensor in matrices}) == len(matrices)


def test_layer_norms_amplify_the_outlier_channels_only(tiny: Path) -> None:
    tensors = read_tensors(tiny)
    channels = list(outlier_channels(TINY.hidden))
    for name in ("model.layers.0.input_layernorm.weight", "model.layers.3.post_attention_layernorm.weight"):
        assert (tensors[name][channels] == 25).all()
        assert (np.delete(tensors[name], channels) == 1).all()
    assert (tensors["model.norm.weight"] == 1).all()


@pytest.mark.parametrize("hidden", [arch.hidden for arch in ARCHITECTURES.values()])
def test_outlier_channels_are_six_different_ones_inside_the_width(hidden: int) -> None:
    channels = outlier_channels(hidden)
    assert len(set(channels)) == 6
    assert min(channels) >= 0
    assert max(channels) < hidden


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_shards_cover_the_checkpoint_without_gap_or_overlap(name: str) -> None:
    plan = _plan(ARCHITECTURES[name])
    for shard in plan.shards:
        end = len(shard.header)
        for piece in shard.pieces():
            assert piece.file_offset == end
            assert piece.elements <= CHUNK_ELEMENTS
            end += 2 * piece.elements
        assert end == shard.size
        assert shard.size <= SHARD_BYTES + len(shard.header) or len(shard.tensors) == 1
    assert sum(len(shard.tensors) for shard in plan.shards) == len(list(ARCHITECTURES[name].tensors()))


def test_concurrent_generators_leave_one_whole_folder(tmp_path: Path, tiny: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: ensure_synthetic("tiny", tmp_path), range(4)))
    assert list(tmp_path.iterdir()) == list(folders)
    for file in tiny.iterdir():
        assert (folders.copy().pop() / file.name).read_bytes() == file.read_bytes()


def test_what_a_killed_generator_left_is_removed_and_never_used(tmp_path: Path) -> None:
    leftover = tmp_path / ".tiny-fp16-g1.abc"
    leftover.mkdir()
    (leftover / "config.json").write_text("{")
    os.utime(leftover, (0, 0))
    folder = ensure_synthetic("tiny", tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == TINY.hidden


def test_the_folder_of_a_living_generator_is_left_alone(tmp_path: Path) -> None:
    staging = tmp_path / ".tiny-fp16-g1.abc"
    staging.mkdir()
    os.utime(staging, (0, 0))
    lock = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_stale(tmp_path)
        assert staging.is_dir()
    finally:
        os.close(lock)


def test_too_little_space_names_what_is_needed_and_what_is_free(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"1,000,000,000,000,000,000 bytes needed, [\d,]+ free"):
        _require_space(tmp_path, 10**18)


def test_a_disk_that_fills_while_writing_is_a_storage_error(tmp_path: Path) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(StorageError, match="5 bytes needed") as caught, _storage_errors(tmp_path, 5):
            _write_all(descriptor, b"12345", 0)
    finally:
        os.close(descriptor)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC


def test_a_cache_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Not a directory"):
        ensure_synthetic("tiny", tmp_path / "file" / "cache")


def copy_of(folder: Path, target: Path) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_the_digest_is_the_same_for_the_same_files_elsewhere(tiny: Path, tmp_path: Path) -> None:
    assert weights_digest(copy_of(tiny, tmp_path / "copy")) == weights_digest(tiny)


def test_the_digest_changes_with_the_config(tiny: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny, tmp_path / "copy")
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert weights_digest(copy) != weights_digest(tiny)


def test_the_digest_tells_a_fine_tune_from_its_origin(tiny: Path, tmp_path: Path) -> None:
    origin, tuned = (foreign_copy(tiny, tmp_path / name) for name in ("origin", "tuned"))
    weights = tuned / "model-00001-of-00001.safetensors"
    numbers = bytearray(weights.read_bytes())
    numbers[-100_000:] = bytes(100_000)
    weights.write_bytes(numbers)
    assert weights_digest(tuned) != weights_digest(origin)


def foreign_copy(folder: Path, target: Path) -> Path:
    """A copy whose header does not say that the numbers are generated."""
    copy = copy_of(folder, target)
    weights = copy / "model-00001-of-00001.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b'"generator"', b'"something"', 1))
    return copy


def test_the_digest_changes_with_a_tensor_name(tiny: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny, tmp_path / "copy")
    weights = copy / "model-00001-of-00001.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b"model.norm.weight", b"model.mron.weight", 1))
    assert weights_digest(copy) != weights_digest(tiny)


def test_the_digest_changes_with_the_generator_version(tiny: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny, tmp_path / "copy")
    weights = copy / "model-00001-of-00001.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b"synthetic weights 1", b"synthetic weights 2", 1))
    assert weights_digest(copy) != weights_digest(tiny)


def test_the_digest_does_not_read_tensor_data(tiny: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny, tmp_path / "copy")
    weights = copy / "model-00001-of-00001.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"\x00\x00")
    assert weights_digest(copy) == weights_digest(tiny)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 8,
        b"version https://git-lfs.github.com/spec/v1\n",
        (10).to_bytes(8, "little") + b"not json!!",
        (2).to_bytes(8, "little") + b"[]",
        (17).to_bytes(8, "little") + b'{"a": {"b": "c"}}',
    ],
)
def test_a_broken_weight_file_is_an_engine_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(EngineError, match="not a whole safetensors file"):
        weights_digest(tmp_path)


def test_a_truncated_weight_file_is_an_engine_error(tiny: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny, tmp_path / "copy")
    weights = copy / "model-00001-of-00001.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(EngineError, match="not a whole safetensors file"):
        weights_digest(copy)


def test_a_folder_without_config_cannot_be_digested(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="No such file"):
        weights_digest(tmp_path)
