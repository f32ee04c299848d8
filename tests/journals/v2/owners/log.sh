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

# 1. fix: fix-size 1
mv -n -- cur/1300000001.M1.host,S=7:2,S cur/1300000001.M1.host,S=79:2,S
{
printf '%s\n' '-1 :1300000001.M1.host,S=7'
printf '%s\n' '+1 G1300000001.M1.host,S=7 :1300000001.M1.host,S=79'
} | edit_uidlist .

# 2. fix: fix-permissions 1
chown -h 12345:12346 -- cur/1300000001.M1.host,S=79:2,S
