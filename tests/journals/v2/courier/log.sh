#!/bin/sh
# The acts of mailsurgeon by hand, in their order.
# Usage: sh THIS-FILE [SPOOL [QUARANTINE [DIRECTORY-OF-THE-UIDLISTS]]]
# It keeps no journal, takes no locks and looks at nothing twice. Try it on a copy first.
set -eu
LC_ALL=C
export LC_ALL
SPOOL=${1:-HOME/mail/Maildir}
QUARANTINE=${2:-HOME/mail/.Maildir.quarantine}
case $QUARANTINE in /*) ;; *) QUARANTINE=$PWD/$QUARANTINE ;; esac
cd -- "$SPOOL"
LISTS=${3:-.}

# edit_uidlist FOLDER: in its list each line read after "-" becomes the one read after "+".
edit_uidlist() {
    for list in "$LISTS/$1/dovecot-uidlist" "$LISTS/$1/courierimapuiddb"; do
        if [ -f "$list" ]; then
            awk 'NR == FNR {
                     rest = substr($0, 2)
                     if (/^-/) { old = rest; gone[old] = 1 } else { line[old] = rest }
                     next
                 }
                 $0 in line { print line[$0]; next }
                 !($0 in gone)' - "$list" > "$list.mailsurgeon"
            mv -f -- "$list.mailsurgeon" "$list"
            return
        fi
    done
}


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
# maildirsize maildirsize: to be made by hand

# 2. file: file 1
# keywords .Court: to be made by hand
mv -n -- .Court/cur/1300000022.M22.host:2,S .Court2/cur/1300000022.M22.host:2,S

# 3. quarantine: quarantine 1
# keywords .Court: to be made by hand
mkdir -p -m 700 -- "$QUARANTINE"/3/.Court/cur
mv -n -- .Court/cur/1300000023.M23.host:2,S "$QUARANTINE"/3/.Court/cur/1300000023.M23.host:2,S
# maildirsize maildirsize: to be made by hand

# 4. undo: of 2: undo file 1
mv -n -- .Court2/cur/1300000022.M22.host:2,S .Court/cur/1300000022.M22.host:2,S
# keywords .Court2: to be made by hand

# 5. redo: of 2: file 1
# keywords .Court: to be made by hand
mv -n -- .Court/cur/1300000022.M22.host:2,S .Court2/cur/1300000022.M22.host:2,S
