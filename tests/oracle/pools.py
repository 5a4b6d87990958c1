"""Pools, for the oracle: who puts in what, whether it is paid, and what each gets.

Written from the page's rules on pools alone. A pool of the club's model is `{name, unit, of,
amount, paid, shared}`: `of` is a role or a party's name, `amount` as in credits, `paid` a list:
["met", agreement, objective], ["and", a, b], ["or", a, b], ["not", a]; `shared` is "equally" or
"by charge".
"""

from fractions import Fraction

import entente_oracle as oracle
import timeline as tl


def first_day(zone, unit, t):
    return zone.day(tl.window_at(zone, unit, t)[0])


def zone_of(world, agreement):
    return tl.Zone(agreement.get("timezone") or world.zone_name)


def goals(e):
    return [(e[1], e[2])] if e[0] == "met" else [g for x in e[1:] for g in goals(x)]


def answer(e, known):
    """True, False or None: not known."""
    if e[0] == "met":
        statuses = known[e[1], e[2]]
        if "breach" in statuses:
            return False
        return True if statuses and set(statuses) == {"met"} else None
    if e[0] == "not":
        inner = answer(e[1], known)
        return None if inner is None else not inner
    parts = [answer(x, known) for x in e[1:]]
    strong = e[0] == "or"
    if strong in parts:
        return strong
    return None if None in parts else not strong


def charges(world, at):
    """Charges of the slas in force at an instant, by supplier."""
    out = {}
    for a in [v for a in world.club["agreements"] for v in oracle.versions(a)]:
        low, high = oracle.effective(world, a)
        if a["kind"] == "sla" and low <= at < high:
            amount = Fraction(a["charge"]["amount"]) if a.get("charge") else Fraction(0)
            out[a["between"][0]] = out.get(a["between"][0], 0) + amount
    return out


def largest_remainder(total, weights):
    """Whole units by weight, in the order given where remainders are equal."""
    whole = sum(weights)
    exact = [total * w / whole for w in weights]
    parts = [int(x // 1) for x in exact]
    by_rest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[:total - sum(parts)]:
        parts[i] += 1
    return parts


def money(world, pool, at, part, paid):
    """{party: (in, out)} in minor units."""
    charge = charges(world, at)
    digits = oracle.MINOR[world.club["framework"]["currency"]]
    put, got = {}, {}
    for p in world.club["parties"]:
        funds = pool["of"] in (p["role"], p["name"])
        if funds and (p["role"] != "provider" or p["name"] in charge):
            amount = oracle.amount_of(pool["amount"], charge.get(p["name"], Fraction(0))) * part
            put[p["name"]] = oracle.round_minor(amount, "half_even", digits)
    providers = [p["name"] for p in world.club["parties"] if p["role"] == "provider"]
    takers = [n for n in providers if put.get(n)] or [n for n in providers if n in charge]
    fund = sum(put.values())
    if paid and fund and takers:
        weights = [charge[n] if pool["shared"] == "by charge" else Fraction(1) for n in takers]
        if not sum(weights):
            weights = [Fraction(1)] * len(takers)
        got = dict(zip(takers, largest_remainder(fund, weights)))
    else:
        got = dict(put)
    names = [p["name"] for p in world.club["parties"]]
    return {n: (put.get(n, 0), got.get(n, 0)) for n in names if put.get(n) or got.get(n)}


def decide(world, pool, decisions):
    zone = tl.Zone(world.zone_name)
    agreements = {a["name"]: a for a in world.club["agreements"]}
    named = goals(pool["paid"])
    out = []
    for w in tl.calendar_windows(zone, pool["unit"], world.start, world.end):
        day = zone.day(w[0])
        over = w[1]
        for a, _ in named:
            there = zone_of(world, agreements[a])
            over = max(over, tl.window_at(there, pool["unit"], there.utc(day))[1])
        d = {"kind": "pool", "agreement": world.club["framework"]["name"], "clause": pool["name"],
             "subject": None, "window": w, "status": "provisional", "parties": {}}
        if over <= world.end:
            known = {g: [x["status"] for x in decisions
                         if x["kind"] == "objective" and (x["agreement"], x["clause"]) == g and
                         x["status"] != "provisional" and
                         first_day(zone_of(world, agreements[g[0]]), pool["unit"],
                                   x["ends"] - 1) == day] for g in named}
            paid = answer(pool["paid"], known)
            d["status"] = {True: "met", False: "breach", None: "no_data"}[paid]
            d["parties"] = money(world, pool, w[1] - 1, Fraction(1), paid)
        out.append(d)
    return out
