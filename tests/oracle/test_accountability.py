"""Hand-made cases of who answers, who caused it and who pays: each value was worked out on paper.

    python3 -m unittest discover -s tests/oracle
"""

import os
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accountability  # noqa: E402
import answers  # noqa: E402
import causes  # noqa: E402
import entente_oracle as oracle  # noqa: E402
import game as games  # noqa: E402
import timeline as tl  # noqa: E402

I = tl.parse_instant
H, M = tl.HOUR, tl.MINUTE
HALF = Fraction(1, 2)
DAY = "2026-01-05"
FOLLOW = {"outages": "dependencies", "ticket": "holder", "credits": "responsibility",
          "relief": True, "answers": ["integrator", "client"]}


def ev(*names, where=None):
    return {"alts": [{"feed": "ticket", "event": n} for n in names], "where": where}


def party_is(name):
    return ["==", ["field", "party"], ["lit", "member", name]]


def agreement(kind, supplier, customer, **more):
    return {"name": supplier + kind.upper(), "kind": kind, "between": [supplier, customer],
            "effective": ["2020-01-01", None], "charge": {"amount": "1000", "per": "month"}, **more}


def club(agreements, services=(("hosting", "HostCo", ()),), spans=(), **policies):
    ticket = [("at", "instant"), ("id", "text"), ("event", "enum"), ("service", "service"),
              ("party", "party")]
    probe = [("at", "instant"), ("service", "service"), ("up", "bool"), ("latency", "duration")]
    change = [("at", "instant"), ("id", "text"), ("event", "enum"), ("service", "service")]
    feeds = [{"name": n, "sampled": s, "fields": [
        {"name": f, "type": t, "key": f == key, "holder": f == "party"} for f, t in fields]}
        for n, s, fields, key in (("ticket", None, ticket, "id"), ("change", None, change, "id"),
                                  ("probe", H, probe, "service"))]
    return {"framework": {"name": "Club", "timezone": "UTC", "currency": "GBP",
                          "accountability": {**FOLLOW, **policies}},
            "parties": [{"name": "Acme", "role": "client"},
                        {"name": "Hermes", "role": "integrator"}] +
            [{"name": n, "role": "provider"} for n in ("NetCo", "HostCo", "AppCo", "DataCo")],
            "services": [{"name": n, "by": by, "depends": list(d)} for n, by, d in services],
            "calendars": {"office": {"open": [{"days": [0, 1, 2, 3, 4], "from": "09:00",
                                               "to": "17:00"}]}},
            "feeds": feeds, "spans": list(spans), "agreements": agreements}


def restore(allowed=4 * H, party="HostCo", **more):
    return {"name": "restore", "party": party, "trigger": ev("opened"), "discharge": ev("resolved"),
            "within": [{"ns": allowed}], **more}


def turnaround(party, allowed, **more):
    return {"name": "turnaround", "party": party, "within": [{"ns": allowed}],
            "trigger": ev("assigned", where=party_is(party)),
            "discharge": ev("assigned", "resolved"), **more}


def tickets(*rows, key="INC1"):
    """Rows such as `09:00 opened HostCo`."""
    out = []
    for text in rows:
        at, event, party = (text.split() + [""])[:3]
        out.append({"at": f"{DAY}T{at}:00Z", "id": key, "event": event, "service": "hosting",
                    "party": party})
    return out


def answer(c, rows, clause="restore", end=f"{DAY}T23:00:00Z", **facts):
    found = accountability.decide(c, {"ticket": rows, **facts}, I(f"{DAY}T00:00:00Z"), I(end))
    one, = [d for d in found if d["clause"] == clause and d["status"] == "breach"]
    return one["answer"]


def values(a):
    """{set as text: v}"""
    return {"+".join(sorted(s)) or "nobody": v for s, (v, _) in a["game"].items()}


def shares(a):
    return {p: x["share"] for p, x in a["parties"].items() if x.get("share")}


def amounts(a):
    return {p: x["amount"] for p, x in a["parties"].items() if x.get("amount")}


