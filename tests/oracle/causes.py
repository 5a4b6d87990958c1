"""What a bad sample and a stretch of a running clock are caused by.

Two questions, each answered by looking at all the rows again: which parties are the roots of an
outage of a service at an instant, and whose time a clock's net time is, and how much of it came
after that party's own allowance had run out. Tested by tests/oracle/test_accountability.py.
"""

import entente_oracle as oracle
import timeline as tl


def policy(world, name, default):
    return world.club["framework"].get("accountability", {}).get(name) or default


def service(world, name):
    return next((s for s in world.club["services"] if s["name"] == name), None)


def span_causes(world, fields, t, until):
    """The parties of the spans `caused by` that contain t, for what these fields name."""
    return frozenset(s["caused_by"] for s in world.spans.values() if s.get("caused_by") and
                     tl.contains(world.intervals(s["name"], fields, until, t, t + 1), t))


# ---- outages ----------------------------------------------------------------------------------

class Outages:
    """The roots of services in one window, bad meaning what one measure calls bad.

    `sense` says of a row whether it is bad, `until` ends the window and the period. `stretches` is
    set for a `time share`, which asks for the causes from an instant on and not at an instant.
    """

    def __init__(self, world, feed, sense, until, stretches=False):
        self.world, self.sense, self.until, self.stretches = world, sense, until, stretches
        self.key = world.key_field(feed)
        self.interval = world.feeds[feed]["sampled"]
        self.rows = [r for r in world.rows if r["feed"] == feed and r["at"] < until]

    def instants(self, name):
        """A service's samples, of several at one instant the last."""
        latest = {}
        for r in self.rows:
            if r["key"] == name:
                latest[r["at"]] = r
        return [latest[t] for t in sorted(latest)]

    def silent(self, row, t):
        age = t - row["at"]
        return age > 2 * self.interval or (self.stretches and age == 2 * self.interval)

    def state(self, name, t):
        """bad, good or silent, by the latest sample at or before t."""
        before = [r for r in self.instants(name) if r["at"] <= t]
        if not before or self.silent(before[-1], t):
            return "silent"
        return "bad" if self.sense(before[-1]) else "good"

    def soon_bad(self, name, t):
        """Is the next sample, less than one interval away, bad?"""
        after = [r for r in self.instants(name) if r["at"] > t]
        return bool(after) and after[0]["at"] - t < self.interval and self.sense(after[0])

    def bad(self, name, t):
        return self.state(name, t) == "bad" or self.soon_bad(name, t)

    def roots(self, name, t, asked):
        """{(service, its causes)}: where the outage of a service at t comes from.

        `asked` is when it was last looked which dependencies are bad: t, or in a stretch of time before it.
        """
        held = span_causes(self.world, {self.key: name}, t, self.until)
        if held:
            return {(name, held)}
        s = service(self.world, name)
        if policy(self.world, "outages", "owner") == "dependencies":
            bad = [d for d in s.get("depends", []) if self.bad(d, asked)]
            if bad:
                return set().union(*(self.roots(d, t, asked) for d in bad))
        return {(name, frozenset([s["by"]]))}

    def began(self, name, t):
        """When the current run of bad samples of a service began."""
        rows = self.instants(name)
        if self.state(name, t) != "bad":    # its next sample is, and may go on with a run from before a silence
            t = min(r["at"] for r in rows if r["at"] > t)
        rows = [r for r in rows if r["at"] <= t]
        while len(rows) > 1 and self.sense(rows[-2]):
            rows.pop()
        return rows[-1]["at"]

    def causes(self, name, t, asked=None):
        """The causing parties of a bad sample of a service at t."""
        asked = t if asked is None else asked
        found = self.roots(name, t, asked)
        if len(found) > 1 and policy(self.world, "joint", "shared") == "first in time":
            began = {r[0]: self.began(r[0], asked) for r in found}
            found = {r for r in found if began[r[0]] == min(began.values())}
        return frozenset().union(*(parties for _, parties in found))

    def beneath(self, name):
        """All services that one depends on, directly or not."""
        direct = service(self.world, name).get("depends", [])
        return set(direct).union(*(self.beneath(d) for d in direct))

    def changes(self, name, a, b):
        """Instants in (a, b) at which a service beneath turns bad, good or silent."""
        out = set()
        for d in self.beneath(name):
            rows = self.instants(d)
            edges = sorted({r["at"] for r in rows} | {r["at"] + 2 * self.interval for r in rows})
            for before, t in zip([None] + edges, edges):
                was = "silent" if before is None else self.state(d, before)
                if was != self.state(d, t):
                    out.add(t)
        return {t for t in out if a < t < b}

    def span_edges(self, name, a, b):
        """Instants in (a, b) at which a span `caused by` of the service or of one beneath begins or ends."""
        out = set()
        for s in self.world.spans.values():
            if s.get("caused_by"):
                for d in self.beneath(name) | {name}:
                    for pair in self.world.intervals(s["name"], {self.key: d}, self.until, a, b):
                        out.update(pair)
        return {t for t in out if a < t < b}


