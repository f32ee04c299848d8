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

# name_letters LIST: adds the names of keyword letters that it reads and the list lacks.
name_letters() {
    if [ -f "$1" ]; then
        draft "$1"
    else
        place=${1%/*}
        : > "$1.mailsurgeon"
        if [ -f "$place/dovecot-uidlist" ]; then place=$place/dovecot-uidlist; fi
        like "$place" "$1.mailsurgeon"
        chmod --reference="$place" -- "$1.mailsurgeon"
        if [ -d "$place" ]; then chmod a-x,u-s,g-s,-t -- "$1.mailsurgeon"; fi
    fi
    known=/dev/null
    if [ -f "$1" ]; then known=$1; fi
    awk '!adding { known[tolower($0)] = 1; next }
         !(tolower($0) in known)' "$known" adding=1 - >> "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
}

# forget_letter LIST FOLDER LETTER [made]: removes the line that it reads from the end of the list,
# if no message bears the letter and the server has not written its list of UIDs since; and an empty
# list, if "made" is given.
forget_letter() {
    line=$(cat)
    [ -f "$1" ] || return 0
    if [ -f "${1%/*}/dovecot-uidlist" ] &&
        [ -z "$(find "$1" -newercc "${1%/*}/dovecot-uidlist")" ]; then return 0; fi
    [ "$(tail -n 1 "$1")" = "$line" ] || return 0
    [ -z "$(find "$2/cur" "$2/new" -name "*:2,*$3*" 2> /dev/null)" ] || return 0
    draft "$1"
    sed '$d' "$1" > "$1.mailsurgeon"
    mv -f -- "$1.mailsurgeon" "$1"
    if [ -n "${4-}" ] && [ ! -s "$1" ]; then rm -f -- "$1"; fi
}

# count_quota FILE BYTES MESSAGES: adds them to the sum of a quota.
count_quota() {
    if [ -f "$1" ]; then printf '%12d %12d\n' "$2" "$3" >> "$1"; fi
}

# 1. fix: make-subdirs 1, rename 1, quarantine twin 1, file 2, fix-size 2, fix-flags 2
mkdir -m 750 -- .Sent/tmp
own 0:0 .Sent/tmp
mv -n -- cur/1300000006.M6.host:2,S cur/1300000006.M6Re2d93ad02089.host:2,S
test -f cur/1300000005.M5.host:2,  # the copy that is kept
room "$QUARANTINE"/1/cur
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
count_quota maildirsize 221 1

# 2. fix: fix-date 1
touch -h -m -d @1300000000.000000000 -- cur/1300000007.M7.host,S=79:2,

# 3. fix: fix-uidlist 1, quarantine empty 1
drop_lines "$LISTS"/.Sent/dovecot-uidlist 3
room "$QUARANTINE"/3/cur
mv -n -- cur/1300000003.M3.host:2, "$QUARANTINE"/3/cur/1300000003.M3.host:2,
count_quota maildirsize 0 -1

# 4. fix: fix-permissions 1
chmod 600 -- .A/cur/1300000032.M32.host:2,

# 5. fix: fix-date 1, lift-folder 1
touch -h -m -d @1300000000.000000000 -- .A/Deep/cur/1300000041.M41.host:2,S
mv -n -- .A/Deep .A.Deep
count_quota maildirsize 79 1

# 6. file: file 1
{
printf '%s\n' '2 Home'
} | name_letters "$LISTS"/.B/dovecot-keywords
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
printf '%s\n' '2 Home' | forget_letter "$LISTS"/.B/dovecot-keywords .B c

# 12. redo: of 6: file 1
{
printf '%s\n' '2 Home'
} | name_letters "$LISTS"/.B/dovecot-keywords
mv -n -- .A/cur/1300000031.M31.host:2,Sab .B/cur/1300000031.M31.host:2,Sbc

# 13. undo: of 2: undo fix-date 1
touch -h -m -d @1400000000.000000000 -- cur/1300000007.M7.host,S=79:2,
