#!/bin/sh
# Consent with keys that ssh-keygen makes, and what the digest of an agreement depends on.
#   tests/consent.sh ENTENTE
# The first part signs the retail club with fresh keys; the second edits the club in many ways and looks which
# digests change: all that should, and no others.
set -u
case $1 in /*) entente=$1 ;; *) entente=$PWD/$1 ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "consent: failed: $2"
    fi
}
cd "$work" || exit 4
cp "$root/examples/retail-club/club.ent" "$root/examples/retail-club/uk-bank-holidays.ics" .
"$entente" build -o club.entc club.ent || exit 4

# --- keys of ssh-keygen ---
for party in Acme NetCo HostCo AppCo; do
    ssh-keygen -q -t ed25519 -N '' -C "$party" -f "$party.key"
    echo "$party $(cat "$party.key.pub")" >>allowed
    "$entente" sign --party $party --key "$party.key" club.entc >/dev/null
    tell $? "$party signs"
    print=$(ssh-keygen -l -f "$party.key.pub" | cut -d' ' -f2)
    "$entente" verify --keys allowed club.entc | grep -qF "$party has signed, with $print"
    tell $? "the fingerprint of $party is that of ssh-keygen"
done
"$entente" verify --keys allowed club.entc >/dev/null
tell $? "everybody has signed everything"
ssh-keygen -q -t rsa -b 2048 -N '' -f rsa.key
! "$entente" sign --party Acme --key rsa.key club.entc 2>why
tell $? "an RSA key is refused"
grep -q 'another kind' why
tell $? "and it is said why"
ssh-keygen -q -t ed25519 -N secret -f locked.key
! "$entente" sign --party Acme --key locked.key club.entc 2>why
tell $? "an encrypted key is refused"
grep -q 'passphrase' why
tell $? "and it is said why"

# --- signatures that are refused, each with its reason ---
refused() { # WHAT REASON PROGRAM SIGNATURES
    "$entente" verify --keys allowed --signatures "$4" "$3" >told 2>&1
    status=$?
    [ $status -eq 1 -o $status -eq 3 ] && grep -qF "$2" told
    tell $? "$1: refused for \`$2\`: $(grep -E 'refused|error' told | head -n 2)"
}
entry() { # PARTY AGREEMENT VERSION: the entry of the file, from its party to its signature
    awk -v RS= -v p="party $1" -v a="agreement $2" -v v="version $3" \
        'index($0, p "\n") && index($0, "\n" a "\n") && index($0, "\n" v "\n")' club.entc.sig
}
only() { # entries on standard input, as a file of signatures
    echo "entente signatures 1"
    echo
    cat
}
entry HostCo HostingSLA 3 | only >one.sig
grep -q '^signature ' one.sig
tell $? "one entry of the file"
changed() { # SED: on that one entry
    sed "$1" one.sig >bad.sig
}
changed '/^signature/s/ ..../ AAAA/'
refused "tampered signature" "the signature does not fit what it stands beside: one of the two was changed" club.entc bad.sig
changed '/^key/s/....$/AAAA/'
refused "tampered key" "the signature does not fit what it stands beside: one of the two was changed" club.entc bad.sig
changed '$s/....$//'
refused "truncated signature" "a signature is 64 bytes in base64: this one is cut short or damaged" club.entc bad.sig
head -n -1 one.sig >bad.sig
refused "truncated file" "the file is cut short: \`signature\` of the signature at line 3 is missing" club.entc bad.sig
head -c 30 one.sig >bad.sig
refused "truncated head" "the file is cut short: \`framework\` of the signature" club.entc bad.sig
changed 's/^party HostCo/party Acme/'
refused "swapped to another party" "the signature is that of HostCo under \`HostingSLA\` version 3" club.entc bad.sig
changed 's/^agreement HostingSLA/agreement HostingForCheckout/; s/^version 3/version 1/'
refused "swapped to another agreement" "the signature is that of HostCo under \`HostingSLA\` version 3" club.entc bad.sig
changed 's/^version 3/version 4/'
refused "swapped to a later version" "it was given to version 3, and stands here for version 4" club.entc bad.sig
entry HostCo HostingSLA 4 | sed 's/^version 4/version 3/' | only >bad.sig
refused "swapped to an earlier version" "it was given to version 4, and stands here for version 3" club.entc bad.sig
{ sed -n '1,/^digest/p' one.sig; entry Acme HostingSLA 3 | sed -n '/^key/,$p'; } >bad.sig
refused "signature of the other party" "the signature is that of Acme under \`HostingSLA\` version 3" club.entc bad.sig
sed 's|GBP 120_000.00|GBP 120_000.01|' club.ent >new.ent
refused "replayed under another text" "it was given to another text of version 3: that had the digest" new.ent one.sig
sed '/^sla HostingSLA/,/^{/s/version 3/version 4/; /^amendment/,/^{/s/version 4/version 5/' club.ent >new.ent
refused "replayed under a later version" "it was given to version 3, and \`HostingSLA\` has gone on to version 5" new.ent one.sig
sed 's/^framework RetailClub/framework WholesaleClub/; s/under RetailClub/under WholesaleClub/' club.ent >new.ent
refused "replayed in another club with the same clauses" \
    "it was given under the framework \`RetailClub\`, and this is \`WholesaleClub\`" new.ent one.sig
sed 's/"Acme Retail service integration framework"/"Acme Wholesale"/' club.ent >new.ent
refused "replayed in another club of the same name" "it was given to another text of version 3" new.ent one.sig
cp allowed kept.keys
ssh-keygen -q -t ed25519 -N '' -f stranger.key
: >allowed
"$entente" sign --party HostCo --key stranger.key --signatures bad.sig club.entc >/dev/null
cp kept.keys allowed
refused "a stranger's key" "the key is none of those that speak for HostCo" club.entc bad.sig
rm bad.sig
"$entente" sign --party HostCo --key Acme.key --signatures bad.sig club.entc >/dev/null
refused "another party's key" "the key speaks for Acme, not for HostCo" club.entc bad.sig

# --- what changes a digest ---
"$entente" check --digest club.ent | sed 1d >before
digests() { # WHAT EXPECTED: of the file new.ent; EXPECTED are the agreements whose digests change, `-` for none
    if ! "$entente" check --digest new.ent 2>why | sed 1d >after; then cat why; fi
    changed=$(diff before after | sed -n 's/^> \(.*\): .*/\1/p' | tr '\n' ',')
    [ "${changed:--}" = "$2" ] && ! cmp -s new.ent "$3" && [ -s after ]
    tell $? "$1: changed are '$changed'"
}
edit() { # SED EXPECTED
    sed "$1" club.ent >new.ent
    digests "$1" "$2" club.ent
}
hosting="HostingSLA version 3,HostingSLA version 4,"
all="HostingSLA version 3,HostingSLA version 4,NetworkSLA version 1,CheckoutSLA version 2,"
all="${all}NetworkForHosting version 1,NetworkForCheckout version 1,HostingForCheckout version 1,"
edit 's|^sla Network|// a comment\n\n/// a doc comment\n&|' -
edit 's|120_000.00|120000.0|' -
edit 's|at least 99.9% each month|at   least 99.90%\n each month|' -
edit 's|share of probe where up$|share of probe where ( (up) )|' -
edit 's|GBP 120_000.00|GBP 120_000.01|' "HostingSLA version 3,"
edit 's|GBP 118_000.00|GBP 118_001.00|' "HostingSLA version 4,"
edit 's|at least 99.95% each month|at least 99.96% each month|' "HostingSLA version 4,"
edit 's|effective from 2027-01-01|effective from 2027-01-02|' "HostingSLA version 4,"
edit 's|400ms|401ms|g' "HostingSLA version 3,"
edit 's|24h of office for P3|25h of office for P3|' "$hosting"
edit 's|"4.3 Restoration of service"|"4.3 Restoration"|' "$hosting"
edit 's|2h for P1, 4h for P2, 16h|3h for P1, 4h for P2, 16h|' "NetworkSLA version 1,"
edit 's|warn when budget below 25%|warn when budget below 20%|' "NetworkSLA version 1,"
edit 's|earn back 50%|earn back 40%|' "CheckoutSLA version 2,"
edit 's|rolling 7d every 1d|rolling 8d every 1d|' "CheckoutSLA version 2,"
edit '/following priority/d' "CheckoutSLA version 2,"
edit '/^ola NetworkForHosting/,/^}/s|within 2h|within 3h|' "NetworkForHosting version 1,"
edit 's|17:30|17:00|' "${hosting}NetworkSLA version 1,CheckoutSLA version 2,HostingForCheckout version 1,"
edit 's|closed 2026-12-25, 2026-12-28|closed 2026-12-25|' "${hosting}NetworkSLA version 1,CheckoutSLA version 2,HostingForCheckout version 1,"
edit 's|credit cap 15%|credit cap 16%|' "$all"
edit 's|outages follow dependencies|outages stay with owner|' "$all"
edit 's|"Acme Retail plc"|"Acme plc"|' "$all"
edit 's|"Acme Retail service integration framework"|"Acme Wholesale"|' "$all"
edit 's|^  version 1$|  version 9|; /^framework/,/^{/s|version 9|version 2|; /^[so]la/,/^{/s|version 9|version 1|' -
edit 's|direct_contracts|direct_contract|' -

# the holiday file counts by its content
cp club.ent new.ent
cp uk-bank-holidays.ics kept.ics
sed 's/20260403/20260404/g' kept.ics >uk-bank-holidays.ics
digests "the holiday file" "${hosting}NetworkSLA version 1,CheckoutSLA version 2,HostingForCheckout version 1," /dev/null
cp kept.ics other.ics
cp kept.ics uk-bank-holidays.ics
edit 's|uk-bank-holidays.ics|other.ics|' -

# the layout of the whole file, and shared declarations in another file
sed 's/  */ /g; s/^ //' club.ent | tr '\n' '\r' | sed 's/\r\([a-z]\)/ \r\r\1/g' | tr '\r' '\n' >new.ent
digests "the layout" - club.ent
sed -n '/^calendar office/,/^$/p' club.ent >shared.ent
sed '/^calendar office/,/^$/d; s|^use std.probe.*|&\nuse "shared.ent"|' club.ent >new.ent
digests "a calendar in a file of its own" - club.ent
echo "consent: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
