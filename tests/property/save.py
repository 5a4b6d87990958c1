#!/usr/bin/env python3
"""An engine that is saved and restored again and again decides what one does that never was.

    save.py --seed S --count N --entente PATH --driver PATH [--worlds] [--hostile N] [--start I] [--keep DIR]

Clubs are those of random_clubs.py, or, with --worlds, those of random_worlds.py (who answers for what).  save_driver
compares the ledger's lines of both ways byte by byte; here they are held against those of `entente run`, too.
--hostile: so many saved states a club are changed, with digests that fit.  Ends with `N passed, N failed`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import random_clubs as clubs
import world_maker

CHAIN = {"seq", "prev", "hash"}


def content(line):
    return {k: v for k, v in json.loads(line).items() if k not in CHAIN}


def make(name, worlds):
    """club, facts, period"""
    maker = (world_maker if worlds else clubs).Maker(name, set())
    return maker.club(), maker.facts(), maker.period()


def one(name, args):
    club, facts, period = make(name, args.worlds)
    number = int(name.split("-")[-1])
    folder = tempfile.mkdtemp(prefix="entente-save-")
    try:
        clubs.write(folder, club, facts)
        run = clubs.execute(clubs.command(args.entente, folder, club, period), folder)
        built = clubs.execute([args.entente, "build", "-o", "club.entc", "club.ent"], folder)
        if run.returncode or built.returncode:
            return f"exit {run.returncode}: {(run.stderr + built.stderr).strip()[:500]}"
        command = [args.driver, "club.entc", "--batch", str(1 + number % 9),
                   "--every", str(1 + number % 3), "--seed", str(number),
                   "--hostile", str(args.hostile)]
        for f in club["feeds"]:
            command += ["--feed", f"{f['name']}={f['name']}.csv"]
        for option, at in zip(("--from", "--to"), period):
            command += [option, str(at)] if at is not None else []
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120,
                              check=False)
        if done.returncode:
            if args.keep:
                shutil.copytree(folder, os.path.join(args.keep, name), dirs_exist_ok=True)
            return f"exit {done.returncode}: {done.stderr.strip()[-1500:]}\n{' '.join(command)}"
        with open(os.path.join(folder, "out.jsonl"), encoding="utf-8") as f:
            expected = [content(line) for line in list(f)[1:]]
        if [content(line) for line in done.stdout.splitlines()] != expected:
            return "other decisions than those of `entente run`"
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description="saved and restored, the same decisions")
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", required=True, type=os.path.abspath)
    p.add_argument("--driver", required=True, type=os.path.abspath)
    p.add_argument("--worlds", action="store_true")
    p.add_argument("--hostile", type=int, default=0)
    p.add_argument("--keep", help="folder for the clubs that fail")
    args = p.parse_args()
    passed = failed = 0
    for i in range(args.start, args.start + args.count):
        problem = one(f"{args.seed}-{i}", args)
        passed, failed = passed + (problem is None), failed + (problem is not None)
        if problem:
            print(f"seed {args.seed}-{i}: {problem}")
    print(f"saved and restored: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
