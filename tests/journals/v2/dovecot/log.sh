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


# 1. fix: make-subdirs 1, rename 1, quarantine twin 1, file 2, fix-size 2, fix-flags 2
mkdir -m 750 -- .Sent/tmp
mv -n -- cur/1300000006.M6.host:2,S cur/1300000006.M6Rb6777700d9aa.host:2,S
test -f cur/1300000005.M5.host:2,  # the copy that is kept
mkdir -p -m 700 -- "$QUARANTINE"/1/cur
mv -n -- cur/1300000005.M5.host:2,F "$QUARANTINE"/1/cur/1300000005.M5.host:2,F
mv -n -- cur/1300000005.M5.host:2, cur/1300000005.M5.host:2,F
mv -n -- 1300000002.M2.host:2,S cur/1300000002.M2.host:2,S
mv -n -- cur/1300000001.M1.host,S=7,W=9:2,S cur/1300000001.M1.host,S=79,W=84:2,S
mv -n -- cur/1300000007.M7.host,S=9:2, cur/1300000007.M7.host,S=79:2,
mv -n -- tmp/1300000004.M4.host cur/1300000004.M4.host:2,
mv -n -- .Sent/cur/1300000011.M11.host:2,SF .Sent/cur/1300000011.M11.host:2,FS
mv -n -- "$(printf '.Sent/cur/1300000012.M12.caf\351\033:2,SF')" "$(printf '.Sent/cur/1300000012.M12.caf\351\033:2,FS')"
{
printf '%s\n' '-1 :1300000001.M1.host,S=7,W=9'
printf '%s\n' '+1 G1300000001.M1.host,S=7,W=9 :1300000001.M1.host,S=79,W=84'
printf '%s\n' '-2 :1300000007.M7.host,S=9'
printf '%s\n' '+2 G1300000007.M7.host,S=9 :1300000007.M7.host,S=79'
} | edit_uidlist .
# maildirsize maildirsize: to be made by hand

# 2. fix: fix-date 1
touch -h -m -d @1300000000.000000000 -- cur/1300000007.M7.host,S=79:2,

# 3. fix: fix-uidlist 1, quarantine empty 1
{
printf '%s\n' '-0 :zero'
} | edit_uidlist .Sent
mkdir -p -m 700 -- "$QUARANTINE"/3/cur
mv -n -- cur/1300000003.M3.host:2, "$QUARANTINE"/3/cur/1300000003.M3.host:2,
# maildirsize maildirsize: to be made by hand

# 4. fix: fix-permissions 1
chmod 600 -- .A/cur/1300000032.M32.host:2,

# 5. fix: fix-date 1, lift-folder 1
touch -h -m -d @1300000000.000000000 -- .A/Deep/cur/1300000041.M41.host:2,S
mv -n -- .A/Deep .A.Deep
# maildirsize maildirsize: to be made by hand

# 6. file: file 1
# keywords .B: to be made by hand
mv -n -- .A/cur/1300000031.M31.host:2,Sab .B/cur/1300000031.M31.host:2,Sbc

# 7. fix-flags: fix-flags 1; 1 refused
mv -n -- cur/1300000001.M1.host,S=79,W=84:2,S cur/1300000001.M1.host,S=79,W=84:2,FS

# 8. fix-flags: nothing was done; 1 refused

# 9. undo: of 7: undo fix-flags 1
mv -n -- cur/1300000001.M1.host,S=79,W=84:2,FS cur/1300000001.M1.host,S=79,W=84:2,S

# 10. redo: of 7: fix-flags 1
mv -n -- cur/1300000001.M1.host,S=79,W=84:2,S cur/1300000001.M1.host,S=79,W=84:2,FS

# 11. undo: of 6: undo file 1
mv -n -- .B/cur/1300000031.M31.host:2,Sbc .A/cur/1300000031.M31.host:2,Sab
# keywords .B: to be made by hand

# 12. redo: of 6: file 1
# keywords .B: to be made by hand
mv -n -- .A/cur/1300000031.M31.host:2,Sab .B/cur/1300000031.M31.host:2,Sbc

# 13. undo: of 2: undo fix-date 1
touch -h -m -d @1400000000.000000000 -- cur/1300000007.M7.host,S=79:2,