NORTH = tickets("09:00 opened HostCo", "10:00 assigned NetCo", "15:00 assigned HostCo",
                "15:30 resolved HostCo")


class NorthStar(unittest.TestCase):
    def setUp(self):
        self.club = club([agreement("sla", "HostCo", "Acme", duties=[restore()]),
                          agreement("ola", "NetCo", "HostCo", duties=[turnaround("NetCo", 2 * H)])])

    def test_the_scenario(self):
        a = answer(self.club, NORTH)
        self.assertEqual(values(a), {"nobody": 2 * H + 30 * M, "NetCo": 0, "HostCo": 2 * H + 30 * M,
                                     "HostCo+NetCo": 0})
        self.assertEqual(shares(a), {"NetCo": 1})
        self.assertEqual((a["parties"]["NetCo"]["held"], a["parties"]["NetCo"]["excess"]),
                         (5 * H, 3 * H))
        self.assertEqual((a["parties"]["HostCo"]["held"], a["parties"]["HostCo"]["excess"]),
                         (90 * M, 0))
        self.assertEqual([a["parties"][p]["but_for"] for p in ("NetCo", "HostCo")], [True, False])
        self.assertEqual([a["parties"][p]["degree"] for p in ("NetCo", "HostCo")], [1, 0])
        self.assertEqual(a["accountable"], ("HostCo", "Acme"))
        self.assertEqual(a["gap"], 0)

    def test_the_ola_itself_is_netcos(self):
        a = answer(self.club, NORTH, "turnaround")
        self.assertEqual((shares(a), a["accountable"]), ({"NetCo": 1}, ("NetCo", "HostCo")))

    def test_time_that_stays_with_its_owner(self):
        self.club["framework"]["accountability"]["ticket"] = "owner"
        self.assertEqual(shares(answer(self.club, NORTH)), {"HostCo": 1})

    def test_the_last_holder_still_has_it_after_a_row_that_names_nobody(self):
        rows = tickets("08:00 assigned NetCo", "09:00 opened", "10:00 assigned DataCo", "11:00 assigned",
                       "15:00 resolved")
        self.club["framework"]["accountability"]["ticket"] = "last holder"
        parties = answer(self.club, rows)["parties"]
        self.assertEqual({p: x["held"] for p, x in parties.items() if x.get("held")}, {"NetCo": H, "DataCo": 5 * H})


