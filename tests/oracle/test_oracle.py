"""Hand-made cases for the oracle: each expected value was worked out on paper.

    python3 -m unittest discover -s tests/oracle
"""

import os
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import entente_oracle as oracle  # noqa: E402
import ledger  # noqa: E402
import timeline as tl  # noqa: E402

I = tl.parse_instant
H = tl.HOUR
OFFICE = {"open": [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:30"}],
          "closed": ["2026-12-25", "2026-12-28"]}


def club(agreement, zone="Europe/London", spans=(), cap=None):
    base = {"name": "SLA", "kind": "sla", "between": ["HostCo", "Acme"],
            "effective": ["2020-01-01", None], "charge": {"amount": "120000", "per": "month"}}
    base.update(agreement)
    fields = [{"name": "at", "type": "instant"}, {"name": "id", "type": "text", "key": True},
              {"name": "event", "type": "enum"}, {"name": "priority", "type": "enum"},
              {"name": "service", "type": "service"}, {"name": "party", "type": "party"}]
    probe = [{"name": "at", "type": "instant"}, {"name": "service", "type": "service", "key": True},
             {"name": "up", "type": "bool"}, {"name": "latency", "type": "duration"}]
    return {"framework": {"name": "Club", "timezone": zone, "currency": "GBP", "cap": cap},
            "parties": [{"name": n, "role": "provider"} for n in ("Acme", "HostCo", "NetCo")],
            "services": [{"name": "hosting", "by": "HostCo"}, {"name": "network", "by": "NetCo"}],
            "calendars": {"office": OFFICE}, "spans": list(spans), "agreements": [base],
            "feeds": [{"name": "ticket", "fields": fields},
                      {"name": "probe", "sampled": tl.MINUTE, "fields": probe}]}


def ev(*names, where=None):
    return {"alts": [{"feed": "ticket", "event": n} for n in names], "where": where}


def ticket(at, event, key="INC1", priority="P1", party="HostCo"):
    return {"at": at, "id": key, "event": event, "priority": priority, "service": "hosting",
            "party": party}


def restore(**more):
    return {"name": "restore", "party": "HostCo", "trigger": ev("opened"),
            "discharge": ev("resolved"), "by": "priority",
            "within": [{"ns": 4 * H, "for": ["P1"]}, {"ns": 8 * H, "for": ["P2"]},
                       {"ns": 24 * H, "of": "office"}], **more}


HOLD = {"name": "hold", "per": "ticket", "from": ev("pended"), "to": ev("resumed", "resolved")}


def clocks(duty, rows, end="2026-02-01T00:00:00Z", spans=(HOLD,), start="2026-01-01T00:00:00Z"):
    return oracle.decide(club({"duties": [duty]}, spans=spans), {"ticket": rows}, I(start), I(end))


def share(**more):
    return {"name": "uptime", "unit": "ratio", "op": "at least", "target": "999/1000",
            "window": {"unit": "day"}, "missing": "ignored",
            "measure": {"agg": "share", "feed": "probe", "where": ["field", "up"]}, **more}


def probes(states, start="2026-01-05T00:00:00Z", step=tl.MINUTE, service="hosting"):
    return [{"at": tl.format_instant(I(start) + i * step), "service": service,
             "up": {True: "true", False: "false", None: ""}[s], "latency": "100ms"}
            for i, s in enumerate(states)]


def figures(objective, rows, start="2026-01-05T00:00:00Z", end="2026-01-06T00:00:00Z", **world):
    return oracle.decide(club({"objectives": [objective]}, **world), {"probe": rows}, I(start),
                         I(end))


class NorthStar(unittest.TestCase):
    def test_net_time_of_the_scenario(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-05T10:00:00Z", "assigned", party="NetCo"),
                ticket("2026-01-05T15:00:00Z", "assigned"),
                ticket("2026-01-05T15:30:00Z", "resolved")]
        turnaround = {"name": "turnaround", "party": "NetCo", "within": [{"ns": 2 * H}],
                      "trigger": ev("assigned", where=["==", ["field", "party"],
                                                       ["lit", "member", "NetCo"]]),
                      "discharge": ev("assigned", "resolved")}
        one, = clocks(restore(), rows)
        two, = clocks(turnaround, rows)
        self.assertEqual((one["status"], one["elapsed"], one["allowed"]),
                         ("breach", 6 * H + 30 * tl.MINUTE, 4 * H))
        self.assertEqual(one["due"], I("2026-01-05T13:00:00Z"))
        self.assertEqual((two["status"], two["elapsed"]), ("breach", 5 * H))


class Clocks(unittest.TestCase):
    def test_office_hours_from_friday(self):
        duty = restore(within=[{"ns": 8 * H, "of": "office"}])
        one, = clocks(duty, [ticket("2026-01-09T16:50:00Z", "opened")])
        self.assertEqual(one["due"], I("2026-01-12T16:20:00Z"))
        self.assertEqual((one["status"], one["open"]), ("breach", True))

    def test_discharge_at_the_due_instant_and_in_the_pause_there_is_met(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"), ticket("2026-01-05T13:00:00Z", "pended"),
                ticket("2026-01-05T20:00:00Z", "resolved")]
        one, = clocks(restore(pausing=["hold"]), rows)
        self.assertEqual((one["status"], one["elapsed"]), ("met", 4 * H))

    def test_running_out_is_the_end_of_the_pause(self):
        duty = restore(pausing=["hold"])
        rows = [ticket("2026-01-05T09:00:00Z", "opened"), ticket("2026-01-05T13:00:00Z", "pended"),
                ticket("2026-01-06T07:00:00Z", "resumed"),
                ticket("2026-01-06T08:00:00Z", "resolved")]
        goal = share(measure={"agg": "share", "feed": "restore", "where": ["field", "met"]})
        out = oracle.decide(club({"duties": [duty], "objectives": [goal]}, spans=[HOLD]),
                            {"ticket": rows}, I("2026-01-05T00:00:00Z"), I("2026-01-07T00:00:00Z"))
        days = [d["measure"] for d in out if d["kind"] == "objective"]
        self.assertEqual(days, [None, 0])           # the breach belongs to the second day

    def test_a_clock_with_nothing_left_is_no_breach_until_it_runs(self):
        for end, status in (("2026-01-05T13:00:00Z", "provisional"),
                            ("2026-01-05T13:00:00.000000001Z", "breach")):
            one, = clocks(restore(), [ticket("2026-01-05T09:00:00Z", "opened")], end)
            self.assertEqual(one["status"], status)

    def test_following_a_change(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened", priority="P2"),
                ticket("2026-01-05T15:00:00Z", "assigned"),
                ticket("2026-01-05T16:00:00Z", "resolved")]
        one, = clocks(restore(following="priority"), rows)
        two, = clocks(restore(), rows)
        self.assertEqual((one["status"], one["due"]), ("breach", I("2026-01-05T13:00:00Z")))
        self.assertEqual((two["status"], two["allowed"]), ("met", 8 * H))

    def test_three_ways_of_reopening(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-05T12:00:00Z", "resolved"),
                ticket("2026-01-05T15:00:00Z", "reopened"),
                ticket("2026-01-05T17:00:00Z", "resolved"),
                ticket("2026-01-06T09:00:00Z", "closed")]
        kinds = {}
        for mode in ("ignore", "restart", "resume"):
            duty = restore(undo=ev("reopened"), undo_mode=mode, until=ev("closed"))
            if mode != "resume":
                del duty["until"]
            kinds[mode] = [(d["status"], d["elapsed"] // H) for d in clocks(duty, rows)]
        self.assertEqual(kinds, {"ignore": [("met", 3)], "restart": [("met", 3), ("met", 2)],
                                 "resume": [("breach", 5)]})

    def test_void_only_before_running_out(self):
        for at, status in (("12:00", "void"), ("14:00", "breach")):
            rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                    ticket(f"2026-01-05T{at}:00Z", "closed")]
            one, = clocks(restore(void=ev("closed")), rows)
            self.assertEqual(one["status"], status)

    def test_excused(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"), ticket("2026-01-05T12:30:00Z", "pended")]
        one, = clocks(restore(excused_during="hold"), rows)
        self.assertEqual(one["status"], "excused")

    def test_counting_from(self):
        mine = ev("assigned", where=["==", ["field", "party"], ["lit", "member", "HostCo"]])
        rows = [ticket("2026-01-05T08:00:00Z", "assigned"),
                ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-05T11:00:00Z", "assigned"),
                ticket("2026-01-05T12:00:00Z", "resolved")]
        one, = clocks(restore(counting=mine), rows)
        two, = clocks(restore(counting=mine, retroactive=True), rows)
        self.assertEqual((one["elapsed"], two["elapsed"]), (H, 4 * H))

    def test_clocks_over_before_the_period_are_not_decided(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-05T10:00:00Z", "resolved"),
                ticket("2026-01-05T09:00:00Z", "opened", "INC2")]
        self.assertEqual(len(clocks(restore(), rows, start="2026-01-05T11:00:00Z")), 1)
        self.assertEqual(clocks(restore(), rows, start="2026-01-06T00:00:00Z"), [])

    def test_a_change_within_the_period_brings_back_a_clock_that_ran_out_before(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-06T09:00:00Z", "assigned", priority="P2")]
        self.assertEqual(clocks(restore(), rows, start="2026-01-06T00:00:00Z"), [])
        one, = clocks(restore(following="priority"), rows, start="2026-01-06T00:00:00Z")
        self.assertEqual((one["status"], one["allowed"]), ("breach", 8 * H))


class Samples(unittest.TestCase):
    def test_share_at_the_boundary(self):
        goal = share(window={"unit": "month"})
        for bad, status in ((10, "met"), (11, "breach")):
            rows = probes([i >= bad for i in range(10000)], "2026-01-01T00:00:00Z")
            one, = figures(goal, rows, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
            self.assertEqual(one["status"], status)

    def test_silence(self):
        rows = probes([True] * 1000)
        values = {p: figures(share(missing=p), rows)[0]["measure"]
                  for p in ("down", "up", "ignored")}
        self.assertEqual(values, {"down": Fraction(1000, 1440), "up": 1, "ignored": 1})

    def test_a_day_of_23_hours(self):
        one, = figures(share(missing="down"), probes([True], "2026-03-29T12:00:00Z"),
                       "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z")
        self.assertEqual(one["measure"], Fraction(1, 23 * 60))

    def test_absent_is_skipped_but_observed(self):
        one, = figures(share(missing="down"), probes([True, None, False] * 480))
        self.assertEqual((one["measure"], one["counts"]["absent"], one["counts"]["missing"]),
                         (Fraction(1, 2), 480, 0))

    def test_no_data(self):
        for policy, status in ((None, "no_data"), ("breach", "breach"), ("met", "met")):
            one, = figures(share(no_data=policy), [])
            self.assertEqual((one["status"], one["measure"]), (status, None))

    def test_excluding_at_most(self):
        goal = share(missing="down", excluding=[{"span": "office", "most": 2 * H}])
        one, = figures(goal, probes([True] * 600))       # 00:00 to 10:00, office from 09:00
        self.assertEqual(one["counts"]["excluded"], 60)
        self.assertEqual(one["measure"], Fraction(540, 22 * 60))

    def test_percentile_is_nearest_rank(self):
        rows = probes([True] * 20)
        for i, r in enumerate(rows):
            r["latency"] = f"{i + 1}ms"
        for n, value in (("95", 19), ("95.1", 20), ("50", 10), ("0.1", 1), ("100", 20)):
            goal = share(unit="duration", op="at most", target=10**9,
                         measure={"agg": "percentile", "n": n, "feed": "probe",
                                  "field": "latency"})
            self.assertEqual(figures(goal, rows)[0]["measure"], value * 10**6)

    def test_time_share(self):
        goal = share(missing="down", measure={"agg": "time share", "feed": "probe", "where": [
            "and", ["==", ["field", "service"], ["lit", "member", "hosting"]], ["field", "up"]]})
        rows = probes([True, False, True], "2026-01-05T12:00:00Z")
        one, = figures(goal, rows)                       # a minute up, one down, two up
        self.assertEqual(one["measure"], Fraction(3, 1440))

    def test_provisional_and_rolling(self):
        one, two = figures(share(), probes([True] * 10, "2026-01-06T00:00:00Z"),
                           end="2026-01-06T12:00:00Z")
        self.assertEqual((one["status"], two["status"]), ("no_data", "provisional"))
        goal = share(window={"length": 24 * H, "every": tl.DAY})
        self.assertEqual(len(figures(goal, [], end="2026-01-08T00:00:00Z")), 3)


class Money(unittest.TestCase):
    LADDER = {"kind": "ladder", "steps": [
        {"amount": {"kind": "none"}, "op": "at least", "bound": "999/1000"},
        {"amount": {"kind": "percent", "value": "5"}, "op": "at least", "bound": "995/1000"},
        {"amount": {"kind": "percent", "value": "25"}}]}

    def credit(self, good, total, **more):
        rows = probes([i < good for i in range(total)])
        return figures(share(**more), rows)[0]["credit"]

    def test_ladder(self):
        got = [self.credit(n, 1000, credit=self.LADDER) for n in (999, 998, 995, 994)]
        self.assertEqual(got, [0, 600000, 600000, 3000000])

    def test_rate_in_started_points(self):
        rate = {"kind": "rate", "amount": {"kind": "percent", "value": "2"}, "per": "1/100",
                "side": "below", "most": {"kind": "percent", "value": "10"}}
        more = {"target": "95/100", "credit": rate}
        got = [self.credit(n, 1000, **more) for n in (950, 949, 940, 939, 0)]
        self.assertEqual(got, [0, 240000, 240000, 480000, 1200000])
        pro = {"target": "95/100", "credit": dict(rate, pro_rata=True)}
        self.assertEqual(self.credit(949, 1000, **pro), 24000)

    def test_rounding(self):
        half = Fraction("2.5")
        self.assertEqual([oracle.round_minor(half, m, 0) for m in
                          ("half_even", "half_up", "up", "down")], [2, 3, 3, 2])

    def test_cap_earn_back_and_parts(self):
        goal = share(credit=self.LADDER, earn_back={"percent": "50", "windows": 2})
        rows = probes([False, False, True, True], "2026-01-05T00:00:00Z", tl.DAY)
        out = figures(goal, rows, end="2026-01-09T00:00:00Z", cap={"percent": "40",
                                                                   "unit": "month"})
        self.assertEqual([d["credit"] for d in out], [3000000, 1800000, 0, 0])
        self.assertEqual(out[3]["earned_back"], 900000)
        part = oracle.decide(club({"objectives": [share(credit=self.LADDER,
                                                        window={"unit": "week"})],
                                   "effective": ["2026-01-07", "2026-01-08"]}), {"probe": rows},
                             I("2026-01-05T00:00:00Z"), I("2026-01-12T00:00:00Z"))
        self.assertEqual(part[0]["window"], (I("2026-01-07T00:00:00Z"), I("2026-01-09T00:00:00Z")))


class Time(unittest.TestCase):
    def test_elapsed_and_due_by_minutes(self):
        cal = tl.Calendar.of({"open": [{"days": list(range(7)), "from": "22:00", "to": "02:30"}]},
                             "Europe/London")
        start = I("2026-03-28T12:00:00Z")
        minutes = [t for t in range(start, start + 2 * tl.DAY, tl.MINUTE)
                   if tl.contains(cal.slice(t, t + 1), t)]
        runs = tl.running([(start, None)], cal, [], start + 2 * tl.DAY)
        self.assertEqual(tl.measure(runs), len(minutes) * tl.MINUTE)
        # 22:00 to 02:30 in the night of the change lasts three hours and a half
        self.assertEqual(tl.reach([(start, None)], cal, lambda h: [], 3 * H, False),
                         I("2026-03-29T01:00:00Z"))

    def test_midnight_in_a_gap(self):
        zone = tl.Zone("America/Sao_Paulo")
        w = tl.window_at(zone, "day", I("2018-11-04T12:00:00Z"))
        self.assertEqual(w[1] - w[0], 23 * H)

    def test_texts(self):
        self.assertEqual(tl.parse_duration("1h30m"), 90 * tl.MINUTE)
        self.assertEqual(tl.format_duration(90 * tl.MINUTE + 1), "1h30m1ns")
        self.assertEqual(I("2026-01-05T10:00:00.25+01:00"), I("2026-01-05T09:00:00Z") + 250000000)


class Ledger(unittest.TestCase):
    """The comparison itself: agreeing ledgers agree, and each single change is seen."""

    def setUp(self):
        rows = [ticket("2026-01-05T09:00:00Z", "opened"),
                ticket("2026-01-05T15:30:00Z", "resolved")]
        goal = share(credit=Money.LADDER)
        self.expected = oracle.decide(club({"duties": [restore()], "objectives": [goal]}),
                                      {"ticket": rows, "probe": probes([True, True, False])},
                                      I("2026-01-05T00:00:00Z"), I("2026-01-06T00:00:00Z"))

    def lines(self):
        duty = {"kind": "duty", "agreement": "SLA", "clause": "restore", "subject": {"id": "INC1"},
                "status": "breach", "clock": {"at": "2026-01-05T09:00:00Z", "allowed": "14400",
                                              "due": "2026-01-05T13:00:00Z", "elapsed": "23400",
                                              "done": "2026-01-05T15:30:00Z"}}
        goal = {"kind": "objective", "agreement": "SLA", "clause": "uptime", "status": "breach",
                "window": {"from": "2026-01-05T00:00:00Z", "to": "2026-01-06T00:00:00+00:00"},
                "measure": "66.6667%", "measure_exact": "2/3",
                "credit": {"amount": "30000.00", "currency": "GBP"}}
        return [duty, goal]

    def test_agreement(self):
        self.assertEqual(ledger.compare(self.expected, self.lines()), [])
        rounded = self.lines()
        del rounded[1]["measure_exact"]
        self.assertEqual(ledger.compare(self.expected, rounded), [])

    def test_each_change_is_seen(self):
        def change(line, *path):
            lines = self.lines()
            where = lines[line]
            for name in path[:-2]:
                where = where[name]
            where[path[-2]] = path[-1]
            return ledger.compare(self.expected, lines)
        for bad in ((0, "status", "met"), (0, "clock", "due", "2026-01-05T13:00:01Z"),
                    (0, "clock", "elapsed", "23400.5"), (0, "clock", "open", True),
                    (0, "clock", "done", None), (0, "subject", {"id": "INC2"}),
                    (1, "measure_exact", "3/4"), (1, "credit", None), (1, "status", "met"),
                    (1, "window", "to", "2026-01-07T00:00:00Z"), (1, "credit", "amount", "1")):
            self.assertTrue(change(*bad), bad)
        self.assertTrue(ledger.compare(self.expected, self.lines()[:1]))


class Pools(unittest.TestCase):
    def pool(self, **more):
        p = {"name": "Gain", "unit": "quarter", "of": "provider", "shared": "equally",
             "amount": {"kind": "percent", "value": "2"}, "paid": ["met", "SLA", "uptime"]}
        p.update(more)
        c = club({"objectives": [share(window={"unit": "month"})],
                  "charge": {"amount": "192000", "per": "quarter"}})
        c["parties"][0]["role"] = "client"
        c["agreements"].append({"name": "Net", "kind": "sla", "between": ["NetCo", "Acme"],
                                "effective": ["2020-01-01", None],
                                "charge": {"amount": "10000.50", "per": "month"}})
        c["pools"] = [p]
        return c

    def decide(self, rows, end="2026-04-01T00:00:00Z", **more):
        # the first quarter ends at 23:00Z in London
        out = oracle.decide(self.pool(**more), {"probe": rows}, I("2026-01-01T00:00:00Z"), I(end))
        return [d for d in out if d["kind"] == "pool"]

    def quarter(self, *states):
        return [p for m, s in zip(("01", "02", "03"), states)
                for p in probes([s], start=f"2026-{m}-05T00:00:00Z")]

    def test_paid_in_equal_parts_the_odd_penny_to_the_first(self):
        d = self.decide(self.quarter(True, True, True))[0]
        # 3840.00 and 200.01 make 404001 pence: 202000.5 each, the penny to HostCo
        self.assertEqual(("met", {"HostCo": (384000, 202001), "NetCo": (20001, 202000)}),
                         (d["status"], d["parties"]))

    def test_one_breach_and_it_returns(self):
        d = self.decide(self.quarter(True, False, True))[0]
        self.assertEqual(("breach", {"HostCo": (384000, 384000), "NetCo": (20001, 20001)}),
                         (d["status"], d["parties"]))

    def test_a_month_without_data_is_not_known(self):
        d = self.decide(self.quarter(True, True))[0]
        self.assertEqual("no_data", d["status"])
        d = self.decide(self.quarter(True, False), paid=["not", ["met", "SLA", "uptime"]])[0]
        self.assertEqual("met", d["status"])

    def test_money_of_the_client_goes_to_the_providers_by_charge(self):
        d = self.decide(self.quarter(True, True, True), of="client", shared="by charge",
                        amount={"kind": "money", "value": "100"})[0]
        # 10000 * 192000/202000.5 = 9504.93, 10000 * 10000.5/202000.5 = 495.07
        self.assertEqual({"Acme": (10000, 0), "HostCo": (0, 9505), "NetCo": (0, 495)},
                         d["parties"])

    def test_a_quarter_that_is_not_over(self):
        d = self.decide(self.quarter(True, True, True), end="2026-03-31T22:59:00Z")[0]
        self.assertEqual(("provisional", {}), (d["status"], d["parties"]))


if __name__ == "__main__":
    unittest.main()
