#!/usr/bin/env python3
"""Random worlds: who answers, who caused it and who pays must be what the oracle says.

    random_worlds.py --seed S --count N --entente PATH [--keep DIR] [--start I]
                     [--variants N] [--without WORD,WORD] [--show N] [--jobs N]

Each world is made from the seed `S-I` alone (world_maker.py), printed as source and CSV, decided by
the oracle (tests/oracle/accountability.py) and by `entente run`, and compared decision by decision:
status, figure, clock, credit, accountable party, shares as exact ratios, but-for causes, degrees,
time held and in excess, structural gap and each party's part of the credit; and of the table, whose time
clocks were. Every `--variants`-th world is decided again with its parties renamed, which must rename the
answer and change nothing else, and with facts about a service that nothing in it depends on. Parties that are
alike in the replay must have equal shares. `--without` leaves features out (caused, money, cap, cut, absent,
gaps, twice, excluding, following, counting, parts, share, figure, count, time, mirror, above, client_duty,
outcomes, integrator, no_data, amendments, rolling, pools, framework_goals, last_holder, turning, or a policy of joint
causes).
Ends with `N passed, N failed`; the exit status is 1 if any failed.
"""

import argparse
import copy
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import Counter
from itertools import combinations

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "oracle")]
import accountability  # noqa: E402
import answers  # noqa: E402
import entente_oracle as oracle  # noqa: E402
import game  # noqa: E402
import ledger  # noqa: E402
import random_clubs as clubs  # noqa: E402
import whose  # noqa: E402
import world_maker  # noqa: E402

OTHER_NAMES = {"NetCo": "Zeta", "HostCo": "Yarn", "AppCo": "Xeno", "DataCo": "Wool",
               "Acme": "Client1", "Hermes": "Broker"}


def run(entente, folder, world, name="out.jsonl", extra=()):
    """The decisions of a world, or a text that says why there are none."""
    club, facts, period = world
    clubs.write(folder, club, facts)
    done = clubs.execute(clubs.command(entente, folder, club, period, "club.ent", name, extra), folder)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr.strip()[:1500]}"
    return ledger.read(os.path.join(folder, name))


def table_of(entente, folder, world, extra=()):
    """What a run prints for a person."""
    club, facts, period = world
    clubs.write(folder, club, facts)
    done = clubs.execute(clubs.command(entente, folder, club, period, "club.ent", "table.jsonl",
                                       ["--format", "table", *extra]), folder)
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip()[:1500]}"


