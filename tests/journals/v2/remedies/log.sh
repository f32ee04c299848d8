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


# 1. fix-size: fix-size 1
mv -n -- cur/1300000001.M1.host,S=7,W=9:2,S cur/1300000001.M1.host,S=79,W=84:2,S
{
printf '%s\n' '-1 :1300000001.M1.host,S=7,W=9'
printf '%s\n' '+1 G1300000001.M1.host,S=7,W=9 :1300000001.M1.host,S=79,W=84'
} | edit_uidlist .
# maildirsize maildirsize: to be made by hand

# 2. fix-flags: fix-flags 1
mv -n -- .Sent/cur/1300000011.M11.host:2,SF .Sent/cur/1300000011.M11.host:2,FS

# 3. file: file 1
mv -n -- 1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
# maildirsize maildirsize: to be made by hand

# 4. quarantine: quarantine empty 1
mkdir -p -m 700 -- "$QUARANTINE"/4/cur
mv -n -- cur/1300000003.M3.host:2, "$QUARANTINE"/4/cur/1300000003.M3.host:2,
# maildirsize maildirsize: to be made by hand

# 5. rename: rename 1
mv -n -- cur/1300000006.M6.host:2,S cur/1300000006.M6R9685ab20a249.host:2,S

# 6. make-subdirs: make-subdirs 1
mkdir -m 750 -- .Sent/tmp

# 7. fix-date: fix-date 1
touch -h -m -d @1300000000.000000000 -- cur/1300000007.M7.host,S=9:2,

# 8. fix-uidlist: fix-uidlist 1
{
printf '%s\n' '-0 :zero'
} | edit_uidlist .Sent

# 9. lift-folder: lift-folder 1
mv -n -- .A/Deep .A.Deep
# maildirsize maildirsize: to be made by hand

# 10. fix-permissions: fix-permissions 1
chmod 600 -- .A/cur/1300000032.M32.host:2,
