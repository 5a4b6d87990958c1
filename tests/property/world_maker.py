"""Makes small random worlds in which breaches, several causes and boundary cases are frequent.

A world is a club of the oracle's data model with accountability policies, and its facts. The rows
lie on a coarse grid of time, so that instants coincide and allowances are met or missed by nothing.
Used by random_worlds.py; each world depends on its seed alone.
"""

import copy
import random
from fractions import Fraction

import timeline as tl

DAY0 = "2026-03-02"                       # a Monday
NAMES = ["NetCo", "HostCo", "AppCo", "DataCo"]
SERVICES = ["network", "hosting", "checkout", "storage", "search", "mail"]
EVENTS = ["opened", "assigned", "pended", "resumed", "resolved", "reopened", "closed"]
ROLES = {"client": "client", "integrator": "integrator"}


def F(name):
    return ["field", name]


def L(kind, value):
    return ["lit", kind, value]


def member(field, value):
    return ["==", F(field), L("member", value)]


def both(a, b):
    return b if a is None else a if b is None else ["and", a, b]


def event(feed, *names, where=None):
    out = {"alts": [{"feed": feed, "event": n} for n in names]}
    if where:
        out["where"] = where
    return out


class Maker:
    def __init__(self, seed, without):
        self.r = random.Random("world " + seed)
        self.unsaid = random.Random("unsaid holders " + seed)  # of its own: other worlds stay as they were
        self.unchanged = 0                                     # how many rows of tickets say nobody
        self.without = without
        self.short = random.Random("short spans " + seed)      # of its own, too
        self.turning = self.short.random() < 0.15 and not {"turning", "time", "caused"} & without
        self.start = tl.parse_instant(DAY0)
        self.days = self.r.choice([1, 1, 2])
        self.end = self.start + self.days * tl.DAY
        self.every = self.r.choice([tl.HOUR, 2 * tl.HOUR])

    def chance(self, p, feature=None):
        return self.r.random() < p and feature not in self.without

    # ---- the club ---------------------------------------------------------------------------

    def club(self):
        r = self.r
        self.providers = NAMES[:r.choice([1, 2, 2, 3, 3, 4])]
        self.parties = [{"name": "Acme", "role": "client"}]
        if self.chance(0.6, "integrator"):
            self.parties.append({"name": "Hermes", "role": "integrator"})
        self.parties += [{"name": p, "role": "provider"} for p in self.providers]
        if self.chance(0.3):                       # remainders go by the order of declaration
            r.shuffle(self.parties)
        self.services = []
        for i, name in enumerate(SERVICES[:r.randint(2, 6)]):
            before = SERVICES[:i]
            depends = [d for d in before if r.random() < 0.5]
            if self.turning and before and not depends:
                depends = [self.short.choice(before)]
            self.services.append({"name": name, "by": r.choice(self.providers),
                                  "depends": depends})
        c = {"framework": {"name": "Club", "timezone": "UTC", "currency": "GBP",
                           "accountability": self.policies()},
             "parties": self.parties, "services": self.services,
             "calendars": {"office": {"open": [{"days": [0, 1, 2, 3, 4], "from": "08:00",
                                                "to": "18:00"}]}},
             "feeds": self.feeds(), "spans": self.spans()}
        if self.chance(0.2, "cap"):
            c["framework"]["cap"] = {"percent": r.choice(["1", "4"]), "unit": r.choice(["day", "month"])}
        self.kind = r.choice(["outages", "tickets", "both"])
        if self.turning and self.kind == "tickets":
            self.kind = "both"
        c["agreements"] = self.slas(c) + self.olas()
        for a in c["agreements"]:
            whole = a["effective"] == ["2010-01-01", None]
            if self.days > 1 and whole and self.chance(0.25, "amendments") and \
                    a["duties"] + a["objectives"]:
                a["amendments"] = [self.amendment(a, c)]
        if self.kind != "tickets" and self.chance(0.2, "framework_goals"):
            self.whole_club(c)
        if self.chance(0.2, "pools"):
            self.pools(c)
        return c

    def whole_club(self, c):
        """An objective of the framework's own, for which the integrator answers."""
        a = self.agreement("framework", "Club", ["Hermes", "Acme"])
        if any(p["role"] == "integrator" for p in self.parties):
            o = self.objective("end_to_end", a)
            a["objectives"].append(o)
            c["agreements"].append(a)

    def pools(self, c):
        goals = [[a["name"], o["name"]] for a in c["agreements"] for o in a["objectives"]
                 if o["window"].get("unit") != "month"]
        if goals and any(a["kind"] == "sla" and "charge" in a and a["between"][0] in self.providers
                         for a in c["agreements"]):
            c["pools"] = [{
                "name": "Gain", "of": "provider", "unit": "day",
                "amount": {"kind": "percent", "value": self.r.choice(["1", "2.5", "0.333"])},
                "paid": ["met", *self.r.choice(goals)],
                "shared": self.r.choice(["equally", "by charge"])}]

    def policies(self):
        r = self.r
        out = {"outages": r.choice(["dependencies"] * 4 + ["owner"]),
               "ticket": r.choice(["holder"] * 4 + ["owner"]),
               "credits": r.choice(["responsibility"] * 3 + ["provider"]),
               "relief": r.random() < 0.6, "relief_force": r.random() < 0.6}
        if out["ticket"] == "holder" and self.unsaid.random() < 0.4 and "last_holder" not in self.without:
            out["ticket"] = "last holder"
            self.unchanged = self.unsaid.choice([0.2, 0.5, 0.8])
        joint = r.choice([None, "shared", "by charge", "first in time", "jointly"])
        if joint and joint not in self.without:
            out["joint"] = joint
        if self.turning:
            out["outages"] = "dependencies"
        if any(p["role"] == "integrator" for p in self.parties) and r.random() < 0.7:
            out["answers"] = ["integrator", "client"]
        return out

    def feeds(self):
        return [
            {"name": "ticket", "fields": [
                {"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
                {"name": "event", "type": "enum", "members": EVENTS},
                {"name": "priority", "type": "enum", "members": ["P1", "P2"]},
                {"name": "service", "type": "service"},
                {"name": "party", "type": "party", "holder": True}]},
            {"name": "change", "fields": [
                {"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
                {"name": "event", "type": "enum", "members": ["started", "finished"]},
                {"name": "kind", "type": "enum", "members": ["planned", "power"]},
                {"name": "service", "type": "service"}]},
            {"name": "probe", "sampled": self.every, "fields": [
                {"name": "at", "type": "instant"},
                {"name": "service", "type": "service", "key": True},
                {"name": "up", "type": "bool"}, {"name": "latency", "type": "duration"},
                {"name": "errors", "type": "int"}]}]

    def spans(self):
        r = self.r
        who = ["Acme", "Acme"] + self.providers
        spans = [{"name": "hold", "per": "ticket", "from": event("ticket", "pended"),
                  "to": event("ticket", "resumed", "resolved")},
                 {"name": "vendor", "per": "ticket",
                  "from": event("ticket", "pended", where=member("priority", "P1")),
                  "to": event("ticket", "assigned", "resolved")},
                 {"name": "maintenance", "per": "service",
                  "from": event("change", "started", where=member("kind", "planned")),
                  "to": event("change", "finished")},
                 {"name": "power", "per": "service",
                  "from": event("change", "started", where=member("kind", "power")),
                  "to": event("change", "finished")}]
        for s, p in zip(spans, (0.6, 0.35, 0.15, 0.6)):
            if self.chance(p, "caused"):
                s["caused_by"] = r.choice([*who, "force majeure"])
        if self.turning:
            spans[3].setdefault("caused_by", self.short.choice(who))
        if any(s.get("caused_by") == "force majeure" for s in spans):
            self.parties.append({"name": "force majeure", "role": "nobody"})
        return spans

    # ---- agreements -------------------------------------------------------------------------

    def agreement(self, kind, name, between):
        return {"name": name, "kind": kind, "between": between, "effective": ["2010-01-01", None],
                "duties": [], "objectives": []}

    def slas(self, c):
        r, out = self.r, []
        for p in self.providers:
            if r.random() < 0.85:
                a = self.agreement("sla", p + "SLA", [p, "Acme"])
                if r.random() < 0.85:
                    a["charge"] = {"amount": r.choice(["120000.00", "999.99", "100.01", "36000"]),
                                   "per": r.choice(["month", "quarter", "year"])}
                out.append(a)
        if any(p["role"] == "integrator" for p in self.parties) and r.random() < 0.5:
            a = self.agreement("sla", "EndToEnd", ["Hermes", "Acme"])
            a["charge"] = {"amount": "50000", "per": "month"}
            out.append(a)
        if not out:
            out.append(self.agreement("sla", "OnlySLA", [self.providers[0], "Acme"]))
        busy = r.sample(out, min(len(out), r.choice([1, 1, 2])))
        for a in busy:
            if self.kind != "outages":
                d = self.duty("restore", a["between"][0])
                if self.chance(0.5, "money") and "cap" not in c["framework"]:
                    d["credit"] = self.price(a)
                a["duties"].append(d)
                if self.chance(0.5, "outcomes"):
                    a["objectives"].append(self.outcome_objective("in_time", a))
            if self.kind != "tickets":
                for i in range(r.choice([1, 2])):
                    a["objectives"].append(self.objective(f"goal{i}", a))
            if self.chance(0.3, "client_duty") and self.kind != "outages":
                a["duties"].append(self.client_duty())
        for a in busy:
            if self.chance(0.15, "parts"):
                a["effective"] = r.choice([["2010-01-01", DAY0], ["2026-03-03", None]])
        return out

    def amendment(self, a, c):
        """From the second day on: another charge, other targets, other allowances, or less."""
        r, out = self.r, {"name": a["name"] + "2", "from": "2026-03-03"}
        if "charge" in a:
            out["charge"] = {**a["charge"], "amount": r.choice(["250.05", "77777"])}
        for kind in ("duties", "objectives"):
            out[kind] = copy.deepcopy([x for x in a[kind] if r.random() < 0.6])
        for d in out["duties"]:
            for w in d["within"]:
                w["ns"] = self.hours([1, 2, 3, 4, 6, 9])
        for o in out["objectives"]:
            if "credit" not in o and o["unit"] == "ratio" and o["op"] == "at least":
                o["target"] = str(Fraction(r.choice([60, 80, 97]), 100))
        kept = [o["name"] for o in a["objectives"] if o not in out["objectives"]]
        if kept and r.random() < 0.3:
            out["remove"] = [n for n in kept[:1] if n not in {o["name"] for o in out["objectives"]}]
        return out

    def olas(self):
        r, out = self.r, []
        if self.kind == "outages" or len(self.providers) < 2:
            return out
        for i in range(r.choice([1, 2, 2, 3])):
            a, b = r.sample(self.providers, 2)
            one = self.agreement("ola", f"OLA{i}", [a, b])
            one["duties"] = [self.ola_duty(f"turn{n}", a) for n in range(r.choice([1, 1, 1, 2]))]
            out.append(one)
        return out

    def hours(self, choices):
        return self.r.choice(choices) * tl.HOUR // 2

    def within(self, d, choices):
        r = self.r
        w = {"ns": self.hours(choices)}
        if r.random() < 0.2:
            w["of"] = "office"
        d["within"] = [w]
        if r.random() < 0.2:
            d["within"] = [{**w, "for": ["P1"]}, {"ns": self.hours(choices)}]
            d["by"] = "priority"

    def duty(self, name, party):
        r = self.r
        d = {"name": name, "party": party, "trigger": event("ticket", "opened"),
             "discharge": event("ticket", "resolved"), "undo": event("ticket", "reopened"),
             "undo_mode": r.choice(["ignore", "ignore", "restart", "resume"]), "pausing": []}
        if d["undo_mode"] == "resume":
            d["until"] = event("ticket", "closed")
        self.within(d, [2, 4, 6, 8, 8, 10, 12])
        for s in ["hold", "vendor", "office", "maintenance"]:
            if r.random() < 0.12:
                d["pausing"].append(s)
        if self.chance(0.15, "following") and d.get("by"):
            d["following"] = "priority"
        if self.chance(0.1, "counting") and d["undo_mode"] != "restart":
            d["counting"] = event("ticket", "assigned")
            d["retroactive"] = r.random() < 0.3
        if self.chance(0.1):
            d["void"] = event("ticket", "closed")
            if d["undo_mode"] == "resume":
                del d["void"]
        if self.chance(0.1):
            d["excused_when"] = member("priority", "P2")
        return d

    def ola_duty(self, name, party):
        r = self.r
        where = member("party", party)
        if r.random() < 0.3:
            where = ["and", where, ["changed", "party"]]
        d = {"name": name, "party": party, "trigger": event("ticket", "assigned", where=where),
             "discharge": event("ticket", "assigned", "resolved"), "pausing": [],
             "undo": event("ticket", "reopened"), "undo_mode": "ignore"}
        if r.random() < 0.25:
            d["discharge"] = event("ticket", "assigned", "resolved",
                                   where=["!=", F("party"), L("member", party)])
        self.within(d, [1, 2, 2, 3, 4])
        for s in ["hold", "vendor", "office"]:
            if r.random() < 0.12:
                d["pausing"].append(s)
        if self.chance(0.1):
            d["void"] = event("ticket", "closed")
        return d

    def client_duty(self):
        d = {"name": "approve", "party": "Acme", "trigger": event("ticket", "pended"),
             "discharge": event("ticket", "resumed", "resolved"), "pausing": [],
             "undo": event("ticket", "reopened"), "undo_mode": "ignore"}
        self.within(d, [1, 2, 2, 3])
        if self.r.random() < 0.3:
            d["trigger"] = event("ticket", "assigned", where=member("party", "Acme"))
            d["discharge"] = event("ticket", "assigned", "resolved")
        return d

    # ---- objectives -------------------------------------------------------------------------

    def outcome_objective(self, name, a):
        r = self.r
        where = F("met")
        if r.random() < 0.25:
            where = ["and", where, member("priority", "P1")]
        o = {"name": name, "unit": "ratio", "op": "at least", "window": self.window(),
             "target": str(Fraction(r.choice([50, 75, 95, 100]), 100)),
             "measure": {"agg": "share", "feed": "restore", "where": where}}
        if self.chance(0.1, "opened"):
            o["measure"] = {"agg": "count", "feed": "ticket", "where": member("event", "opened")}
            if r.random() < 0.6:
                o["measure"]["where"] = both(o["measure"]["where"], member(
                    "service", r.choice(self.services)["name"]))
            o.update(unit="number", op=r.choice(["at most", "below"]), target="1")
        elif self.chance(0.15):
            o["measure"] = {"agg": "count", "feed": "restore", "where": F("met")}
            o.update(unit="number", target=str(r.randint(1, 3)))
        self.money(o, a)
        return o

    def window(self):
        if self.chance(0.12, "rolling"):
            return {"length": self.r.choice([12, 24]) * tl.HOUR, "every": 12 * tl.HOUR}
        return {"unit": self.r.choice(["day", "day", "day", "month"])}

    def objective(self, name, a):
        r = self.r
        kinds = ["share"] * 6 + ["figure"] * 3 + ["count", "time"]
        kind = r.choice([k for k in kinds if k not in self.without])
        if self.turning and self.short.random() < 0.8:
            kind = "time"
        o = {"name": name, "window": self.window(), "op": "at least"}
        getattr(self, "make_" + kind)(o)
        self.choose(o, a)
        if self.chance(0.3, "excluding"):
            o["excluding"] = [{"span": r.choice(["maintenance", "power", "office"])}]
            if r.random() < 0.3:
                o["excluding"][0]["most"] = self.hours([1, 2, 5])
        if self.chance(0.2, "no_data"):
            o["no_data"] = "breach"
        self.money(o, a)
        return o

    def choose(self, o, a):
        """Whose samples are looked at: one service's, each of the supplier's, or all."""
        m, r = o["measure"], self.r
        own = [s["name"] for s in self.services if s["by"] == a["between"][0]]
        service = r.choice(own if own and r.random() < 0.7 else
                           [s["name"] for s in self.services[-2:]])
        pick = r.randint(0, 4)
        if self.turning:
            service = self.services[-1]["name"]
        if m["agg"] == "time share":
            pick = 2
        if pick == 0:
            m.update(name=f"m_{a['name']}_{o['name']}", per="service", arg=service)
        elif pick == 1 and (own or a["kind"] == "framework"):
            m.update(name=f"m_{a['name']}_{o['name']}", per="service")
        elif pick < 4:
            m["where"] = both(member("service", service), m.get("where"))

    def condition(self):
        slow = ["<=", F("latency"), L("dur", 200 * 10**6)]
        return self.r.choice([F("up"), F("up"), F("up"), slow, ["and", F("up"), slow],
                              ["<", F("errors"), L("int", 3)]])

    def make_share(self, o):
        r = self.r
        o["measure"] = {"agg": "share", "feed": "probe", "where": self.condition()}
        o.update(unit="ratio", missing=r.choice(["down", "up", "ignored"]),
                 target=str(Fraction(r.choice([50, 75, 90, 95, 99, 100]), 100)))
        if self.chance(0.1, "above"):
            o["op"] = "above"
        elif self.chance(0.1, "mirror"):
            # what a missing sample counts as is said of a condition that is good
            o["measure"]["where"] = ["not", F("up")]
            o.update(missing="ignored", op=r.choice(["at most", "below"]),
                     target=str(Fraction(r.choice([5, 10, 25, 50]), 100)))

    def make_figure(self, o):
        r = self.r
        field, unit = r.choice([("latency", "duration"), ("errors", "number")])
        agg = r.choice(["average", "percentile", "minimum", "maximum", "median"])
        m = o["measure"] = {"agg": agg, "feed": "probe", "field": field}
        if agg == "percentile":
            m["n"] = r.choice(["95", "90", "50"])
        if r.random() < 0.25:
            m["where"] = F("up")
        o.update(missing="ignored", unit=unit, op=r.choice(["at most", "at most", "below"]))
        o["target"] = r.choice([150 * 10**6, 200 * 10**6, 400 * 10**6]) if unit == "duration" else \
            r.choice(["1", "2", "3"])

    def make_count(self, o):
        r = self.r
        o["measure"] = {"agg": "count", "feed": "probe", "where": ["not", F("up")]}
        if r.random() < 0.4:
            o["measure"] = {"agg": "sum", "feed": "probe", "field": "errors"}
        o.update(unit="number", op=r.choice(["at most", "at most", "below", "at least"]),
                 target=str(r.randint(1, 6)), missing="ignored")

    def make_time(self, o):
        self.full = True
        o["measure"] = {"agg": "time share", "feed": "probe", "where": F("up")}
        if self.chance(0.4, "stale"):
            o["measure"]["stale"] = self.hours([1, 3, 4, 6])
        o.update(unit="ratio", missing=self.r.choice(["down", "up", "ignored"]),
                 target=str(Fraction(self.r.choice([50, 80, 95]), 100)))
        if self.turning:
            o["target"] = "1"

    def money(self, o, a):
        r = self.r
        if not self.chance(0.7, "money"):
            return
        if "charge" in a and o["unit"] == "ratio" and o["op"] == "at least" and r.random() < 0.4:
            o["credit"] = {"kind": "rate", "amount": {"kind": "percent", "value": "1"},
                           "per": r.choice(["1/100", "1/20"]), "side": "below",
                           "pro_rata": r.random() < 0.4,
                           "most": {"kind": "percent", "value": "10"}}
        else:
            o["credit"] = {"kind": "ladder", "steps": [
                {"amount": {"kind": "none"}, "op": o["op"], "bound": o["target"]},
                {"amount": self.price(a)}]}

    def price(self, a):
        if "charge" in a and self.r.random() < 0.5:
            return {"kind": "percent", "value": self.r.choice(["5", "7.5", "3.333"])}
        return {"kind": "money", "value": self.r.choice(["100.01", "0.01", "0.05", "1000.00"])}

    # ---- the facts --------------------------------------------------------------------------

    def facts(self):
        out = {"ticket": self.tickets() if self.kind != "outages" else [],
               "change": self.changes(), "probe": self.probes() if self.kind != "tickets" else []}
        for rows in out.values():
            rows.sort(key=lambda x: x["_at"])
            for x in rows:
                x["at"] = tl.format_instant(x.pop("_at"))
        return out

    def instant(self, grain=tl.HOUR // 2):
        return self.start + self.r.randint(-4, int((self.end - self.start) // grain) - 1) * grain

    def tickets(self):
        r, rows = self.r, []
        names = self.providers + ["Acme"] + (["Hermes"] if r.random() < 0.2 else [])
        names = [n for n in names if any(p["name"] == n for p in self.parties)]
        for i in range(r.randint(1, 4)):
            at, done = self.instant(), False
            state = {"priority": r.choice(["P1", "P2"]), "party": r.choice(names),
                     "service": r.choice(self.services)["name"]}
            name = "opened"
            for _ in range(r.randint(2, 10)):
                rows.append({"_at": at, "id": f"T{i}", "event": name, **state})
                if self.chance(0.08, "absent") or self.unsaid.random() < self.unchanged:
                    rows[-1]["party"] = ""
                done = name == "resolved" or (done and name != "reopened")
                at += r.choice([0, 1, 1, 2, 2, 3, 4, 6]) * tl.HOUR // 2
                name = r.choice(["reopened", "closed", "assigned"] if done else
                                ["assigned"] * 4 + ["pended", "pended", "resumed", "resolved"])
                if name == "assigned":
                    state["party"] = r.choice(names)
                if r.random() < 0.1:
                    state["priority"] = r.choice(["P1", "P2"])
        return rows

    def outages(self):
        """{service: [(from, to)]}: an outage spreads to most of what depends on it, with a lag."""
        r = self.r
        out = {s["name"]: [] for s in self.services}
        for _ in range(r.randint(1, 4)):
            root = r.choice(self.services)["name"]
            a = self.instant(self.every)
            hit = {root: (a, a + r.randint(1, 5) * self.every)}
            for s in self.services:
                below = [d for d in s["depends"] if d in hit]
                if s["name"] not in hit and below and r.random() < 0.85:
                    a, b = hit[r.choice(below)]
                    lag = r.choice([0, 0, 0, -1, 1]) * self.every // 2
                    hit[s["name"]] = (a + lag, b + r.choice([0, 0, 1, -1]) * self.every)
            for name, pair in hit.items():
                out[name].append(pair)
        return out

    def probes(self):
        r, rows, outages = self.r, [], self.outages()
        jitter = self.chance(0.4)
        for s in self.services:
            if r.random() < 0.1:
                continue
            phase = r.choice([0, 0, self.every // 2, 60 * tl.NS]) if jitter else 0
            if self.turning:
                phase = self.short.randint(0, 5) * self.every // 6
            at = self.start - 3 * self.every + phase
            gap = 0
            while at < self.end + self.every:
                gap = gap - 1 if gap else r.choice([0] * 24 + [1, 2, 4]) if "gaps" not in \
                    self.without else 0
                down = any(a <= at < b for a, b in outages[s["name"]])
                if self.turning:
                    down ^= self.short.random() < 0.25
                if not gap:
                    rows.append(self.sample(at, s["name"], down))
                    if self.chance(0.02, "twice"):
                        rows.append(self.sample(at, s["name"], not down))
                    if self.turning and self.short.random() < 0.15:
                        again = at + self.short.randint(1, 5) * self.every // 6
                        rows.append(self.sample(again, s["name"], down or self.short.random() < 0.3))
                at += self.every
        return rows

    def sample(self, at, name, down):
        r = self.r
        row = {"_at": at, "service": name, "up": "false" if down else "true",
               "latency": r.choice(["300ms", "1s", "200ms"] if down else ["100ms", "150ms", "200ms"]),
               "errors": str(r.randint(2, 5) if down else r.randint(0, 2))}
        for field in ["latency", "errors"] + ([] if getattr(self, "full", False) else ["up"]):
            if self.chance(0.03, "absent"):
                row[field] = ""
        return row

    def changes(self):
        r, rows = self.r, []
        for i in range(r.choice([0, 1, 2, 3])):
            at, kind = self.instant(), r.choice(["planned", "power"])
            service = r.choice(self.services)["name"]
            rows.append({"_at": at, "id": f"C{i}", "event": "started", "kind": kind,
                         "service": service})
            if r.random() < 0.85:
                rows.append({"_at": at + r.choice([1, 2, 4, 8]) * tl.HOUR, "id": f"C{i}",
                             "event": "finished", "kind": kind, "service": service})
        return rows + (self.short_spans() if self.turning else [])

    def short_spans(self):
        """Power that is gone for less than an interval, so that it comes and goes while a stretch of time lasts."""
        r, rows = self.short, []
        for i in range(r.randint(4, 12)):
            at = self.start + r.randrange((self.end - self.start) // self.every * 12) * self.every // 12
            service = r.choice([*self.services, *self.services[-1:] * 3])["name"]
            row = {"id": f"S{i}", "kind": "power", "service": service}
            rows.append({"_at": at, "event": "started", **row})
            rows.append({"_at": at + r.randint(1, 8) * self.every // 12, "event": "finished", **row})
        return rows

    def period(self):
        if self.chance(0.15, "cut"):
            return self.start + self.r.choice([0, 5]) * tl.HOUR, \
                self.end - self.r.choice([0, 7]) * tl.HOUR
        return self.start, self.end
