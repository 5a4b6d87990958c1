"""The oracle: a second, deliberately naive implementation of what agreements mean.

Written from the language's page alone, never from the compiler or the runtime, so that the two
can be held against each other decision by decision. It takes a *club* (plain data, described in
README.md beside this file) and rows (CSV cells as texts) and returns every decision that the page
demands: duties with their clocks, objectives with their windows, credits in minor units.

Invariants: figures are Fractions, times are integers of nanoseconds, nothing is rounded except
money, once, at the end. It does again from scratch whatever it needs (each window end replays
every duty), which makes it slow and easy to believe. Tested by tests/oracle/test_oracle.py.
"""

import datetime as dt
import json
import sys
from fractions import Fraction

import timeline as tl

MINOR = {"GBP": 2, "EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
TRUE = {"true", "1", "yes", "up"}
FALSE = {"false", "0", "no", "down"}


# ---- expressions ------------------------------------------------------------------------------

def fields_read(e):
    """Fields whose absence makes a sample's condition unanswerable."""
    if e is None or e[0] in ("lit", "absent", "present", "changed", "previous"):
        return set()
    if e[0] == "field":
        return {e[1]}
    if e[0] == "in":
        return fields_read(e[1])
    return set().union(*(fields_read(x) for x in e[1:] if isinstance(x, list)))


def fields_tested(e):
    """Fields that the condition itself asks about with `is absent`."""
    if e is None or e[0] in ("lit", "field"):
        return set()
    if e[0] in ("absent", "present"):
        return fields_read(e[1])
    if e[0] == "in":
        return fields_tested(e[1])
    return set().union(*(fields_tested(x) for x in e[1:] if isinstance(x, list)))


def evaluate(e, row):
    """The value of an expression on a row; a comparison with an absent value is false."""
    op = e[0]
    if op == "lit":
        return Fraction(e[2]) if e[1] == "num" else e[2]
    if op == "field":
        return row["fields"].get(e[1])
    if op == "previous":
        return row["previous"].get(e[1])
    if op == "changed":
        return row["fields"].get(e[1]) != row["previous"].get(e[1])
    if op == "and":
        return truth(e[1], row) and truth(e[2], row)
    if op == "or":
        return truth(e[1], row) or truth(e[2], row)
    if op == "not":
        return not truth(e[1], row)
    if op == "absent":
        return evaluate(e[1], row) is None
    if op == "present":
        return evaluate(e[1], row) is not None
    if op == "in":
        value = evaluate(e[1], row)
        return value is not None and value in [x[2] for x in e[2:]]
    a, b = evaluate(e[1], row), evaluate(e[2], row)
    if a is None or b is None:
        return False
    if op in ("==", "!="):
        return (a == b) == (op == "==")
    return compare(op, a, b)


def compare(op, a, b):
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b,
            "at least": a >= b, "at most": a <= b, "above": a > b, "below": a < b}[op]


def truth(e, row):
    return e is None or evaluate(e, row) is True


def split_selection(e, key):
    """Take top-level `key == constant` conjuncts off a condition: (constants, what is left)."""
    if e is None:
        return [], None
    if e[0] == "and":
        one, left = split_selection(e[1], key)
        two, right = split_selection(e[2], key)
        rest = right if left is None else left if right is None else ["and", left, right]
        return one + two, rest
    if e[0] == "==":
        for a, b in ((e[1], e[2]), (e[2], e[1])):
            if a == ["field", key] and b[0] == "lit":
                return [b[2]], None
    return [], e


# ---- the world --------------------------------------------------------------------------------

