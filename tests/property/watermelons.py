#!/usr/bin/env python3
"""Watermelons are never claimed without reason.

    tests/property/watermelons.py [--seed 1] [--count 60] --entente build/entente

Random clubs promise a share end to end and below it, over windows of many kinds, with exclusions by a
calendar and by spans, with and without bounds, and with each policy on silence.  Whenever the compiler says
that the whole can be missed while every component is met (W0415), its scenario is run: every expectation on
a component must hold, and the one that the whole is not missed must fail.  A component that is the whole
word by word, or only stricter, must not be reported.

Other clubs promise a time end to end and in their agreements, with allowances by priority and by calendars,
with pauses, excuses, voiding and reopening: the same must hold of them.  A component that begins, ends, pauses
and counts as the whole does and allows no more, or beside which a stricter one stands for the same tickets, must
not be reported.  And of tickets that go from hand to hand, where each has a time of its own: where these add up to no
more than the whole's, nothing may be said.  The last line says `N passed, N failed`.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

WINDOWS = ["each day", "each week", "each month", "each quarter", "rolling 7d every 1d", "rolling 30d every 1d",
           "rolling 36h every 6h"]
TARGETS = [60, 75, 80, 90, 95, 98, 99]
EXCLUSIONS = ["nights", "maintenance", "frozen"]
BOUNDS = ["", "", " at most 3h", " at most 30h", " at most 100d"]
SILENCE = ["missing counts as down", "missing counts as up", "missing is ignored"]

CLUB = """feed probe sampled every 1h {{
  at      instant
  service service key
  up      bool
}}
feed change {{
  at      instant
  id      text key
  event   one of started, finished, froze, thawed
  service service
}}
span maintenance per service from change.started to change.finished
span frozen from change.froze to change.thawed
calendar nights timezone "{zone}" open mon..fri 22:00..06:00
framework Club version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{{
  client Acme  integrator Hermes  provider NetCo  provider HostCo
  service network by NetCo
  service hosting by HostCo{depends}
  objective whole {aggregate} of probe where up and service == hosting {whole}
}}
"""
SLA = """sla {name}SLA version 1 under Club between {name}Co and Acme effective from {day}{zone}
{{
  charge GBP 1.00 per month
{objectives}}}
"""
OLA = """ola Net version 1 under Club between NetCo and HostCo effective from 2026-01-01 {
  duty help NetCo must change.finished when change.started within 1h }
