#!/usr/bin/env python3
"""What diagnostics show of bands, matches and guards is so.

Ladders over shares of rows, of time and of outcomes, counts, averages and extremes are made up at random, with gaps, steps out of order, steps that overlap and
steps against the target, or without.  Whether one is in order is decided here by exact arithmetic at every bound and
between them; the figure that a diagnostic names must be what the diagnostic says of it, and the scenario that it
prints must pass: with the ladder as it is where that is a warning, else with the ladder mended.  Of matches, the value
that no arm takes is held against the arms, and what the scenario says of a row with it must hold once the match is
mended; of guards, the rows that each of two conditions takes, and their scenarios must pass; of branches, the
value that an earlier condition takes.

Usage: ladders.py --seed S --count N --entente PROGRAM
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from fractions import Fraction

HEAD = """use std.example

feed meter {
  at   instant
  id   text key
  load number
  cost decimal(2)
}

sla Hosting under Club between HostCo and Acme effective from 2026-01-01 {
  charge GBP 1000.00 per month
  duty restore
    HostCo must ticket.closed or ticket.resumed
    when ticket.opened where service == hosting
    within 4h for P1, 8h otherwise
  objective held
    %s %s %s %s
%s    credit %s
}
"""
# measure: (text, what follows the target, bounds, how a bound is written, smallest and largest figure)
MEASURES = [
    ("share of probe where up", "    missing counts as down\n",
     [Fraction(n, 1000) for n in range(900, 1001, 5)], lambda b: "%s%%" % decimal(b * 100), Fraction(0), Fraction(1)),
    ("share of probe where service == network and latency <= 400ms", "    missing is ignored\n",
     [Fraction(n, 100) for n in range(50, 101, 5)], lambda b: "%s%%" % decimal(b * 100), Fraction(0), Fraction(1)),
    ("count of ticket.opened where priority == P1", "", [Fraction(n) for n in range(0, 12)], str, Fraction(0), None),
    ("average of probe.latency", "    missing is ignored\n", [Fraction(n) for n in range(100, 1000, 100)],
     lambda b: "%dms" % b, None, None),
    ("time share of probe where up and service == network", "    missing counts as down\n",
     [Fraction(n, 100) for n in range(90, 101)], lambda b: "%s%%" % decimal(b * 100), Fraction(0), Fraction(1)),
    ("share of restore where met", "", [Fraction(n, 100) for n in range(50, 101, 5)],
     lambda b: "%s%%" % decimal(b * 100), Fraction(0), Fraction(1)),
    ("maximum of meter.load", "", [Fraction(n, 8) for n in range(3, 40, 3)], lambda b: decimal(b), None, None),
    ("minimum of meter.cost", "", [Fraction(n, 20) for n in range(3, 90, 7)], lambda b: decimal(b), None, None),
]
COMPARE = {"at least": lambda f, b: f >= b, "at most": lambda f, b: f <= b,
           "above": lambda f, b: f > b, "below": lambda f, b: f < b}
LADDER_CODES = {"E0419", "E0420", "E0421", "E0422", "W0403"}


def decimal(q):
    text = "%.6f" % float(q)
    return text.rstrip("0").rstrip(".")


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Ladder:
    def __init__(self, rng):
        self.measure, self.after, self.bounds, self.show, self.low, self.high = rng.choice(MEASURES)
        self.target = rng.choice(self.bounds)
        self.side = rng.choice(["at least", "at most"]) if "share" not in self.measure else "at least"
        self.window = rng.choice(["each month", "each week", "each day", "rolling 30d every 1d"])
        down = self.side == "at least"
        bounds = sorted(rng.sample(self.bounds, rng.randint(1, 3)), reverse=down)
        if rng.random() < 0.5:
            bounds[0] = self.target
        if rng.random() < 0.2:
            rng.shuffle(bounds)
        self.steps = [(self.side if rng.random() < 0.85 else rng.choice(list(COMPARE)), b, 5 * i)
                      for i, b in enumerate(bounds)]
        if rng.random() < 0.6:
            self.steps.append(("otherwise", None, 50))

    def step_text(self, i):
        side, bound, pays = self.steps[i]
        amount = "%d%% of charge" % pays if pays else "none"
        return "%s otherwise" % amount if bound is None else "%s when %s %s" % (amount, side, self.show(bound))

    def source(self, credit=None):
        credit = credit or ", ".join(self.step_text(i) for i in range(len(self.steps)))
        return HEAD % (self.measure, self.side, self.show(self.target), self.window, self.after, credit)

    def mended(self):
        return self.source("none when %s %s, 5%% of charge otherwise" % (self.side, self.show(self.target)))

    def asks(self, i, figure):
        side, bound, _ = self.steps[i]
        return bound is None or COMPARE[side](figure, bound)

    def taker(self, figure):
        return next((i for i in range(len(self.steps)) if self.asks(i, figure)), None)

    def met(self, figure):
        return COMPARE[self.side](figure, self.target)

    def figures(self):
        """Every bound, what is just beside it (of counts, the next one) and what lies far out."""
        beside = Fraction(1) if "count" in self.measure else Fraction(1, 100000)
        points = {b + d for b in self.bounds + [self.target] for d in (-beside, 0, beside)}
        points |= {Fraction(0), Fraction(1), Fraction(100000)} | {self.bounds[0] / 2}
        return [p for p in points if (self.low is None or p >= self.low) and (self.high is None or p <= self.high)
                and ("count" not in self.measure or p.denominator == 1)]

    def faults(self):
        found = set()
        for f in self.figures():
            at = self.taker(f)
            if at is None:
                found.add("E0419")
            elif self.met(f) and self.steps[at][2] > 0:
                found.add("E0421")
            elif not self.met(f) and self.steps[at][2] == 0:
                found.add("W0403")
        return found

    def parse(self, text):
        if text.endswith("%"):
            return Fraction(text[:-1]) / 100
        units = {"h": 3600000, "m": 60000, "s": 1000, "ms": 1, "us": Fraction(1, 1000), "ns": Fraction(1, 1000000)}
        parts = re.findall(r"(\d+)(ms|us|ns|h|m|s)", text)
        return sum(Fraction(n) * units[u] for n, u in parts) if parts else Fraction(text)

    def is_so(self, code, figure, flagged):
        """Whether what the diagnostic says of the figure is true; flagged: the step that it is shown at."""
        at = self.taker(figure)
        if self.low is not None and figure < self.low or self.high is not None and figure > self.high:
            return False
        if code == "E0419":
            return at is None
        if code == "E0420":
            return self.asks(flagged, figure) and at is not None and at < flagged
        if code == "E0421":
            return self.met(figure) and at is not None and self.steps[at][2] > 0
        if code == "E0422":
            return at is not None and at < flagged and self.asks(flagged, figure)
        return not self.met(figure) and at is not None and self.steps[at][2] == 0


def try_ladder(rng, entente, folder, tally):
    ladder = Ladder(rng)
    source = write(folder, "held.ent", ladder.source())
    mended = write(folder, "mended.ent", ladder.mended())
    shown = os.path.join(folder, "shown")
    os.mkdir(shown)
    said = run(entente, "check", "--counterexamples", shown, source).stdout.decode()
    codes = [c for c in re.findall(r"^(?:error|warning)\[(\w+)\]", said, re.M) if c in LADDER_CODES]
    faults = ladder.faults()
    if bool(faults) > bool(codes) or (codes and codes[0] == "W0403" and faults != {"W0403"}):
        return "it has %s, and %s is said" % (sorted(faults), codes)
    for code, body in re.findall(r"^(?:error|warning)\[(\w+)\]((?:.|\n)*?)(?=^\w+\[|\Z)", said, re.M):
        figure = re.search(r"= note: a figure of (\S+(?: \d\S*)?) (?:is|gets|meets|misses)", body)
        if code not in LADDER_CODES or not figure:
            continue
        at = re.search(r"--> .*:(\d+):(\d+)", body)
        line = ladder.source().split("\n")[int(at[1]) - 1][int(at[2]) - 1:]
        flagged = next(i for i in range(len(ladder.steps)) if line.startswith(ladder.step_text(i))
                       and line == ", ".join(ladder.step_text(k) for k in range(i, len(ladder.steps))))
        tally["figures"] += 1
        if not ladder.is_so(code, ladder.parse(figure[1]), flagged):
            return "%s: %s is not so" % (code, figure[0])
    files = sorted(n for n in os.listdir(shown) if n[:5] in LADDER_CODES)
    tally["shown"] += bool(files)
    tally["told only"] += bool(codes) and not files
    for name in files:
        program = source if name.startswith("W") else mended
        done = run(entente, "test", program, os.path.join(shown, name))
        tally["scenarios"] += 1
        if done.returncode != 0:
            return "%s does not pass\n%s" % (name, done.stdout.decode())
    return None


def try_match(rng, entente, folder, tally):
    arms = [rng.randint(0, 5) for _ in range(rng.randint(1, 5))]
    source = write(folder, "match.ent", "use std.example\n\nfn f(n: int) -> int = match n { %s }\n"
                   % "  ".join("%d -> %d" % (a, i) for i, a in enumerate(arms)))
    said = run(entente, "check", source).stdout.decode()
    value = re.search(r"= note: no arm takes (\d+)$", said, re.M)
    tally["values"] += 1
    return None if value and int(value[1]) not in arms else "no value that no arm takes is named"


GAP = """use std.example

