#!/bin/sh
# The acts of mailsurgeon by hand, in their order.
# Usage: sh THIS-FILE [SPOOL [QUARANTINE [DIRECTORY-OF-THE-UIDLISTS]]]
# It keeps no journal, takes no locks and looks at nothing twice. Try it on a copy first.
# Run it as root or as the owner of the spool; it needs awk, sed and the GNU coreutils.
set -eu
umask 077
LC_ALL=C
export LC_ALL
SPOOL=${1:-HOME/mail/Maildir}
QUARANTINE=${2:-HOME/mail/.Maildir.quarantine}
case $QUARANTINE in /*) ;; *) QUARANTINE=$PWD/$QUARANTINE ;; esac
cd -- "$SPOOL"
LISTS=${3:-.}

# draft FILE: makes FILE.mailsurgeon, with the owner and mode of FILE.
draft() {
    cp -p -- "$1" "$1.mailsurgeon"
}

# like REFERENCE PATH: gives PATH the owner and group of REFERENCE, if root runs this.
like() {
    [ "$(id -u)" != 0 ] || chown -h --reference="$1" -- "$2"
}

# room DIRECTORY: makes it in the quarantine, private, for the owner of the spool.
room() {
    [ ! -d "$1" ] || return 0
    room "${1%/*}"
    mkdir -m 700 -- "$1"
    like . "$1"
}

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

# unwrite_keywords DIRECTORY BASE [made]: removes the keywords that Courier keeps there about BASE,
# if they are what it reads; and an empty directory, if "made" is given.
unwrite_keywords() {
    if [ -f "$1/$2" ] && cmp -s -- - "$1/$2"; then rm -f -- "$1/$2"; fi
    if [ -n "${3-}" ] && [ -d "$1" ]; then rmdir -- "$1" 2> /dev/null || :; fi
}

# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\n' "$2" "$3" >> "$1"; fi
}

# 1. fix: fix-size 1
mv -n -- .Court/cur/1300000021.M21.host,S=9:2,S .Court/cur/1300000021.M21.host,S=79:2,S
{
printf '%s\n' '-1 1300000021.M21.host,S=9'
printf '%s\n' '+1 1300000021.M21.host,S=79'
} | edit_list .Court/courierimapuiddb
{
printf '%s\n' -1300000021.M21.host,S=9
printf '%s\n' +1300000021.M21.host,S=79
} | carry_keywords .Court/courierimapkeywords
count_quota maildirsize 70 0

# 2. file: file 1
{
printf '%s\n' Work
printf '%s\n' Home
} | write_keywords .Court2/courierimapkeywords 1300000022.M22.host
mv -n -- .Court/cur/1300000022.M22.host:2,S .Court2/cur/1300000022.M22.host:2,S

# 3. quarantine: quarantine 1
room "$QUARANTINE"/3/.Court/cur
mv -n -- .Court/cur/1300000023.M23.host:2,S "$QUARANTINE"/3/.Court/cur/1300000023.M23.host:2,S
count_quota maildirsize -79 -1

# 4. undo: of 2: undo file 1
mv -n -- .Court2/cur/1300000022.M22.host:2,S .Court/cur/1300000022.M22.host:2,S
{
printf '%s\n' Work
printf '%s\n' Home
} | write_keywords .Court/courierimapkeywords 1300000022.M22.host kept
{
printf '%s\n' Work
printf '%s\n' Home
} | unwrite_keywords .Court2/courierimapkeywords 1300000022.M22.host made

# 5. redo: of 2: file 1
{
printf '%s\n' Work
printf '%s\n' Home
} | write_keywords .Court2/courierimapkeywords 1300000022.M22.host
mv -n -- .Court/cur/1300000022.M22.host:2,S .Court2/cur/1300000022.M22.host:2,S
