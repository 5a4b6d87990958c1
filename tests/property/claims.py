#!/usr/bin/env python3
"""Credits on claim, against a second implementation written from docs/language.md alone: every claim is held against
every breach.  Times are on a coarse grid, so that claims often come at the very ends of the time they have.

usage: claims.py --entente BUILD/entente [--seed S] [--count N]
"""
import argparse
import json
import random
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

BEGIN = datetime(2026, 3, 1, tzinfo=timezone.utc)
STEP = timedelta(hours=6)
CLUB = """use std.claims
use std.itsm
framework Club version 1 effective from 2026-01-01 timezone "UTC" currency EUR {
  client Shop  integrator Hub  provider Host  service web by Host
}
sla Hosting version 1 under Club between Host and Shop effective from 2026-01-01 {
  charge EUR 10_000.00 per month
  credit cap EUR 450.00 each month
  credits on claim within %dh
  duty restore Host must ticket.resolved when ticket.opened within 6h on ticket.reopened restart
    credit EUR 100.00
  duty answer Host must ticket.acknowledged when ticket.opened within 3h credit EUR 70.00
}
sla Desk version 1 under Club between Host and Shop effective from 2026-01-01 {
  duty look Host must ticket.acknowledged when ticket.opened within 3h credit EUR 5.00
}
"""


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def make(rng):
    tickets = []
    for i in range(rng.randint(3, 9)):
        opened = BEGIN + STEP * rng.randint(0, 200)
        answered = opened + timedelta(hours=rng.choice([2, 4]))
        resolved = opened + STEP * rng.choice([1, 2, 3])
        tickets.append((f"T{i}", opened, answered, resolved))
    claims = []
    for i in range(rng.randint(0, 12)):
        name, opened, answered, resolved = rng.choice(tickets)
        at = rng.choice([opened, answered, resolved]) + STEP * rng.choice([-1, 0, 0, 1, 3, 4, 5, 8, 9])
        claims.append({
            "at": at, "id": f"C{i}",
            "agreement": rng.choice(["Hosting", "Hosting", "Hosting", "Desk", "Other", ""]),
            "clause": rng.choice(["", "", "restore", "answer", "look"]),
            "subject": rng.choice(["", name, name, "T0"]),
            "about": rng.choice([None, None, opened, answered - timedelta(seconds=1), answered, resolved])})
    return tickets, claims


def rows_of(tickets):
    rows = []
    for name, opened, answered, resolved in tickets:
        rows += [(opened, name, "opened"), (answered, name, "acknowledged"), (resolved, name, "resolved")]
    return sorted(rows)


def expected(tickets, claims, allowed_h, end):
    """(agreement, clause, ticket) -> (claim's status, its instant, credit)"""
    breaches = []
    for name, opened, answered, resolved in tickets:
        for order, (agreement, clause, done, hours, amount) in enumerate((
                ("Hosting", "restore", resolved, 6, 100), ("Hosting", "answer", answered, 3, 70),
                ("Desk", "look", answered, 3, 5))):
            if done - opened > timedelta(hours=hours):
                breaches.append((done, order, name, agreement, clause, opened, amount))
    breaches.sort()
    answer, used = {}, {}
    for final, _, name, agreement, clause, opened, amount in breaches:
        status, first = "", None
        if agreement == "Hosting":
            until = final + timedelta(hours=allowed_h)
            for claim in claims:
                named = (claim["agreement"] == agreement and claim["clause"] in ("", clause)
                         and claim["subject"] in ("", name))
                if claim["about"] is None:
                    timely = final <= claim["at"] <= until
                else:
                    timely = opened <= claim["about"] < final and opened <= claim["at"] <= until
                if named and timely and claim["at"] < end:
                    first = min(first or claim["at"], claim["at"])
            status = "made" if first else "lapsed" if until < end else "open"
        month = (final - timedelta(microseconds=1)).strftime("%Y-%m")
        if agreement == "Hosting":
            amount = min(amount, 450 - used.get(month, 0))
            if status != "lapsed":
                used[month] = used.get(month, 0) + amount
        lapsed = amount if status == "lapsed" else None
        answer[agreement, clause, name] = (status, first and text(first), 0 if lapsed is not None else amount, lapsed)
    return answer


def decided(folder, entente, end, extra):
    out = subprocess.run(
        [entente, "run", "club.ent", "--feed", "ticket=tickets.csv", "--feed", "claim=claims.csv",
         "--from", text(BEGIN), "--to", text(end), "--format", "jsonl", *extra],
        cwd=folder, capture_output=True, text=True, check=True).stdout
    answer = {}
    for line in map(json.loads, out.splitlines()[1:]):
        credit = line.get("credit")
        if line["status"] == "breach":
            claim = credit.get("claim", {})
            lapsed = claim.get("amount")
            answer[line["agreement"], line["clause"], line["subject"]["id"]] = (
                claim.get("status", ""), claim.get("at"), float(credit["amount"]), lapsed and float(lapsed))
    return answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--entente", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    entente = str(Path(options.entente).resolve())
    passed = failed = 0
    for i in range(options.count):
        rng = random.Random(f"claims {options.seed} {i}")
        tickets, claims = make(rng)
        allowed_h = rng.choice([6, 24, 30, 48])
        end = BEGIN + STEP * rng.choice([100, 180, 300])
        tickets = [t for t in tickets if max(t[2], t[3]) < end]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "club.ent").write_text(CLUB % allowed_h)
            Path(folder, "tickets.csv").write_text("at,id,event,priority,service,party\n" + "".join(
                f"{text(at)},{name},{event},P1,web,Host\n" for at, name, event in rows_of(tickets)))
            Path(folder, "claims.csv").write_text("at,id,agreement,clause,subject,about\n" + "".join(
                f"{text(c['at'])},{c['id']},{c['agreement']},{c['clause']},{c['subject']},"
                f"{text(c['about']) if c['about'] else ''}\n" for c in claims))
            want = expected(tickets, claims, allowed_h, end)
            for extra in ([], ["--batch", "1"], ["--jobs", "2"]):
                got = decided(folder, entente, end, extra)
                if got == want:
                    passed += 1
                    continue
                failed += 1
                print(f"seed {options.seed} number {i} {extra}: within {allowed_h}h until {text(end)}")
                for key in sorted(set(got) | set(want)):
                    if got.get(key) != want.get(key):
                        print(f"  {key}: decided {got.get(key)}, expected {want.get(key)}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