class ClockTime(unittest.TestCase):
    def decide(self, rows, olas=(), duties=(), spans=(), allowed=4 * H, **more):
        sla = agreement("sla", "HostCo", "Acme", duties=[restore(allowed, **more), *duties])
        return answer(club([sla, *olas], spans=spans), rows)

    def test_the_agreements_do_not_add_up(self):
        olas = [agreement("ola", "NetCo", "HostCo", duties=[turnaround("NetCo", 3 * H)]),
                agreement("ola", "DataCo", "HostCo", duties=[turnaround("DataCo", 2 * H)])]
        rows = tickets("09:00 opened HostCo", "09:15 assigned NetCo", "12:45 assigned DataCo",
                       "14:45 assigned HostCo", "15:00 resolved HostCo")
        a = self.decide(rows, olas)
        # net 6h, NetCo 30m beyond, DataCo its 2h, nothing left for HostCo's 30m: 1h is nobody's
        self.assertEqual((values(a)["nobody"], a["gap"]), (2 * H, H))
        self.assertEqual(shares(a), {"NetCo": HALF, "HostCo": HALF})
        self.assertEqual({x["degree"] for x in a["parties"].values()}, {0})

    def test_each_assignment_has_its_own_allowance_and_after_the_discharge_there_is_none(self):
        ola = agreement("ola", "NetCo", "HostCo", duties=[
            turnaround("NetCo", 2 * H, discharge=ev("resumed", "resolved"))])
        rows = tickets("09:00 opened HostCo", "10:00 assigned NetCo", "11:00 resumed NetCo",
                       "14:00 assigned NetCo", "17:00 resolved NetCo")
        a = self.decide(rows, [ola])
        # 10..11 within; 11..14 no clock runs: 3h beyond; 14..16 within; 16..17 1h beyond
        self.assertEqual((a["parties"]["NetCo"]["held"], a["parties"]["NetCo"]["excess"]),
                         (7 * H, 4 * H))
        self.assertEqual((values(a)["nobody"], values(a)["NetCo"]), (4 * H, 0))

    def test_an_allowance_runs_by_its_own_calendar(self):
        ola = agreement("ola", "NetCo", "HostCo", duties=[
            turnaround("NetCo", 2 * H, within=[{"ns": 2 * H, "of": "office"}])])
        rows = tickets("06:00 opened NetCo", "07:00 assigned NetCo", "12:00 resolved NetCo")
        a = self.decide(rows, [ola])
        # its 2h of office are over at 11:00: 06..07 and 11..12 are beyond; net 6h of 4h
        self.assertEqual((a["parties"]["NetCo"]["excess"], values(a)["NetCo"]), (2 * H, 0))

    def test_the_earliest_due_of_several_decides_and_the_ola_with_the_owner_goes_first(self):
        rows = tickets("09:00 opened HostCo", "10:00 assigned NetCo", "16:00 resolved NetCo")
        near = [turnaround("NetCo", 3 * H), {**turnaround("NetCo", H), "name": "fast"}]
        far = agreement("ola", "NetCo", "AppCo", duties=[turnaround("NetCo", 5 * H)])
        far["name"] = "FarOLA"
        a = self.decide(rows, [agreement("ola", "NetCo", "HostCo", duties=near), far])
        self.assertEqual(a["parties"]["NetCo"]["excess"], 5 * H)
        a = self.decide(rows, [far])
        self.assertEqual(a["parties"]["NetCo"]["excess"], H)

    def test_no_holder_is_the_dutys_own_party(self):
        a = self.decide(tickets("09:00 opened NetCo", "10:00 assigned", "15:00 resolved NetCo"))
        self.assertEqual((a["parties"]["NetCo"]["held"], a["parties"]["HostCo"]["held"]),
                         (H, 5 * H))

    def test_a_client_duty_is_the_clients_allowance(self):
        hold = {"name": "hold", "per": "ticket", "from": ev("pended"), "to": ev("resumed", "resolved"),
                "caused_by": "Acme"}
        approve = {"name": "approve", "party": "Acme", "trigger": ev("pended"),
                   "discharge": ev("resumed", "resolved"), "within": [{"ns": H}]}
        rows = tickets("09:00 opened HostCo", "10:00 pended HostCo", "13:00 resumed HostCo",
                       "15:30 resolved HostCo")
        a = self.decide(rows, duties=[approve], spans=[hold])
        self.assertEqual(shares(a), {"Acme": Fraction(4, 5), "HostCo": Fraction(1, 5)})
        self.assertEqual({x["degree"] for x in a["parties"].values()}, {HALF})

    def test_overlapping_spans_carry_both(self):
        spans = [{"name": "one", "per": "ticket", "from": ev("pended"), "to": ev("resumed"),
                  "caused_by": "Acme"},
                 {"name": "two", "per": "ticket", "from": ev("reopened"), "to": ev("closed"),
                  "caused_by": "DataCo"}]
        rows = tickets("09:00 opened HostCo", "10:00 pended HostCo", "11:00 reopened HostCo",
                       "13:00 resumed HostCo", "14:00 closed HostCo", "14:00 resolved HostCo")
        a = self.decide(rows, spans=spans, allowed=H)
        # 10..11 Acme's, 11..13 both's, 13..14 DataCo's; 4h over
        self.assertEqual(values(a), {"nobody": 4 * H, "Acme": 3 * H, "DataCo": 3 * H, "HostCo": 4 * H,
                                     "Acme+DataCo": 0, "Acme+HostCo": 3 * H,
                                     "DataCo+HostCo": 3 * H, "Acme+DataCo+HostCo": 0})
        self.assertEqual(shares(a), {"Acme": HALF, "DataCo": HALF})

    def test_a_clock_that_still_runs_answers_for_what_it_took_so_far(self):
        a = self.decide(tickets("17:00 opened HostCo", "19:00 assigned NetCo"))
        self.assertEqual(values(a)["nobody"], 2 * H)
        self.assertEqual(shares(a), {"NetCo": 1})


