#!/usr/bin/env python3
"""`ticket time follows last holder` decides what `ticket time follows holder` decides over rows that are filled forward.

    last_holder.py --entente PATH [--seed S] [--count N] [--start I] [--keep DIR]

Each club is made from the seed `S-I` alone: rows of few keys (texts, numbered texts, integers, services, several fields, or
none), most of which name no holder, in any order and with instants that fall together, some bad, some that the bind
skips, some that were not known yet; duties of several parties that pause, start again, count from before their trigger
or have allowances.  Here the holder is filled forward in the file, by key and in the order of the feed; what conditions
read stands in a column of its own, so that they see the same.  Both must decide alike, byte by byte but for the chain; the
first as `.entc`, on several threads, in batches, and portable, too.  With --trace each fact names a row that names
its party, or one that begins the clock while nobody has been named.  Ends with `N passed, N failed`.
"""

import argparse
import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

PARTIES = ["Acme", "Hermes", "NetCo", "HostCo", "DbCo"]
EVENTS = ["opened", "assigned", "pended", "resumed", "resolved", "reopened", "closed", "noted"]
COLUMNS = ["at", "id", "number", "service", "what", "priority", "party", "said", "recorded"]
# marks of the key, and what the columns hold
KEYS = {"texts": (["id"], lambda r: r.choice(["a", "b b", "ü"])),
        "numbered": (["id"], lambda r: f"INC{r.randrange(3):06}"),
        "integers": (["number"], lambda r: str(r.choice([-5, 7, 10 ** 15]))),
        "services": (["service"], None), "several": (["service", "number"], lambda r: str(r.randrange(2))),
        "none": ([], None)}
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)


def text_of(at):
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


class Case:
    def __init__(self, name):
        self.r = random.Random("last holder " + name)
        self.key_kind = self.r.choice(list(KEYS))
        self.key, self.value = KEYS[self.key_kind]
        self.pausing, self.shared = self.r.random() < 0.5, self.r.random() < 0.5
        self.undo = self.r.choice(["restart", "ignore", "resume until ticket.closed"])

    def mark(self, field):
        return " key" if field in self.key else ""

    def feed(self):
        arms = "".join(f' "{e}" -> {e} ' for e in EVENTS)
        return f"""
feed ticket {{
  at instant  id text{self.mark("id")}  number int{self.mark("number")}  service service{self.mark("service")}
  event one of {", ".join(EVENTS)}
  priority one of P1, P2  party party holder  said party  recorded instant recorded
}}
bind ticket from csv
  event = match what {{{arms} else -> skip }}
"""

    def duty(self, name, party, trigger, hours, more=""):
        return f"""  duty {name}
    {party} must ticket.resolved
    when {trigger}
    within {hours}h
    {more}
    on ticket.reopened {self.undo}
    credit GBP 100.00
"""

    def source(self, policy):
        pausing = "pausing during waits" if self.key and self.pausing else ""
        spans = ""
        if self.key:
            spans = """span waits per ticket
  from ticket.pended to ticket.resumed or ticket.resolved
  caused by client
"""
        back = "counting from ticket.opened retroactive"
        share = "  objective timely share of restore where met at least 90% each day\n" if self.shared else ""
        return f"""framework Club version 1 effective from 2025-01-01 timezone "UTC" currency GBP {{
  client Acme  integrator Hermes  provider NetCo  provider HostCo  provider DbCo
  service network by NetCo  service hosting by HostCo
  accountability
    ticket time follows {policy}
    credits follow responsibility
}}
{self.feed()}{spans}
sla Hosting version 1 under Club between HostCo and Acme effective from 2025-01-01 {{
{self.duty("restore", "HostCo", "ticket.opened", 4, pausing)}
{self.duty("sort", "HostCo", "ticket.assigned", 3, back)}
{self.duty("named", "HostCo", "ticket where said != HostCo", 2)}{share}}}
sla Network version 1 under Club between NetCo and Acme effective from 2025-01-01 {{
{self.duty("mend", "NetCo", "ticket.opened where priority == P1", 2)}}}
ola Between version 1 under Club between NetCo and HostCo effective from 2025-01-01 {{
{self.duty("turnaround", "NetCo", "ticket.assigned where said == NetCo", 1)}}}
"""

    def rows(self):
        r, rows = self.r, []
        at = BEGIN
        names = r.choice([0.1, 0.3, 0.6])
        for _ in range(r.randint(20, 120)):
            at += timedelta(minutes=r.choice([0, 0, 10, 30, 60]))
            party = r.choice(PARTIES) if r.random() < names else ""
            row = {"at": text_of(at), "id": "x", "number": "1", "service": r.choice(["network", "hosting"]),
                   "what": r.choice(EVENTS + ["ignored"]), "priority": r.choice(["P1", "P2"]), "party": party,
                   "said": party, "recorded": text_of(at + timedelta(hours=r.choice([0, 0, 0, 30])))}
            if self.value:
                row["number" if "number" in self.key else "id"] = self.value(r)
            for field in self.key:
                if r.random() < 0.05:
                    row[field] = ""
            if r.random() < 0.03:
                row[r.choice(["at", "party", "priority"])] = "nonsense"
            rows.append(row)
        if r.random() < 0.4:
            r.shuffle(rows)
        return rows

    def options(self):
        r, out = self.r, ["--bad-rows", "quarantine=bad.csv", "--to", text_of(BEGIN + timedelta(days=4))]
        if r.random() < 0.5:
            out += ["--from", text_of(BEGIN + timedelta(hours=r.randint(1, 30)))]
        self.as_of = None
        if r.random() < 0.3:
            self.as_of = text_of(BEGIN + timedelta(hours=r.randint(10, 50)))
            out += ["--as-of", self.as_of]
        return out

    def is_row(self, row):
        return row["what"] != "ignored" and "nonsense" not in row.values() and \
            (self.as_of is None or row["recorded"] <= self.as_of)

    def filled(self, rows):
        """The same rows, each with whom its key was last given to."""
        out, last = [dict(r) for r in rows], {}
        for row in sorted((r for r in out if self.is_row(r)), key=lambda r: r["at"]):
            key = tuple(row[f] for f in self.key)
            if "" not in key:
                row["party"] = last[key] = row["party"] or last.get(key, "")
        return out


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, COLUMNS)
        out.writeheader()
        out.writerows(rows)


