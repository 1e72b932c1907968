"""Endpoint: where a model is asked; `resolve` finds it from its name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from evalplat.errors import ModelRefused, ModelUnknown

FORMS = "embedded, gguf:PATH or openai:NAME"
OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint. Nothing behind this record knows what kind of thing serves it."""

    base_url: str
    """With its version, such as `https://host/v1`; no trailing slash, no user, no query."""
    api_key: SecretStr
    model: str
    """The model's name as the endpoint knows it."""
    price_key: str
    """Name under which `PriceTable` looks for an own price."""
    identity: str
    """What answers, whatever port it listens on: part of the cache key."""
    free: bool = False
    """True where calls cost nothing."""
    replicas: tuple[str, ...] = ()
    """Base URLs of equal servers that work on one call at a time each; empty: `base_url` takes any number."""


def resolve(name: str, *, env: Mapping[str, str] = os.environ) -> Endpoint:
    """The endpoint of a model name.

    `embedded` and `gguf:PATH` are served by this process: the first call for a file blocks until its server listens
    (about a second; `embedded` may first fetch its file). `openai:NAME` reads OPENAI_API_KEY and OPENAI_BASE_URL.

    Raises ModelUnknown (no such form, file or URL), ModelRefused (no key), DependencyMissing (no xllamacpp),
    ModelUnreachable (the default file cannot be fetched).
    """
    kind, _, rest = name.partition(":")
    if name == "embedded":
        from .model_file import default_model_file

        return _served(default_model_file(env=env), name)
    if kind == "gguf" and rest:
        path = Path(rest).expanduser()
        if not path.is_file():
            raise ModelUnknown(f"model {name!r}: there is no file {rest}")
        return _served(path, name)
    if kind == "openai" and rest:
        return _openai(name, rest, env)
    raise ModelUnknown(f"model {name!r} is of no known form: expected {FORMS}")


def _served(path: Path, name: str) -> Endpoint:
    from .embedded import serve

    served = serve(path)
    return Endpoint(
        base_url=served.base_urls[0],
        api_key=SecretStr(served.api_key),
        model=path.stem,
        price_key=name,
        identity=served.identity,
        free=True,
        replicas=served.base_urls,
    )


def _openai(name: str, model: str, env: Mapping[str, str]) -> Endpoint:
    key = env.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise ModelRefused(f"model {name!r} needs a key: set OPENAI_API_KEY (any text, where the endpoint takes none)")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ModelRefused("OPENAI_API_KEY holds a space or a character that no HTTP header may hold: set it anew")
    base_url = (env.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).rstrip("/")
    _check_url(base_url)
    return Endpoint(base_url=base_url, api_key=SecretStr(key), model=model, price_key=name, identity=base_url)


def _check_url(base_url: str) -> None:
    """A key in the URL would reach logs and the cache, so only scheme, host, port and path are allowed."""
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound, parts = False, urlsplit("")
    if not sound or parts.query or parts.fragment or "@" in parts.netloc:
        raise ModelUnknown("OPENAI_BASE_URL must look like https://host/v1, without user, password or query")
