#!/usr/bin/env python3
"""A session with a whole ledger that is saved at random rows and restored in new processes gives the ledger of one that
was not, and that of `entente run`, to the byte.

    whole.py --seed S --count N --entente PATH --driver PATH [--worlds] [--start I]

Clubs are those of random_clubs.py or, with --worlds, of random_worlds.py.  Rows go in by the order of time, in pieces of
random size with the watermark close behind or not moved at all; every few pieces the process ends, and whole_driver goes
on in another.  Ends with `N passed, N failed`.
"""

import argparse
import csv
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile

import random_clubs as clubs
import save
from random_clubs import source, tl


def read_rows(club, facts):
    """Of each feed: the header and its rows, each with its instant, in the order of the file."""
    texts = source.facts_csv(club, facts)
    tables = {}
    for feed in club["feeds"]:
        header, *rows = csv.reader(io.StringIO(texts[feed["name"]]))
        at = header.index("at")
        tables[feed["name"]] = header, [(tl.parse_instant(row[at]), row) for row in rows]
    return tables


def write_piece(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def steps_of(folder, tables, rng):
    """Pushes of all rows and advances between them, as words for whole_driver."""
    order = [(at, name, row) for name, (_, rows) in tables.items() for at, row in rows]
    order.sort(key=lambda item: item[0])
    steps, done, moves = [], 0, rng.random() < 0.8
    while done < len(order):
        piece = order[done:done + rng.choice((1, 2, 5, 20, 200))]
        done += len(piece)
        for name, (header, _) in tables.items():
            rows = [row for _, own, row in piece if own == name]
            if rows:
                path = f"piece-{len(steps)}.csv"
                write_piece(os.path.join(folder, path), header, rows)
                steps.append(["push", name, path])
        if moves and done < len(order) and rng.random() < 0.7:
            steps.append(["advance", str(order[done][0])])
    for name, (header, rows) in tables.items():  # a feed that was given no rows was given, too
        if not rows:
            write_piece(os.path.join(folder, f"none-{name}.csv"), header, [])
            steps.append(["push", name, f"none-{name}.csv"])
    return steps


def live(folder, args, period, steps, cuts, ledger):
    """Runs the steps, in a new process from each cut on; what went wrong, or None."""
    begin = [word for name, at in zip(("from", "to"), period) if at is not None for word in (name, str(at))]
    ends = [*sorted(cuts), len(steps)]
    first = 0
    for end in ends:
        words = [word for step in steps[first:end] for word in step]
        words = [args.driver, "club.entc", "state", "resume" if first else "new", *([] if first else begin), *words]
        if end == len(steps):
            words += ["finish", ledger]
        run = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode:
            return f"exit {run.returncode}: {run.stderr.strip()[-800:]}"
        first = end
    return None


def one(name, args):
    club, facts, period = save.make(name, args.worlds)
    rng = random.Random(f"whole {name}")
    folder = tempfile.mkdtemp(prefix="entente-whole-")
    try:
        clubs.write(folder, club, facts)
        run = clubs.execute(clubs.command(args.entente, folder, club, period), folder)
        built = clubs.execute([args.entente, "build", "-o", "club.entc", "club.ent"], folder)
        if run.returncode or built.returncode:
            return f"exit {run.returncode}, {built.returncode}: {(run.stderr + built.stderr).strip()[:500]}"
        steps = steps_of(folder, read_rows(club, facts), rng)
        cuts = rng.sample(range(1, len(steps)), min(len(steps) - 1, rng.choice((1, 2, 4, 12)))) if len(steps) > 1 else []
        problem = live(folder, args, period, steps, [], "whole.jsonl") or \
            live(folder, args, period, steps, cuts, "pieces.jsonl")
        if problem:
            return problem
        ledgers = [clubs.ledger_bytes(folder, file) for file in ("whole.jsonl", "pieces.jsonl", "out.jsonl")]
        if ledgers[0] != ledgers[1]:
            return f"another ledger in {len(cuts) + 1} pieces"
        return None if ledgers[0] == ledgers[2] else "another ledger than that of `entente run`"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description="whole ledgers of sessions that are saved and restored")
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", required=True, type=os.path.abspath)
    p.add_argument("--driver", required=True, type=os.path.abspath)
    p.add_argument("--worlds", action="store_true")
    args = p.parse_args()
    passed = failed = 0
    for i in range(args.start, args.start + args.count):
        problem = one(f"{args.seed}-{i}", args)
        passed, failed = passed + (problem is None), failed + (problem is not None)
        if problem:
            print(f"{args.seed}-{i}: {problem}")
    print(f"whole ledgers in pieces: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
