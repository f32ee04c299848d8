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

# own UID:GID PATH: gives PATH to them, if root runs this.
own() {
    [ "$(id -u)" != 0 ] || chown -h -- "$1" "$2"
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

# edit_uidlist FOLDER: the same in its list of UIDs.
edit_uidlist() {
    if [ -f "$LISTS/$1/dovecot-uidlist" ]; then
        edit_list "$LISTS/$1/dovecot-uidlist"
    else
        edit_list "$LISTS/$1/courierimapuiddb"
    fi
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

# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\n' "$2" "$3" >> "$1"; fi
}

# 1. fix: operation 1 had been interrupted: 3 of 5 done
mkdir -m 700 -- .Court/tmp
own 0:0 .Court/tmp
mv -n -- 1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
mv -n -- cur/1300000001.M1.host,S=7:2,S cur/1300000001.M1.host,S=79:2,S
touch -h -m -d @1300000000.000000000 -- cur/1300000001.M1.host,S=79:2,S
{
printf '%s\n' '-1 :1300000001.M1.host,S=7'
printf '%s\n' '+1 G1300000001.M1.host,S=7 :1300000001.M1.host,S=79'
} | edit_uidlist .
count_quota maildirsize 151 1

# 2. recover: operation 1 had been interrupted: 3 of 5 done

# 3. fix: fix-size 1
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
