#!/usr/bin/env python3
"""A backtest, one pass over the input, says what two runs of their own would have said.

    backtest.py --seed S --count N --entente PATH [--start I] [--keep DIR]

Each club is one of random_clubs.py, and beside it one whose allowances, bounds and charges are others; for
some the rows are out of order.  `entente backtest` must find the changes that the ledgers of two runs show, and
the sums of money per party.  Ends with `N passed, N failed`; the exit status is 1 if any failed.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from fractions import Fraction

import random_clubs
import entente_source as source
import timeline as tl

ABOUT_THE_LINE = {"seq", "kind", "prev", "hash", "because", "source"}


def changed(text, rng):
    """The agreements with other figures; bounds move together, so that ladders stay in order."""
    delta = rng.choice([0, 1, 3])

    def moved(by):
        return lambda m: m.group(1) + str(max(1, int(m.group(2)) + by())) + m.group(3)

    text = re.sub(r"(within )(\d+)(h)", moved(lambda: rng.choice([-1, 0, 1, 2])), text)
    text = re.sub(r"(at most )(\d+)(h)", moved(lambda: delta), text)
    return re.sub(r"(charge [A-Z]{3} )(\d)", lambda m: m.group(1) + rng.choice("123456789"), text)


def execute(args, folder):
    done = subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[:800]}")
    return done.stdout


def name_of(d):
    return json.dumps([d["kind"], d.get("agreement"), d.get("clause"), d.get("subject"),
                       d["clock"]["at"] if "clock" in d else d.get("window")])


def content(d):
    return {k: v for k, v in d.items() if k not in ABOUT_THE_LINE}


def by_name(lines):
    named = defaultdict(list)
    for d in lines:
        named[name_of(d)].append(d)
    return named


def expected_changes(old, new):
    """(what, agreement, clause, was, is) of each change, as a sorted list."""
    out = []
    before, after = by_name(old), by_name(new)
    for name in {*before, *after}:
        a, b = before[name], after[name]
        for i in range(max(len(a), len(b))):
            x, y = (a + [None] * len(b))[i], (b + [None] * len(a))[i]
            if x and y and content(x) == content(y):
                continue
            d = x or y
            was, now = x and x["status"], y and y["status"]
            money = Fraction((y or {}).get("credit", {}).get("amount", 0)) - \
                Fraction((x or {}).get("credit", {}).get("amount", 0))
            what = "only_new" if not x else "only_old" if not y else \
                "flip" if was != now else "credit" if money else "terms"
            out.append((what, d["agreement"], d["clause"], was or "", now or "", str(money)))
    return sorted(out)


def parties_of(agreement, club):
    """(who pays, to whom) of an agreement, or of the framework's own clauses."""
    for a in club["agreements"]:
        if a["name"] == agreement:
            return a["between"]
    roles = {p["role"]: p["name"] for p in random_clubs.PARTIES}
    return roles["integrator"], roles["client"]


def expected_money(lines, club):
    """What each party pays and receives, as {(verb, party, currency): amount}."""
    sums = defaultdict(Fraction)

    def move(payer, payee, currency, amount):
        sums["pays", payer, currency] += amount
        sums["receives", payee, currency] += amount

    for d in lines:
        if "credit" not in d:
            continue
        currency = d["credit"]["currency"]
        for r in d.get("parties", []):
            sums["pays", r["party"], currency] += Fraction(r["paid_in"])
            sums["receives", r["party"], currency] += Fraction(r["paid_out"])
        if d["kind"] == "pool":
            continue
        left = Fraction(d["credit"]["amount"])
        supplier, customer = parties_of(d["agreement"], club)
        for r in d.get("responsible", []):
            amount = Fraction(r.get("amount", 0))
            left -= amount
            if r["party"] != customer:
                move(r["party"], customer, currency, amount)
        move(supplier, customer, currency, left)
    return {k: v for k, v in sums.items() if v}


def one_club(name, entente, keep):
    maker = random_clubs.Maker(name, set())
    club, facts = maker.club(), maker.facts()
    start, end = maker.period()
    rng = random.Random(name)
    folder = tempfile.mkdtemp(prefix="entente-backtest-")
    problems = []
    number = 0
    try:
        if rng.random() < 0.4:
            facts = {n: rng.sample(rows, len(rows)) for n, rows in facts.items()}
        random_clubs.write(folder, club, facts)
        text = source.source(club)
        with open(os.path.join(folder, "new.ent"), "w", encoding="utf-8") as f:
            f.write(changed(text, rng))
        args = []
        for f in club["feeds"]:
            args += ["--feed", f"{f['name']}={f['name']}.csv"]
        for option, at in (("--from", start), ("--to", end)):
            if at is not None:
                args += [option, tl.format_instant(at)]
        ledgers = []
        for which in ("club", "new"):
            execute([entente, "run", which + ".ent", *args, "--ledger", which + ".jsonl"], folder)
            with open(os.path.join(folder, which + ".jsonl"), encoding="utf-8") as f:
                ledgers.append([json.loads(line) for line in f][1:])
        said = json.loads(execute([entente, "backtest", "club.ent", "new.ent", *args,
                                   "--format", "json"], folder))
        have = sorted((c["change"], c["agreement"], c["clause"], c.get("was", ""), c.get("is", ""),
                       str(Fraction(c.get("credit", {}).get("change", 0)))) for c in said["changes"])
        want = expected_changes(*ledgers)
        number = len(want)
        if have != want:
            odd = sorted(set(have) ^ set(want))
            problems.append(f"{len(odd)} changes differ, such as {odd[:3]}")
        for k, when in enumerate(("before", "after")):
            told = {(verb, p["party"], p["currency"]): Fraction(p[verb][when])
                    for p in said["parties"] for verb in ("pays", "receives")}
            if {key: v for key, v in told.items() if v} != expected_money(ledgers[k], club):
                problems.append(f"money {when}: {told}")
        rows = sum(len(r) for n, r in facts.items())
        if said["rows"] > rows:
            problems.append(f"{said['rows']} rows were read of {rows}")
    except (RuntimeError, subprocess.TimeoutExpired) as e:
        problems.append(str(e))
    finally:
        if problems and keep:
            shutil.copytree(folder, os.path.join(keep, name), dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    return problems, number


if __name__ == "__main__":
    sys.exit(random_clubs.each_club("a backtest against two runs", "backtests, seed {seed}: {n} changes", one_club))
