"""Who answers for a breach, who caused it and who pays: the page's chapter 7, naively and exactly.

Takes the decisions of entente_oracle.py and gives each breach an answer: the accountable party, the
replayed shortfall v(S) of every set S of contributing parties, but-for causes, shares, degrees, the
time held and its excess, the structural gap, and the parts of the credit in minor units. Nothing is
merged and nothing is remembered: every set is replayed over the rows. Tested by
tests/oracle/test_accountability.py and tests/property/random_worlds.py.

An answer: {accountable (party, to), parties {name: {share, but_for, degree, held, excess, amount}},
gap, gap_owner, game, mode}; durations in nanoseconds, shares None where there are none.
"""

from fractions import Fraction

import causes as why
import entente_oracle as oracle
import game as games
import timeline as tl

JOINT = {"shared", "by charge", "first in time", "jointly"}
PER_MONTH = {"month": 1, "quarter": 3, "year": 12}


# ---- replay of objectives -----------------------------------------------------------------------

class Replay:
    """An objective's window as items {amount, weight, bad, causes}, and its figure on any part."""

    def __init__(self, world, agreement, objective, decision):
        self.world, self.agreement, self.objective = world, agreement, objective
        low, high = oracle.effective(world, agreement)
        part = decision["window"]
        self.a, self.b = max(part[0], world.start, low), min(part[1], world.end, high)
        self.figure = oracle.Figure(world, agreement, objective, decision["subject"],
                                    self.a, self.b)
        self.agg, self.condition = objective["measure"]["agg"], self.figure.condition
        self.supplier = agreement["between"][0]
        self.items = []
        self.times = []                     # of outcomes: [(row, Time or None)]
        self.kind = self.classify(decision)
        if self.kind == "items":
            self.collect()
        elif self.kind == "outcomes":
            self.collect_outcomes()

    def classify(self, decision):
        if decision["measure"] is None:
            return "supplier"
        if self.figure.outcomes:
            share = self.agg == "share" and "met" in oracle.fields_read(self.condition)
            return "outcomes" if share else "supplier"
        if self.agg in ("count", "sum") and self.objective["op"] in ("at least", "above"):
            return "supplier"
        return "items"

    def mirrored(self):
        """A share that must not be too high: what satisfies its condition is bad."""
        return self.objective["op"] in ("at most", "below")

    def answerable(self, row):
        reads = oracle.fields_read(self.condition) - oracle.fields_tested(self.condition)
        field = self.objective["measure"].get("field")
        return all(row["fields"].get(f) is not None for f in reads | ({field} - {None}))

    def sense(self, row):
        """Is a row bad as this measure means it?"""
        if not self.answerable(row):
            return False
        good = oracle.truth(self.condition, row)
        if self.agg in ("share", "time share"):
            return good == self.mirrored()
        if not good or self.agg in ("count", "sum"):
            return good
        value = Fraction(row["fields"][self.objective["measure"]["field"]])
        return not oracle.compare(self.objective["op"], value, Fraction(self.objective["target"]))

    def own_provider(self, key):
        s = why.service(self.world, key)
        return frozenset([s["by"] if s else self.supplier])

    def collect(self):
        field = self.objective["measure"].get("field")
        if self.figure.interval:
            self.outages = why.Outages(self.world, self.objective["measure"]["feed"], self.sense,
                                       self.b, self.agg == "time share")
        if self.agg == "time share":
            self.collect_time()
            return
        for r in self.figure.observed():
            counted = self.agg == "share" or oracle.truth(self.condition, r)
            if counted and self.answerable(r):
                bad = self.sense(r)
                amount = r["fields"][field] if field else 1
                self.items.append({"amount": Fraction(amount), "bad": bad, "weight": 1,
                                   "causes": self.causes(r) if bad else frozenset()})
        if self.agg == "share" and self.objective.get("missing") in ("down", "up"):
            self.collect_missing()

    def causes(self, row):
        held = why.span_causes(self.world, row["fields"], row["at"], self.b)
        if held:
            return held
        if self.figure.interval and why.service(self.world, row["key"]):
            return self.outages.causes(row["key"], row["at"])
        of = next((row["fields"].get(f["name"]) for f in self.world.feeds[row["feed"]]["fields"]
                   if f["type"] == "service"), None)
        return self.own_provider(of)

    def collect_missing(self):
        """The expected samples that did not come, by the service's own provider if down."""
        seen = [r["key"] for r in self.figure.observed()]
        for key in self.figure.keys():
            out = tl.measure(self.figure.excluded({self.figure.key: key}))
            count = max(0, (self.b - self.a - out) // self.figure.interval - seen.count(key))
            # a missing sample that counts as up holds the condition
            bad = (self.objective["missing"] == "down") != self.mirrored()
            self.items += [{"amount": Fraction(1), "bad": bad, "weight": 1,
                            "causes": self.own_provider(key)}] * count

    def collect_time(self):
        hold = self.objective["measure"].get("stale") or 2 * self.figure.interval
        key = self.figure.chosen[0]
        whole = tl.subtract([(self.a, self.b)], self.figure.excluded({self.figure.key: key}))
        rows = self.figure.all_rows
        known = []
        for r, after in zip(rows, rows[1:] + [None]):
            end = min(r["at"] + hold, after["at"] if after else self.b, self.b)
            start = max(r["at"], self.a)
            if start >= end:
                continue
            known.append((start, end))
            bad = self.sense(r)
            if not bad:
                self.add_time(tl.measure(tl.clip(whole, start, end)), bad, frozenset())
                continue
            asks = {start} | self.outages.changes(key, start, end)
            cuts = sorted(asks | self.outages.span_edges(key, start, end)) + [end]
            for x, y in zip(cuts, cuts[1:]):
                asked = max(t for t in asks if t <= x)
                self.add_time(tl.measure(tl.clip(whole, x, y)), bad, self.outages.causes(key, x, asked))
        silent = tl.measure(tl.subtract(whole, tl.union(known)))
        if self.objective.get("missing") in ("down", "up"):
            bad = (self.objective["missing"] == "down") != self.mirrored()
            self.add_time(silent, bad, self.own_provider(key))

    def add_time(self, length, bad, parties):
        if length:
            self.items.append({"amount": Fraction(length), "bad": bad, "weight": length,
                               "causes": parties})

    def collect_outcomes(self):
        for r in self.figure.observed():
            time = None
            if not r["fields"]["met"] and not r["fields"]["excused"]:
                time = why.Time(self.world, r["clock"].duty, r["clock"], self.b)
            if not r["fields"]["excused"] and self.answerable(r):
                self.times.append((r, time))

    def parties(self):
        if self.kind == "supplier":
            return {self.supplier}
        if self.kind == "outcomes":
            return set().union(*(t.parties for _, t in self.times if t))
        return set().union(*(i["causes"] for i in self.items if i["bad"]))

    def figure_of(self, items):
        if not items:
            return None
        values = sorted(i["amount"] for i in items)
        if self.agg in ("share", "time share"):
            good = sum(i["amount"] for i in items if i["bad"] == self.mirrored())
            return good / sum(values)
        if self.agg in ("count", "sum"):
            return sum(values)
        if self.agg == "average":
            return sum(values) / len(values)
        if self.agg in ("minimum", "maximum"):
            return values[0] if self.agg == "minimum" else values[-1]
        n = Fraction("50" if self.agg == "median" else self.objective["measure"]["n"])
        return values[max(1, int(-(-n * len(values) // 100))) - 1]

    def replayed(self, parties):
        """The figure had these parties performed; None if nothing is left."""
        if self.kind == "outcomes":
            good = 0
            for r, time in self.times:
                fields = dict(r["fields"])
                fields["met"] = fields["met"] or time.left_over(parties) <= 0
                good += oracle.truth(self.condition, {**r, "fields": fields})
            return Fraction(good, len(self.times))
        left = [i for i in self.items if not (i["bad"] and i["causes"] <= parties)]
        if self.agg in ("count", "sum"):
            return sum((i["amount"] for i in left), Fraction(0))
        return self.figure_of(left)

    def shortfall(self, value):
        """(distance from the target in its unit, is it a breach)"""
        if value is None:
            return Fraction(0), False
        op, target = self.objective["op"], Fraction(self.objective["target"])
        short = target - value if op in ("at least", "above") else value - target
        return max(Fraction(0), short), not oracle.compare(op, value, target)

    def game(self):
        if self.kind == "supplier":
            return games.table({self.supplier}, lambda s: (Fraction(not s), not s))
        plain = {s: self.shortfall(self.replayed(s)) for s in games.subsets(self.parties())}
        if plain[frozenset()][0] == 0:
            plain = {s: (Fraction(breach), breach) for s, (_, breach) in plain.items()}
        return plain


# ---- answers ----------------------------------------------------------------------------------

def weights(world, parties, t):
    """The monthly charge of each party's direct agreements that are in force at an instant."""
    out = {p: Fraction(0) for p in parties}
    for a in world.club["agreements"]:
        for terms in oracle.versions(a):
            low, high = oracle.effective(world, terms)
            charge = terms.get("charge")
            if a["kind"] == "sla" and a["between"][0] in out and charge and low <= t < high:
                out[a["between"][0]] += Fraction(charge["amount"]) / PER_MONTH[charge["per"]]
    return out


def answer_of(world, agreement, game, t):
    """Everything about a breach that follows from its game, but for the money."""
    mode = why.policy(world, "joint", "shared")
    parties = sorted(games.members(game))
    shares = games.shares(game, weights(world, parties, t) if mode == "by charge" else None)
    if mode == "jointly":
        shares = {p: Fraction(1) for p, x in shares.items() if x > 0}
    supplier, customer = agreement["between"]
    answers = world.club["framework"].get("accountability", {}).get("answers")
    return {"accountable": (supplier, customer), "mode": mode, "game": game,
            "gap": game[games.members(game)][0], "gap_owner": answers[0] if answers else supplier,
            "parties": {p: {"share": shares.get(p, Fraction(0)) if shares else None,
                            "but_for": games.but_for(game, p), "degree": games.degree(game, p)}
                        for p in parties}}


def answer_duty(world, agreement, clock):
    time = why.Time(world, clock.duty, clock, world.end)

    def value(s):
        left = max(0, time.left_over(s))
        return Fraction(left), left > 0

    answer = answer_of(world, agreement, games.table(time.parties, value), time.known - 1)
    for p in time.parties:
        answer["parties"][p].update(held=tl.measure(time.held(p)),
                                    excess=tl.measure(time.excess[p]))
    return answer


def answer_objective(world, agreement, objective, decision):
    replay = Replay(world, agreement, objective, decision)
    if replay.kind == "items" and replay.figure_of(replay.items) != decision["measure"]:
        if not (replay.agg in ("count", "sum") and not replay.items):
            raise AssertionError("the items do not give the figure")
    answer = answer_of(world, agreement, replay.game(), decision["window"][1] - 1)
    # without a sample that is bad and yet better than the others, an average gets worse
    answer["calm"] = replay.agg in ("share", "time share", "count", "sum")
    # where the figure is no distance at all, a gap has no figure either
    value = None if replay.kind == "supplier" else replay.replayed(frozenset())
    answer["boundary"] = replay.shortfall(value)[0] == 0
    return answer


# ---- money ------------------------------------------------------------------------------------

def bearer(world, agreement, p):
    """Who bears a party's part: itself under its direct agreement, or the supplier."""
    role = next(x["role"] for x in world.club["parties"] if x["name"] == p)
    if role == "client":
        relief = world.club["framework"].get("accountability", {}).get("relief")
        return p if relief else agreement["between"][0]
    if role == "nobody":
        relief = world.club["framework"].get("accountability", {}).get("relief_force")
        return p if relief else agreement["between"][0]
    direct = any(a["kind"] == "sla" and a["between"][0] == p for a in world.club["agreements"])
    return p if direct else agreement["between"][0]


def parts(world, agreement, answer):
    """{who bears: exact part of a credit of 1}"""
    supplier = agreement["between"][0]
    if why.policy(world, "credits", "provider") == "provider":
        return {supplier: Fraction(1)}
    shares = {p: x["share"] for p, x in answer["parties"].items() if x["share"]}
    whole = answer["game"][frozenset()][0]
    gap = answer["gap"] / whole if shares else Fraction(1)
    out = {supplier: gap}
    for p, share in shares.items():
        if answer["mode"] == "jointly":
            share = Fraction(1, len(shares))
        who = bearer(world, agreement, p)
        out[who] = out.get(who, Fraction(0)) + share * (1 - gap)
    return out


def apportion(world, minor, exact):
    """Minor units of each part: rounded down, the rest to the largest remainders."""
    order = [p["name"] for p in world.club["parties"]]
    out = {p: int(x * minor // 1) for p, x in exact.items()}
    rest = sorted(exact, key=lambda p: (out[p] - exact[p] * minor, order.index(p)))
    for p in rest[:minor - sum(out.values())]:
        out[p] += 1
    return out


def pay(world, agreement, decision):
    answer = decision["answer"]
    if not decision["credit"]:
        return
    for p, amount in apportion(world, decision["credit"], parts(world, agreement, answer)).items():
        if amount:
            answer["parties"].setdefault(p, {"share": None, "but_for": False,
                                             "degree": Fraction(0)})["amount"] = amount


# ---- all of it --------------------------------------------------------------------------------

def decide(club, facts, start=None, end=None):
    """Every decision of a club, each breach with its answer."""
    world = oracle.World(club, facts, start, end)
    decisions = oracle.decide(club, facts, start, end)
    for a in club["agreements"]:
        clocks = {d["name"]: {c.row["n"]: c for c in oracle.replay(world, a, d, world.end)}
                  for d in a.get("duties", [])}
        for d in decisions:
            if d["agreement"] != a["name"] or d["status"] != "breach" or d["kind"] == "pool":
                continue
            if d["kind"] == "duty":
                d["answer"] = answer_duty(world, a, clocks[d["clause"]][d["n"]])
            else:
                objective = oracle.named(d["terms"]["objectives"], d["clause"])
                d["answer"] = answer_objective(world, d["terms"], objective, d)
            pay(world, a, d)
    return decisions
