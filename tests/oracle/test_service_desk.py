"""The replay of the service desk against the oracle, on small random logs.

Two programs that share only the arithmetic of timeline.py, and the clauses written down twice.
"""

import csv
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import entente_oracle as oracle  # noqa: E402
import service_desk as desk  # noqa: E402
import timeline as tl  # noqa: E402

ENDED = ["in", ["field", "event"], ["lit", "member", "resolved"], ["lit", "member", "closed"]]
WAS_ENDED = ["in", ["previous", "event"], *ENDED[2:]]
BACK = ["and", WAS_ENDED, ["in", ["field", "event"], ["lit", "member", "working"],
                           ["lit", "member", "awaiting_user"]]]


def rows(where):
    return {"alts": [{"feed": "ticket", "where": where}]}


def both(*parts):
    out = parts[0]
    for x in parts[1:]:
        out = ["and", out, x]
    return out


def party(name, op="field"):
    return ["==", [op, "party"], ["lit", "member", name]]


def span(name, state):
    return {"name": name, "per": "ticket",
            "from": {"alts": [{"feed": "ticket", "event": state}]},
            "to": rows(["!=", ["field", "event"], ["lit", "member", state]])}


def agreement(name, duty, trigger, discharge):
    model = {"name": duty["clause"], "party": name, "trigger": trigger, "discharge": discharge,
             "within": [], "by": "priority", "pausing": list(duty["holds"])}
    for p, (ns, calendar) in duty["within"].items():
        model["within"].append({"ns": ns, **({"of": calendar} if calendar else {}),
                                **({"for": [p]} if p else {})})
    if duty["follow"]:
        model["following"] = "priority"
    if duty["undo"]:
        model.update(undo=rows(BACK), undo_mode=duty["undo"])
    if duty["undo"] == "resume":
        model["until"] = {"alts": [{"feed": "ticket", "event": "closed"}]}
    return {"name": name, "between": ["A", "B"], "effective": ["2016-01-01", "2017-12-31"],
            "duties": [model]}


def club():
    ends = {"alts": [{"feed": "ticket", "event": e} for e in ("resolved", "closed")]}
    desk_or_end = {"alts": [{"feed": "ticket", "where": ["present", ["field", "party"]]},
                            *ends["alts"]]}
    taken = {"alts": [{"feed": "ticket", "event": "working", "where": ["changed", "event"]},
                      {"feed": "ticket", "where": ["changed", "party"]}, *ends["alts"]]}
    restorers = {"FirstLine": "Frontline", "Workplace": "Atrium", "Infrastructure": "Basalt",
                 "Applications": "Cobalt"}
    out = []
    for name, duty in desk.DUTIES.items():
        if name in restorers:
            trigger = rows(both(["absent", ["previous", "event"]], party(restorers[name]),
                                ["not", ENDED]))
            out.append(agreement(name, duty, trigger, ends))
        elif name == "Coordination":
            trigger = rows(["and", ["absent", ["field", "party"]],
                            ["in", ["field", "event"], ["lit", "member", "opened"],
                             ["lit", "member", "working"]]])
            out.append(agreement(name, duty, trigger, desk_or_end))
        else:
            to, _, sender = name.partition("For")
            trigger = rows(both(party(to), ["changed", "party"], party(sender, "previous"),
                                ["not", ENDED]))
            out.append(agreement(name, duty, trigger, taken))
    fields = [{"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
              {"name": "event", "type": "enum"}, {"name": "priority", "type": "enum"},
              {"name": "party", "type": "party"}]
    return {"framework": {"timezone": "UTC", "currency": "GBP"}, "services": [],
            "parties": [{"name": p, "aliases": a} for p, a in desk.PROVIDERS.items()],
            "feeds": [{"name": "ticket", "fields": fields}], "calendars": desk.CALENDARS,
            "spans": [span("client", "awaiting_user"), span("vendor", "awaiting_vendor")],
            "agreements": out}


def make_log(rng):
    """A log in the shape of the real one, and the same rows as cells of the feed."""
    states, cells = list(desk.STATES), []
    some = ["Group 70", "Group 6", "Group 9", "Group 3", "Group 10", "Group 12", "?"]
    minutes = rng.choice([40, 700, 4000])
    for n in range(rng.randint(2, 6)):
        day, minute = rng.randint(20, 28), 0
        state, priority, group = "New", rng.choice(list(desk.PRIORITIES)), rng.choice(some)
        for _ in range(rng.randint(2, 12)):
            at = tl.parse_instant(f"2016-03-{day}T08:00:00Z") + minute * tl.MINUTE
            cells.append((at, f"INC{n}", state, priority, group))
            minute += rng.choice([0, 1, rng.randint(0, minutes)])
            state = rng.choice(states + ["Active", "-100"])
            if rng.random() < 0.15:
                priority = rng.choice(list(desk.PRIORITIES))
            if rng.random() < 0.5:
                group = rng.choice(some)
    return cells


def show(ns):
    day = tl.Zone("UTC").day(ns)
    clock = tl.format_instant(ns)[11:16]
    return f"{day.day}/{day.month}/{day.year} {clock}"


class Replay(unittest.TestCase):
    def test_against_the_oracle(self):
        model, clocks = club(), 0
        for seed in range(60):
            cells = make_log(random.Random(seed))
            with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as f:
                w = csv.writer(f)
                w.writerow(["number", "incident_state", "sys_updated_at", "priority",
                            "assignment_group"])
                w.writerows([c[1], c[2], show(c[0]), c[3], c[4]] for c in cells)
                f.flush()
                tickets, _ = desk.read_log(f.name)
            end = max(c[0] for c in cells) + 1
            facts = [{"at": tl.format_instant(c[0]), "id": c[1], "event": desk.STATES[c[2]],
                      "priority": desk.PRIORITIES[c[3]], "party": "" if c[4] == "?" else c[4]}
                     for c in cells if c[2] in desk.STATES]
            mine = sorted((a, t, at, c["status"], c["done"] or 0, c["elapsed"], c["due"])
                          for (a, _, t, at, _), c in desk.replay(tickets, 0, end).items())
            other = sorted((d["agreement"], d["subject"], d["at"], d["status"], d["done"] or 0,
                            d["elapsed"], d["due"])
                           for d in oracle.decide(model, {"ticket": facts}, 0, end))
            self.assertEqual(mine, other, f"seed {seed}")
            clocks += len(mine)
        self.assertGreater(clocks, 300)


if __name__ == "__main__":
    unittest.main()
