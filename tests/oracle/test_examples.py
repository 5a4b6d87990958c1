"""The clubs of examples/accountability in the oracle's form: what it finds must be what was worked out by hand.

The agreements stand here a second time, written from the prose of the clubs; the facts are the examples'
own files. Every breach that an expected.jsonl tells of is compared with the oracle's answer: figure, shares,
but-for causes, degrees, gap and the parts of the credit; of a pool, what each puts in and takes out. tests/accountability.sh holds the engine to
the same files.

    python3 -m unittest discover -s tests/oracle
"""

import csv
import json
import os
import sys
import unittest
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import accountability  # noqa: E402
import answers  # noqa: E402
import timeline as tl  # noqa: E402

FOLDER = os.path.join(HERE, "..", "..", "examples", "accountability")
H, M, DAY = tl.HOUR, tl.MINUTE, 24 * tl.HOUR
POLICIES = {"outages": "dependencies", "ticket": "holder", "credits": "responsibility", "relief": True,
            "answers": ["integrator", "client"]}
FIELDS = {"probe": [("at", "instant"), ("service", "service"), ("up", "bool")],
          "ticket": [("at", "instant"), ("id", "text"), ("event", "enum"), ("priority", "enum"),
                     ("reason", "enum"), ("service", "service"), ("party", "party")]}
RATE = {"kind": "rate", "amount": {"kind": "percent", "value": "2"}, "per": "1/100", "side": "below",
        "most": {"kind": "percent", "value": "10"}}


def ladder(*steps):
    """Percentages of the charge, each with its bound; the last has none."""
    return {"kind": "ladder", "steps": [
        {"amount": {"kind": "percent", "value": p}, "op": "at least" if b else None, "bound": b}
        for p, b in steps]}


def ev(*names, where=None):
    return {"alts": [{"feed": "ticket", "event": n} for n in names], "where": where}


def by_name(field, member):
    return ["==", ["field", field], ["lit", "member", member]]


def ready(service, target, unit="month", credit=None, name="ready"):
    measure = {"agg": "share", "feed": "probe",
               "where": ["and", by_name("service", service), ["field", "up"]]}
    return {"name": name, "unit": "ratio", "op": "at least", "target": target, "missing": "down",
            "window": {"unit": unit}, "measure": measure, **({"credit": credit} if credit else {})}


def restore(credit, *within):
    return {"name": "restore", "party": "HostCo", "trigger": ev("opened"), "discharge": ev("resolved"),
            "within": list(within), "by": "priority", "credit": {"kind": "money", "value": credit}}


def turnaround(party, allowed):
    came = ["and", by_name("party", party), ["changed", "party"]]
    left = {"alts": [{"feed": "ticket", "event": "assigned", "where": ["changed", "party"]},
                     {"feed": "ticket", "event": "resolved"}], "where": None}
    return {"name": "turnaround", "party": party, "trigger": ev("assigned", where=came),
            "discharge": left, "within": [{"ns": allowed}]}


def sla(supplier, name, charge=None, per="month", **more):
    money = {"charge": {"amount": charge, "per": per}} if charge else {}
    return {"name": name, "kind": "sla", "between": [supplier, "Acme"],
            "effective": ["2026-01-01", None], **money, **more}


def ola(supplier, customer, name, **more):
    return {"name": name, "kind": "ola", "between": [supplier, customer],
            "effective": ["2026-01-01", None], **more}


def club(providers, services, agreements, feed="ticket", every=None, spans=()):
    key = {"ticket": "id", "probe": "service"}[feed]
    fields = [{"name": f, "type": t, "key": f == key, "holder": f == "party"}
              for f, t in FIELDS[feed]]
    return {"framework": {"name": "Club", "timezone": "Europe/London", "currency": "GBP",
                          "accountability": POLICIES},
            "parties": [{"name": "Acme", "role": "client"}, {"name": "Hermes", "role": "integrator"},
                        *({"name": p, "role": "provider", "aliases": a} for p, a in providers)],
            "services": [{"name": n, "by": by, "depends": list(d)} for n, by, d in services],
            "calendars": {}, "spans": list(spans), "agreements": agreements,
            "feeds": [{"name": feed, "sampled": every, "fields": fields}]}


