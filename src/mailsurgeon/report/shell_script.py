"""Writes a session as a shell script that performs the same steps."""

from __future__ import annotations

from collections.abc import Iterable

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.steps.shell_words import ShellWords, quoted
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
_FUNCTIONS = {
    "edit_list": """\
# edit_list LIST: in the list each line read after "-" becomes the one read after "+".
edit_list() {
    [ -f "$1" ] || return 0
    awk 'NR == FNR {
             rest = substr($0, 2)
             if (/^-/) { old = rest; gone[old] = 1 } else { line[old] = rest }
             next
         }
         $0 in line { print line[$0]; next }
         !($0 in gone)' - "$1" > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}
""",
    "carry_keywords": """\
# carry_keywords DIRECTORY: what Courier keeps there about each base name read after "-" is kept
# about the one read after "+": in files of its own, BASE and .NUMBER.BASE, and lines of :list.
carry_keywords() {
    while IFS= read -r old && IFS= read -r new; do
        old=${old#-} new=${new#+}
        for file in "$1/$old" "$1"/.[0-9]*."$old"; do
            number=${file#"$1/"}
            number=${number%"$old"}
            number=${number#.}
            case ${number%.} in *[!0-9]*) continue ;; esac
            if [ -f "$file" ]; then mv -n -- "$file" "${file%"$old"}$new"; fi
        done
        if [ -f "$1/:list" ]; then
            OLD=$old: NEW=$new: awk '
                !entries { print; entries = $0 == ""; next }
                index($0, ENVIRON["OLD"]) == 1 {
                    print ENVIRON["NEW"] substr($0, length(ENVIRON["OLD"]) + 1)
                    next
                }
                index($0, ENVIRON["NEW"]) != 1' "$1/:list" > "$1/:list.mailsurgeon"
            mv -f -- "$1/:list.mailsurgeon" "$1/:list"
        fi
    done
}
""",
}
"""What only steps in Courier's lists need."""


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
    words = ShellWords(spool)
    lines: list[str] = []
    for operation, steps in operations:
        done = [step for step in steps if step.state in ("done", "undone")]
        lines.append(f"# {operation.id}. {visible(operation.kind)}: {visible(operation.summary)}")
        for step in done:
            lines.extend(step.step.shell(words))
        lines.append("")
    functions = [text for name, text in _FUNCTIONS.items() if name in words.called]
    return "\n".join([head, *functions, *lines])
