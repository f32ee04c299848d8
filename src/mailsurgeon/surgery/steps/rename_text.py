"""The data of renames as the journal's text, made once for all that differ only in numbers."""

from __future__ import annotations

import json
from functools import lru_cache

from mailsurgeon.surgery.steps.base import in_row_order, present


@lru_cache(maxsize=256)
def text_form(
    keys: tuple[str, ...],
    keep_uid: bool | None,
    counted: bool,
    inverts: bool,
    repeats: bool,
    may_share: bool | None,
    links: int | None,
    shared: bool | None,
) -> str:
    """The text of renames that differ only in their quota (0), and the steps that they undo (1) or
    repeat (2), for `str.format`."""
    given = {"quota": counted, "inverts": inverts, "repeats": repeats}
    slots = {name: f"<{number}>" for number, name in enumerate(given) if given[name]}
    facts = present(
        keep_uid=keep_uid, quota=slots.get("quota"), inverts=slots.get("inverts"),
        repeats=slots.get("repeats"), may_share=may_share, links=links, shared=shared,
    )  # fmt: skip
    text = json.dumps(in_row_order(facts, keys)).replace("{", "{{").replace("}", "}}")
    return text.replace('"<', "{").replace('>"', "}")
