"""Whose time clocks were, as the month-end table says it, and as it follows from the rows.

Every clock that was met or in breach when it was discharged is cut into its stretches again (causes.py), and the
stretches are added up by party and allowance; nothing is kept from the decisions. Tested by
tests/property/random_worlds.py.
"""

import re

import causes as why
import entente_oracle as oracle
import timeline as tl

HEAD = "Whose time it was"


# ---- from the rows ------------------------------------------------------------------------------

def held(world, clock):
    """{party: net time that it had of a clock}"""
    time = why.Time(world, clock.duty, clock, world.end)
    found = {q: tl.measure(time.held(q)) for q in time.parties}
    return {q: ns for q, ns in found.items() if ns > 0}


def follows_holders(world, duty):
    fields = world.feeds[duty["trigger"]["alts"][0]["feed"]]["fields"]
    return why.policy(world, "ticket", "owner") != "owner" and any(f.get("holder") for f in fields)


def ended(world, agreement, duty):
    """(clock, status) of those that are decided in the period and were discharged."""
    clocks = {c.row["n"]: c for c in oracle.replay(world, agreement, duty, world.end)}
    for d in oracle.decide_duty(world, agreement, duty):
        if d["status"] in ("met", "breach") and not d["open"]:
            yield clocks[d["n"]], d["status"]


def hours(ns):
    seconds, rest = divmod(ns, 10 ** 9)
    text = f"{seconds // 3600:,}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + f".{rest:09}".rstrip("0") if rest else text


def allowance(within):
    minutes = within["ns"] // tl.MINUTE
    assert minutes * tl.MINUTE == within["ns"]
    text = (f"{minutes // 60}h" if minutes >= 60 else "") + (f"{minutes % 60}m" if minutes % 60 else "")
    return text + (f" of {within['of']}" if within.get("of") else "")


def add_clock(sums, clock, parts, status):
    of = clock.within.get("of")
    longest = min(parts, key=lambda q: (-parts[q], q.encode())) if status == "breach" and parts else None
    for q, ns in parts.items():
        row = sums.setdefault((q, clock.within["ns"], of or "", allowance(clock.within)), [0, 0, 0, 0])
        row[0] += 1
        row[1] += ns
        row[2] += status == "breach"
        row[3] += q == longest


def expected(club, facts, start=None, end=None):
    """{(agreement, version): {duty: [(party, allowance, tickets, hours, in breach, longest)]}}; nothing empty."""
    world = oracle.World(club, facts, start, end)
    order = [p["name"] for p in club["parties"]]
    sums = {}
    for agreement in club["agreements"]:
        terms = [(t.get("effective"), n + 1) for n, t in enumerate(oracle.versions(agreement))]
        for duty in agreement.get("duties", []):
            if not follows_holders(world, duty):
                continue
            for clock, status in ended(world, agreement, duty):
                version = next(n for effective, n in terms if effective == clock.terms.get("effective"))
                block = sums.setdefault((agreement["name"], version), {}).setdefault(duty["name"], {})
                add_clock(block, clock, held(world, clock), status)
    out = {}
    for key, duties in sums.items():
        found = {name: [(k[0], k[3], str(v[0]), hours(v[1]), str(v[2]), str(v[3])) for k, v in
                        sorted(rows.items(), key=lambda i: (order.index(i[0][0]), *i[0][1:3]))]
                 for name, rows in duties.items() if rows}
        if found:
            out[key] = found
    return out


# ---- from the table -----------------------------------------------------------------------------

def read(table):
    """The same from what `entente run` prints; a duty that stands alone in its block has the name None."""
    out, block, duty, inside = {}, None, None, 0
    for line in table.splitlines():
        head = re.fullmatch(r"(\S+)(?:  .*)? +version (\d+)", line)
        if head:
            block = (head.group(1), int(head.group(2)))
        if line.startswith(HEAD):
            inside, duty = line.index("within"), None
        elif not line:
            inside = 0
        elif inside:
            row = re.fullmatch(r"(\S.*?) +([\d,]+) +([\d,:.]+) +([\d,]+) +([\d,]+)", line[inside:])
            if row:
                out.setdefault(block, {}).setdefault(duty, []).append((line[:inside].strip(), *row.groups()))
            else:
                duty = line
    return out


def compare(club, facts, period, table):
    """What of the table is not what follows from the rows, as texts."""
    should, found = expected(club, facts, *period), read(table)
    out = []
    for key in sorted(set(should) | set(found)):
        mine = should.get(key, {})
        if len(mine) == 1:
            mine = {None: next(iter(mine.values()))}
        if mine != found.get(key, {}):
            out.append(f"{HEAD}, {key}: {found.get(key, {})} instead of {mine}")
    return out