CHAIN = [("network", "NetCo", []), ("hosting", "HostCo", ["network"]),
         ("checkout", "AppCo", ["hosting"])]


def probe(service, states, minute=0, first=0):
    """One sample an hour from 00:00: `+` up, `-` down, `.` none, `?` unknown."""
    return [{"at": f"{DAY}T{first + i:02d}:{minute:02d}:00Z", "service": service,
             "up": {"+": "true", "-": "false", "?": ""}[s], "latency": "100ms"}
            for i, s in enumerate(states) if s != "."]


def uptime(service, target="1", **more):
    return {"name": "uptime", "unit": "ratio", "op": "at least", "target": target,
            "window": {"unit": "day"}, "missing": "ignored",
            "measure": {"agg": "share", "feed": "probe", "where":
                        ["and", ["==", ["field", "service"], ["lit", "member", service]],
                         ["field", "up"]]}, **more}


class Roots(unittest.TestCase):
    def decide(self, services, rows, of="checkout", supplier="AppCo", objective=None, spans=(),
               end=f"{DAY}T24:00:00Z", change=(), **policies):
        end = end.replace(f"{DAY}T24", "2026-01-06T00")
        sla = agreement("sla", supplier, "Acme", objectives=[objective or uptime(of)])
        c = club([sla, *(agreement("sla", p, "Acme") for p in ("NetCo", "HostCo") if p != supplier)],
                 services, spans, **policies)
        return answer(c, [], "uptime", end, probe=rows, change=list(change))

    def test_transitive(self):
        rows = probe("network", "+--+") + probe("hosting", "+--+") + probe("checkout", "+--+")
        self.assertEqual(shares(self.decide(CHAIN, rows)), {"NetCo": 1})
        self.assertEqual(shares(self.decide(CHAIN, rows, outages="owner")), {"AppCo": 1})

    def test_a_good_dependency_ends_the_search(self):
        rows = probe("network", "+--+") + probe("hosting", "++++") + probe("checkout", "+--+")
        self.assertEqual(shares(self.decide(CHAIN, rows)), {"AppCo": 1})

    def test_two_roots(self):
        services = [("network", "NetCo", []), ("payments", "DataCo", []),
                    ("checkout", "AppCo", ["network", "payments"])]
        rows = probe("network", "+-++") + probe("payments", "+--+") + probe("checkout", "+--+")
        a = self.decide(services, rows, objective=uptime("checkout", "98/100"))
        v = values(a)
        self.assertEqual((v["nobody"], v["NetCo"], v["DataCo"], v["DataCo+NetCo"]),
                         (Fraction(48, 100), Fraction(48, 100),
                          Fraction(98, 100) - Fraction(2, 3), 0))
        self.assertEqual(sum(shares(a).values()), 1)
        self.assertEqual(shares(a)["NetCo"], v["DataCo"] / 2 / v["nobody"])
        self.assertEqual({x["degree"] for x in a["parties"].values()}, {HALF})

    def test_a_diamond_has_one_root(self):
        services = [("network", "NetCo", []), ("hosting", "HostCo", ["network"]),
                    ("data", "DataCo", ["network"]), ("checkout", "AppCo", ["hosting", "data"])]
        rows = [r for s in ("network", "hosting", "data", "checkout") for r in probe(s, "+-+")]
        self.assertEqual(shares(self.decide(services, rows)), {"NetCo": 1})

    def test_silence_is_no_outage(self):
        # the network's last sample is two hours old at 02:00 and three at 03:00
        rows = probe("network", "-") + probe("checkout", "++-+")
        two = self.decide([("network", "NetCo", []), ("checkout", "AppCo", ["network"])], rows)
        self.assertEqual(shares(two), {"NetCo": 1})
        rows = probe("network", "-") + probe("checkout", "+++-")
        two = self.decide([("network", "NetCo", []), ("checkout", "AppCo", ["network"])], rows)
        self.assertEqual(shares(two), {"AppCo": 1})

    def test_an_outage_seen_first_downstream(self):
        services = [("network", "NetCo", []), ("checkout", "AppCo", ["network"])]
        rows = probe("network", "++-+", 59) + probe("checkout", "++-+", 0)
        self.assertEqual(shares(self.decide(services, rows)), {"NetCo": 1})
        # exactly one interval later is not less than one, and the window's end hides what follows
        rows = probe("network", "+++-+") + probe("checkout", "++-++")
        self.assertEqual(shares(self.decide(services, rows)), {"AppCo": 1})

    def test_the_next_sample_lies_in_the_window(self):
        services = [("network", "NetCo", []), ("checkout", "AppCo", ["network"])]
        rows = probe("network", "+", 30) + probe("checkout", "-", 0, 23) + \
            [{**probe("network", "-")[0], "at": "2026-01-06T00:00:00Z"}]
        self.assertEqual(shares(self.decide(services, rows, end="2026-01-06T12:00:00Z")),
                         {"AppCo": 1})

    def test_maintenance_of_a_dependency_still_counts_as_root(self):
        span = {"name": "maintenance", "per": "service",
                "from": {"alts": [{"feed": "change", "event": "started"}]},
                "to": {"alts": [{"feed": "change", "event": "finished"}]}}
        rows = probe("network", "+--+") + probe("hosting", "+--+")
        change = [{"at": f"{DAY}T00:30:00Z", "id": "C", "event": "started", "service": "network"},
                  {"at": f"{DAY}T02:30:00Z", "id": "C", "event": "finished", "service": "network"}]
        goal = uptime("hosting", excluding=[{"span": "maintenance"}])
        a = self.decide(CHAIN, rows, "hosting", "HostCo", goal, [span], change=change)
        self.assertEqual(shares(a), {"NetCo": 1})
        # were the network's power Acme's affair, so were the outage of what stands on it
        a = self.decide(CHAIN, rows, "hosting", "HostCo", goal, [{**span, "caused_by": "Acme"}],
                        change=change)
        self.assertEqual(shares(a), {"Acme": 1})

    def test_missing_samples_are_the_own_providers(self):
        rows = probe("network", "+-" + "." * 21 + "+") + probe("hosting", "+-" + "." * 21 + "+")
        a = self.decide(CHAIN, rows, "hosting", "HostCo", uptime("hosting", missing="down"))
        # 24 expected, 3 seen, 1 of them bad by NetCo's doing
        self.assertEqual(values(a), {"nobody": Fraction(22, 24), "NetCo": Fraction(21, 23),
                                     "HostCo": Fraction(1, 3), "HostCo+NetCo": 0})

    def test_a_sample_without_an_answer_is_skipped(self):
        rows = probe("network", "+?-+") + probe("hosting", "+--+")
        a = self.decide(CHAIN, rows, "hosting", "HostCo")
        # at 01:00 the network's latest is unknown, its next is a whole interval away
        self.assertEqual(shares(a)["NetCo"], shares(a)["HostCo"])

    def test_first_in_time(self):
        services = [("network", "NetCo", []), ("payments", "DataCo", []),
                    ("checkout", "AppCo", ["network", "payments"])]
        rows = probe("network", "+--+") + probe("payments", "---+") + probe("checkout", "+--+")
        a = self.decide(services, rows, joint="first in time")
        self.assertEqual(shares(a), {"DataCo": 1})
        rows = probe("network", "---+") + probe("payments", "---+") + probe("checkout", "+--+")
        a = self.decide(services, rows, joint="first in time")
        self.assertEqual(shares(a), {"DataCo": HALF, "NetCo": HALF})

    def test_jointly(self):
        services = [("network", "NetCo", []), ("payments", "DataCo", []),
                    ("checkout", "AppCo", ["network", "payments"])]
        rows = probe("network", "+--+") + probe("payments", "+--+") + probe("checkout", "+--+")
        goal = uptime("checkout", credit={"kind": "ladder", "steps": [
            {"amount": {"kind": "none"}, "op": "at least", "bound": "1"},
            {"amount": {"kind": "money", "value": "10.01"}}]})
        a = self.decide(services, rows, joint="jointly", objective=goal)
        self.assertEqual(shares(a), {"DataCo": 1, "NetCo": 1})
        # DataCo has no direct agreement: its 5.005 stay with AppCo; of equal remainders NetCo's
        # comes first, because it is declared first
        self.assertEqual(amounts(a), {"NetCo": 501, "AppCo": 500})

    def test_time_share(self):
        goal = {"name": "uptime", "unit": "ratio", "op": "at least", "target": "1",
                "window": {"unit": "day"}, "missing": "ignored",
                "measure": {"agg": "time share", "feed": "probe", "where":
                            uptime("hosting")["measure"]["where"]}}
        rows = probe("network", "+-++++") + probe("hosting", "+---++")
        a = self.decide(CHAIN, rows, "hosting", "HostCo", goal)
        # down 01..04, of which 01..02 the network's; states hold 00..07
        self.assertEqual(values(a), {"nobody": Fraction(3, 7), "NetCo": Fraction(2, 6),
                                     "HostCo": Fraction(1, 5), "HostCo+NetCo": 0})

    def test_an_average_by_samples_that_miss_by_themselves(self):
        goal = {"name": "uptime", "unit": "duration", "op": "at most", "target": 150 * 10**6,
                "window": {"unit": "day"}, "missing": "ignored",
                "measure": {"agg": "average", "feed": "probe", "field": "latency", "where":
                            ["==", ["field", "service"], ["lit", "member", "hosting"]]}}
        rows = probe("network", "+++") + probe("hosting", "+++")
        for r, ms in zip(rows, (100, 300, 100, 100, 300, 200)):
            r["latency"] = f"{ms}ms"
        a = self.decide(CHAIN, rows, "hosting", "HostCo", goal)
        self.assertEqual(values(a), {"nobody": 50 * 10**6, "NetCo": 0, "HostCo": 50 * 10**6,
                                     "HostCo+NetCo": 0})

    def test_nothing_left_is_no_breach(self):
        a = self.decide(CHAIN, probe("network", "--"), "network", "NetCo")
        self.assertEqual((values(a), shares(a)), ({"nobody": 1, "NetCo": 0}, {"NetCo": 1}))

    def test_no_data_is_the_suppliers(self):
        a = self.decide(CHAIN, [], "network", "NetCo", uptime("network", no_data="breach"))
        self.assertEqual((shares(a), a["gap"]), ({"NetCo": 1}, 0))


