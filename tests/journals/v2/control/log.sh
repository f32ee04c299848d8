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


# 1. fix: fix-size 1
mv -n -- cur/1300000001.M1.host,S=7:2,S cur/1300000001.M1.host,S=79:2,S
{
printf '%s\n' '-1 :1300000001.M1.host,S=7'
printf '%s\n' '+1 G1300000001.M1.host,S=7 :1300000001.M1.host,S=79'
} | edit_uidlist .
