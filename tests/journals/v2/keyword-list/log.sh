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

# write_list LIST SIZE: what it reads takes the place of the first SIZE bytes of the list.
write_list() {
    draft "$1"
    { cat; tail -c "+$(($2 + 1))" "$1"; } > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}

# 1. fix: fix-keywords 1
printf '\060\040\127\157\162\153\012\061\040\110\157\155\145\012' | write_list "$LISTS"/.A/dovecot-keywords 22