fn hours(late: bool, x: %(type)s) -> duration =
  if late then 1h else match x { %(in_fn)s }

sla Hosting under Club between HostCo and Acme effective from 2026-01-01 {
  charge GBP 1000.00 per month

  duty one
    HostCo must ticket.acknowledged
    when ticket.opened where service == hosting and %(trigger)s
    within %(allowed)s
    excused when %(excuse)s

  objective two
    share of ticket.opened where service == network and %(test)s at least 95%% each month

  objective three
    count of ticket.opened where service == network and %(select)s at most 4 each month
}
"""
FIELDS = {"priority": ["P1", "P2", "P3", "P4"], "party": ["Acme", "HostCo", "Hermes", "NetCo"]}


def try_gap(rng, entente, folder, tally):
    """One match, or the allowances, leave values out; what is shown passes once they are mended as it says."""
    place = rng.choice(["fn", "trigger", "allowed", "excuse", "test", "select", "for"])
    field = "party" if place == "fn" else rng.choice(["priority", "party"])
    members = FIELDS[field]
    told = rng.sample(members, rng.randint(1, len(members) - 1))
    left = [m for m in members if m not in told]

    def arms(values, rest):
        return "  ".join("%s -> %s" % (m, rng.choice(values)) for m in told) + ("  else -> " + rest if rest else "")

    def source(rest):
        """rest: what the mended match gives, or None"""
        other = "priority == P1" if field == "party" else "party != Acme"
        parts = {"type": "party", "in_fn": "else -> 2h", "trigger": other, "allowed": "4h",
                 "excuse": "false", "test": other, "select": other}
        if place == "fn":
            parts.update(type=field, in_fn=arms(["3h", "72h"], rest and "6h"), allowed="(hours(false, %s))" % field)
        elif place == "for":
            parts["allowed"] = ", ".join("%dh for %s" % (i + 1, m) for i, m in enumerate(told))
            parts["allowed"] += ", 12h otherwise" if rest else ""
        else:
            values = ["3h", "72h"] if place == "allowed" else ["true", "false"]
            match = "(match %s { %s })" % (field, arms(values, rest and ("6h" if place == "allowed" else rest)))
            parts[place] = match if place in ("allowed", "excuse") else match + " and " + parts[place]
        return GAP % parts

    path = write(folder, "gap.ent", source(None))
    shown = os.path.join(folder, "shown")
    os.mkdir(shown)
    said = run(entente, "check", "--counterexamples", shown, path).stdout.decode()
    if re.findall(r"^error\[(\w+)\]", said, re.M) != ["E0407" if place == "for" else "E0312"]:
        return "something else is said\n" + said
    if not all("`%s`" % m in said for m in left):
        return "%s are left out\n%s" % (left, said)
    files = os.listdir(shown)
    once = re.search(r"= note: this scenario passes (.*)$", said, re.M)
    if len(files) != 1 or not once:
        return "%d scenarios are shown\n%s" % (len(files), said)
    mended = write(folder, "mended.ent", source("true" if "`true`" in once[1] else "false"))
    done = run(entente, "test", mended, os.path.join(shown, files[0]))
    tally["gaps"] += 1
    return None if done.returncode == 0 else "%s does not pass\n%s" % (files[0], done.stdout.decode() + said)


def seconds(text):
    """A length as sources or as rows write it, in milliseconds."""
    return Fraction(text[:-2]) if text.endswith("ms") else Fraction(text[:-1]) * 1000


def try_guard(rng, entente, folder, tally):
    a, b = rng.randint(1, 900), rng.randint(1, 900)
    tests = ["latency > %dms" % a, "latency < %dms" % b]
    extra = rng.sample(["up", "service == hosting", "not (latency == 5ms)"], rng.randint(0, 2))
    parts = tests + extra
    rng.shuffle(parts)
    measure = rng.choice(["share of probe where ", "count of probe where "])
    target = "90%" if measure.startswith("share") else "9"
    source = write(folder, "guard.ent", HEAD % (measure + " and ".join(parts), "at least", target, "each month",
                                               "    missing is ignored\n",
                                               "none when at least %s, 5%% of charge otherwise" % target))
    said, wrong = guard_said(entente, folder, source)
    rows = dict(re.findall(r"= note: `(latency . \d+ms)` takes a row with latency (\S+)$", said, re.M))
    never = "W0411" in said
    tally["guards"] += 1
    if wrong or never != (b <= a):
        return wrong or "W0411 is %ssaid" % ("" if never else "not ")
    if never and not (seconds(rows[tests[0]]) > a and seconds(rows[tests[1]]) < b):
        return "the rows %s do not fulfil the conditions" % rows
    return None


def guard_said(entente, folder, source):
    """What is said of the source, and what is wrong with the scenarios that it shows: they must pass as they are."""
    shown = os.path.join(folder, "shown")
    os.mkdir(shown)
    said = run(entente, "check", "--counterexamples", shown, source).stdout.decode()
    codes = re.findall(r"^warning\[(W0402|W0411|W0412)\]", said, re.M)
    files = sorted(os.listdir(shown))
    if len(files) != len(codes):
        return said, "%d warnings and %d scenarios\n%s" % (len(codes), len(files), said)
    for name in files:
        done = run(entente, "test", source, os.path.join(shown, name))
        if done.returncode != 0:
            return said, "%s does not pass\n%s%s" % (name, done.stdout.decode(), said)
    return said, None


DUTY = """use std.example

