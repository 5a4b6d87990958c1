#!/usr/bin/env python3
"""Turns each clock case into an agreement with facts, runs `entente`, compares.

    run.py --entente PATH [--keep DIR]     the command against the cases
    run.py --oracle                        the naive oracle against the cases

The cases are plain data (README.md beside this file); their expected values were worked out by
hand. Ends with `N passed, N failed`; exit status 1 if any failed.
"""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "oracle"))
import entente_oracle as oracle  # noqa: E402
import entente_source as source  # noqa: E402
import ledger  # noqa: E402
import timeline as tl  # noqa: E402

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PARTIES = ["Desk", "Vendor", "Other"]


def weekdays(text):
    first, last = text.split("-")
    return list(range(WEEK.index(first), WEEK.index(last) + 1))


def event(names):
    """Rows named by events, or by one event of one party."""
    alts = []
    for n in [names] if isinstance(names, dict) else names:
        if isinstance(n, str):
            alts.append({"feed": "ticket", "event": n})
        else:
            where = ["==", ["field", "party"], ["lit", "member", n["party"]]]
            alts.append({"feed": "ticket", "event": n["event"], "where": where})
    return {"alts": alts}


def events_of(case):
    """Every event that the facts or the clauses name, in order of appearance."""
    c, names = case["clauses"], [f["event"] for f in case["facts"]]
    reopen = c.get("reopen", {})
    lists = [c["start_on"], c["stop_on"], c.get("void_on", []), [c.get("count_from", {})],
             reopen.get("on", []), reopen.get("until", [])]
    for hold in [*c.get("pause", []), c.get("excuse_during", {})]:
        lists += [hold.get("from", []), hold.get("to", [])]
    for n in [n for one in lists for n in one]:
        names.append(n if isinstance(n, str) else n.get("event"))
    return [n for n in dict.fromkeys(names) if n]


def calendars(case):
    out = {}
    for name, c in case["calendars"].items():
        out[name] = {"open": [{**r, "days": weekdays(r["days"])} for r in c["open"]],
                     "closed": c.get("closed", [])}
        if c.get("zone"):
            out[name]["timezone"] = c["zone"]
    return out


def duty(clauses, spans):
    d = {"name": "handle", "party": "Desk", "trigger": event(clauses["start_on"]),
         "discharge": event(clauses["stop_on"]), "within": [], "pausing": []}
    for a in clauses["allow"]:
        w = {"ns": tl.parse_duration(a["time"])}
        w.update({k: a[k] for k in ("of", "for") if k in a})
        d["within"].append(w)
    if any(a.get("for") for a in clauses["allow"]):
        d["by"] = "priority"
        named = {p for a in clauses["allow"] for p in a.get("for", [])}
        if all(a.get("for") for a in clauses["allow"]) and named < {"P1", "P2", "P3"}:
            d["within"].append({"ns": 1000 * tl.HOUR})        # priorities that no fact has
    for p in clauses.get("pause", []):
        d["pausing"].append(p["calendar"] if "calendar" in p else add_span(spans, p))
    if clauses.get("follow_priority"):
        d["following"] = "priority"
    if clauses.get("void_on"):
        d["void"] = event(clauses["void_on"])
    if clauses.get("excuse_during"):
        d["excused_during"] = add_span(spans, clauses["excuse_during"])
    if clauses.get("reopen"):
        r = clauses["reopen"]
        d.update(undo=event(r["on"]), undo_mode=r["mode"])
        if r["mode"] == "resume":
            d["until"] = event(r["until"])
    if clauses.get("count_from"):
        d["counting"] = event(clauses["count_from"])
        d["retroactive"] = clauses.get("retroactive", False)
    return d


def add_span(spans, pause):
    name = f"hold{len(spans)}"
    spans.append({"name": name, "per": "ticket", "from": event(pause["from"]),
                  "to": event(pause["to"])})
    return name