def parties(*names):
    return [(n, []) for n in names]


def one_root():
    steps = {"NetCo": [("0", "98/100"), ("5", "93/100"), ("10", None)],
             "HostCo": [("0", "97/100"), ("5", "93/100"), ("10", None)],
             "AppCo": [("0", "95/100"), ("5", "90/100"), ("10", None)]}
    return club(parties("NetCo", "HostCo", "AppCo"),
                [("network", "NetCo", []), ("hosting", "HostCo", ["network"]),
                 ("checkout", "AppCo", ["hosting"])],
                [sla(p, n, c, objectives=[ready(s, steps[p][0][1], credit=ladder(*steps[p]))])
                 for p, n, c, s in (("NetCo", "NetworkSLA", "64000", "network"),
                                    ("HostCo", "HostingSLA", "120000", "hosting"),
                                    ("AppCo", "CheckoutSLA", "88500", "checkout"))] +
                [ola("NetCo", "HostCo", "NetworkForHosting", objectives=[ready("network", "98/100")]),
                 ola("HostCo", "AppCo", "HostingForCheckout",
                     objectives=[ready("hosting", "97/100")])], "probe", DAY)


def two_roots():
    return club(parties("NetCo", "PayCo", "AppCo"),
                [("network", "NetCo", []), ("payments", "PayCo", []),
                 ("checkout", "AppCo", ["network", "payments"])],
                [sla(p, n, c, objectives=[ready(s, target, credit=RATE)])
                 for p, n, c, s, target in (
                     ("NetCo", "NetworkSLA", "64000", "network", "99/100"),
                     ("PayCo", "PaymentsSLA", "40000", "payments", "99/100"),
                     ("AppCo", "CheckoutSLA", "90000", "checkout", "98/100"))] +
                [ola(p, "AppCo", n, objectives=[ready(s, "99/100")]) for p, n, s in (
                    ("NetCo", "NetworkForCheckout", "network"),
                    ("PayCo", "PaymentsForCheckout", "payments"))], "probe", DAY)


def ping_pong():
    in_time = {"name": "restored_in_time", "unit": "ratio", "op": "at least", "target": "95/100",
               "window": {"unit": "month"}, "credit": RATE,
               "measure": {"agg": "share", "feed": "restore", "where": ["field", "met"]}}
    return club([("NetCo", ["NetCo Routing", "NetCo Access"]), ("HostCo", [])],
                [("network", "NetCo", []), ("hosting", "HostCo", ["network"])],
                [sla("HostCo", "HostingSLA", "120000",
                     duties=[restore("500", {"ns": 4 * H, "for": ["P1"]}, {"ns": 8 * H})],
                     objectives=[in_time]),
                 sla("NetCo", "NetworkSLA", "64000"),
                 ola("NetCo", "HostCo", "NetworkForHosting", duties=[turnaround("NetCo", 2 * H)])])


def client_hold():
    approval = by_name("reason", "client_approval")
    hold = {"name": "client_hold", "per": "ticket", "from": ev("pended", where=approval),
            "to": ev("resumed", "resolved"), "caused_by": "Acme"}
    approve = {"name": "approve", "party": "Acme", "trigger": ev("pended", where=approval),
               "discharge": ev("resumed", "resolved"), "within": [{"ns": H}]}
    return club(parties("HostCo"), [("hosting", "HostCo", [])],
                [sla("HostCo", "HostingSLA", "120000",
                     duties=[restore("500", {"ns": 4 * H}), approve])], spans=[hold])


def structural_gap():
    both = [("NetCo", "DataCo", "NetworkForStorage", 3 * H),
            ("DataCo", "HostCo", "StorageForHosting", 2 * H)]
    return club(parties("NetCo", "DataCo", "HostCo"),
                [("network", "NetCo", []), ("storage", "DataCo", ["network"]),
                 ("hosting", "HostCo", ["storage"])],
                [sla("HostCo", "HostingSLA", "120000", duties=[restore("1000", {"ns": 4 * H})]),
                 sla("NetCo", "NetworkSLA", "64000"), sla("DataCo", "StorageSLA", "48000")] +
                [ola(p, to, n, duties=[turnaround(p, t)],
                     amendments=[{"from": "2026-03-01", "duties": [turnaround(p, 90 * M)]}])
                 for p, to, n, t in both])