sla Hosting under Club between HostCo and Acme effective from 2026-01-01 {
  charge GBP 1000.00 per month

  duty held
    HostCo must (ticket.acknowledged where %(ends)s) or ticket.closed
    when (ticket.opened where %(begins)s) or ticket.pended where service == network
    within (if priority in {%(early)s} then %(first)dh else if priority == %(late)s then %(second)dh else 8h)
    excused when %(excuse)s
}
"""


def try_duty_guard(rng, entente, folder, tally):
    """Conditions on priority and party in every place of a duty: which of them never hold is worked out here."""
    priorities = FIELDS["priority"]

    def two():
        one, other = rng.sample(priorities, rng.randint(1, 3)), rng.sample(priorities, rng.randint(1, 3))
        text = "priority in {%s} and priority in {%s}" % (", ".join(one), ", ".join(other))
        return (text, set(one) & set(other)) if rng.random() < 0.4 else ("priority in {%s}" % ", ".join(one), set(one))

    ends, ended = two()
    begins, begun = two()
    early, late = rng.sample(priorities, rng.randint(1, 3)), rng.choice(priorities)
    first, second = rng.randint(1, 9), rng.randint(1, 9)
    excuse, excused = two() if rng.random() < 0.5 else ("false", set(priorities))
    parts = {"ends": ends, "begins": begins, "early": ", ".join(early), "late": late, "first": first, "second": second,
             "excuse": excuse}
    source = write(folder, "duty.ent", DUTY % parts)
    shown = os.path.join(folder, "shown")
    os.mkdir(shown)
    said = run(entente, "check", "--counterexamples", shown, source).stdout.decode()
    wanted = [not ended, not begun, late in early]
    got = ["so it never discharges" in said, "so no clock ever starts" in said, "W0402" in said]
    if got != wanted:
        return "%s is said, not %s\n%s" % (got, wanted, said)
    for name in sorted(os.listdir(shown)):
        done = run(entente, "test", source, os.path.join(shown, name))
        tally["duties"] += 1
        if done.returncode != 0:
            return "%s does not pass\n%s%s" % (name, done.stdout.decode(), said)
    return None


def try_branch(rng, entente, folder, tally):
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    source = write(folder, "branch.ent", "use std.example\n\nfn f(h: duration) -> int = "
                   "if h > %dh then 1 else if h > %dh then 2 else 3\n" % (a, b))
    said = run(entente, "check", source).stdout.decode()
    value = re.search(r"= note: h (\S+)s goes where `h > %dh` holds" % a, said)
    tally["branches"] += 1
    if ("W0402" in said) != (b >= a):
        return "W0402 is wrong about %d and %d" % (a, b)
    if b >= a and not (value and Fraction(value[1]) > 3600 * max(a, b)):
        return "no value that the first branch takes from the second is named"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--entente", required=True)
    options = parser.parse_args()
    entente = os.path.abspath(options.entente)
    tally = dict.fromkeys(("shown", "told only", "figures", "scenarios", "values", "gaps", "guards", "duties", "branches"), 0)
    passed = failed = 0
    for number in range(options.count):
        rng = random.Random("%d-%d" % (options.seed, number))
        for attempt in (try_ladder,) * 3 + (try_match, try_gap, try_guard, try_duty_guard, try_branch):
            with tempfile.TemporaryDirectory() as folder:
                wrong = attempt(rng, entente, folder, tally)
                if wrong:
                    failed += 1
                    print("seed %d, case %d, %s: %s" % (options.seed, number, attempt.__name__, wrong))
                    for name in ("held.ent", "match.ent", "gap.ent", "guard.ent", "duty.ent", "branch.ent"):
                        path = os.path.join(folder, name)
                        if os.path.exists(path):
                            with open(path, encoding="utf-8") as f:
                                print(f.read())
                else:
                    passed += 1
    print(", ".join("%d %s" % (n, what) for what, n in tally.items()))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or min(tally.values()) == 0


sys.exit(main())