# ---- clocks -----------------------------------------------------------------------------------

def allowances(world, own, q, feed):
    """The duties that give q time of its own while it holds what another must deliver.

    A provider's are those of OLAs, the client's those of any agreement; those between q and the
    duty's own party go before the others.
    """
    client = next((p["name"] for p in world.club["parties"] if p["role"] == "client"), None)
    found = [(a, d) for a in world.club["agreements"] for d in a.get("duties", [])
             if d["party"] == q and d["trigger"]["alts"][0]["feed"] == feed and
             (a["kind"] == "ola" or q == client)]
    between = [(a, d) for a, d in found if set(a["between"]) == {q, own}]
    return between or found


class Time:
    """The net time of one clock by what is known before an instant, and whose it is."""

    def __init__(self, world, duty, clock, until):
        self.world, self.duty, self.clock = world, duty, clock
        self.own = duty["party"]
        self.known = min(until, clock.ended if clock.ended is not None else until)
        self.net = self.running()
        self.stretches = self.cut()             # [(from, to, causes)]
        self.parties = sorted(set().union(*(c for _, _, c in self.stretches)))
        self.excess = {q: tl.subtract(self.held(q), self.covered(q))
                       for q in self.parties if q != self.own}
        if self.own in self.parties:
            self.excess[self.own] = self.own_excess()

    def running(self):
        c = self.clock
        if not c.segments:
            return []
        runs = tl.running(c.segments, c.calendar(), c.pauses(self.known, self.known), self.known)
        return tl.clip(runs, c.segments[0][0], self.known)

    def held(self, q):
        return tl.union([(a, b) for a, b, causes in self.stretches if q in causes])

    def rows(self):
        """The rows of the clock's key, which say who holds it."""
        return [r for r in self.world.rows if r["feed"] == self.clock.row["feed"] and
                r["key"] == self.clock.key and r["at"] < self.known]

    def holder(self, t):
        if policy(self.world, "ticket", "owner") == "owner":
            return self.own
        field = next((f["name"] for f in self.world.feeds[self.clock.row["feed"]]["fields"]
                      if f.get("holder")), None)
        last = [r for r in self.rows() if r["at"] <= t]
        if policy(self.world, "ticket", "owner") == "last holder":
            last = [r for r in last if r["fields"].get(field)]
        return (last[-1]["fields"].get(field) if last and field else None) or self.own

    def causes(self, t):
        spans = span_causes(self.world, self.clock.row["fields"], t, self.known)
        return spans or frozenset([self.holder(t)])

    def cut(self):
        if not self.net:
            return []
        edges = {r["at"] for r in self.rows()}
        for s in self.world.spans.values():
            if s.get("caused_by"):
                for pair in self.world.intervals(s["name"], self.clock.row["fields"], self.known,
                                                 self.net[0][0], self.known):
                    edges.update(pair)
        out = []
        for a, b in self.net:
            inner = [a] + sorted(t for t in edges if a < t < b) + [b]
            out += [(x, y, self.causes(x)) for x, y in zip(inner, inner[1:])]
        return out

    def covered(self, q):
        """When a clock of q's own runs and none that runs has reached its due."""
        clocks = []
        for agreement, duty in allowances(self.world, self.own, q, self.clock.row["feed"]):
            for c in oracle.replay(self.world, agreement, duty, self.known):
                if c.key == self.clock.key and c.segments:
                    runs = [(a, self.known if b is None else b) for a, b in c.segments]
                    clocks.append((runs, c.reach(self.known, False)))
        edges = {t for runs, due in clocks for pair in runs for t in pair}
        edges = sorted(edges | {due for _, due in clocks if due is not None})
        out = []
        for a, b in zip(edges, edges[1:]):
            dues = [due for runs, due in clocks if tl.contains(runs, a)]
            if dues and all(due is None or a < due for due in dues):
                out.append((a, b))
        return tl.union(out)

    def own_excess(self):
        """What the duty's own party held beyond what the others' time within theirs leaves it."""
        within = 0
        for a, b, causes in self.stretches:
            if self.own not in causes:
                gone = [(a, b)]
                for q in causes:
                    gone = tl.intersect(gone, self.excess[q])
                within += (b - a) - tl.measure(gone)
        left = max(0, self.clock.allowed - within)
        mine = self.held(self.own)
        return tl.subtract(mine, tl.earliest(mine, left))

    def saved(self, parties):
        """The net time that goes away if these parties perform: all that cause it are among them,
        and for each of them it is excess."""
        total = 0
        for a, b, causes in self.stretches:
            if causes <= parties:
                gone = [(a, b)]
                for q in causes:
                    gone = tl.intersect(gone, self.excess[q])
                total += tl.measure(gone)
        return total

    def left_over(self, parties):
        """net - allowed - the excess of these parties; the clock is met if that is not above 0."""
        return tl.measure(self.net) - self.clock.allowed - self.saved(parties)