"""


class Clause:
    def __init__(self, rng):
        self.word = rng.choice(["at least"] * 4 + ["above"])
        self.target = rng.choice(TARGETS)
        self.window = rng.choice(WINDOWS)
        self.silence = rng.choice(SILENCE)
        self.exclusions = [(name, rng.choice(BOUNDS)) for name in EXCLUSIONS if rng.random() < 0.35]

    def text(self):
        lines = [f"{self.word} {self.target}% {self.window}"]
        lines += [f"excluding {name}{bound}" for name, bound in self.exclusions]
        return "\n    ".join(lines + [self.silence])


def club(rng):
    """Text of a club, and whether meeting its component is surely meeting the whole."""
    whole = Clause(rng)
    below = rng.random() < 0.25
    aggregate = rng.choice(["share", "share", "time share"])
    parts = [Clause(rng) for _ in range(rng.choice([1, 1, 2]))]
    implied = False
    for part in parts:
        if rng.random() < 0.6:
            part.window = whole.window
        if rng.random() < 0.5:
            part.exclusions = whole.exclusions
        if rng.random() < 0.5:
            part.silence = whole.silence
        stricter = part.target > whole.target or (part.target == whole.target and part.word == whole.word)
        implied = implied or (stricter and (part.window, part.exclusions, part.silence) ==
                              (whole.window, whole.exclusions, whole.silence))
    service = "network" if below else "hosting"
    clauses = "".join(f"  objective part{i} {aggregate} of probe where up and service == {service} {p.text()}\n"
                      for i, p in enumerate(parts))
    other_zone = not implied and rng.random() < 0.2
    text = CLUB.format(zone=rng.choice(["Europe/London", "Asia/Tokyo"]), aggregate=aggregate,
                       depends=" depends on network" if below else "", whole=whole.text())
    text += SLA.format(name="Net" if below else "Host", day=rng.choice(["2026-01-01", "2026-02-11"]),
                       zone=' timezone "America/New_York"' if other_zone else "", objectives=clauses)
    text += SLA.format(name="Host" if below else "Net", day="2026-01-01", zone="", objectives="")
    return text + (OLA if below else ""), implied and not below


DUTIES = """feed ticket {{
  at       instant
  id       text key
  event    one of opened, acknowledged, assigned, pended, resumed, resolved, reopened, closed
  priority one of P1, P2, P3, P4
  service  service
  party    party holder
}}
span hold per ticket from ticket.pended to ticket.resumed or ticket.resolved
span open_ticket per ticket from ticket.opened to ticket.closed
calendar office timezone "{zone}" open mon..fri 09:00..17:30
calendar nights timezone "Europe/London" open mon..sun 22:00..06:00
framework Club version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{{
  client Acme  integrator Hermes  provider NetCo  provider HostCo
  service network by NetCo
  service hosting by HostCo
  duty whole Hermes must {whole}
}}
sla HostSLA version 1 under Club between HostCo and Acme effective from {day}
{{
  charge GBP 1.00 per month
{parts}}}
sla NetSLA version 1 under Club between NetCo and Acme effective from 2026-01-01
{{
  charge GBP 1.00 per month
}}
"""
HOURS = [1, 2, 4, 8, 12, 30]


class Duty:
    """The clauses of a duty, each as it is written; hours by priority."""

    def __init__(self, rng):
        self.event = rng.choice(["ticket.resolved"] * 4 + ["ticket.resolved or ticket.closed", "ticket.closed"])
        self.when = rng.choice(["ticket.opened where service == hosting"] * 3 +
                               ["ticket.opened", "ticket.opened where service == hosting and priority in {P1, P2}",
                                "ticket.opened or ticket.reopened"])
        mood = rng.choice([0, 0.5, 1])
        self.of = rng.choice(["", "", "", "", " of office", " of office", " of nights", " of hold"])
        one = rng.choice(HOURS)
        self.hours = [one] * 4 if rng.random() < 0.5 else sorted(rng.choice(HOURS) for _ in range(4))
        self.clauses = [clause for clause, share in (
            ("pausing during hold", 0.2), ("pausing during nights", 0.2), ("pausing during office", 0.1),
            ("pausing during open_ticket", 0.06), ("counting from ticket.acknowledged", 0.08),
            ("counting from ticket.opened", 0.08), ("void when ticket.closed", 0.15),
            ("void when ticket.resolved where priority == P1", 0.08), ("excused when priority == P1", 0.15),
            ("excused when service == hosting", 0.05), ("excused during office", 0.1),
            ("excused during hold", 0.1)) if rng.random() < share * mood]
        counting = [c for c in self.clauses if c.startswith(("counting", "void"))]
        self.clauses = [c for c in self.clauses if c not in counting] + counting[:1]
        self.undo = rng.choice(["ignore"] * 8 + ["restart", "resume until ticket.closed"])
        self.following = len(set(self.hours)) > 1 and rng.random() < 0.3

    def text(self):
        if len(set(self.hours)) == 1:
            within = f"{self.hours[0]}h{self.of}"
        else:
            within = ", ".join(f"{h}h{self.of} for P{i + 1}" for i, h in enumerate(self.hours))
        lines = [self.event, f"when {self.when}", f"within {within}"] + self.clauses
        if self.following:
            lines.append("following priority")
        if "closed" not in self.event or self.undo != "resume until ticket.closed":
            lines.append(f"on ticket.reopened {self.undo}")
        else:
            lines.append("on ticket.reopened ignore")
        return "\n    ".join(lines)

    def like(self, other, rng):
        """As the other one, only never with more time."""
        self.__dict__.update(other.__dict__)
        less = rng.choice([0, 0, 1])
        self.hours = [max(1, h - less) for h in other.hours]


def club_of_duties(rng):
    whole = Duty(rng)
    parts = [Duty(rng) for _ in range(rng.choice([1, 1, 2]))]
    for part in parts:
        if rng.random() < 0.8:
            part.event, part.when, part.undo = whole.event, whole.when, whole.undo
    implied = rng.random() < 0.25
    if implied:
        parts[-1].like(whole, rng)
    text = DUTIES.format(zone=rng.choice(["Europe/London", "Asia/Tokyo"]), whole=whole.text(),
                         day=rng.choice(["2026-01-01", "2026-02-11"]),
                         parts="".join(f"  duty part{i} HostCo must {p.text()}\n" for i, p in enumerate(parts)))
    return text, implied


CHAIN = """feed ticket {{
  at       instant
  id       text key
  event    one of opened, acknowledged, assigned, pended, resumed, resolved, closed
  priority one of P1, P2, P3, P4
  party    party holder
}}
span hold per ticket from ticket.pended to ticket.resumed
calendar office timezone "{zone}" open mon..fri 09:00..17:30
framework Club version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{{
  client Acme  integrator Hermes  provider NetCo  provider HostCo
  service network by NetCo
  service hosting by HostCo
  duty whole Hermes must ticket.closed
    when ticket.opened
    within {whole}
{excuse}}}
sla HostSLA version 1 under Club between HostCo and Acme effective from {day}
{{
  charge GBP 1.00 per month
{host}}}
sla NetSLA version 1 under Club between NetCo and Acme effective from 2026-01-01
{{
  charge GBP 1.00 per month
}}
ola Between version 1 under Club between NetCo and HostCo effective from 2026-01-01
{{
{net}}}
"""


def club_of_chains(rng):
    """A ticket goes from hand to hand; whether the hands' times are surely within the whole's."""
    hands = rng.choice([["ticket.opened", "ticket.acknowledged", "ticket.closed"],
                        ["ticket.opened", "ticket.assigned where party == NetCo", "ticket.closed"],
                        ["ticket.opened", "ticket.assigned where party == NetCo", "ticket.assigned where party == HostCo",
                         "ticket.closed"],
                        ["ticket.opened", "ticket.acknowledged", "ticket.resolved", "ticket.pended", "ticket.closed"]])
    calendars, total = False, 0
    agreements = {"host": "", "net": ""}
    for i, (begin, end) in enumerate(zip(hands, hands[1:])):
        of = rng.choice(["", "", "", " of office"])
        calendars = calendars or bool(of)
        hours = [rng.choice(HOURS)] * 4 if rng.random() < 0.6 else [rng.choice(HOURS) for _ in range(4)]
        total += max(hours)
        within = ", ".join(f"{h}h{of} for P{p + 1}" for p, h in enumerate(hours)) if len(set(hours)) > 1 \
            else f"{hours[0]}h{of}"
        more = rng.choice([""] * 8 + ["    pausing during hold\n", "    void when ticket.resumed\n",
                                      "    void when ticket.acknowledged\n", "    excused when priority == P1\n",
                                      "    counting from ticket.resumed\n"])
        owner = rng.choice(["host", "net"])
        party = "NetCo" if owner == "net" else "HostCo"
        agreements[owner] += f"  duty hand{i} {party} must {end}\n    when {begin}\n    within {within}\n{more}"
    if rng.random() < 0.2:
        agreements["host"] += "  duty other HostCo must ticket.resumed\n    when " + rng.choice(
            ["ticket.opened", "ticket.resumed", "ticket.closed", "ticket.assigned where party == Acme"]) + "\n    within 2h\n"
    whole = rng.choice([2, 4, 8, 12, 30, 100, 300])
    text = CHAIN.format(zone=rng.choice(["Europe/London", "Asia/Tokyo"]), whole=f"{whole}h",
                        excuse=rng.choice(["", "", "    excused when priority == P2\n"]),
                        day=rng.choice(["2026-01-01", "2026-02-11"]), host=agreements["host"], net=agreements["net"])
    return text, not calendars and whole >= total


def wrong(entente, folder, text, implied, each=False):
    """What is wrong with what the compiler says of the club, or None; and whether it claimed anything."""
    source = os.path.join(folder, "club.ent")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    examples = os.path.join(folder, "examples")
    os.makedirs(examples, exist_ok=True)
    check = subprocess.run([entente, "check", "--counterexamples", examples, source], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check.returncode != 0:
        return f"check ends with {check.returncode}\n{check.stdout}", False
    claimed = "[W0415]" in check.stdout
    if claimed and implied:
        return "whoever meets the component meets the whole\n" + check.stdout, claimed
    scenarios = [n for n in os.listdir(examples) if n.startswith("W0415") and n.endswith(".ent")]
    if claimed != bool(scenarios) or (len(scenarios) > 1 and not each):
        return "no scenario is shown\n" + check.stdout, claimed
    for name in scenarios:
        test = subprocess.run([entente, "test", source, os.path.join(examples, name)], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        failing = [line for line in test.stdout.split("\n") if " expect " in line]
        if test.returncode != 1 or len(failing) != 1 or "expect no breach of Club.whole" not in failing[0]:
            with open(os.path.join(examples, name), encoding="utf-8") as f:
                return f"its scenario shows something else\n{check.stdout}{f.read()[:3000]}{test.stdout}", claimed
    return None, claimed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--entente", required=True)
    options = parser.parse_args()
    entente = os.path.abspath(options.entente)
    passed = failed = 0
    claims = [0, 0, 0]
    makers = [club, club_of_duties, club_of_chains]
    for case in range(options.count):
        rng = random.Random(f"{options.seed}/{case}")
        kind = case % 3
        text, implied = makers[kind](rng)
        with tempfile.TemporaryDirectory() as folder:
            what, claimed = wrong(entente, folder, text, implied, kind > 0)
        claims[kind] += claimed
        if what is None:
            passed += 1
        else:
            failed += 1
            print(f"--- seed {options.seed}, case {case}: {what}\n{text}")
    print(f"watermelons, seed {options.seed}: {claims[0]} of shares, {claims[1]} of times and {claims[2]} "
          "of chains claimed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not all(claims) else 0


if __name__ == "__main__":
    sys.exit(main())
