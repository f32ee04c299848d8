"""The shell functions that a session's script calls. Each new file keeps the owner and mode of the
one that it replaces; a file that was missing gets those that the program gives it."""

from __future__ import annotations

FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "draft": ("""\
# draft FILE: makes FILE.mailsurgeon, with the owner and mode of FILE.
draft() {
    cp -p -- "$1" "$1.mailsurgeon"
}
""", ()),
    "like": ("""\
# like REFERENCE PATH: gives PATH the owner and group of REFERENCE, if root runs this.
like() {
    [ "$(id -u)" != 0 ] || chown -h --reference="$1" -- "$2"
}
""", ()),
    "own": ("""\
# own UID:GID PATH: gives PATH to them, if root runs this.
own() {
    [ "$(id -u)" != 0 ] || chown -h -- "$1" "$2"
}
""", ()),
    "room": ("""\
# room DIRECTORY: makes it in the quarantine, private, for the owner of the spool.
room() {
    [ ! -d "$1" ] || return 0
    room "${1%/*}"
    mkdir -m 700 -- "$1"
    like . "$1"
}
""", ("like",)),
    "edit_list": ("""\
# edit_list LIST: in the list each line read after "-" becomes the one read after "+".
edit_list() {
    [ -f "$1" ] || return 0
    draft "$1"
    awk 'NR == FNR {
             rest = substr($0, 2)
             if (/^-/) { old = rest; gone[old] = 1 } else { line[old] = rest }
             next
         }
         $0 in line { print line[$0]; next }
         !($0 in gone)' - "$1" > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}
""", ("draft",)),
    "edit_uidlist": ("""\
# edit_uidlist FOLDER: the same in its list of UIDs.
edit_uidlist() {
    if [ -f "$LISTS/$1/dovecot-uidlist" ]; then
        edit_list "$LISTS/$1/dovecot-uidlist"
    else
        edit_list "$LISTS/$1/courierimapuiddb"
    fi
}
""", ("edit_list",)),
    "drop_lines": ("""\
# drop_lines LIST NUMBER...: removes these lines.
drop_lines() {
    list=$1
    shift
    draft "$list"
    sed "$(printf '%sd;' "$@")" "$list" > "$list.mailsurgeon"
    mv -f -- "$list.mailsurgeon" "$list"
}
""", ("draft",)),
    "restore_line": ("""\
# restore_line LIST NUMBER: puts the line that it reads there, or at the end. If it has no newline,
# it gets one before other lines.
restore_line() {
    draft "$1"
    {
        head -n $(($2 - 1)) "$1"
        cat
        if [ -n "${3-}" ] && [ "$2" -le "$(wc -l < "$1")" ]; then echo; fi
        tail -n "+$2" "$1"
    } > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}
""", ("draft",)),
    "write_list": ("""\
# write_list LIST SIZE: what it reads takes the place of the first SIZE bytes of the list.
write_list() {
    draft "$1"
    { cat; tail -c "+$(($2 + 1))" "$1"; } > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}
""", ("draft",)),
    "carry_keywords": ("""\
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
            draft "$1/:list"
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
""", ("draft",)),
    "write_keywords": ("""\
# write_keywords DIRECTORY BASE [kept]: what it reads becomes the keywords that Courier keeps there
# about BASE; if it keeps some already, and "kept" is given, these stay.
write_keywords() {
    if [ -n "${3-}" ]; then
        for file in "$1/$2" "$1"/.[0-9]*."$2"; do [ ! -f "$file" ] || return 0; done
        if [ -f "$1/:list" ] && BASE=$2: awk '
            entries && index($0, ENVIRON["BASE"]) == 1 { found = 1 }
            $0 == "" { entries = 1 }
            END { exit !found }' "$1/:list"; then return 0; fi
    fi
    if [ ! -d "$1" ]; then
        mkdir -- "$1"
        like "$1/.." "$1"
        chmod --reference="$1/.." -- "$1"
        chmod u-s,g-s,-t -- "$1"
    fi
    cat > "$1/.mailsurgeon"
    like "$1" "$1/.mailsurgeon"
    chmod --reference="$1" -- "$1/.mailsurgeon"
    chmod a-x,u-s,g-s,-t -- "$1/.mailsurgeon"
    mv -f -- "$1/.mailsurgeon" "$1/$2"
}
""", ("like",)),
    "unwrite_keywords": ("""\
# unwrite_keywords DIRECTORY BASE [made]: removes the keywords that Courier keeps there about BASE,
# if they are what it reads; and an empty directory, if "made" is given.
unwrite_keywords() {
    if [ -f "$1/$2" ] && cmp -s -- - "$1/$2"; then rm -f -- "$1/$2"; fi
    if [ -n "${3-}" ] && [ -d "$1" ]; then rmdir -- "$1" 2> /dev/null || :; fi
}
""", ()),
    "name_letters": ("""\
# name_letters LIST: adds the names of keyword letters that it reads and the list lacks.
name_letters() {
    if [ -f "$1" ]; then
        draft "$1"
    else
        place=${1%/*}
        : > "$1.mailsurgeon"
        if [ -f "$place/dovecot-uidlist" ]; then place=$place/dovecot-uidlist; fi
        like "$place" "$1.mailsurgeon"
        chmod --reference="$place" -- "$1.mailsurgeon"
        if [ -d "$place" ]; then chmod a-x,u-s,g-s,-t -- "$1.mailsurgeon"; fi
    fi
    known=/dev/null
    if [ -f "$1" ]; then known=$1; fi
    awk '!adding { known[tolower($0)] = 1; next }
         !(tolower($0) in known)' "$known" adding=1 - >> "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}
""", ("draft", "like")),
    "forget_letter": ("""\
# forget_letter LIST FOLDER LETTER [made]: removes the line that it reads from the end of the list,
# if no message bears the letter and the server has not written its list of UIDs since; and an empty
# list, if "made" is given.
forget_letter() {
    line=$(cat)
    [ -f "$1" ] || return 0
    if [ -f "${1%/*}/dovecot-uidlist" ] &&
        [ -z "$(find "$1" -newercc "${1%/*}/dovecot-uidlist")" ]; then return 0; fi
    [ "$(tail -n 1 "$1")" = "$line" ] || return 0
    [ -z "$(find "$2/cur" "$2/new" -name "*:2,*$3*" 2> /dev/null)" ] || return 0
    draft "$1"
    sed '$d' "$1" > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
    if [ -n "${4-}" ] && [ ! -s "$1" ]; then rm -f -- "$1"; fi
}
""", ("draft",)),
    "count_quota": ("""\
# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\\n' "$2" "$3" >> "$1"; fi
}
""", ()),
}  # fmt: skip
"""Each function with the others that it calls."""


def functions_for(called: set[str]) -> list[str]:
    """The text of these functions and of those that they call, in the order of the table."""
    wanted = set(called)
    for name in reversed(FUNCTIONS):
        if name in wanted:
            wanted.update(FUNCTIONS[name][1])
    return [text for name, (text, _) in FUNCTIONS.items() if name in wanted]
