"""Turns a scenario's model reference into a checked local folder of safetensors weights, before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecoci.engines.hf_libraries import first_line, load_hub
from ecoci.engines.weights import ensure_synthetic, tensor_shapes, weights_digest
from ecoci.errors import EngineError
from ecoci.model import ModelRef, ModelSource

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_INDEX = "model.safetensors.index.json"
_HUB_FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
# Second copies of the same weights in other layouts, which some repositories carry.
_HUB_IGNORED = ("*/*", "consolidated*")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model folder that passed all checks; `shapes` are those of the checkpoint's tensors."""

    folder: Path
    digest: str
    synthetic: bool
    shapes: dict[str, tuple[int, ...]]


def resolve_model(ref: ModelRef, cache_dir: Path) -> LocalModel:
    """Find, fetch or generate the model's folder. Raises `EngineError` or `StorageError` with the remedy."""
    match ref.source:
        case ModelSource.SYNTHETIC:
            folder = ensure_synthetic(ref.name, cache_dir)
        case ModelSource.FOLDER:
            folder = Path(ref.name).expanduser()
            _require_folder(folder)
        case ModelSource.HUB:
            folder = _fetch(ref)
    _check_folder(folder)
    synthetic = ref.source is ModelSource.SYNTHETIC
    return LocalModel(folder, weights_digest(folder), synthetic, tensor_shapes(folder))


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise EngineError(
            f"model folder {folder} does not exist" if not folder.exists() else f"{folder} is not a folder",
            cause="the path is relative to where ecoci runs, or the model was not copied to this machine",
            remedy="correct the path in the scenario",
        )


def _check_folder(folder: Path) -> None:
    config = folder / "config.json"
    if not config.is_file():
        raise EngineError(
            f"{folder} has no config.json",
            cause="the folder is not a Hugging Face model, or it lies one level deeper",
            remedy="name the folder that holds config.json and the *.safetensors files",
        )
    _refuse_quantized(config)
    if not any(folder.glob("*.safetensors")):
        raise _no_safetensors(folder)
    _require_all_shards(folder)


def _refuse_quantized(config: Path) -> None:
    content = _read_json(config)
    if "quantization_config" in content:
        raise EngineError(
            f"the weights in {config.parent} are quantized already",
            cause="transformers would use their own quantization instead of the scenario's",
            remedy="name the model's original, unquantized weights",
        )


def _no_safetensors(folder: Path) -> EngineError:
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if pickles:
        return EngineError(
            f"{folder} holds only pickle weights ({pickles[0]})",
            cause="loading a pickle runs code from it, so ecoci refuses them",
            remedy="convert the weights: save_pretrained in a trusted place writes model.safetensors",
        )
    return EngineError(
        f"{folder} holds no *.safetensors weights",
        cause="the download is incomplete, or the model is published in another format only",
        remedy="fetch the weights, or choose a model that is published as safetensors",
    )


def _require_all_shards(folder: Path) -> None:
    index = folder / _INDEX
    if not index.is_file():
        return
    weight_map = _read_json(index).get("weight_map")
    names = set(weight_map.values()) if isinstance(weight_map, dict) else set()
    missing = sorted(str(name) for name in names if not (folder / str(name)).is_file())
    if missing:
        raise EngineError(
            f"{folder} lacks {len(missing)} of {len(names)} weight files, for one {missing[0]}",
            cause="a download or copy was cut short",
            remedy="fetch the model again",
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {file}: {first_line(error)}", remedy="fetch the model again") from error
    if not isinstance(content, dict):
        raise EngineError(f"{file} holds no JSON object", remedy="fetch the model again")
    return content


def _fetch(ref: ModelRef) -> Path:
    hub = load_hub()
    patterns = [*_HUB_FILES, "*.py"] if ref.trust_remote_code else list(_HUB_FILES)
    options = {"revision": ref.revision, "allow_patterns": patterns, "ignore_patterns": list(_HUB_IGNORED)}
    try:
        return Path(hub.snapshot_download(ref.name, **options))
    # The network library below changed between versions, and its errors have no common base.
    except Exception as error:
        raise _hub_error(ref, error) from error


def _hub_error(ref: ModelRef, error: Exception) -> EngineError:
    """Map by class name: the classes moved between versions of the library, their names did not."""
    at = f" at revision {ref.revision}" if ref.revision else ""
    names = {kind.__name__ for kind in type(error).__mro__}
    for name, what, cause, remedy in _HUB_ERRORS:
        if name in names:
            return EngineError(f"{what}: {ref.name}{at}", cause=cause, remedy=remedy)
    return EngineError(
        f"cannot fetch model {ref.name}{at}: {first_line(error)}",
        cause="the Hugging Face hub could not be reached, refused the request, or the disk is full",
        remedy="check the network and the disk, or use a local folder or a synthetic model",
    )


# From the most to the least special: a gated repository is also "not found" to the library.
_HUB_ERRORS = (
    (
        "GatedRepoError",
        "access to the model is gated",
        "its licence must be accepted on the hub by the owner of the token",
        "accept it and set HF_TOKEN, or use an open or synthetic model",
    ),
    (
        "RevisionNotFoundError",
        "the model has no such revision",
        "the commit or branch name is wrong or was deleted",
        "copy the commit's 40 characters from the model's page",
    ),
    (
        "RepositoryNotFoundError",
        "no such model on the hub",
        "the name is wrong, or the model is private and HF_TOKEN is not set",
        "check the name, or set HF_TOKEN",
    ),
    (
        "LocalEntryNotFoundError",
        "the model is not in the local cache and the hub cannot be reached",
        "the machine is offline, or HF_HUB_OFFLINE is set",
        "fetch the model once with network, or use a local folder or a synthetic model",
    ),
    (
        "HFValidationError",
        "not a hub model name",
        "a hub name is owner/model",
        "correct the name, or use a local folder",
    ),
)