def renamed(thing):
    """The same world under other names of its parties."""
    if isinstance(thing, dict):
        return {k: renamed(v) for k, v in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [renamed(v) for v in thing]
    return OTHER_NAMES.get(thing, thing) if isinstance(thing, str) else thing


def essence(lines, rename=None):
    """What a ledger decides, without what may differ: hashes, places, order of parties."""
    out = []
    for d in lines:
        d = {k: v for k, v in d.items()
             if k in ("kind", "agreement", "clause", "subject", "window", "clock", "status",
                      "measure_exact", "credit", "accountable", "responsible", "structural_gap")}
        if rename:
            d = renamed(d)
        d["responsible"] = sorted(d.get("responsible") or [], key=lambda r: r["party"])
        out.append(json.dumps(d, sort_keys=True))
    return sorted(out)


def with_bystander(world):
    """The world with a service that nothing depends on, its outages and its maintenance."""
    club, facts, period = copy.deepcopy(world)
    club["parties"].append({"name": "Bystander", "role": "provider"})
    club["services"].append({"name": "aside", "by": "Bystander", "depends": []})
    for r in [r for r in facts["probe"] if r["service"] == club["services"][0]["name"]]:
        facts["probe"].append({**r, "service": "aside", "up": "false"})
    for r in facts["change"][:2]:
        facts["change"].append({**r, "id": "X" + r["id"], "service": "aside"})
    return club, facts, period


def selective(club):
    """Does each objective over samples say of which service, so that others are not in it?"""
    measures = [(a["kind"], o["measure"]) for a in club["agreements"] for o in a["objectives"]]
    return all(m["feed"] != "probe" or m.get("arg") or (m.get("per") and kind != "framework") or
               oracle.split_selection(m.get("where"), "service")[0] for kind, m in measures)


def variants(entente, folder, world, lines):
    """Worlds that must be decided alike; what is not."""
    out = []
    if run(entente, folder, world, "threads.jsonl", ["--jobs", "3", "--batch", "5"]) != lines:
        out.append("three jobs: another ledger")
    for way in (["--jobs", "3", "--batch", "5"], ["--portable"]):
        if table_of(entente, folder, world, way) != table_of(entente, folder, world):
            out.append(f"{' '.join(way)}: another table")
    found = run(entente, folder, renamed(list(world)), "renamed.jsonl")
    if isinstance(found, str) or essence(found) != essence(lines, True):
        out.append("renamed parties: another answer " + (found if isinstance(found, str) else ""))
    if selective(world[0]):
        found = run(entente, folder, with_bystander(world), "bystander.jsonl")
        if isinstance(found, str) or essence(found) != essence(lines):
            out.append("facts about another service: another answer " +
                       (found if isinstance(found, str) else ""))
    return out


def own_properties(decisions):
    """Properties of the oracle's answers, so that the two are not wrong together."""
    out = []
    for d in decisions:
        a = d.get("answer")
        if not a:
            continue
        shares = {p: x["share"] for p, x in a["parties"].items() if x.get("share") is not None}
        nothing = a["game"][frozenset()][0] == a["game"][game.members(a["game"])][0]
        if a["mode"] != "jointly" and (sum(shares.values()) != 1) != nothing:
            out.append(f"{d['clause']}: shares {shares}")
        if a.get("calm", True) and any(x < 0 for x in shares.values()):
            out.append(f"{d['clause']}: a share below zero, {shares}")
        for p, x in a["parties"].items():
            if x.get("excess") == 0 and x["share"]:
                out.append(f"{d['clause']}: {p} is within its allowance and has a share")
        if a["mode"] != "by charge":
            for p, q in combinations(shares, 2):
                if game.symmetric(a["game"], p, q) and shares[p] != shares[q]:
                    out.append(f"{d['clause']}: {p} and {q} are alike, shares {shares}")
    return out


def plain(decision):
    """A decision as JSON can hold it, for the folder of a world that failed."""
    out = oracle.plain({k: v for k, v in decision.items() if k != "answer"})
    a = decision.get("answer")
    if a:
        out["answer"] = {
            "accountable": a["accountable"], "gap": str(a["gap"]), "mode": a["mode"],
            "v": {" ".join(sorted(s)) or "nobody": [str(v), breach]
                  for s, (v, breach) in a["game"].items()},
            "parties": {p: {k: v if isinstance(v, bool) or v is None else str(v)
                            for k, v in x.items()} for p, x in a["parties"].items()}}
    return out


def one_world(name, args, entente):
    """(problems of one world as texts, what was in it)"""
    maker = world_maker.Maker(name, args.without)
    world = [maker.club(), maker.facts(), maker.period()]
    expected = accountability.decide(*world[:2], *world[2])
    answered = [d["answer"]["parties"].values() for d in expected if d.get("answer")]
    tally = Counter(decisions=len(expected), breaches=len(answered),
                    several=sum(sum(bool(x["share"]) for x in a) > 1 for a in answered))
    problems = own_properties(expected)
    folder = tempfile.mkdtemp(prefix="entente-world-")
    try:
        if entente:
            lines = run(entente, folder, world)
            if isinstance(lines, str):
                problems.append(lines)
            else:
                table = table_of(entente, folder, world)
                problems += ledger.compare(expected, lines) + answers.compare(expected, lines)
                problems += whose.compare(*world, table)
                tally["whose"] += len(whose.read(table))
                if not problems and args.variants and int(name.split("-")[-1]) % args.variants == 0:
                    problems += variants(entente, folder, world, lines)
        if problems and args.keep:
            clubs.write(folder, *world[:2])
            keep_world(os.path.join(args.keep, name), folder, world, expected)
        return problems, tally
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_world(keep, folder, world, expected):
    shutil.rmtree(keep, ignore_errors=True)
    shutil.copytree(folder, keep)
    with open(os.path.join(keep, "world.json"), "w", encoding="utf-8") as f:
        json.dump(world, f, indent=1)
    with open(os.path.join(keep, "expected.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(plain(d)) + "\n" for d in expected)


def arguments():
    p = argparse.ArgumentParser(description="random worlds against the oracle")
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", help="the command; without it only the oracle runs")
    p.add_argument("--keep", help="folder for the worlds that fail")
    p.add_argument("--variants", type=int, default=5, help="every n-th world; 0 for none")
    p.add_argument("--without", type=lambda s: set(s.split(",")), default=set())
    p.add_argument("--jobs", type=int, help="worlds at a time; as many as there are processors")
    p.add_argument("--show", type=int, default=6, help="differences shown for a world")
    return p.parse_args()


def main():
    args = arguments()
    entente = os.path.abspath(args.entente) if args.entente else None
    names = [f"{args.seed}-{i}" for i in range(args.start, args.start + args.count)]
    tally = Counter()
    passed = failed = 0
    with multiprocessing.Pool(args.jobs) as pool:
        results = pool.starmap(one_world, [(name, args, entente) for name in names], chunksize=8)
    for name, (problems, found) in zip(names, results):
        tally.update(found)
        if problems:
            failed += 1
            print(f"seed {name}: {len(problems)} differences")
            for text in problems[:args.show]:
                print("  " + text.replace("\n", "\n  "))
        else:
            passed += 1
    print(f"random worlds, seed {args.seed}: {tally['decisions']} decisions, {tally['breaches']} "
          f"breaches, {tally['several']} with several responsible, {tally['whose']} lists of whose time "
          f"it was; {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