def gain_share():
    one = ladder(("0", "95/100"), ("1", None))
    pool = {"name": "OneTeam", "unit": "quarter", "of": "provider", "shared": "equally",
            "amount": {"kind": "percent", "value": "2"},
            "paid": ["met", "IntegrationSLA", "end_to_end"]}
    found = club(parties("NetCo", "HostCo", "AppCo"),
                [("network", "NetCo", []), ("hosting", "HostCo", []),
                 ("checkout", "AppCo", ["network", "hosting"])],
                [sla("Hermes", "IntegrationSLA",
                     objectives=[ready("checkout", "90/100", "quarter", name="end_to_end")]),
                 sla("NetCo", "NetworkSLA", "192000", "quarter",
                     objectives=[ready("network", "95/100", "quarter", one)]),
                 sla("HostCo", "HostingSLA", "360000", "quarter",
                     objectives=[ready("hosting", "95/100", "quarter", one)]),
                 sla("AppCo", "CheckoutSLA", "265000", "quarter")], "probe", 7 * DAY)
    found["framework"]["name"], found["pools"] = "GainShare", [pool]
    return found


CLUBS = {"one-root": (one_root, "2026-02-01", "2026-03-01"),
         "two-roots": (two_roots, "2026-02-01", "2026-03-01"),
         "ping-pong": (ping_pong, "2026-02-01", "2026-03-01"),
         "client-hold": (client_hold, "2026-02-01", "2026-03-01"),
         "structural-gap": (structural_gap, "2026-02-01", "2026-03-31T23:00:00Z"),
         "pool-paid": (gain_share, "2026-03-31T23:00:00Z", "2026-06-30T23:00:00Z"),
         "pool-not-paid": (gain_share, "2026-03-31T23:00:00Z", "2026-06-30T23:00:00Z")}


def instant(text):
    return tl.parse_instant(text if "T" in text else text + "T00:00:00Z")


def rows(folder, feed):
    with open(os.path.join(folder, feed + ".csv"), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def is_meant(line, decision):
    begin = line.get("clock", {}).get("at")
    at = decision.get("at") if decision["kind"] == "duty" else None
    subject = line.get("subject", {}).get("id")
    return ((line["agreement"], line["clause"]) == (decision["agreement"], decision["clause"]) and
            subject in (None, decision["subject"]) and (not begin or instant(begin) == at))


class ByHand(unittest.TestCase):
    def check(self, name):
        make, start, end = CLUBS[name]
        club_data, folder = make(), os.path.join(FOLDER, name)
        facts = {f["name"]: rows(folder, f["name"]) for f in club_data["feeds"]}
        bounds = instant(start), instant(end)
        found = accountability.decide(club_data, facts, *bounds)
        with open(os.path.join(folder, "expected.jsonl"), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        for line in lines:
            decision, = [d for d in found if is_meant(line, d)]
            with self.subTest(**{k: line.get(k) for k in ("agreement", "clause", "subject")}):
                self.assertEqual(decision["status"], line["status"])
                if decision["kind"] == "pool":
                    self.assertEqual({p["party"]: (answers.money(p["paid_in"]), answers.money(
                        p["paid_out"])) for p in line["parties"]}, decision["parties"])
                elif line["status"] == "breach":
                    self.compare(line, decision)
        self.assertEqual(len(lines), len(found))

    def compare(self, line, decision):
        if "measure_exact" in line:
            self.assertEqual(decision["measure"], Fraction(line["measure_exact"]))
        self.assertEqual(decision["credit"], answers.money(line.get("credit")))
        self.assertEqual(answers.differences(decision, {
            **line, "accountable": line.get("accountable") or dict(zip(
                ("party", "to"), decision["answer"]["accountable"]))}), [])


for NAME in CLUBS:
    setattr(ByHand, "test_" + NAME.replace("-", "_"), lambda self, name=NAME: self.check(name))


if __name__ == "__main__":
    unittest.main()