class World:
    """A club with its rows in order, its spans and its calendars."""

    def __init__(self, club, facts, start=None, end=None):
        self.club = club
        self.zone_name = club["framework"]["timezone"]
        self.feeds = {f["name"]: f for f in club["feeds"]}
        self.spans = {s["name"]: s for s in club.get("spans", [])}
        self.calendars = {n: tl.Calendar.of(c, self.zone_name)
                          for n, c in club.get("calendars", {}).items()}
        self.names = {}
        for thing in club["parties"] + club["services"]:
            for name in [thing["name"], thing.get("title"), *thing.get("aliases", [])]:
                if name:
                    self.names[name] = thing["name"]
        rows = []
        for order, feed in enumerate(club["feeds"]):
            for n, cells in enumerate(facts.get(feed["name"], [])):
                row = self.read(feed, cells)
                rows.append((row["at"], order, n, row))
        rows.sort(key=lambda r: r[:3])
        rows = [r[3] for r in rows]
        used = [r["at"] for r in rows if r["feed"] in self.used_feeds()]
        self.start = start if start is not None else min(used, default=0)
        self.end = end if end is not None else max(used, default=0) + 1
        self.rows = [r for r in rows if r["at"] < self.end]
        last = {}
        for n, row in enumerate(self.rows):
            row["n"] = n
            row["previous"] = last.get((row["feed"], row["key"]), {})
            last[row["feed"], row["key"]] = row["fields"]

    def read(self, feed, cells):
        fields = {}
        for f in feed["fields"]:
            fields[f["name"]] = self.cell(f["type"], cells.get(f["name"], ""))
        key = next((f["name"] for f in feed["fields"] if f.get("key")), None)
        return {"feed": feed["name"], "at": fields["at"], "fields": fields, "previous": {},
                "key": fields.get(key)}

    def cell(self, kind, text):
        if text == "":
            return None
        if kind == "instant":
            return tl.parse_instant(text)
        if kind == "duration":
            return tl.parse_duration(text)
        if kind == "int":
            return int(text)
        if kind in ("number", "decimal"):
            return Fraction(float(text)) if kind == "number" else Fraction(text)
        if kind == "bool":
            return text.lower() in TRUE
        if kind in ("service", "party"):
            return self.names[text]
        return text

    def key_field(self, feed):
        return next((f["name"] for f in self.feeds[feed]["fields"] if f.get("key")), None)

    def used_feeds(self):
        """Feeds that the agreements use, directly or through their spans."""
        out, spans = set(), set()
        for a in self.club["agreements"]:
            duties = {d["name"] for d in a.get("duties", [])}
            for d in a.get("duties", []):
                for name in ("trigger", "discharge", "void", "undo", "until", "counting"):
                    if d.get(name):
                        out |= {x["feed"] for x in d[name]["alts"]}
                spans |= set(d.get("pausing", []))
                spans |= {d["excused_during"]} if d.get("excused_during") else set()
            for o in a.get("objectives", []):
                if o["measure"]["feed"] not in duties:
                    out.add(o["measure"]["feed"])
                spans |= {x["span"] for x in o.get("excluding", [])}
        for s in spans & set(self.spans):
            for name in ("from", "to"):
                out |= {x["feed"] for x in self.spans[s][name]["alts"]}
        return out

    def matches(self, event, row):
        if not any(row["feed"] == x["feed"] and x.get("event") in (None, row["fields"].get("event"))
                   and truth(x.get("where"), row) for x in event["alts"]):
            return False
        return truth(event.get("where"), row)

    def span_field(self, span):
        per = self.spans[span]["per"]
        return self.key_field(per) if per in self.feeds else per

    def intervals(self, name, fields, until, a, b):
        """The time in a span or calendar for a row's fields, by what is known before `until`."""
        if name in self.calendars:
            return self.calendars[name].slice(a, b)
        span, field = self.spans[name], self.span_field(name)
        return tl.clip(self.span_of(span, field, fields.get(field), until), a, b)

    def span_of(self, span, field, key, until):
        out, opened = [], None
        if key is None:
            return out
        for row in self.rows:
            if row["at"] >= until:
                break
            if row["fields"].get(field) != key:
                continue
            if opened is not None and self.matches(span["to"], row):
                out.append((opened, row["at"]))
                opened = None
            if opened is None and self.matches(span["from"], row):
                opened = row["at"]
        if opened is not None:
            out.append((opened, until))
        return tl.union(out)


# ---- duties -----------------------------------------------------------------------------------

