"""Writes a session as a shell script that performs the same steps."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.model import QUARANTINE, StepKind
from mailsurgeon.text import visible

_HEAD = """\
#!/bin/sh
# The acts of mailsurgeon by hand, in their order.
# Usage: sh THIS-FILE [SPOOL [QUARANTINE [DIRECTORY-OF-THE-UIDLISTS]]]
# It keeps no journal, takes no locks and looks at nothing twice. Try it on a copy first.
set -eu
LC_ALL=C
export LC_ALL
SPOOL=${{1:-{spool}}}
QUARANTINE=${{2:-{quarantine}}}
case $QUARANTINE in /*) ;; *) QUARANTINE=$PWD/$QUARANTINE ;; esac
cd -- "$SPOOL"
LISTS=${{3:-{lists}}}

# edit_uidlist FOLDER: in its list each line read after "-" becomes the one read after "+".
edit_uidlist() {{
    for list in "$LISTS/$1/dovecot-uidlist" "$LISTS/$1/courierimapuiddb"; do
        if [ -f "$list" ]; then
            awk 'NR == FNR {{
                     rest = substr($0, 2)
                     if (/^-/) {{ old = rest; gone[old] = 1 }} else {{ line[old] = rest }}
                     next
                 }}
                 $0 in line {{ print line[$0]; next }}
                 !($0 in gone)' - "$list" > "$list.mailsurgeon"
            mv -f -- "$list.mailsurgeon" "$list"
            return
        fi
    done
}}

"""
_SAFE_MODE = "700"


def shell_log(
    spool: Spool, quarantine: bytes, operations: Iterable[tuple[Operation, list[StepRecord]]]
) -> str:
    """The steps that were done, as POSIX shell; `mv -n` never replaces a file.

    File names are exact: the text holds surrogate escapes for bytes that are not UTF-8, and printf
    writes the characters that a terminal could act on.
    """
    head = _HEAD.format(
        spool=quoted(spool.root),
        quarantine=quoted(quarantine),
        lists=quoted(spool.control or b"."),
    )
    lines = [head]
    for operation, steps in operations:
        done = [step for step in steps if step.state in ("done", "undone")]
        lines.append(f"# {operation.id}. {visible(operation.kind)}: {visible(operation.summary)}")
        for step in done:
            lines.extend(_commands(step, spool))
        lines.append("")
    return "\n".join(lines)


def quoted(name: bytes) -> str:
    """One shell word that stands for exactly these bytes and is safe to show on a terminal."""
    text = os.fsdecode(name)
    if visible(text) == text:
        return shlex.quote(text)
    body = text.rstrip("\n")  # a command substitution drops them
    octal = "".join(
        char if char.isascii() and char.isprintable() and char not in "\\%'-"
        else "".join(f"\\{byte:03o}" for byte in os.fsencode(char))
        for char in body
    )  # fmt: skip
    newlines = text[len(body) :]
    return f"\"$(printf '{octal}')\"" + (shlex.quote(newlines) if newlines else "")


def _word(path: bytes) -> str:
    """A path of the journal as one shell word, seen from the spool."""
    if path.startswith(QUARANTINE):
        return '"$QUARANTINE"/' + quoted(path.removeprefix(QUARANTINE))
    return quoted(b"./" + path if path.startswith(b"-") else path or b".")


def _commands(step: StepRecord, spool: Spool) -> Iterator[str]:
    source = None if step.source is None else _word(step.source)
    target = None if step.target is None else _word(step.target)
    at = target or source
    data = step.data
    match step.action:
        case StepKind.RENAME if step.target is not None:
            if step.target.startswith(QUARANTINE):
                yield f"mkdir -p -m {_SAFE_MODE} -- {_word(os.path.dirname(step.target))}"
            yield f"mv -n -- {source} {target}"
        case StepKind.COPY:
            yield f"cp -p -n -- {source} {target}"
        case StepKind.MKDIR:
            yield f"mkdir -m {data.get('mode', 0o700):o} -- {at}"
        case StepKind.RMDIR:
            yield f"rmdir -- {at}"
        case StepKind.CHMOD:
            yield f"chmod {data['after']:o} -- {at}"
        case StepKind.CHOWN:
            owner, group = data["after"]
            yield f"chown -h {owner}:{group} -- {at}"
        case StepKind.UTIME:
            seconds, rest = divmod(data["after"], 10**9)
            yield f"touch -h -m -d @{seconds}.{rest:09d} -- {at}"
        case StepKind.UIDLIST:
            folder = spool.control_name(step.step.folder or b"")
            yield from _edit(_word(folder), data.get("changes", ()))
        case StepKind.UIDLIST_LINES if data.get("drop"):
            folder = spool.control_name(step.step.folder or b"")
            yield from _edit(_word(folder), [(line, "") for _, line in data["drop"]])
        case _:
            about = visible(step.target or step.source or step.step.folder or b".")
            yield f"# {visible(step.action)} {about}: to be made by hand"


def _edit(folder: str, changes: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "{"
    for before, after in changes:
        yield f"printf '%s\\n' {quoted(os.fsencode('-' + before))}"
        if after:
            yield f"printf '%s\\n' {quoted(os.fsencode('+' + after))}"
    yield f"}} | edit_uidlist {folder}"