class Games(unittest.TestCase):
    def test_by_charge_the_heavier_comes_last(self):
        # together they are needed: who comes last takes all away
        game = games.table({"A", "B"}, lambda s: (Fraction(len(s) < 2), len(s) < 2))
        self.assertEqual(games.shares(game, {"A": Fraction(3), "B": Fraction(1)}),
                         {"A": Fraction(3, 4), "B": Fraction(1, 4)})
        self.assertEqual(games.shares(game, {"A": Fraction(3), "B": Fraction(0)}),
                         {"A": 1, "B": 0})
        self.assertEqual(games.shares(game, {"A": Fraction(0), "B": Fraction(0)}),
                         {"A": HALF, "B": HALF})

    def test_degree(self):
        # two of three are enough
        game = games.table(set("ABC"), lambda s: (Fraction(len(s) < 2), len(s) < 2))
        self.assertEqual(games.degree(game, "A"), HALF)
        self.assertFalse(games.but_for(game, "A"))

    def test_nobody_could_have(self):
        game = games.table({"A"}, lambda s: (Fraction(1), True))
        self.assertEqual((games.shares(game), games.degree(game, "A")), ({}, 0))


class Money(unittest.TestCase):
    def pay(self, credit, shares, gap=0, **policies):
        c = club([agreement("sla", "HostCo", "Acme"), agreement("sla", "NetCo", "Acme")], **policies)
        world = oracle.World(c, {}, 0, 1)
        a = {"parties": {p: {"share": s} for p, s in shares.items()}, "gap": Fraction(gap),
             "mode": "shared", "game": {frozenset(): (Fraction(1), True)}}
        parts = accountability.parts(world, c["agreements"][0], a)
        found = accountability.apportion(world, credit, parts)
        return {p: x for p, x in found.items() if x}

    def test_thirds_and_their_pennies(self):
        third = Fraction(1, 3)
        self.assertEqual(self.pay(1001, {"NetCo": third, "HostCo": third, "Acme": third}),
                         {"Acme": 334, "NetCo": 334, "HostCo": 333})

    def test_the_gap_stays_with_the_supplier(self):
        self.assertEqual(self.pay(1000, {"NetCo": HALF, "HostCo": HALF}, HALF),
                         {"HostCo": 750, "NetCo": 250})

    def test_without_relief_or_a_direct_agreement_it_stays_with_the_supplier(self):
        shares = {"Acme": HALF, "DataCo": HALF}
        self.assertEqual(self.pay(1001, shares), {"Acme": 501, "HostCo": 500})
        self.assertEqual(self.pay(1001, shares, relief=False), {"HostCo": 1001})

    def test_all_with_the_provider(self):
        self.assertEqual(self.pay(9, {"NetCo": Fraction(1)}, credits="provider"), {"HostCo": 9})