class Clock:
    """One running of a duty, as replayed row by row up to an instant."""

    def __init__(self, world, duty, row):
        self.world, self.duty, self.row = world, duty, row
        self.key = row["key"]
        self.segments = []
        self.state = "running"       # running, waiting (resume only), done, void
        self.done = self.decided = self.changed_at = self.ended = None
        self.followed = row["fields"].get(duty.get("following"))
        self.within = self.allowance(row["fields"].get(duty.get("by")))

    def allowance(self, member):
        for w in self.duty["within"]:
            if w.get("for") is None or member in w["for"]:
                return w
        raise ValueError(f"no allowance for {member!r}")

    @property
    def allowed(self):
        return self.within["ns"]

    def calendar(self):
        name = self.within.get("of")
        return self.world.calendars[name] if name else None

    def pauses(self, known, horizon):
        """Pauses by what is known before an instant; those still open end there."""
        lists = [self.world.intervals(s, self.row["fields"], known, self.segments[0][0], horizon)
                 for s in self.duty.get("pausing", []) if self.segments]
        return tl.union(*lists)

    def elapsed(self, t):
        if not self.segments:
            return 0
        runs = tl.running(self.segments, self.calendar(), self.pauses(t, t), t)
        return tl.measure(tl.clip(runs, self.segments[0][0], t))

    def run_out(self, t):
        return self.elapsed(t) > self.allowed

    def reach(self, known, last):
        """Due (first) or running out (last), the clock taken to run on after its last stop."""
        if not self.segments:
            return None
        segments = self.segments[:-1] + [(self.segments[-1][0], None)]
        return tl.reach(segments, self.calendar(),
                        lambda horizon: self.pauses(known, horizon), self.allowed, last)

    def follow(self, row):
        field = self.duty.get("following")
        value = row["fields"].get(field) if field else None
        if value is None or value == self.followed:
            return
        self.followed, self.changed_at = value, row["at"]
        self.within = self.allowance(value)

    def start(self, at):
        self.segments = [(at, None)]

    def stop(self, at):
        if self.segments and self.segments[-1][1] is None:
            self.segments[-1] = (self.segments[-1][0], at)

    def settle(self, until):
        """The clock's outcome by what is known before `until`, as plain data."""
        known = min(until, self.ended if self.ended is not None else until)
        elapsed = self.elapsed(known)
        # a reopened clock runs again: its discharge is undone
        out = {"at": self.row["at"], "done": None if self.state == "running" else self.done, "open": False, "elapsed": elapsed,
               "allowed": self.allowed, "due": self.reach(known, False), "outcome_at": None,
               "row": self.row, "key": self.key}
        if self.state == "void":
            out["status"] = "void"
        elif elapsed > self.allowed:
            out["status"] = "breach"
            out["outcome_at"] = max(self.reach(known, True), self.changed_at or 0)
            out["open"] = self.state == "running"
            self.excuse(out, known)
        elif self.state in ("running", "waiting"):
            # the page does not say whether a clock that waits for its final event is open
            out["status"], out["open"] = "provisional", self.state == "running" or None
        else:
            out["status"], out["outcome_at"] = "met", self.decided
        return out

    def excuse(self, out, known):
        when, during = self.duty.get("excused_when"), self.duty.get("excused_during")
        if when is not None and truth(when, self.row):
            out["status"] = "excused"
        if during is not None and tl.contains(
                self.world.intervals(during, self.row["fields"], known, out["due"],
                                     out["due"] + 1), out["due"]):
            out["status"] = "excused"


def correlates(world, duty, clock, row):
    """Does a row speak of a clock's instance?"""
    if row["feed"] == clock.row["feed"]:
        return row["key"] == clock.key
    match = duty.get("matching")                 # {trigger field, other feed, its field}
    if match is None:
        return row["key"] == clock.key
    value = clock.row["fields"].get(match["field"])
    return row["feed"] == match["other"] and value is not None and \
        row["fields"].get(match["other_field"]) == value


def versions(agreement):
    """The terms of an agreement one after another: itself, then what each amendment makes of it."""
    out = [agreement]
    for change in sorted(agreement.get("amendments", []), key=lambda x: x["from"]):
        terms = {**out[-1], "effective": [change["from"], out[-1]["effective"][1]]}
        before = dt.date.fromisoformat(change["from"]) - dt.timedelta(days=1)
        out[-1] = {**out[-1], "effective": [out[-1]["effective"][0], before.isoformat()]}
        terms["charge"] = change.get("charge", terms.get("charge"))
        for kind in ("duties", "objectives"):
            new = {x["name"]: x for x in change.get(kind, [])}
            terms[kind] = [new.get(x["name"], x) for x in terms.get(kind, [])
                           if x["name"] not in change.get("remove", [])]
        out.append(terms)
    return [{**terms, "whole": agreement} for terms in out] if len(out) > 1 else out


def named(members, name):
    return next((x for x in members if x["name"] == name), None)


