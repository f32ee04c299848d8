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

# own UID:GID PATH: gives PATH to them, if root runs this.
own() {
    [ "$(id -u)" != 0 ] || chown -h -- "$1" "$2"
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

# edit_uidlist FOLDER: the same in its list of UIDs.
edit_uidlist() {
    if [ -f "$LISTS/$1/dovecot-uidlist" ]; then
        edit_list "$LISTS/$1/dovecot-uidlist"
    else
        edit_list "$LISTS/$1/courierimapuiddb"
    fi
}

# drop_lines LIST NUMBER...: removes these lines.
drop_lines() {
    list=$1
    shift
    draft "$list"
    sed "$(printf '%sd;' "$@")" "$list" > "$list.mailsurgeon"
    mv -f -- "$list.mailsurgeon" "$list"
}

# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\n' "$2" "$3" >> "$1"; fi
}

# 1. fix-size: fix-size 1
mv -n -- cur/1300000001.M1.host,S=7,W=9:2,S cur/1300000001.M1.host,S=79,W=84:2,S
{
printf '%s\n' '-1 :1300000001.M1.host,S=7,W=9'
printf '%s\n' '+1 G1300000001.M1.host,S=7,W=9 :1300000001.M1.host,S=79,W=84'
} | edit_uidlist .
count_quota maildirsize 72 0

# 2. fix-flags: fix-flags 1
mv -n -- .Sent/cur/1300000011.M11.host:2,SF .Sent/cur/1300000011.M11.host:2,FS

# 3. file: file 1
mv -n -- 1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
count_quota maildirsize 79 1

# 4. quarantine: quarantine empty 1
room "$QUARANTINE"/4/cur
mv -n -- cur/1300000003.M3.host:2, "$QUARANTINE"/4/cur/1300000003.M3.host:2,
count_quota maildirsize 0 -1

# 5. rename: rename 1
mv -n -- cur/1300000006.M6.host:2,S cur/1300000006.M6Raebe70dfe60e.host:2,S

# 6. make-subdirs: make-subdirs 1
mkdir -m 750 -- .Sent/tmp
own 0:0 .Sent/tmp

# 7. fix-date: fix-date 1
touch -h -m -d @1300000000.000000000 -- cur/1300000007.M7.host,S=9:2,

# 8. fix-uidlist: fix-uidlist 1
drop_lines "$LISTS"/.Sent/dovecot-uidlist 3

# 9. lift-folder: lift-folder 1
mv -n -- .A/Deep .A.Deep
count_quota maildirsize 79 1

# 10. fix-permissions: fix-permissions 1
chmod 600 -- .A/cur/1300000032.M32.host:2,
