#!/usr/bin/env python3
"""Replays the duties of examples/service-desk over a ServiceNow log, ticket by ticket.

    service_desk.py LOG.csv[.xz|.gz] [LEDGER.jsonl] [--from T] [--to T] [--out FILE]

Written from the clauses of the example and the rules of the language's page, row by row and
without any part of the compiler or the runtime: what is agreed stands in the tables below, and
whoever changes the example changes them too. With a ledger, every clock is compared (status, done,
due, elapsed, allowed, open) and differences are printed; the exit status is 1 if there is one.
Tested by test_service_desk.py.
"""

import argparse
import csv
import datetime as dt
import gzip
import json
import lzma
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import timeline as tl  # noqa: E402

H = tl.HOUR


def groups(numbers):
    return [f"Group {n}" for n in numbers]


PROVIDERS = {
    "Conduit": groups([2, 4, 7, 8, 11, 14, 16, 17, 18, 32, 36, 38, 41, 43, 44, 45, 63, 71, 77, 78,
                       79, 80, 81, 82]),
    "Frontline": groups([70]),
    "Atrium": groups([6, 9, 21, 25, 26, 27, 28, 31, 47, 48, 50, 51, 54, 56, 58, 68, 72]),
    "Basalt": groups([3, 5, 15, 19, 22, 23, 24, 29, 33, 46, 60, 61, 64, 66, 67, 73, 74, 75]),
    "Cobalt": groups([10, 12, 13, 20, 30, 34, 35, 37, 39, 49, 53, 55, 57, 59, 62, 65, 69, 76]),
}
PARTY_OF = {g: p for p, members in PROVIDERS.items() for g in members}
STATES = {"New": "opened", "Active": "working", "Awaiting User Info": "awaiting_user",
          "Awaiting Vendor": "awaiting_vendor", "Awaiting Problem": "awaiting_problem",
          "Awaiting Evidence": "awaiting_evidence", "Resolved": "resolved", "Closed": "closed"}
