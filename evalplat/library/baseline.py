"""`ep.baseline`: what a gate compares with, kept where a machine forgets; as `evalplat baseline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazily

if TYPE_CHECKING:
    from evalplat.sdk.baseline_ensure import ensure_baseline as ensure
    from evalplat.sdk.baseline_kept import refresh_baseline as refresh
    from evalplat.sdk.baseline_kept import restore_baseline as restore
    from evalplat.sdk.baseline_kept import save_baseline as save
    from evalplat.sdk.baseline_kept import show_baseline as show

_PLACES = {
    "ensure": "evalplat.sdk.baseline_ensure:ensure_baseline",
    "refresh": "evalplat.sdk.baseline_kept:refresh_baseline",
    "restore": "evalplat.sdk.baseline_kept:restore_baseline",
    "save": "evalplat.sdk.baseline_kept:save_baseline",
    "show": "evalplat.sdk.baseline_kept:show_baseline",
}

__all__ = ["ensure", "refresh", "restore", "save", "show"]

if not TYPE_CHECKING:  # else a type checker would find every name here
    __getattr__ = lazily(__name__, _PLACES)


def __dir__() -> list[str]:
    return __all__