def content(line):
    return re.sub(r'"(prev|hash|file)":"[^"]*"', "", line)


def run(entente, folder, *args):
    name = os.path.join(folder, "ledger.jsonl")
    done = subprocess.run([entente, "run", *args, "--ledger", name], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr.strip()[:800]}"
    with open(name, encoding="utf-8") as f:
        return f.read().splitlines()


def wrong_rows(case, rows, lines):
    """Facts whose row does not say what they say."""
    own = {"mend": "NetCo", "turnaround": "NetCo"}
    out = []
    for line in lines:
        for fact in json.loads(line).get("because", []):
            said = re.match(r"held by (\w+) ", fact["fact"])
            if said and "source" not in fact:
                out.append(f"{fact['fact']}: no row")
            elif said:
                row = rows[fact["source"]["line"] - 2]
                mine = own.get(json.loads(line)["clause"], "HostCo")
                waits = case.key and row["what"] in ("pended", "resumed", "resolved") and said[1] == "Acme"
                if not waits and said[1] != (row["party"] or mine):
                    out.append(f"{fact['fact']}: row {row}")
    return out


def one(entente, folder, case):
    """What differs, and how many breaches there are."""
    rows, options = case.rows(), case.options()
    filled = case.filled(rows)
    write(os.path.join(folder, "said.csv"), rows)
    write(os.path.join(folder, "filled.csv"), filled)
    for policy in ("last holder", "holder"):
        with open(os.path.join(folder, policy.replace(" ", "_") + ".ent"), "w", encoding="utf-8") as f:
            f.write(case.source(policy))
    args = ["last_holder.ent", "--feed", "ticket=said.csv", *options]
    expected = run(entente, folder, "holder.ent", "--feed", "ticket=filled.csv", *options)
    lines = run(entente, folder, *args)
    if isinstance(expected, str) or isinstance(lines, str):
        return [f"{expected if isinstance(expected, str) else lines}"], 0
    out = [f"  {a[:300]}\n  {b[:300]}" for a, b in zip(lines[1:], expected[1:]) if content(a) != content(b)]
    if len(lines) != len(expected):
        out.append(f"{len(lines)} lines, not {len(expected)}")
    again = run(entente, folder, "last_holder.ent", "--feed", "ticket=filled.csv", *options)
    if isinstance(again, str) or [content(x) for x in again[1:]] != [content(x) for x in expected[1:]]:
        out.append("over filled rows it decides otherwise")
    subprocess.run([entente, "build", "-o", "club.entc", "last_holder.ent"], cwd=folder, check=True, capture_output=True)
    ways = [["club.entc", *args[1:]]] + [args + way for way in (
        ["--jobs", "1"], ["--jobs", "2"], ["--jobs", "3", "--batch", "5"], ["--batch", "1"], ["--portable"],
        ["--portable", "--batch", "3"], ["--sort-memory", "1"])]
    for way in ways:
        other = run(entente, folder, *way)
        if other != lines:
            out.append(f"{' '.join(way)}: another ledger" + (f": {other}" if isinstance(other, str) else ""))
    traced = run(entente, folder, *args, "--trace", "--jobs", "2")
    out += [traced] if isinstance(traced, str) else wrong_rows(case, rows, traced)
    return out, sum('"status":"breach"' in line for line in lines)


def main():
    p = argparse.ArgumentParser(description="filling holders forward, here and there")
    p.add_argument("--entente", required=True)
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=60)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--keep", help="folder for the clubs that fail")
    args = p.parse_args()
    passed = failed = breaches = 0
    for i in range(args.start, args.start + args.count):
        with tempfile.TemporaryDirectory(prefix="entente-last-") as folder:
            case = Case(f"{args.seed}-{i}")
            problems, n = one(os.path.abspath(args.entente), folder, case)
            breaches += n
            passed, failed = passed + (not problems), failed + bool(problems)
            if problems:
                print(f"{args.seed}-{i}, {case.key_kind}, {case.undo}:")
                print("\n".join(problems[:4]))
                if args.keep:
                    shutil.copytree(folder, os.path.join(args.keep, f"{args.seed}-{i}"), dirs_exist_ok=True)
    print(f"{breaches} breaches; {passed} passed, {failed} failed")
    return 1 if failed or not breaches else 0


if __name__ == "__main__":
    sys.exit(main())