PRIORITIES = {"1 - Critical": "P1", "2 - High": "P2", "3 - Moderate": "P3", "4 - Low": "P4"}
ENDED = ("resolved", "closed")
CALENDARS = {
    "office": {"open": [{"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}],
               "closed": ["2016-03-28", "2016-12-26"]},
    "desk_hours": {"open": [{"days": [0, 1, 2, 3, 4, 5], "from": "07:00", "to": "20:00"}]},
}
HOLDS = {"client": "awaiting_user", "vendor": "awaiting_vendor"}


# Conditions of the clauses: each takes a row and the same ticket's previous row (or None).

def first_at(party):
    return lambda r, p: p is None and r["party"] == party and r["event"] not in ENDED


def arrives(party, sender):
    return lambda r, p: (p is not None and r["party"] == party and p["party"] == sender
                         and r["event"] not in ENDED)


def ended(r, p):
    return r["event"] in ENDED


def taken_up(r, p):
    before = p or {"event": None, "party": None}
    return (r["event"] == "working" and before["event"] != "working") \
        or r["party"] != before["party"] or r["event"] in ENDED


def comes_back(r, p):
    return p is not None and p["event"] in ENDED and r["event"] in ("working", "awaiting_user")


def restore(party, allowances, holds, undo, follow):
    return {"clause": "restore", "when": first_at(party), "must": ended, "within": allowances,
            "holds": holds, "undo": undo, "follow": follow}


def take_up(party, sender, urgent, other, holds):
    return {"clause": "take_up", "when": arrives(party, sender), "must": taken_up,
            "within": {**urgent, None: other}, "holds": holds, "undo": None, "follow": False}


def hours(n, calendar=None):
    return (n * H, calendar)


DUTIES = {
    "FirstLine": restore("Frontline", {"P1": hours(4), "P2": hours(8),
                                       "P3": hours(39, "desk_hours"),
                                       "P4": hours(65, "desk_hours")}, ["client"], "ignore", False),
    "Workplace": restore("Atrium", {"P1": hours(4), "P2": hours(8), "P3": hours(40, "office"),
                                    "P4": hours(80, "office")}, ["client"], "restart", False),
    "Infrastructure": restore("Basalt", {"P1": hours(4), "P2": hours(8), "P3": hours(40, "office"),
                                         "P4": hours(80, "office")}, ["client", "vendor"],
                              "resume", True),
    "Applications": restore("Cobalt", {"P1": hours(4), "P2": hours(8), None: hours(50, "office")},
                            ["client", "vendor"], "restart", True),
    "Coordination": {"clause": "triage", "holds": ["client"], "undo": None, "follow": False,
                     "when": lambda r, p: (r["party"] is None and
                                           r["event"] in ("opened", "working")),
                     "must": lambda r, p: r["party"] is not None or r["event"] in ENDED,
                     "within": {None: hours(4, "desk_hours")}},
    "AtriumForFrontline": take_up("Atrium", "Frontline", {"P1": hours(2), "P2": hours(2)},
                                  hours(8, "office"), ["client"]),
    "BasaltForFrontline": take_up("Basalt", "Frontline", {"P1": hours(1), "P2": hours(2)},
                                  hours(10, "office"), ["client", "vendor"]),
    "CobaltForFrontline": take_up("Cobalt", "Frontline", {"P1": hours(2), "P2": hours(2)},
                                  hours(10, "office"), ["client", "vendor"]),
    "FrontlineForAtrium": take_up("Frontline", "Atrium", {"P1": hours(1), "P2": hours(1)},
                                  hours(13, "desk_hours"), ["client"]),
    "BasaltForCobalt": take_up("Basalt", "Cobalt", {"P1": hours(2), "P2": hours(2)},
                               hours(10, "office"), ["client", "vendor"]),
}


# ---- the log ----------------------------------------------------------------------------------

def open_text(path):
    if path.endswith(".xz"):
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    if path.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return open(path, encoding="utf-8", newline="")


def read_time(text):
    date, clock = text.split(" ")
    day, month, year = (int(x) for x in date.split("/"))
    hour, minute = (int(x) for x in clock.split(":"))
    return tl.datetime_ns(dt.datetime(year, month, day, hour, minute, tzinfo=dt.timezone.utc))


def read_log(path):
    """{ticket: rows in the order of time, then of the file}, and how many rows were skipped."""
    tickets, skipped, order = {}, 0, 0
    with open_text(path) as f:
        for cells in csv.DictReader(f):
            order += 1
            event = STATES.get(cells["incident_state"])
            priority = PRIORITIES.get(cells["priority"])
            if event is None or priority is None:
                skipped += 1
                continue
            group = cells["assignment_group"]
            row = {"at": read_time(cells["sys_updated_at"]), "order": order, "event": event,
                   "priority": priority, "party": None if group == "?" else PARTY_OF[group]}
            tickets.setdefault(cells["number"], []).append(row)
    for rows in tickets.values():
        rows.sort(key=lambda r: (r["at"], r["order"]))
    return tickets, skipped


# ---- one ticket -------------------------------------------------------------------------------

def hold_spans(rows, state, until):
    """Stretches in which the ticket says that it waits."""
    out, since = [], None
    for r in rows:
        if since is None and r["event"] == state:
            since = r["at"]
        elif since is not None and r["event"] != state:
            out.append((since, r["at"]))
            since = None
    if since is not None:
        out.append((since, until))
    return tl.union(out)


class Run:
    """One clock of one duty on one ticket."""

    def __init__(self, duty, row, calendars, holds):
        self.duty, self.at, self.calendars = duty, row["at"], calendars
        self.priority = row["priority"]
        self.holds = holds
        self.runs = [[row["at"], None]]
        self.state, self.done, self.known = "running", None, None

    def allowance(self):
        within = self.duty["within"]
        length, calendar = within.get(self.priority) or within[None]
        return length, self.calendars[calendar] if calendar else None

    def net(self, until):
        """The stretches in which the clock ran, up to an instant."""
        calendar = self.allowance()[1]
        return tl.running(self.runs, calendar, tl.clip(self.holds, 0, until), until)

    def elapsed(self, until):
        return tl.measure(self.net(until))

    def late(self, until):
        return self.elapsed(until) > self.allowance()[0]

    def row(self, r, p):
        """What one later row does."""
        if self.state == "waiting":
            if r["event"] == "closed":
                self.state = "over"
            elif comes_back(r, p):
                self.state = "running"
                self.runs.append([r["at"], None])
            return
        if self.duty["follow"]:
            self.priority = r["priority"]
        if self.duty["must"](r, p):
            self.done = self.known = r["at"]
            self.runs[-1][1] = r["at"]
            waits = self.duty["undo"] == "resume" and r["event"] != "closed"
            self.state = "waiting" if waits and not self.late(r["at"]) else "over"

    def result(self, end):
        known = end if self.state == "running" else self.known
        length, calendar = self.allowance()
        pauses = tl.clip(self.holds, 0, known)
        open_runs = self.runs[:-1] + [[self.runs[-1][0], None]]
        elapsed = self.elapsed(known)
        if elapsed > length:
            status = "breach"
        else:
            status = "met" if self.state == "over" else "provisional"
        done = None if self.state == "running" else self.done
        return {"at": self.at, "status": status, "done": done, "elapsed": elapsed,
                "allowed": length, "open": self.state == "running",
                "waiting": self.state == "waiting",
                "due": tl.reach(open_runs, calendar, lambda h: pauses, length, False)}


def clocks_of(rows, duty, calendars, end):
    """All clocks of one duty on one ticket."""
    holds, out, current, previous = None, [], None, None
    for r in rows:
        if r["at"] >= end:
            break
        over = bool(out) and out[-1].state == "over"
        if current is not None:
            current.row(r, previous)
            if current.state == "over":
                current = None
        again = duty["undo"] == "restart" and over and comes_back(r, previous)
        if current is None and (again or duty["when"](r, previous)):
            if holds is None:
                holds = tl.union(*(hold_spans(rows, HOLDS[h], end) for h in duty["holds"]))
            current = Run(duty, r, calendars, holds)
            out.append(current)
        previous = r
    return [c.result(end) for c in out]


def replay(tickets, start, end):
    """{(agreement, clause, ticket, at, n): clock} of the whole log; n numbers those of a minute."""
    calendars = {n: tl.Calendar.of(c, "UTC") for n, c in CALENDARS.items()}
    found = []
    for ticket, rows in tickets.items():
        for agreement, duty in DUTIES.items():
            for c in clocks_of(rows, duty, calendars, end):
                before = c["done"] is not None and c["done"] < start and not c["waiting"]
                if c["at"] < start and before:
                    continue
                found.append(((agreement, duty["clause"], ticket, c["at"]), c))
    return numbered(found)


def numbered(found):
    """Clocks by name; several of one name in the order of their discharges and times."""
    out, seen = {}, Counter()
    for name, c in sorted(found, key=lambda f: (f[0], f[1]["done"] or 1 << 70, f[1]["elapsed"])):
        out[name + (seen[name],)] = c
        seen[name] += 1
    return out


# ---- comparing --------------------------------------------------------------------------------

def read_ledger(path):
    found = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            d = json.loads(line)
            if d.get("kind") != "duty":
                continue
            c = d["clock"]
            at = tl.parse_instant(c["at"])
            key = (d["agreement"], d["clause"], next(iter(d["subject"].values())), at)
            found.append((key, {
                "status": d["status"], "open": bool(c.get("open")),
                "due": tl.parse_instant(c["due"]) if c.get("due") else None,
                "done": tl.parse_instant(c["done"]) if c.get("done") else None,
                "elapsed": seconds(c["elapsed"]), "allowed": seconds(c["allowed"])}))
    return numbered(found)


def seconds(text):
    whole, _, frac = text.partition(".")
    return int(whole) * tl.NS + int(frac.ljust(9, "0") if frac else 0)


def compare(mine, theirs):
    """Differences as texts, in the order of the keys."""
    out = []
    for key in sorted(set(mine) | set(theirs)):
        name = f"{key[0]}.{key[1]} {key[2]} {tl.format_instant(key[3])}"
        if key not in theirs or key not in mine:
            one = mine.get(key) or theirs.get(key)
            where = "ledger has no" if key in mine else "replay has no"
            out.append(f"{name}: {where} such clock ({one['status']})")
            continue
        a, b = mine[key], theirs[key]
        for what in ("status", "done", "due", "elapsed", "allowed", "open"):
            if what == "open" and a["waiting"]:
                continue
            if a[what] != b[what]:
                out.append(f"{name}: {what} {a[what]}, ledger {b[what]}")
    return out


def main():
    p = argparse.ArgumentParser(description="naive replay of the service desk's duties")
    p.add_argument("log")
    p.add_argument("ledger", nargs="?")
    p.add_argument("--from", dest="start", type=tl.parse_instant)
    p.add_argument("--to", dest="end", type=tl.parse_instant)
    p.add_argument("--out", help="write every clock as a JSON line")
    p.add_argument("--show", type=int, default=20, help="differences shown")
    args = p.parse_args()
    tickets, skipped = read_log(args.log)
    ats = [r["at"] for rows in tickets.values() for r in rows]
    start = args.start if args.start is not None else min(ats)
    end = args.end if args.end is not None else max(ats) + 1
    mine = replay(tickets, start, end)
    print(f"{len(tickets)} tickets, {len(ats)} rows, {skipped} skipped, {len(mine)} clocks")
    tally = Counter((k[0], k[1], c["status"]) for k, c in mine.items())
    for (agreement, clause, status), n in sorted(tally.items()):
        print(f"  {agreement}.{clause} {status}: {n}")
    if args.out:
        with open(args.out, "w", encoding="utf-8") as f:
            for k, c in mine.items():
                f.write(json.dumps({"agreement": k[0], "clause": k[1], "ticket": k[2], **c}) + "\n")
    if not args.ledger:
        return 0
    theirs = read_ledger(args.ledger)
    bad = compare(mine, theirs)
    for text in bad[:args.show]:
        print(text)
    wrong = len({b.split(": ")[0] for b in bad})
    agreeing = len(set(mine) | set(theirs)) - wrong
    print(f"service desk, clock by clock: {agreeing} passed, {wrong} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