def in_force(world, agreement, duty, t):
    """(terms, duty) of that name at an instant; without terms where there is no such duty then."""
    for terms in versions(agreement.get("whole", agreement)):
        low, high = effective(world, terms)
        found = named(terms.get("duties", []), duty["name"])
        if low <= t < high and found:
            return terms, found
    return None, duty


def replay(world, agreement, duty, until):
    """All clocks of a duty by the rows before `until`, in the order of their triggers."""
    clocks, seen = [], []
    for row in world.rows:
        if row["at"] >= until:
            break
        terms, duty = in_force(world, agreement, duty, row["at"])
        undone = False
        for c in clocks:
            if c.state in ("running", "waiting") and correlates(world, c.duty, c, row):
                step(world, c.duty, c, row)
            elif c.state == "done" and correlates(world, c.duty, c, row):
                undone = True
        busy = any(c.state in ("running", "waiting") and c.key == row["key"] for c in clocks)
        begins = world.matches(duty["trigger"], row)
        if duty.get("undo_mode") == "restart" and undone and world.matches(duty["undo"], row):
            begins = True
        if begins and not busy and terms is not None:
            clocks.append(begin(world, duty, row, seen))
            clocks[-1].terms = terms
        seen.append(row)
    return clocks


def begin(world, duty, row, seen):
    clock = Clock(world, duty, row)
    counting = duty.get("counting")
    if counting is None:
        clock.start(row["at"])
        return clock
    earlier = [r for r in seen if correlates(world, duty, clock, r) and
               world.matches(counting, r)]
    if duty.get("retroactive") and earlier:
        clock.start(earlier[-1]["at"])
    elif world.matches(counting, row):
        clock.start(row["at"])
    return clock


def step(world, duty, clock, row):
    """What one row does to a clock that is not over: void, follow, count, discharge, undo."""
    at = row["at"]
    if clock.state == "waiting":
        if world.matches(duty["until"], row):
            clock.state, clock.decided = "done", at
        elif world.matches(duty["undo"], row):
            clock.state, clock.ended = "running", None
            if clock.segments or not duty.get("counting"):
                clock.segments.append((at, None))
        return
    if duty.get("void") and world.matches(duty["void"], row) and not clock.run_out(at):
        clock.state, clock.ended = "void", at
        clock.stop(at)
        return
    if row["feed"] == clock.row["feed"]:
        clock.follow(row)
    if duty.get("counting") and not clock.segments and world.matches(duty["counting"], row):
        clock.start(at)
    final = bool(duty.get("until")) and world.matches(duty["until"], row)
    # the final event ends a clock that was reopened, even if it is no discharge by itself
    if world.matches(duty["discharge"], row) or (final and clock.done is not None):
        clock.done = clock.decided = clock.ended = at
        clock.stop(at)
        waits = duty.get("undo_mode") == "resume" and not final and not clock.run_out(at)
        clock.state = "waiting" if waits else "done"


def decide_duty(world, agreement, duty):
    before = replay(world, agreement, duty, world.start)
    over = {c.row["n"] for c in before if c.state in ("done", "void")}
    out = []
    for c in replay(world, agreement, duty, world.end):
        s = c.settle(world.end)
        # by the terms that it has now: one that had run out before the period may do so anew under a field
        # that changed since (`following`), and its outcome is then of this period
        if c.row["n"] in over or (s["outcome_at"] or world.start) < world.start:
            continue
        out.append({"kind": "duty", "agreement": agreement["name"], "clause": duty["name"],
                    "subject": c.key, "n": c.row["n"], "at": s["at"], "due": s["due"],
                    "done": s["done"],
                    "open": s["open"], "elapsed": s["elapsed"], "allowed": s["allowed"],
                    "status": s["status"], "credit": duty_credit(world, c, s)})
    return out


def duty_credit(world, clock, settled):
    """What a breach costs, in minor units."""
    if not clock.duty.get("credit") or settled["status"] != "breach":
        return 0
    charge = clock.terms.get("charge")
    charge = Fraction(charge["amount"]) if charge else Fraction(0)
    return round_minor(amount_of(clock.duty["credit"], charge), "half_even",
                       MINOR[world.club["framework"]["currency"]])


