#!/usr/bin/env python3
"""A ledger and its adjustments add up to the ledger of one run that had known everything.

    restatement.py --seed S --count N --entente PATH [--start I] [--keep DIR]

Each club is one of random_clubs.py; each of its rows becomes known at one of three instants, which
stands in a field `recorded`. The club is decided as of the first instant, restated as of the second and
again with all that is known, each time against the ledgers before. Then:
  - replaying the adjustments over the first ledger gives the decisions of one run over everything,
    all but their places, sources and evidence;
  - each adjustment's difference in money and in shares is what the two lines say;
  - the money of the first ledger and all differences sum to that of the one run;
  - a run as of the first instant decides as a run over only the rows known then.
Ends with `N passed, N failed`; the exit status is 1 if any failed.
"""

import csv
import io
import json
import os
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

STAGES = ["2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", "2030-03-01T00:00:00Z"]
ABOUT_THE_LINE = {"seq", "kind", "prev", "hash", "because", "source", "adjusts", "difference"}


def with_recorded(text):
    """The source, each feed with a field that says when a fact was recorded."""
    return re.sub(r"(?m)^(feed [^{]*\{)", r"\1\n  recorded instant recorded", text)


def write(folder, club, facts, stages, known, suffix):
    for name, text in source.facts_csv(club, facts).items():
        rows = list(csv.reader(io.StringIO(text)))
        with open(os.path.join(folder, name + suffix), "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(rows[0] + ["recorded"])
            for row, stage in zip(rows[1:], stages[name]):
                if stage <= known:
                    out.writerow(row + ([STAGES[stage]] if stage or len(row) % 2 else [""]))


def run(entente, folder, club, period, suffix, ledger, extra=()):
    args = [entente, "run", "club.ent", "--from", tl.format_instant(period[0]), "--to",
            tl.format_instant(period[1]), "--ledger", ledger, *extra]
    for f in club["feeds"]:
        args += ["--feed", f"{f['name']}={f['name']}{suffix}"]
    done = subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[:800]}")
    with open(os.path.join(folder, ledger), encoding="utf-8") as f:
        return [json.loads(line) for line in f][1:]


def content(line):
    return {k: v for k, v in line.items() if k not in ABOUT_THE_LINE}


def kind(line):
    return line.get("adjusts", line)["kind"]


def credit(line):
    c = (line or {}).get("credit")
    return (c["currency"], Fraction(c["amount"])) if c else ("GBP", Fraction(0))


def parties(line, key, which="responsible"):
    return {r["party"]: Fraction(r.get(key, 0)) for r in (line or {}).get(which, [])}


def replay(standing, lines, problems):
    """Takes the lines of a restatement over `standing`, a dict from hash to line."""
    for line in lines:
        if line["kind"] != "adjustment":
            standing[line["hash"]] = line
            continue
        old = standing.pop(line["adjusts"]["hash"], None)
        if old is None:
            problems.append(f"adjustment {line['seq']} refers to nothing that stands")
            continue
        if (old["seq"], kind(old), old["status"]) != tuple(
                line["adjusts"][k] for k in ("seq", "kind", "status")):
            problems.append(f"adjustment {line['seq']} tells its old line wrongly")
        now = None if line["status"] == "withdrawn" else line
        diff = line["difference"]
        said = Fraction(diff.get("credit", {}).get("amount", "0"))
        if said != credit(now)[1] - credit(old)[1]:
            problems.append(f"adjustment {line['seq']}: money {said}")
        for which, key in (("responsible", "share"), ("responsible", "amount"),
                           ("parties", "paid_in"), ("parties", "paid_out"), ("parties", "amount")):
            before, after = parties(old, key, which), parties(now, key, which)
            told = {r["party"]: Fraction(r[key]) for r in diff.get(which, []) if key in r}
            real = {p: after.get(p, 0) - before.get(p, 0) for p in {*before, *after}}
            if told != {p: d for p, d in real.items() if d}:
                problems.append(f"adjustment {line['seq']}: {key} {told}")
        if now:
            standing[line["hash"]] = line


def money(lines):
    sums = defaultdict(Fraction)
    for line in lines:
        currency, amount = credit(line)
        sums[line["agreement"], currency] += amount
    return {k: v for k, v in sums.items() if v}


def differences(lines):
    """The money of a restatement: differences, and the credits of decisions that are new in it."""
    sums = defaultdict(Fraction)
    for line in lines:
        moved = line["difference"] if line["kind"] == "adjustment" else line
        currency, amount = credit(moved)
        sums[line["agreement"], currency] += amount
    return sums


def one_club(name, entente, keep):
    maker = random_clubs.Maker(name, set())
    club, facts = maker.club(), maker.facts()
    start, end = maker.period()
    instants = [tl.parse_instant(r["at"]) for rows in facts.values() for r in rows] or [0]
    period = (start if start is not None else min(instants),
              end if end is not None else max(instants) + 1)
    if period[0] >= period[1]:
        return [], 0
    rng = maker.r
    stages = {n: [rng.choices([0, 1, 2], [6, 2, 2])[0] for _ in rows] for n, rows in facts.items()}
    for f in club["feeds"]:
        stages.setdefault(f["name"], [])
    folder = tempfile.mkdtemp(prefix="entente-restate-")
    problems = []
    try:
        with open(os.path.join(folder, "club.ent"), "w", encoding="utf-8") as f:
            f.write(with_recorded(source.source(club)))
        write(folder, club, facts, stages, 2, ".csv")
        write(folder, club, facts, stages, 0, ".first.csv")
        first = run(entente, folder, club, period, ".csv", "a.jsonl", ["--as-of", STAGES[0]])
        only = run(entente, folder, club, period, ".first.csv", "only.jsonl")
        if [content(d) for d in first] != [content(d) for d in only]:
            problems.append("as of the first instant it decides otherwise than over those rows")
        second = run(entente, folder, club, period, ".csv", "b.jsonl",
                     ["--as-of", STAGES[1], "--restate", "a.jsonl"])
        third = run(entente, folder, club, period, ".csv", "c.jsonl",
                    ["--restate", "a.jsonl", "--restate", "b.jsonl"])
        whole = run(entente, folder, club, period, ".csv", "whole.jsonl")
        standing = {d["hash"]: d for d in first}
        replay(standing, second, problems)
        replay(standing, third, problems)
        have = sorted(json.dumps([kind(d), content(d)], sort_keys=True) for d in standing.values())
        want = sorted(json.dumps([kind(d), content(d)], sort_keys=True) for d in whole)
        if have != want:
            odd = set(have) ^ set(want)
            problems.append(f"{len(odd)} decisions differ, such as {min(odd)[:600]}")
        sums = defaultdict(Fraction, money(first))
        for lines in (second, third):
            for key, amount in differences(lines).items():
                sums[key] += amount
        if {k: v for k, v in sums.items() if v} != money(whole):
            problems.append("the money does not add up")
        again = run(entente, folder, club, period, ".csv", "d.jsonl",
                    [x for n in "abc" for x in ("--restate", n + ".jsonl")])
        if again:
            problems.append(f"a restatement without news has {len(again)} lines")
        changed = len(second) + len(third)
    except (RuntimeError, subprocess.TimeoutExpired) as e:
        problems.append(str(e))
        changed = 0
    finally:
        if problems and keep:
            shutil.copytree(folder, os.path.join(keep, name), dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    return problems, changed


if __name__ == "__main__":
    sys.exit(random_clubs.each_club("ledger and adjustments against one run", "restatements, seed {seed}: {n} lines", one_club))
