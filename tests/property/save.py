#!/usr/bin/env python3
"""An engine that is saved and restored again and again decides what one does that never was.

    save.py --seed S --count N --entente PATH --driver PATH [--worlds] [--hostile N] [--start I]
            [--keep DIR]
    save.py --entente PATH --driver PATH [--hostile N] RUN.sh...

Clubs are those of random_clubs.py, or, with --worlds, those of random_worlds.py (who answers for
what), or those that the given scripts run.  save_driver compares the ledger's lines of both ways
byte by byte; here they are held against those of `entente run`, too.  --hostile: so many saved
states a club are changed, with digests that fit.  Ends with `N passed, N failed`.
"""

import argparse
import datetime
import json
import os
import shlex
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


def in_pieces(folder, program, feeds, period, number, args):
    """What is wrong with the decisions of a club that is saved all the time, or None."""
    built = clubs.execute([args.entente, "build", "-o", "saved.entc", program], folder)
    if built.returncode:
        return f"build: exit {built.returncode}: {built.stderr.strip()[:500]}"
    command = [args.driver, "saved.entc", "--batch", str(1 + number % 9), "--every",
               str(1 + number % 3), "--seed", str(number), "--hostile", str(args.hostile)]
    for feed in feeds:
        command += ["--feed", feed]
    for option, at in zip(("--from", "--to"), period):
        command += [option, str(at)] if at is not None else []
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300,
                          check=False)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr.strip()[-1500:]}\n{' '.join(command)}"
    with open(os.path.join(folder, "out.jsonl"), encoding="utf-8") as f:
        expected = [content(line) for line in list(f)[1:]]
    if [content(line) for line in done.stdout.splitlines()] != expected:
        return "other decisions than those of `entente run`"
    return None


def one(name, args):
    club, facts, period = make(name, args.worlds)
    number = int(name.split("-")[-1])
    folder = tempfile.mkdtemp(prefix="entente-save-")
    try:
        clubs.write(folder, club, facts)
        run = clubs.execute(clubs.command(args.entente, folder, club, period), folder)
        if run.returncode:
            return f"exit {run.returncode}: {run.stderr.strip()[:500]}"
        feeds = [f"{f['name']}={f['name']}.csv" for f in club["feeds"]]
        problem = in_pieces(folder, "club.ent", feeds, period, number, args)
        if problem and args.keep:
            shutil.copytree(folder, os.path.join(args.keep, name), dirs_exist_ok=True)
        return problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def instant(text):
    """RFC 3339 to nanoseconds; the examples' periods are whole seconds."""
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * 10**9


def script(path, args):
    """The same for the club that a script runs: `... run PROGRAM --feed NAME=FILE ...`."""
    with open(path, encoding="utf-8") as f:
        words = shlex.split(f.read().replace("\\\n", " "), comments=True)
    words = words[words.index("run") + 1:]
    feeds = [words[i + 1] for i, word in enumerate(words) if word == "--feed"]
    root = tempfile.mkdtemp(prefix="entente-save-")
    try:
        own = os.path.dirname(os.path.abspath(path))
        shutil.copytree(os.path.dirname(own), root, dirs_exist_ok=True)  # some use their neighbours
        folder = os.path.join(root, os.path.basename(own))
        env = dict(os.environ, ENTENTE=args.entente)
        run = subprocess.run(["sh", os.path.basename(path), "--ledger", "out.jsonl"], cwd=folder,
                             env=env, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode:
            return f"exit {run.returncode}: {run.stderr.strip()[:500]}"
        with open(os.path.join(folder, "out.jsonl"), encoding="utf-8") as f:
            first = json.loads(f.readline())
        period = instant(first["from"]), instant(first["to"])
        return in_pieces(folder, words[0], feeds, period, len(path), args)
    finally:
        shutil.rmtree(root, ignore_errors=True)


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
    p.add_argument("scripts", nargs="*", help="run these instead")
    args = p.parse_args()
    names = args.scripts or [f"{args.seed}-{i}" for i in range(args.start, args.start + args.count)]
    passed = failed = 0
    for name in names:
        problem = (script if args.scripts else one)(name, args)
        passed, failed = passed + (problem is None), failed + (problem is not None)
        if problem:
            print(f"{name}: {problem}")
    print(f"saved and restored: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