def club_of(case):
    """The case in the oracle's data model."""
    spans = []
    d = duty(case["clauses"], spans)
    fields = [{"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
              {"name": "event", "type": "enum", "members": events_of(case)},
              {"name": "priority", "type": "enum", "members": ["P1", "P2", "P3"]},
              {"name": "party", "type": "party"}]
    sla = {"name": "Agreement", "kind": "sla", "between": ["Desk", "Client"],
           "effective": ["2000-01-01", None], "duties": [d], "objectives": []}
    if case.get("share"):
        s = case["share"]
        o = {"name": "kept", "window": {"unit": s["each"]}, "unit": "ratio", "op": "at least",
             "target": str(Fraction(s["at_least"].rstrip("%")) / 100),
             "measure": {"agg": "share", "feed": "handle", "where": ["field", "met"]}}
        if s.get("no_data"):
            o["no_data"] = s["no_data"]
        sla["objectives"].append(o)
    parties = [{"name": "Client", "role": "client"}, {"name": "Hub", "role": "integrator"}]
    parties += [{"name": p, "role": "provider"} for p in PARTIES]
    return {"framework": {"name": "Cases", "timezone": case["zone"], "currency": "GBP"},
            "parties": parties, "services": [{"name": "desk", "by": "Desk"}],
            "feeds": [{"name": "ticket", "fields": fields}], "spans": spans,
            "calendars": calendars(case), "agreements": [sla]}


def instant(text):
    return tl.parse_instant(text) if text else None


def plain_decisions(decisions):
    """Clocks and shares of the oracle in the words of the cases."""
    clocks = [{"id": d["subject"], "status": d["status"], "started": d["at"], "due": d["due"],
               "done": d["done"], "elapsed": d["elapsed"], "allowed": d["allowed"],
               "open": d["open"]} for d in decisions if d["kind"] == "duty"]
    shares = [{"from": d["window"][0], "to": d["window"][1], "status": d["status"],
               "measure": d["measure"]} for d in decisions if d["kind"] == "objective"]
    return clocks, shares


def ledger_decisions(path):
    clocks, shares = [], []
    for d in ledger.read(path):
        if d["kind"] == "duty":
            c = d["clock"]
            clocks.append({"id": ledger.subject_of(d), "status": d["status"],
                           "started": instant(c["at"]), "due": instant(c.get("due")),
                           "done": instant(c.get("done")),
                           "elapsed": ns(c.get("elapsed")), "allowed": ns(c.get("allowed")),
                           "open": bool(c.get("open"))})
        elif d["kind"] == "objective":
            exact = d.get("measure_exact")
            shares.append({"from": instant(d["window"]["from"]), "to": instant(d["window"]["to"]),
                           "status": d["status"],
                           "measure": Fraction(exact) if exact is not None else None})
    return clocks, shares


def ns(text):
    return None if text is None else ledger.seconds(text)


def expected(case):
    clocks = []
    for e in case["expect"]:
        c = dict(e)
        for k in ("started", "due", "done"):
            if k in c:
                c[k] = instant(c[k])
        for k in ("elapsed", "allowed"):
            if k in c:
                c[k] = tl.parse_duration(c[k])
        clocks.append(c)
    shares = [{"from": instant(s["from"]), "to": instant(s["to"]), "status": s["status"],
               "measure": Fraction(s["measure"]) if s["measure"] is not None else None}
              for s in case.get("share", {}).get("expect", [])]
    return clocks, shares


def differences(wanted, given, order):
    """Differences between two lists of plain objects; only what is expected is compared."""
    wanted, given = (sorted(x, key=lambda d: tuple(str(d[k]) for k in order))
                     for x in (wanted, given))
    if len(wanted) != len(given):
        return [f"{len(wanted)} expected, {len(given)} decided: {given}"]
    return [f"{w.get('id', 'share')}: {k} should be {text(k, w[k])}, is {text(k, g[k])}"
            for w, g in zip(wanted, given) for k in w if w[k] != g[k]]


def text(kind, value):
    if kind in ("started", "due", "done", "from", "to") and value is not None:
        return tl.format_instant(int(value))
    if kind in ("elapsed", "allowed") and value is not None:
        return tl.format_duration(int(value))
    return str(value)


def decide(case, entente, keep):
    """(clocks, shares) by the command or by the oracle; raises RuntimeError if it fails."""
    club, facts = club_of(case), {"ticket": case["facts"]}
    period = [instant(t) for t in case["period"]]
    if entente is None:
        return plain_decisions(oracle.decide(club, facts, *period))
    folder = tempfile.mkdtemp(prefix="entente-clock-")
    try:
        with open(os.path.join(folder, "case.ent"), "w", encoding="utf-8") as f:
            f.write(source.source(club))
        with open(os.path.join(folder, "ticket.csv"), "w", encoding="utf-8") as f:
            f.write(source.facts_csv(club, facts)["ticket"])
        done = subprocess.run([entente, "run", "case.ent", "--feed", "ticket=ticket.csv", "--from",
                               case["period"][0], "--to", case["period"][1], "--format", "jsonl",
                               "--ledger", "out.jsonl"], cwd=folder, capture_output=True,
                              text=True, timeout=60, check=False)
        if keep:
            name = "".join(c if c.isalnum() else "-" for c in case["name"])
            shutil.copytree(folder, os.path.join(keep, name), dirs_exist_ok=True)
        if done.returncode:
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[:1200]}")
        return ledger_decisions(os.path.join(folder, "out.jsonl"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description="the clock cases")
    p.add_argument("--entente", help="the command")
    p.add_argument("--oracle", action="store_true", help="check the oracle instead")
    p.add_argument("--keep", help="folder for the sources, facts and ledgers")
    args = p.parse_args()
    if not args.entente and not args.oracle:
        p.error("give --entente PATH or --oracle")
    entente = os.path.abspath(args.entente) if args.entente else None
    passed = failed = 0
    for path in sorted(glob.glob(os.path.join(HERE, "*.json"))):
        with open(path, encoding="utf-8") as f:
            cases = json.load(f)["cases"]
        for case in cases:
            try:
                clocks, shares = decide(case, entente, args.keep)
                wanted = expected(case)
                bad = differences(wanted[0], clocks, ("started", "id"))
                bad += differences(wanted[1], shares, ("from",))
            except RuntimeError as e:
                bad = [str(e)]
            passed, failed = passed + (not bad), failed + bool(bad)
            if bad:
                print(f"{os.path.basename(path)}: {case['name']}")
                for b in bad:
                    print("  " + b.replace("\n", "\n  "))
    print(f"clock cases: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
