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

# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\n' "$2" "$3" >> "$1"; fi
}

# 1. quarantine: quarantine 1, quarantine folder 1
room "$QUARANTINE"/1/cur
mv -n -- cur/1300000002.M2.host:2,S "$QUARANTINE"/1/cur/1300000002.M2.host:2,S
room "$QUARANTINE"/1
mv -n -- .Old "$QUARANTINE"/1/.Old
count_quota maildirsize -79 -1
count_quota maildirsize -79 -1

# 2. purge: 