class Change(unittest.TestCase):
    def test_an_amended_ola_gives_the_clock_of_its_trigger_its_time(self):
        ola = agreement("ola", "NetCo", "HostCo", duties=[turnaround("NetCo", 3 * H)])
        ola["amendments"] = [{"from": "2026-01-05", "duties": [turnaround("NetCo", H)]}]
        c = club([agreement("sla", "HostCo", "Acme", duties=[restore()]), ola])
        rows = tickets("09:00 opened HostCo", "10:00 assigned NetCo", "15:00 resolved NetCo")
        self.assertEqual(answer(c, rows)["parties"]["NetCo"]["excess"], 4 * H)
        ola["amendments"][0]["from"] = "2026-01-06"
        self.assertEqual(answer(c, rows)["parties"]["NetCo"]["excess"], 2 * H)

    def test_an_amended_target_splits_the_window(self):
        sla = agreement("sla", "NetCo", "Acme", objectives=[
            uptime("network", "1/2", window={"unit": "month"})])
        sla["amendments"] = [{"from": "2026-01-06", "objectives": [
            uptime("network", "1", window={"unit": "month"})]}]
        rows = probe("network", "+-") + [{**r, "at": r["at"].replace(DAY, "2026-01-06")}
                                         for r in probe("network", "+-")]
        found = accountability.decide(club([sla], CHAIN), {"probe": rows},
                                      I("2026-01-01T00:00:00Z"), I("2026-02-01T00:00:00Z"))
        self.assertEqual([d["status"] for d in found], ["met", "breach"])
        self.assertEqual([tl.format_instant(d["window"][1]) for d in found],
                         ["2026-01-06T00:00:00Z", "2026-02-01T00:00:00Z"])


class Texts(unittest.TestCase):
    def test_figures_of_a_ledger(self):
        for text, value in (("1/3", Fraction(1, 3)), ("75%", Fraction(3, 4)), ("9000 s", 9000),
                            ("0.25s", Fraction(1, 4)), ("GBP 3.10", Fraction(31, 10))):
            self.assertEqual(answers.figure(text), value)

    def test_allowances_are_sought_among_olas(self):
        sla = agreement("sla", "NetCo", "Acme", duties=[turnaround("NetCo", H)])
        world = oracle.World(club([sla]), {}, 0, 1)
        self.assertEqual(causes.allowances(world, "HostCo", "NetCo", "ticket"), [])


if __name__ == "__main__":
    unittest.main()