def outcome_rows(world, agreement, duty, until):
    """A duty's outcomes as rows of a feed, by what is known before `until`."""
    key, out = world.key_field(duty["trigger"]["alts"][0]["feed"]), []
    for c in replay(world, agreement, duty, until):
        s = c.settle(until)
        if s["outcome_at"] is None:
            continue
        fields = dict(c.row["fields"])
        fields.update({"at": s["outcome_at"], "due": s["due"], "done": s["done"],
                       "elapsed": s["elapsed"], "allowed": s["allowed"],
                       "met": s["status"] == "met", "excused": s["status"] == "excused"})
        out.append({"feed": duty["name"], "at": s["outcome_at"], "fields": fields,
                    "previous": {}, "key": fields.get(key), "clock": c})
    return sorted(out, key=lambda r: r["at"])


# ---- objectives -------------------------------------------------------------------------------

def effective(world, agreement):
    """The agreement's effective dates as instants, whole days of its zone."""
    zone = tl.Zone(agreement.get("timezone") or world.zone_name)
    first, last = agreement["effective"]
    low = zone.utc(dt.date.fromisoformat(first))
    if last is None:
        return low, 1 << 70
    return low, zone.utc(dt.date.fromisoformat(last) + dt.timedelta(days=1))


class Figure:
    """One measuring of an objective for one subject over one evaluated stretch [a, b)."""

    def __init__(self, world, agreement, objective, subject, a, b):
        self.world, self.objective, self.a, self.b = world, objective, a, b
        m = self.measure = objective["measure"]
        duties = {d["name"]: d for d in agreement.get("duties", [])}
        if m["feed"] in duties:
            duty = duties[m["feed"]]
            self.outcomes, self.interval = True, None
            self.key = world.key_field(duty["trigger"]["alts"][0]["feed"])
            self.all_rows = outcome_rows(world, agreement, duty, b)
        else:
            self.outcomes, self.interval = False, world.feeds[m["feed"]].get("sampled")
            self.key = world.key_field(m["feed"])
            self.all_rows = [r for r in world.rows if r["feed"] == m["feed"]]
        chosen, self.condition = split_selection(m.get("where"), self.key)
        if subject is not None and m["per"] != self.key:
            self.all_rows = [r for r in self.all_rows if r["fields"].get(m["per"]) == subject]
        elif subject is not None:
            chosen = chosen + [subject]
        self.chosen = chosen
        self.all_rows = [r for r in self.all_rows
                         if all(r["key"] == c for c in chosen)]
        self.left_out = {}
        self.counts = {"samples": 0, "bad": 0, "missing": 0, "absent": 0, "excluded": 0}

    def excluded(self, fields):
        """What this stretch leaves out, for the keys that these fields name."""
        named = [x["span"] for x in self.objective.get("excluding", [])]
        about = tuple(fields.get(self.world.span_field(s)) for s in named if s in self.world.spans)
        if about not in self.left_out:
            self.left_out[about] = self.leave_out(fields)
        return self.left_out[about]

    def leave_out(self, fields):
        out = []
        for x in self.objective.get("excluding", []):
            spans = self.world.intervals(x["span"], fields, self.b, self.a, self.b)
            out.append(tl.earliest(spans, x["most"]) if x.get("most") is not None else spans)
        return tl.union(*out)

    def observed(self):
        """The rows of the stretch that are not excluded."""
        rows = []
        for r in self.all_rows:
            if self.a <= r["at"] < self.b:
                if tl.contains(self.excluded(r["fields"]), r["at"]):
                    self.counts["excluded"] += 1
                else:
                    rows.append(r)
        return rows

    def keys(self):
        """The keys of a sampled feed that are expected to have samples: seen before the end."""
        if self.chosen:
            return [self.chosen[0]] if all(c == self.chosen[0] for c in self.chosen) else []
        return sorted({r["key"] for r in self.all_rows
                       if r["at"] < self.b and r["key"] is not None})

    def missing(self, rows):
        total = 0
        for key in self.keys():
            net = self.b - self.a - tl.measure(self.excluded({self.key: key}))
            seen = sum(1 for r in rows if r["key"] == key)
            total += max(0, net // self.interval - seen)
        return total

    def answerable(self, row, extra=()):
        reads = (fields_read(self.condition) - fields_tested(self.condition)) | set(extra)
        if any(row["fields"].get(f) is None for f in reads):
            self.counts["absent"] += 1
            return False
        return True

    def value(self):
        agg = self.measure["agg"]
        if agg == "time share":
            return self.time_share()
        rows = self.observed()
        if agg == "share":
            return self.share(rows)
        field = self.measure.get("field")
        self.rows_seen = len(rows)
        rows = [r for r in rows if self.answerable(r) and truth(self.condition, r)]
        if field:
            rows = [r for r in rows if self.has(r, field)]
        self.counts["samples"] = len(rows)
        if agg == "count":
            return Fraction(len(rows)) if self.rows_seen else None
        values = sorted(Fraction(r["fields"][field]) for r in rows)
        if agg == "sum":
            return sum(values, Fraction(0)) if self.rows_seen else None
        if not values:
            return None
        if agg == "average":
            return sum(values) / len(values)
        if agg == "minimum":
            return values[0]
        if agg == "maximum":
            return values[-1]
        n = Fraction("50" if agg == "median" else self.measure["n"])
        rank = max(1, -(-n * len(values) // 100))
        return values[int(rank) - 1]

    def has(self, row, field):
        if row["fields"].get(field) is None:
            self.counts["absent"] += 1
            return False
        return True

    def share(self, rows):
        missing = 0
        policy = self.objective.get("missing")
        if self.interval and policy in ("down", "up"):
            missing = self.counts["missing"] = self.missing(rows)
        elif self.interval:
            self.counts["missing"] = self.missing(rows)
        if self.outcomes and "met" in fields_read(self.condition):
            rows = [r for r in rows if not r["fields"]["excused"]]
        rows = [r for r in rows if self.answerable(r)]
        good = sum(1 for r in rows if truth(self.condition, r))
        self.counts["samples"], self.counts["bad"] = len(rows), len(rows) - good
        below = len(rows) + (missing if policy in ("down", "up") else 0)
        if policy == "up":
            good += missing
        return Fraction(good, below) if below else None

    def time_share(self):
        """Each state holds until the next sample, at most for the stale time."""
        hold = self.measure.get("stale") or 2 * self.interval
        good, known = [], []
        out = self.excluded({self.key: self.chosen[0]})
        rows = self.all_rows
        for i, r in enumerate(rows):
            end = min(r["at"] + hold, rows[i + 1]["at"] if i + 1 < len(rows) else self.b)
            known.append((r["at"], end))
            if truth(self.condition, r):
                good.append((r["at"], end))
        whole = tl.subtract([(self.a, self.b)], out)
        known, good = tl.intersect(tl.union(known), whole), tl.intersect(tl.union(good), whole)
        silent = tl.measure(whole) - tl.measure(known)
        above, below = tl.measure(good), tl.measure(known)
        if self.objective.get("missing") in ("down", "up"):
            below += silent
        if self.objective.get("missing") == "up":
            above += silent
        return Fraction(above, below) if below else None


def subjects(world, agreement, objective, begin, until):
    m = objective["measure"]
    if m.get("per") is None:
        return [None]
    if m.get("arg") is not None:
        return [m["arg"]]
    if m["per"] == "service":
        return sorted(s["name"] for s in world.club["services"]
                      if agreement["kind"] == "framework" or s["by"] == agreement["between"][0])
    # a sampled key that was ever seen is decided though it be silent; others only where they occur
    since = None if world.feeds[m["feed"]].get("sampled") and "share" in m["agg"] else begin
    return sorted({r["fields"][m["per"]] for r in world.rows
                   if r["feed"] == m["feed"] and (since is None or since <= r["at"]) and r["at"] < until
                   and r["fields"].get(m["per"]) is not None})


def windows(world, agreement, objective):
    """(calendar window, part bounds, evaluated stretch, final, is a part) of an objective."""
    zone = tl.Zone(agreement.get("timezone") or world.zone_name)
    low, high = effective(world, agreement)
    a, b = max(world.start, low), min(world.end, high)
    if a >= b:
        return
    w = objective["window"]
    if w.get("unit"):
        every = tl.calendar_windows(zone, w["unit"], a, b)
    else:
        every = tl.rolling_windows(zone, w["length"], w["every"], world.start, world.end, a, b)
    for win in every:
        part = (max(win[0], low), min(win[1], high))
        yield win, part, (max(part[0], a), min(part[1], b)), part[1] <= world.end, part != win


def decide_objective(world, agreement, objective):
    out = []
    for win, part, (a, b), final, is_part in windows(world, agreement, objective):
        for subject in subjects(world, agreement, objective, a, b):
            figure = Figure(world, agreement, objective, subject, a, b)
            value = figure.value()
            status, silent = judge(objective, value, final)
            d = {"kind": "objective", "agreement": agreement["name"], "clause": objective["name"],
                 "subject": subject, "window": part, "status": status, "measure": value,
                 "terms": agreement, "counts": figure.counts, "credit_exact": Fraction(0), "credit": 0,
                 "unit": objective["unit"],
                 "ends": part[1] if objective["window"].get("unit") else win[1],
                 "by_weight": bool(objective.get("credit")) and by_weight(objective["credit"])}
            if final and objective.get("credit") and status == "breach":
                amount = credit_of(agreement, objective, None if silent else value, status)
                if is_part:
                    amount *= Fraction(part[1] - part[0], win[1] - win[0])
                d["credit_exact"] = amount
            out.append(d)
    return out


def judge(objective, value, final):
    """(status, decided by the policy for no data)"""
    if not final:
        return "provisional", value is None
    if value is None:
        policy = objective.get("no_data")
        return {"breach": "breach", "met": "met"}.get(policy, "no_data"), True
    good = compare(objective["op"], value, Fraction(objective["target"]))
    return ("met" if good else "breach"), False


# ---- money ------------------------------------------------------------------------------------

def weight_part(agreement, objective, charge):
    """The objective's part of what its agreement puts at risk."""
    if objective.get("weight") is None or not agreement.get("at_risk"):
        return None
    whole = sum(Fraction(o["weight"]) for o in agreement["objectives"] if o.get("weight"))
    return amount_of(agreement["at_risk"]["amount"], charge) * Fraction(objective["weight"]) / whole


def by_weight(credit):
    amounts = [s["amount"] for s in credit.get("steps", [])] or [credit["amount"], credit["most"]]
    return any(a["kind"] == "weight" for a in amounts)


def credit_of(agreement, objective, value, status):
    """The exact credit of a decided window; value None means decided by the no-data policy."""
    charge = Fraction(agreement["charge"]["amount"]) if agreement.get("charge") else Fraction(0)
    credit = objective["credit"]
    part = weight_part(agreement, objective, charge)
    if value is None:
        if status == "met":
            return Fraction(0)
        if credit["kind"] == "ladder":
            return amount_of(credit["steps"][-1]["amount"], charge, part)
        return amount_of(credit["most"], charge, part)
    if credit["kind"] == "ladder":
        for s in credit["steps"]:
            if s.get("op") is None or compare(s["op"], value, Fraction(s["bound"])):
                return amount_of(s["amount"], charge, part)
        return Fraction(0)
    target = Fraction(objective["target"])
    short = target - value if credit["side"] == "below" else value - target
    if short <= 0:
        return Fraction(0)
    units = short / Fraction(credit["per"])
    if not credit.get("pro_rata"):
        units = Fraction(-(-units // 1))
    amount = amount_of(credit["amount"], charge, part) * units
    return min(amount, amount_of(credit["most"], charge, part)) if credit.get("most") else amount


def amount_of(amount, charge, part=None):
    if amount["kind"] == "none":
        return Fraction(0)
    if amount["kind"] == "weight":
        return Fraction(amount["value"]) / 100 * part
    if amount["kind"] == "percent":
        return Fraction(amount["value"]) / 100 * charge
    return Fraction(amount["value"])


def round_minor(amount, mode, digits):
    scaled = amount * 10**digits
    floor = scaled // 1
    rest = scaled - floor
    if mode == "up":                       # away from zero; credits are never negative here
        return int(floor) + (1 if rest else 0)
    if mode == "down":
        return int(floor)
    if rest * 2 == 1:
        return int(floor) + (1 if mode == "half_up" or floor % 2 else 0)
    return int(floor) + (1 if rest * 2 > 1 else 0)


def caps_of(world, agreement):
    """Every cap that applies, and what is at risk, which bounds the credits by weight alone."""
    framework = world.club["framework"]
    caps = agreement.get("caps") or ([agreement["cap"]] if agreement.get("cap") else None)
    caps = caps or framework.get("caps") or ([framework["cap"]] if framework.get("cap") else [])
    out = [{"amount": {"kind": "percent", "value": c["percent"]}, "unit": c.get("unit", "month"),
            "months": c.get("months", 1), "weighted": False} for c in caps]
    if agreement.get("at_risk"):
        out.append({**agreement["at_risk"], "months": 1, "weighted": True})
    return out


def months_back(zone, unit, t, n):
    """The window that contains t, and the n - 1 before it."""
    out = [tl.window_at(zone, unit, t)]
    while len(out) < n:
        out.append(tl.window_at(zone, unit, out[-1][0] - 1))
    return out


def settle_money(world, agreement, decisions):
    """Caps in the order of window end and clause, then rounding, then earn-back."""
    caps = caps_of(world, agreement)
    digits = MINOR[world.club["framework"]["currency"]]
    zone = tl.Zone(agreement.get("timezone") or world.zone_name)
    order = {o["name"]: i for i, o in enumerate(agreement.get("objectives", []))}
    paid = []                                   # (instant, by weight, amount)
    for d in sorted(decisions, key=lambda d: (d["ends"], order[d["clause"]],
                                              d["subject"] or "")):
        amount, terms = d["credit_exact"], d["terms"]
        rule = named(terms["objectives"], d["clause"]).get("credit") or {}
        charge = Fraction(terms["charge"]["amount"]) if terms.get("charge") else Fraction(0)
        if amount > 0:
            weighted, at = d["by_weight"], d["ends"] - 1
            for cap in caps:
                if cap["weighted"] and not weighted:
                    continue
                if cap["amount"]["kind"] == "percent" and not terms.get("charge"):
                    continue
                reach = months_back(zone, cap["unit"], at, cap["months"])
                used = sum(m for t, w, m in paid if (w or not cap["weighted"]) and
                           any(a <= t < b for a, b in reach))
                amount = max(Fraction(0), min(amount, amount_of(cap["amount"], charge) - used))
            paid.append((at, weighted, amount))
        mode = rule.get("rounded", "half_even")
        d["credit_exact"], d["credit"] = amount, round_minor(amount, mode, digits)
    for o in agreement.get("objectives", []):
        if o.get("earn_back"):
            earn_back(o, [d for d in decisions if d["clause"] == o["name"]], digits)


def keeps(objective, decision):
    """Whether a window counts towards earning back."""
    if objective["earn_back"].get("when", "met") == "met":
        return decision["status"] == "met"
    return decision["measure"] is not None and compare(
        objective["op"], decision["measure"], Fraction(objective["expected"]))


def earn_back(objective, decisions, digits):
    """Return part of the latest credit when enough windows in a row are met."""
    rule = objective["earn_back"]
    for subject in sorted({d["subject"] or "" for d in decisions}):
        mine = [d for d in decisions if (d["subject"] or "") == subject
                and d["status"] != "provisional"]
        owed, run = [], 0
        for d in sorted(mine, key=lambda d: d["ends"]):
            if d["credit"]:
                owed.append(d["credit"])
            run = run + 1 if keeps(objective, d) else 0
            if run == rule["windows"]:
                run = 0
                if owed:
                    back = Fraction(rule["percent"]) / 100 * owed.pop() / 10**digits
                    mode = objective["credit"].get("rounded", "half_even")
                    d["earned_back"] = round_minor(back, mode, digits)


# ---- all of it --------------------------------------------------------------------------------

def decide(club, facts, start=None, end=None):
    """Every decision of a club over its facts, in no particular order."""
    import pools  # it needs this module's rules of money
    world = World(club, facts, start, end)
    out = []
    for agreement in club["agreements"]:
        for duty in agreement.get("duties", []):
            out += decide_duty(world, agreement, duty)
        mine = []
        for terms in versions(agreement):
            for objective in terms.get("objectives", []):
                mine += decide_objective(world, terms, objective)
        settle_money(world, agreement, mine)
        out += mine
    for pool in club.get("pools", []):
        out += pools.decide(world, pool, out)
    return out


def plain(decision):
    """A decision as JSON can hold it."""
    out = {k: v for k, v in decision.items() if k != "terms"}
    out["credit_exact"] = str(out.get("credit_exact", 0))
    if out.get("measure") is not None:
        out["measure"] = str(out["measure"])
    return out


def main():
    """club.json facts.json [from to]: the decisions, one JSON object a line."""
    with open(sys.argv[1], encoding="utf-8") as f:
        club = json.load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        facts = json.load(f)
    bounds = [tl.parse_instant(a) for a in sys.argv[3:5]]
    for d in decide(club, facts, *bounds):
        print(json.dumps(plain(d)))


if __name__ == "__main__":
    main()
