"""The embedded model: GGUF files served by this process on loopback, through xllamacpp."""

from __future__ import annotations

import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalplat.errors import DependencyMissing, ModelUnknown

from .model_file import file_sha256

#: Tokens of prompt and answer together; SmolLM2's own length.
CONTEXT_TOKENS = 8192
#: Up to this size, one single-threaded server for each core; a larger file is served once, with all cores but one.
_SMALL_BYTES = 512 * 1024 * 1024
_MAX_SERVERS = 4
#: Part of the cache key: change it where the settings below change what a model answers.
_SERVING = "xllamacpp/1"


@dataclass(frozen=True, slots=True)
class Served:
    """A model file that is being served. `base_urls` are equal servers, each for one call at a time."""

    base_urls: tuple[str, ...]
    api_key: str
    identity: str


_lock = threading.Lock()
#: By process, for a fork has the servers' records but not their threads. Servers end with their process.
_served: dict[tuple[int, str], tuple[Served, list[Any]]] = {}


def serve(path: Path) -> Served:
    """Serve a GGUF file, once a process; blocks until its servers listen.

    Raises DependencyMissing without xllamacpp, ModelUnknown where the file cannot be loaded.
    """
    with _lock:
        sha256 = file_sha256(path)
        key = (os.getpid(), sha256)
        if key not in _served:
            _served[key] = _start(path, sha256)
        return _served[key][0]


def _start(path: Path, sha256: str) -> tuple[Served, list[Any]]:
    try:
        import xllamacpp
    except ImportError as error:
        raise DependencyMissing("xllamacpp, which serves local models,", extra="local") from error
    count, threads = _shape(path.stat().st_size, _cores())
    api_key = secrets.token_urlsafe(24)
    try:
        servers = [xllamacpp.Server(_params(xllamacpp, path, threads, api_key)) for _ in range(count)]
    except RuntimeError as error:
        raise ModelUnknown(f"{path} cannot be loaded as a GGUF model: {error}") from error
    urls = tuple(f"{server.listening_address}/v1" for server in servers)
    return Served(urls, api_key, f"gguf:{sha256}:{_SERVING}"), servers


def _params(xllamacpp: Any, path: Path, threads: int, api_key: str) -> Any:
    """One slot and no prompt cache: calls that share a batch or a cached prefix get other roundings, and other words.

    The README has the measurements.
    """
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = path.stem
    params.api_keys = [api_key]
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_prompt, params.cache_idle_slots = False, False
    params.cache_ram_mib, params.n_ctx_checkpoints = 0, 0
    params.ui, params.endpoint_slots, params.endpoint_metrics = False, False, False
    params.verbosity = -1
    return params


def _shape(size: int, cores: int) -> tuple[int, int]:
    """(servers, threads of each). Threads that share a model wait for each other at every step, and on cores that have
    other work too that costs more than it brings; single-threaded servers side by side do not wait."""
    return (min(cores, _MAX_SERVERS), 1) if size <= _SMALL_BYTES else (1, max(1, cores - 1))


def _cores() -> int:
    """Cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
