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


# 1. quarantine: quarantine 1
mkdir -p -m 700 -- "$QUARANTINE"/1/cur
mv -n -- cur/1300000001.M1.host:2,S "$QUARANTINE"/1/cur/1300000001.M1.host:2,S
# maildirsize maildirsize: to be made by hand

# 2. purge: 1 deleted for good
# purge quarantine:1/cur/1300000001.M1.host:2,S: to be made by hand

# 3. quarantine: quarantine 1, quarantine folder 1
mkdir -p -m 700 -- "$QUARANTINE"/3/cur
mv -n -- cur/1300000002.M2.host:2,S "$QUARANTINE"/3/cur/1300000002.M2.host:2,S
mkdir -p -m 700 -- "$QUARANTINE"/3
mv -n -- .Old "$QUARANTINE"/3/.Old
# maildirsize maildirsize: to be made by hand
# maildirsize maildirsize: to be made by hand

# 4. restore: restore quarantine 1
mv -n -- "$QUARANTINE"/3/cur/1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
# maildirsize maildirsize: to be made by hand

# 5. quarantine: quarantine 1, quarantine folder 1
mkdir -p -m 700 -- "$QUARANTINE"/5/cur
mv -n -- cur/1300000003.M3.host:2,S "$QUARANTINE"/5/cur/1300000003.M3.host:2,S
mkdir -p -m 700 -- "$QUARANTINE"/5
mv -n -- "$(printf '.Caf\351')" "$QUARANTINE"/"$(printf '5/.Caf\351')"
# maildirsize maildirsize: to be made by hand
# maildirsize maildirsize: to be made by hand

# 6. undo: of 4: undo restore quarantine 1
mkdir -p -m 700 -- "$QUARANTINE"/3/cur
mv -n -- cur/1300000002.M2.host:2,S "$QUARANTINE"/3/cur/1300000002.M2.host:2,S
# maildirsize maildirsize: to be made by hand

# 7. redo: of 4: restore quarantine 1
mv -n -- "$QUARANTINE"/3/cur/1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
# maildirsize maildirsize: to be made by hand

# 8. quarantine: quarantine 1; 1 refused
mkdir -p -m 700 -- "$QUARANTINE"/8/cur
mv -n -- cur/1300000004.M4.host:2,S "$QUARANTINE"/8/cur/1300000004.M4.host:2,S
# maildirsize maildirsize: to be made by hand
