#!/usr/bin/env python3
"""Compares decisions with what a person worked out by hand.

    tests/worked.py expected.jsonl LEDGER

Each line of expected.jsonl is part of one decision of the ledger.  It is the decision with the same agreement,
clause, subject, version and begin of the clock or the window, as far as the line names them; there must be exactly one.  Every
member that the line states must be in the decision with the same value.  Of `responsible` the parties must be the same,
in any order, if they have a share; members of a party that the line does not state are not looked at.  A breach of which
the line names no `structural_gap` must have none.  Prints what differs; the last line says `N passed, N failed`.
"""
import json
import sys

NAMES = ("agreement", "clause", "subject", "version", "pool")
BEGINS = (("clock", "at"), ("window", "from"))


def same(expected, found, where):
    """Yields what differs between a stated value and the decision's."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            yield f"{where}: expected {expected}, found {found}"
            return
        for name, value in expected.items():
            yield from same(value, found.get(name), f"{where}.{name}" if where else name)
    elif isinstance(expected, list):
        yield from same_parties(expected, found or [], where)
    elif expected != found:
        yield f"{where}: expected {expected}, found {found}"


def same_parties(expected, found, where):
    by_name = {p["party"]: p for p in found}
    for party in expected:
        yield from same(party, by_name.pop(party["party"], None), f"{where}.{party['party']}")
    for name, party in by_name.items():
        if "share" in party or "amount" in party:
            yield f"{where}: did not expect {name}: {party}"


def begin(decision, what, name):
    return decision.get(what, {}).get(name)


def is_meant(expected, decision):
    return (all(decision.get(n) == expected[n] for n in NAMES if n in expected) and
            all(begin(expected, *where) in (None, begin(decision, *where)) for where in BEGINS))


def differences(expected, decisions):
    meant = [d for d in decisions if is_meant(expected, d)]
    if len(meant) != 1:
        return [f"{len(meant)} decisions in place of one"]
    found = list(same(expected, meant[0], ""))
    gap = meant[0].get("structural_gap")
    if "structural_gap" not in expected and gap not in (None, "0", "0%"):
        found.append(f"structural_gap: expected none, found {gap}")
    return found


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        expectations = [json.loads(line) for line in f if line.strip()]
    with open(sys.argv[2], encoding="utf-8") as f:
        decisions = [d for d in map(json.loads, f) if d["kind"] != "run"]
    failed = 0
    for expected in expectations:
        found = differences(expected, decisions)
        if found:
            failed += 1
            name = [str(expected[n]) for n in NAMES if n in expected]
            print("\n  ".join([f"{sys.argv[1]}: {' '.join(name)}", *found]))
    print(f"worked by hand: {len(expectations) - failed} passed, {failed} failed")
    return 1 if failed or not expectations else 0


if __name__ == "__main__":
    sys.exit(main())
