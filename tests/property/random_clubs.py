#!/usr/bin/env python3
"""Random clubs: the oracle and `entente` must agree, decision by decision.

    random_clubs.py --seed S --count N --entente PATH [--keep DIR] [--start I] [--counts]
                    [--variants N] [--without WORD,WORD]

Each club is made from the seed `S-I` alone, printed as source and CSV, decided by both, and
compared: status, figure, window, clock and credit. Every `--variants`-th club is run again with
shuffled rows (where no two are at one instant), with two and three jobs, with batches of 1 and 7 and from a
built .entc; those ledgers must be the same bytes. A difference is printed with its seed, so that
`--seed S --start I --count 1 --keep DIR` shows it again. `--without` leaves features out
(following, counting, matching, resume, rolling, timeshare, earn, cap, provisional, rate, parts,
excluding, absent, own, pool, weight), to find out which one a difference comes from.
Ends with `N passed, N failed`; the exit status is 1 if any failed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import entente_oracle as oracle  # noqa: E402
import entente_source as source  # noqa: E402
import ledger  # noqa: E402
import timeline as tl  # noqa: E402

# zones with the day (local) about which a club is put: daylight saving begins or ends there
PLACES = [("Europe/London", "2026-03-29"), ("Europe/London", "2026-10-25"),
          ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),
          ("Australia/Lord_Howe", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"),
          ("America/Sao_Paulo", "2018-11-04"), ("Asia/Kolkata", "2026-01-05"),
          ("UTC", "2026-02-28"), ("Europe/Rome", "2025-12-31")]
EVENTS = ["opened", "acknowledged", "assigned", "pended", "resumed", "resolved", "reopened",
          "closed"]
PRIORITIES = ["P1", "P2", "P3", "P4"]
PARTIES = [{"name": "Acme", "role": "client", "title": "Acme plc"},
           {"name": "Hermes", "role": "integrator", "title": "Hermes Integration"},
           {"name": "NetCo", "role": "provider", "title": "NetCo Networks",
            "aliases": ["Group 12", "Group 14"]},
           {"name": "HostCo", "role": "provider", "title": "HostCo Cloud"}]
SERVICES = [{"name": "network", "by": "NetCo", "aliases": ["net-01"]},
            {"name": "hosting", "by": "HostCo", "depends": ["network"]},
            {"name": "backup", "by": "HostCo"}]


def F(name):
    return ["field", name]


def L(kind, value):
    return ["lit", kind, value]


def member(field, value):
    return ["==", F(field), L("member", value)]


def alt(feed, event=None, where=None):
    out = {"feed": feed}
    if event:
        out["event"] = event
    if where:
        out["where"] = where
    return out


def one(feed, event, where=None):
    out = {"alts": [alt(feed, event)]}
    if where:
        out["where"] = where
    return out


class Maker:
    """Makes one club and its facts from a generator of random numbers."""

    def __init__(self, seed, without):
        self.r = random.Random(seed)
        self.without = without
        self.zone_name, day = self.r.choice(PLACES)
        self.zone = tl.Zone(self.zone_name)
        self.centre = tl.parse_instant(day + "T12:00:00Z")
        self.days = self.r.choice([1, 2, 4, 8, 25])
        self.low = self.centre - self.days * tl.DAY // 2
        self.high = self.low + self.days * tl.DAY
        self.sampled = self.r.choice([tl.MINUTE * 30, tl.HOUR, tl.HOUR * 3, tl.HOUR * 7])
        self.shared = self.zone_name            # the zone of agreements without their own

    def chance(self, p, feature=None):
        return self.r.random() < p and feature not in self.without

    def date(self, offset_days):
        day = self.zone.day(self.centre + offset_days * tl.DAY)
        return day.isoformat()

    def duration(self):
        return self.r.choice([15 * tl.MINUTE, tl.HOUR, 2 * tl.HOUR, 4 * tl.HOUR, 7 * tl.HOUR,
                              90 * tl.MINUTE, 24 * tl.HOUR, 40 * tl.HOUR, tl.HOUR + 1000,
                              tl.HOUR // 4 * self.r.randint(1, 60)])

    # ---- the club ---------------------------------------------------------------------------

    def club(self):
        c = {"framework": {"name": "Club", "timezone": self.zone_name, "currency": "GBP"},
             "parties": PARTIES, "services": SERVICES, "feeds": self.feeds(),
             "calendars": {}, "spans": self.spans()}
        for name in ["office", "nights"][:self.r.choice([1, 1, 2])]:
            c["calendars"][name] = self.calendar()
        if self.chance(0.25, "cap"):
            c["framework"]["cap"] = {"percent": self.r.choice(["4", "15"]),
                                     "unit": self.r.choice(["day", "week", "month"])}
        self.c = c
        c["agreements"] = [self.agreement("HostSLA", ["HostCo", "Acme"], "sla")]
        if self.chance(0.4):
            c["agreements"].append(self.agreement("NetOLA", ["NetCo", "HostCo"], "ola"))
        if self.chance(0.4):
            c["agreements"].append(self.agreement("NetSLA", ["NetCo", "Acme"], "sla"))
        if self.chance(0.3, "own"):
            own = {"name": "Club", "kind": "framework", "between": ["Hermes", "Acme"],
                   "effective": ["1990-01-01", None], "duties": [], "objectives": []}
            own["objectives"].append(self.objective("whole", own))
            own["objectives"][0].pop("credit", None)
            own["objectives"][0].pop("earn_back", None)
            c["agreements"].append(own)
        if self.chance(0.5, "pool"):
            c["pools"] = [self.pool(f"pool{i}", c) for i in range(self.r.choice([1, 1, 2]))]
        return c

    def pool(self, name, c):
        """Paid for up to three objectives, none with a longer window than the pool's."""
        r = self.r
        units = ["day", "week", "month", "quarter", "year"]
        every = [(a["name"], o) for a in c["agreements"] for o in a["objectives"]]
        chosen = r.sample(every, min(len(every), r.choice([1, 1, 2, 3])))
        longest = max(units.index(o["window"].get("unit", "day")) for _, o in chosen)
        paid = ["met", chosen[0][0], chosen[0][1]["name"]]
        for a, o in chosen[1:]:
            paid = [r.choice(["and", "and", "or"]), paid, ["met", a, o["name"]]]
        if r.random() < 0.2:
            paid = ["not", paid]
        out = {"name": name, "unit": units[r.randint(longest, min(longest + 1, 4))], "paid": paid,
               "of": "provider", "shared": r.choice(["equally", "by charge"])}
        out["amount"] = {"kind": "percent", "value": r.choice(["2", "0.35", "7.5"])}
        if r.random() < 0.3:
            out["of"] = r.choice(["provider", "client", "integrator", "NetCo"])
            out["amount"] = {"kind": "money", "value": r.choice(["250", "1000.01"])}
        return out

    def feeds(self):
        ticket = {"name": "ticket", "fields": [
            {"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
            {"name": "event", "type": "enum", "members": EVENTS},
            {"name": "priority", "type": "enum", "members": PRIORITIES},
            {"name": "service", "type": "service"},
            {"name": "party", "type": "party", "holder": True},
            {"name": "effort", "type": "number"}]}
        probe = {"name": "probe", "sampled": self.sampled, "fields": [
            {"name": "at", "type": "instant"}, {"name": "service", "type": "service", "key": True},
            {"name": "up", "type": "bool"}, {"name": "latency", "type": "duration"},
            {"name": "load", "type": "number"}, {"name": "errors", "type": "int"}]}
        change = {"name": "change", "fields": [
            {"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
            {"name": "event", "type": "enum", "members": ["started", "finished"]},
            {"name": "kind", "type": "enum", "members": ["planned", "emergency"]},
            {"name": "service", "type": "service"}]}
        job = {"name": "job", "fields": [
            {"name": "at", "type": "instant"}, {"name": "number", "type": "text", "key": True},
            {"name": "event", "type": "enum", "members": ["begun", "ended"]},
            {"name": "about", "type": "text"}]}
        feeds = [ticket, probe, change]
        self.jobs = self.chance(0.3, "matching")
        if self.jobs:
            feeds.append(job)
        self.r.shuffle(feeds)
        return feeds

    def spans(self):
        spans = [{"name": "client_hold", "per": self.r.choice(["ticket", "id"]),
                  "from": one("ticket", "pended"),
                  "to": {"alts": [alt("ticket", "resumed"), alt("ticket", "resolved")]}},
                 {"name": "maintenance", "per": "service",
                  "from": one("change", "started", member("kind", "planned")),
                  "to": one("change", "finished")},
                 {"name": "vendor_hold", "per": "ticket",
                  "from": {"alts": [alt("ticket", "assigned", member("party", "Acme"))]},
                  "to": {"alts": [alt("ticket", "assigned", ["!=", F("party"),
                                                             L("member", "Acme")]),
                                  alt("ticket", "closed")]}}]
        return spans

    def calendar(self):
        r = self.r
        rules = r.choice([
            [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:30"}],
            [{"days": [1, 2, 3, 4], "from": "08:15", "to": "12:00"},
             {"days": [1, 2, 3, 4], "from": "13:00", "to": "18:00"}],
            [{"days": [0, 1, 2, 3, 4, 5, 6], "from": "22:00", "to": "06:00"}],
            [{"days": [0, 1, 2, 3, 4, 5, 6], "from": "00:00", "to": "24:00"}],
            [{"days": [0, 2, 4], "from": "00:30", "to": "03:30"},
             {"days": [5, 6], "from": "01:00", "to": "02:30"}]])
        out = {"open": rules,
               "closed": sorted({self.date(r.randint(-4, 4)) for _ in range(r.randint(0, 3))})}
        if r.random() < 0.3:
            out["timezone"] = r.choice([z for z, _ in PLACES])
        return out

    def agreement(self, name, between, kind):
        r = self.r
        first, last = "2010-01-01", None
        if self.chance(0.25, "parts"):
            first = self.date(r.randint(-self.days // 2 - 1, 1))
        if self.chance(0.2, "parts"):
            last = self.date(r.randint(1, self.days // 2 + 1))
        a = {"name": name, "kind": kind, "between": between, "effective": [first, last],
             "charge": {"amount": r.choice(["120000.00", "12345.67", "999.99", "100"]),
                        "per": r.choice(["month", "quarter"])},
             "duties": [], "objectives": []}
        if self.chance(0.2):
            a["timezone"] = r.choice([z for z, _ in PLACES])
        for i in range(r.choice([0, 1, 1, 2])):
            a["duties"].append(self.duty(f"duty{i}", between[0]))
        for i in range(r.choice([1, 1, 2])):
            a["objectives"].append(self.objective(f"goal{i}", a))
        self.money(a)
        return a

    def money(self, a):
        """Several caps, amounts at risk by weight, expected levels."""
        r = self.r
        if self.chance(0.25, "cap"):
            units = r.sample(["day", "week", "month", "quarter"], r.choice([1, 2]))
            a["caps"] = [{"percent": r.choice(["4", "12.5", "30"]), "unit": u} for u in units]
            if r.random() < 0.6:
                a["caps"].append({"percent": r.choice(["8", "50"]), "months": r.choice([2, 12])})
        paying = [o for o in a["objectives"] if o.get("credit") and o["window"].get("unit")]
        if paying and self.chance(0.5, "weight"):
            unit = paying[0]["window"]["unit"]
            a["at_risk"] = {"unit": unit, "amount": self.amount(["20", "7.5"])}
            for o in paying:
                if o["window"]["unit"] != unit:
                    continue
                o["weight"] = r.choice(["40", "1", "12.5"])
                o["credit"] = {"kind": "ladder", "steps": [
                    {"amount": {"kind": "weight", "value": "100"}}]} \
                    if o["credit"]["kind"] == "rate" or r.random() < 0.4 else o["credit"]
                for s in o["credit"]["steps"][1:]:
                    s["amount"] = {"kind": "weight", "value": r.choice(["100", "50", "33.3"])}
        for o in a["objectives"]:
            if o.get("earn_back") and o["unit"] == "ratio" and r.random() < 0.6:
                better = Fraction(o["target"]) + r.choice([0, 1, 3]) * Fraction(1, 50) * (
                    1 if o["op"] in ("at least", "above") else -1)
                if 0 <= better <= 1:
                    o["expected"] = str(better)
                    o["earn_back"]["when"] = "expected"

    def duty(self, name, party):
        r = self.r
        d = {"name": name, "party": party, "within": [], "pausing": [],
             "trigger": one("ticket", "opened"), "discharge": one("ticket", "resolved")}
        self.shape(d, party)
        if d["discharge"] == one("ticket", "resolved") and not d.get("undo"):
            d["undo"], d["undo_mode"] = one("ticket", "reopened"), "ignore"
        splits = r.choice([[None], [["P1"], None], [["P1", "P2"], ["P3"], ["P4"]],
                           [["P2"], ["P1", "P3"], None]])
        if splits[-1] is not None and "holes" in self.flags():
            splits = splits[:-1] + [None]
        for s in splits:
            w = {"ns": self.duration()}
            if s:
                w["for"] = s
            if r.random() < 0.4:
                w["of"] = r.choice(sorted(self.c["calendars"]))
            d["within"].append(w)
        if len(splits) > 1:
            d["by"] = "priority"
            if self.chance(0.3, "following") and "void" not in d:
                d["following"] = "priority"
        for s in ["client_hold", "maintenance", "vendor_hold"] + sorted(self.c["calendars"]):
            if r.random() < 0.25:
                d["pausing"].append(s)
        if self.chance(0.15):
            d["excused_when"] = r.choice([member("priority", "P4"), member("party", "Acme"),
                                          ["absent", F("party")]])
        elif self.chance(0.15):
            d["excused_during"] = r.choice(["client_hold", "maintenance", "office"])
        if self.chance(0.2):
            d["warn"] = 75
        return d

    def flags(self):
        return {"holes"} if self.chance(0.5, "absent") and not hasattr(self, "full") else \
            getattr(self, "full", set())

    def shape(self, d, party):
        """Which events begin, end and undo the duty."""
        r = self.r
        pick = r.randint(0, 6)
        if pick == 0:
            d["discharge"] = {"alts": [alt("ticket", "acknowledged"), alt("ticket", "resolved")]}
        elif pick == 1:
            d["trigger"] = one("ticket", "assigned", member("party", party))
            d["discharge"] = {"alts": [alt("ticket", "assigned"), alt("ticket", "resolved")]}
        elif pick == 2:
            d["trigger"] = one("ticket", "opened", member("service", "hosting"))
        elif pick == 3 and self.jobs:
            d["discharge"] = one("job", "ended")
            d["matching"] = {"feed": "ticket", "field": "id", "other": "job",
                             "other_field": "about"}
            return
        elif pick == 4:
            d["trigger"] = {"alts": [alt("ticket", "assigned", ["changed", "party"])]}
        if pick in (0, 2, 5, 6):
            mode = r.choice(["restart", "ignore", "resume", "ignore"])
            if mode == "resume" and "resume" in self.without:
                mode = "ignore"
            if mode:
                d["undo"], d["undo_mode"] = one("ticket", "reopened"), mode
                if mode == "resume":
                    d["until"] = one("ticket", "closed")
                    d["discharge"] = one("ticket", "resolved")
                    return
        if self.chance(0.2):
            d["void"] = one("ticket", "closed")
        if self.chance(0.2, "counting") and pick != 4 and d.get("undo_mode") != "restart":
            d["counting"] = one("ticket", "assigned", member("party", party))
            d["retroactive"] = r.random() < 0.5

    # ---- objectives -------------------------------------------------------------------------

    def objective(self, name, a):
        r = self.r
        kinds = ["share"] * 4 + ["figure"] * 3 + ["count"] * 2 + ["timeshare", "volume"]
        if a["duties"]:
            kinds += ["outcome"] * 6
        kind = r.choice(kinds)
        if kind == "timeshare" and "timeshare" in self.without:
            kind = "share"
        o = {"name": name, "window": self.window()}
        getattr(self, "make_" + kind)(o, a)
        o.setdefault("op", "at least")
        if self.chance(0.3, "excluding"):
            for s in r.sample(["maintenance", *sorted(self.c["calendars"])], r.choice([1, 1, 2])):
                x = {"span": s}
                if r.random() < 0.3:
                    x["most"] = self.duration()
                o.setdefault("excluding", []).append(x)
        if self.chance(0.3):
            o["no_data"] = r.choice(["breach", "met"])
        if self.chance(0.6):
            self.add_credit(o)
        return o

    def window(self):
        r = self.r
        if self.chance(0.2, "rolling"):
            every = r.choice([tl.DAY, tl.DAY, 6 * tl.HOUR, 8 * tl.HOUR])
            return {"length": r.choice([tl.DAY, 2 * tl.DAY, 12 * tl.HOUR]), "every": every}
        units = ["day", "week", "month"] + (["quarter", "year"] if r.random() < 0.2 else [])
        return {"unit": r.choice(units)}

    def key_choice(self, o, a, measure):
        """One service by argument or selection, each service, or all together."""
        pick = self.r.randint(0, 3)
        service = self.r.choice([s["name"] for s in SERVICES])
        if pick == 0:
            measure.update(name=f"m_{a['name']}_{o['name']}", per="service", arg=service)
        elif pick == 1:
            measure.update(name=f"m_{a['name']}_{o['name']}", per="service")
        elif pick == 2:
            self.also(measure, member("service", service))
        if pick > 1 and self.chance(0.3):
            measure["name"] = f"m_{a['name']}_{o['name']}"

    def also(self, measure, condition):
        old = measure.get("where")
        measure["where"] = ["and", condition, old] if old else condition

    def condition(self):
        return self.r.choice([
            F("up"), F("up"), ["<=", F("latency"), L("dur", 200 * 10**6)],
            ["not", F("up")], ["and", F("up"), ["<", F("latency"), L("dur", 10**9)]],
            ["or", F("up"), ["<", F("errors"), L("int", 3)]],
            ["or", ["absent", F("latency")], ["<", F("latency"), L("dur", 10**9)]],
            ["<", F("load"), L("num", "2.5")], ["present", F("errors")]])

    def make_share(self, o, a):
        r = self.r
        m = o["measure"] = {"agg": "share", "feed": "probe", "where": self.condition()}
        if r.random() < 0.25:
            m["feed"] = "ticket"
            m["where"] = r.choice([["in", F("priority"), L("member", "P1"), L("member", "P2")],
                                   ["<", F("effort"), L("num", "3")], member("party", "NetCo"),
                                   ["not", member("priority", "P3")]])
        else:
            o["missing"] = r.choice(["down", "up", "ignored"])
            self.key_choice(o, a, m)
        o["unit"] = "ratio"
        o["target"] = str(Fraction(r.choice([1, 20, 50, 75, 90, 99, 100]), 100))
        if r.random() < 0.1:
            o["op"] = r.choice(["above", "below", "at most"])

    def make_figure(self, o, a):
        r = self.r
        field, unit = r.choice([("latency", "duration"), ("load", "number"),
                                ("errors", "number")])
        agg = r.choice(["average", "percentile", "minimum", "maximum", "median", "sum"])
        m = o["measure"] = {"agg": agg, "feed": "probe", "field": field}
        if agg == "percentile":
            m["n"] = r.choice(["95", "50", "99.9", "1", "100", "25"])
        if r.random() < 0.3:
            m["where"] = r.choice([F("up"), ["not", F("up")],
                                   ["<", F("latency"), L("dur", 10**9)]])
        self.key_choice(o, a, m)
        o.update(missing="ignored", unit=unit, op="at most")
        o["target"] = r.choice([150 * 10**6, 400 * 10**6, 2 * 10**9]) if unit == "duration" else \
            r.choice(["1", "2", "5"] if field == "errors" else ["0.5", "2", "3.25"])

    def make_count(self, o, a):
        r = self.r
        o["measure"] = {"agg": "count", "feed": "ticket",
                        "where": r.choice([member("event", "opened"), member("priority", "P1"),
                                           ["and", member("event", "opened"),
                                            member("service", "hosting")]])}
        o.update(unit="number", op=r.choice(["at most", "at most", "below", "at least"]),
                 target=str(r.randint(1, 4)))

    def make_volume(self, o, a):
        o["measure"] = {"agg": "average", "feed": "ticket", "field": "effort",
                        "name": f"m_{a['name']}_{o['name']}", "per": "party"}
        o.update(unit="number", op="at most", target="2.5")

    def make_timeshare(self, o, a):
        m = o["measure"] = {"agg": "time share", "feed": "probe", "where": F("up")}
        self.full = {"no_absent_up"}
        service = self.r.choice([s["name"] for s in SERVICES])
        if self.r.random() < 0.5:
            self.also(m, member("service", service))
        else:
            m.update(name=f"m_{a['name']}_{o['name']}", per="service", arg=service)
        if self.r.random() < 0.4:
            m["stale"] = self.duration()
        o.update(missing=self.r.choice(["down", "up", "ignored"]), unit="ratio",
                 target=str(Fraction(self.r.choice([50, 80, 99]), 100)))

    def make_outcome(self, o, a):
        r = self.r
        duty = r.choice(a["duties"])["name"]
        pick = r.randint(0, 4)
        if pick <= 1:
            o["measure"] = {"agg": "share", "feed": duty, "where": F("met")}
            o.update(unit="ratio", target=str(Fraction(r.choice([50, 75, 95, 100]), 100)))
        elif pick == 2:
            o["measure"] = {"agg": "count", "feed": duty, "where": F("met")}
            o.update(unit="number", target=str(r.randint(1, 3)))
        elif pick == 3:
            o["measure"] = {"agg": r.choice(["average", "maximum", "median"]), "feed": duty,
                            "field": "elapsed"}
            o.update(unit="duration", op="at most", target=self.duration())
        else:
            o["measure"] = {"agg": "share", "feed": duty,
                            "where": ["<=", F("elapsed"), L("dur", self.duration())]}
            o.update(unit="ratio", target=str(Fraction(r.choice([50, 75, 95]), 100)))

    def add_credit(self, o):
        r = self.r
        up = o["op"] in ("at least", "above")
        whole = o["measure"]["agg"] == "count" or o["measure"].get("field") == "errors"
        step = {"ratio": Fraction(1, 20), "duration": Fraction(50 * 10**6)}.get(
            o["unit"], Fraction(1) if whole else Fraction(1, 2))
        target = Fraction(o["target"])
        if self.chance(0.35, "rate") and o["unit"] == "ratio" and o["op"] in ("at least",
                                                                              "at most"):
            o["credit"] = {"kind": "rate", "amount": self.amount(["1", "2", "0.35"]),
                           "per": r.choice(["1/100", "1/20", "1/1000"]),
                           "side": "below" if up else "above",
                           "pro_rata": r.random() < 0.4, "most": self.amount(["10", "25"])}
        else:
            steps = [{"amount": {"kind": "none"}, "op": o["op"], "bound": o["target"]}]
            for _ in range(r.randint(0, 2)):
                target = target - step if up else target + step
                if target <= 0 or (o["unit"] == "ratio" and target >= 1):
                    break
                steps.append({"amount": self.amount(["3", "5", "7.5"]), "op": o["op"],
                              "bound": str(target)})
            steps.append({"amount": self.amount(["10", "12.345"])})
            o["credit"] = {"kind": "ladder", "steps": steps}
        if r.random() < 0.3:
            o["credit"]["rounded"] = r.choice(["up", "down", "half_up"])
        if self.chance(0.2, "earn") and o["window"].get("unit") == "day":
            o["earn_back"] = {"percent": "50", "windows": r.choice([1, 2])}

    def amount(self, percents):
        if self.r.random() < 0.25:
            return {"kind": "money", "value": self.r.choice(["250", "1_000.50".replace("_", "")])}
        return {"kind": "percent", "value": self.r.choice(percents)}

    # ---- the facts --------------------------------------------------------------------------

    def facts(self):
        r = self.r
        self.ties = self.chance(0.3)
        self.holes = self.chance(0.3, "absent")
        out = {"ticket": self.tickets(), "probe": self.probes(), "change": self.changes()}
        if self.jobs:
            out["job"] = self.jobs_of(out["ticket"])
        self.unsorted = r.random() < 0.4
        for name, rows in out.items():
            rows.sort(key=lambda x: x["_at"])
            if self.unsorted:
                r.shuffle(rows)
            for x in rows:
                x["at"] = tl.format_instant(x.pop("_at"))
        return out

    def instant(self, low=None, high=None):
        low = self.low if low is None else low
        high = self.high if high is None else high
        grain = tl.HOUR if self.ties else self.r.choice([tl.MINUTE, 17 * tl.NS, 1001 * 10**6])
        return low + self.r.randint(0, max(0, (high - low) // grain)) * grain

    def hole(self, text, p=0.15):
        return "" if self.holes and self.r.random() < p else text

    def tickets(self):
        r, rows = self.r, []
        for i in range(r.randint(1, 7)):
            at = self.instant()
            state = {"priority": r.choice(PRIORITIES),
                     "service": r.choice(["network", "net-01", "hosting", "backup"]),
                     "party": r.choice(["NetCo", "HostCo", "Group 12", "Acme", "HostCo Cloud"])}
            event = "opened"
            resolved = False
            for _ in range(r.randint(1, 8)):
                row = {"_at": at, "id": f"T{i}", "event": event, **state,
                       "effort": self.hole(str(r.randint(0, 20) / 4))}
                row["party"] = self.hole(row["party"])
                rows.append(row)
                resolved = event == "resolved" or (resolved and event not in ("reopened",
                                                                              "opened"))
                at += r.choice([0, 1, 2, 3, 5, 9]) * tl.HOUR if self.ties else \
                    r.choice([61, 1800, 7200, 30000, 86400]) * tl.NS * r.randint(1, 3)
                choices = ["reopened", "closed"] if resolved else \
                    ["assigned", "assigned", "pended", "resumed", "resolved", "acknowledged",
                     "resolved", "opened"]
                event = r.choice(choices)
                if event == "assigned":
                    state["party"] = r.choice(["NetCo", "HostCo", "Acme", "Group 14"])
                if r.random() < 0.15:
                    state["priority"] = r.choice(PRIORITIES)
        return rows[:40]

    def probes(self):
        r, rows = self.r, []
        for service in r.sample(["network", "hosting", "backup"], r.randint(1, 3)):
            at = self.instant(self.low, self.low + tl.DAY)
            up = True
            for _ in range(r.randint(2, 14)):
                if r.random() < 0.3:
                    up = not up
                rows.append({"_at": at, "service": service,
                             "up": r.choice(["true", "1", "up", "yes"] if up else
                                            ["false", "0", "down", "no"]),
                             "latency": self.hole(r.choice(["120ms", "200ms", "1s", "1m30s",
                                                            "0.25s", "401ms", "333ns"])),
                             "load": self.hole(r.choice(["0.5", "2.5", "3.25", "100"])),
                             "errors": self.hole(str(r.randint(0, 6)))})
                if not getattr(self, "full", None):
                    rows[-1]["up"] = self.hole(rows[-1]["up"], 0.1)
                at += self.sampled * r.choice([0, 1, 1, 1, 2, 3]) if self.ties else \
                    self.sampled * r.choice([1, 1, 1, 2, 5]) + r.randint(-5, 5) * tl.NS
        return rows

    def changes(self):
        r, rows = self.r, []
        for i in range(r.randint(0, 3)):
            at = self.instant()
            service = r.choice(["network", "hosting", "backup"])
            kind = r.choice(["planned", "planned", "emergency"])
            rows.append({"_at": at, "id": f"C{i}", "event": "started", "kind": kind,
                         "service": service})
            if r.random() < 0.8:
                rows.append({"_at": at + r.choice([1, 3, 8, 30]) * tl.HOUR, "id": f"C{i}",
                             "event": "finished", "kind": kind, "service": service})
        return rows

    def jobs_of(self, tickets):
        r, rows = self.r, []
        for i, t in enumerate([t for t in tickets if t["event"] == "opened"]):
            at = t["_at"] + r.choice([-1, 0, 1, 2, 5, 30]) * tl.HOUR
            rows.append({"_at": at, "number": f"J{i}", "event": "begun", "about": t["id"]})
            if r.random() < 0.8:
                rows.append({"_at": at + r.choice([1, 2, 7]) * tl.HOUR, "number": f"J{i}",
                             "event": "ended", "about": self.hole(t["id"])})
        return rows

    def period(self):
        """Explicit bounds mostly; sometimes in the midst of things."""
        r = self.r
        start = end = None
        if r.random() < 0.6:
            start = r.choice([self.zone.utc(self.zone.day(self.low)), self.low + tl.HOUR,
                              self.instant()])
        if r.random() < 0.6:
            end = r.choice([self.zone.utc(self.zone.day(self.high)), self.high + 3 * tl.DAY,
                            self.instant()])
        if start is not None and end is not None and start >= end:
            start, end = end, start + tl.HOUR
        if end is not None and start is None:
            start = self.low
            end = max(end, start + tl.HOUR)
        if start is not None and end is None:
            end = self.high + tl.DAY
        return start, end


# ---- running ----------------------------------------------------------------------------------

def write(folder, club, facts):
    with open(os.path.join(folder, "club.ent"), "w", encoding="utf-8") as f:
        f.write(source.source(club))
    for name, text in source.facts_csv(club, facts).items():
        with open(os.path.join(folder, f"{name}.csv"), "w", encoding="utf-8") as f:
            f.write(text)


def command(entente, folder, club, period, program="club.ent", ledger_name="out.jsonl", extra=()):
    args = [entente, "run", program]
    for f in club["feeds"]:
        args += ["--feed", f"{f['name']}={f['name']}.csv"]
    if period[0] is not None:
        args += ["--from", tl.format_instant(period[0])]
    if period[1] is not None:
        args += ["--to", tl.format_instant(period[1])]
    return args + ["--format", "jsonl", "--ledger", ledger_name, *extra]


def execute(args, folder):
    return subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)


def ledger_bytes(folder, name):
    """A ledger without what may differ between the runs of one club: how the program was given."""
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def variants(entente, folder, club, facts, period, rng):
    """Runs that must give the same bytes; the names of those that do not."""
    bad = []
    whole = ledger_bytes(folder, "out.jsonl")
    runs = {"jobs 2": ("club.ent", ["--jobs", "2"]), "batch 1": ("club.ent", ["--batch", "1"]),
            "jobs 3, batch 2": ("club.ent", ["--jobs", "3", "--batch", "2"]),
            "batch 7": ("club.ent", ["--batch", "7"]), "entc": ("club.entc", [])}
    built = execute([entente, "build", "-o", "club.entc", "club.ent"], folder)
    if built.returncode:
        bad.append("build: " + built.stderr.strip()[:300])
        del runs["entc"]
    for name, (program, extra) in runs.items():
        if os.path.exists(os.path.join(folder, "again.jsonl")):
            os.remove(os.path.join(folder, "again.jsonl"))
        done = execute(command(entente, folder, club, period, program, "again.jsonl", extra),
                       folder)
        if done.returncode:
            bad.append(f"{name}: exit {done.returncode}: {done.stderr.strip()[:300]}")
        elif ledger_bytes(folder, "again.jsonl") != whole:
            bad.append(f"{name}: other bytes")
    if not any(len({r["at"] for r in rows}) < len(rows) for rows in facts.values()):
        other = {n: rng.sample(rows, len(rows)) for n, rows in facts.items()}
        write(folder, club, other)
        done = execute(command(entente, folder, club, period, "club.ent", "again.jsonl"), folder)
        if done.returncode or ledger.decisions_text(os.path.join(folder, "again.jsonl")) != \
                ledger.decisions_text(os.path.join(folder, "out.jsonl")):
            bad.append("shuffled: other decisions")
        write(folder, club, facts)
    return bad


def one_club(name, args, entente):
    """Problems of one club, as texts."""
    rng = Maker(name, args.without)
    club = rng.club()
    facts = rng.facts()
    period = rng.period()
    folder = tempfile.mkdtemp(prefix="entente-club-")
    try:
        write(folder, club, facts)
        with open(os.path.join(folder, "club.json"), "w", encoding="utf-8") as f:
            json.dump({"club": club, "facts": facts, "period": period}, f, indent=1)
        expected = oracle.decide(club, facts, *period)
        if entente is None:
            return [], len(expected)
        done = execute(command(entente, folder, club, period), folder)
        if done.returncode:
            problems = [f"exit {done.returncode}: {done.stderr.strip()[:1500]}"]
        else:
            actual = ledger.read(os.path.join(folder, "out.jsonl"))
            problems = ledger.compare(expected, actual, args.counts)
            if not problems and args.variants and int(name.split("-")[-1]) % args.variants == 0:
                problems = variants(entente, folder, club, facts, period, rng.r)
        if problems and args.keep:
            keep = os.path.join(args.keep, name)
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(folder, keep)
            with open(os.path.join(keep, "expected.jsonl"), "w", encoding="utf-8") as f:
                f.writelines(json.dumps(oracle.plain(d)) + "\n" for d in expected)
        return problems, len(expected)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def each_club(description, what, one_club):
    """Options, and one_club(name, entente, keep) for each seed: a list of problems and how much was compared.  The
    exit status."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", required=True)
    p.add_argument("--keep")
    args = p.parse_args()
    entente = os.path.abspath(args.entente)
    passed = failed = compared = 0
    for i in range(args.start, args.start + args.count):
        problems, n = one_club(f"{args.seed}-{i}", entente, args.keep)
        compared += n
        passed += not problems
        failed += bool(problems)
        if problems:
            print(f"seed {args.seed}-{i}:")
            for text in problems[:4]:
                print("  " + text)
    print(f"{what.format(seed=args.seed, n=compared)}; {passed} passed, {failed} failed")
    return 1 if failed or compared == 0 else 0


def main():
    p = argparse.ArgumentParser(description="random clubs against the oracle")
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", help="the command; without it only the oracle runs")
    p.add_argument("--keep", help="folder for the clubs that fail")
    p.add_argument("--counts", action="store_true", help="compare every count too")
    p.add_argument("--variants", type=int, default=10, help="every n-th club; 0 for none")
    p.add_argument("--without", type=lambda s: set(s.split(",")), default=set())
    p.add_argument("--show", type=int, default=6, help="differences shown for a club")
    args = p.parse_args()
    entente = os.path.abspath(args.entente) if args.entente else None
    passed = failed = decided = 0
    for i in range(args.start, args.start + args.count):
        name = f"{args.seed}-{i}"
        problems, n = one_club(name, args, entente)
        decided += n
        if problems:
            failed += 1
            print(f"seed {name}: {len(problems)} differences")
            for text in problems[:args.show]:
                print("  " + text.replace("\n", "\n  "))
        else:
            passed += 1
    print(f"random clubs, seed {args.seed}: {decided} decisions; {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
