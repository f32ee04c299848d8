"""The plants: one small function a variant, by name. Importing this package registers all."""

from __future__ import annotations

from . import (
    contents,
    copies,
    dates,
    folder_names,
    folders,
    leftovers,
    names,
    places,
    quiet,
    servers,
    sizes,
    states,
    stores,
    uids,
)  # fmt: skip
from .registry import PLANTS, Plant

MODULES = (
    contents, copies, dates, folder_names, folders, leftovers, names, places, quiet, servers, sizes,
    states, stores, uids,
)  # fmt: skip

__all__ = ["MODULES", "PLANTS", "Plant"]
