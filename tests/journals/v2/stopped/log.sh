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

# 1. fix: fix-date 1
touch -h -m -d @1300000000.000000000 -- .A/Deep/cur/1300000041.M41.host:2,S
