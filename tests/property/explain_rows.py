#!/usr/bin/env python3
"""Works out again, from the rows that an explanation names, every figure that it gives.

    tests/property/explain_rows.py ENTENTE

Decides the clubs of examples/accountability and examples/published-sla, and one with every kind of figure
(figures.ent, over probes that are drawn here), with --trace, takes `entente explain --format
json` of every decision, reads the rows that it names by feed, file and line from the CSV files, and computes measure, net
time, what each party held and held too long, shares, degrees, the structural gap and the split of the credit with
arithmetic of its own (language.md, chapter 7; the game of tests/oracle). What a clause allows is taken from the clause,
what happened only from rows. The last line says `N passed, N failed`.
"""
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import game as games  # noqa: E402

CLUBS = ["one-root", "two-roots", "ping-pong", "client-hold", "structural-gap", "pool-paid", "pool-not-paid",
         "published-sla", "figures"]
# What the sources say that rows do not: other names of parties and services, and spans that are somebody's time.
ALIASES = {"NetCo Routing": "NetCo", "NetCo Access": "NetCo", "Priority 1": "platform"}
SPANS = {"client-hold": {("pended", "client_approval"): "Acme"}}
HOLIDAYS = {"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25",
            "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29"}  # of England and Wales
BUSINESS_DAYS = {("published-sla", "report"), ("published-sla", "details"), ("published-sla", "consent")}


class Wrong(Exception):
    pass


def same(what, worked, said):
    if worked != said:
        raise Wrong(f"{what}: worked out {worked}, explained {said}")


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds(delta):
    return Fraction(delta // timedelta(microseconds=1), 10**6)


class Club:
    """A club's ledger, and its explanations as they are asked for."""

    def __init__(self, entente, name, folder):
        self.entente, self.name, self.folder = entente, name, folder
        self.files, self.explained, self.worked = {}, {}, {}
        subprocess.run(["sh", os.path.join(folder, "run.sh"), "--trace", "--ledger", "ledger.jsonl"], check=True,
                       env={**os.environ, "ENTENTE": entente}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(os.path.join(folder, "ledger.jsonl"), encoding="utf-8") as f:
            self.lines = [json.loads(line) for line in f][1:]

    def explain(self, seq):
        if seq not in self.explained:
            out = subprocess.run([self.entente, "explain", "ledger.jsonl", str(seq), "--format", "json"],
                                 cwd=self.folder, check=True, capture_output=True, text=True).stdout
            self.explained[seq] = json.loads(out)
        return self.explained[seq]

    def rows(self, file):
        """{line: row}; line 1 has the names."""
        if file not in self.files:
            with open(os.path.join(self.folder, file), encoding="utf-8", newline="") as f:
                self.files[file] = {n: r for n, r in enumerate(csv.DictReader(f), 2)}
        return self.files[file]

    def row(self, place):
        return self.rows(place["file"])[place["line"]]


# ---- clocks -------------------------------------------------------------------------------------

def is_open(day):
    return day.weekday() < 5 and f"{day:%Y-%m-%d}" not in HOLIDAYS


def counted(club, x, begin, end):
    """The stretches of [begin, end) that the clause counts."""
    if (club.name, x["clause"]) not in BUSINESS_DAYS:
        return [(begin, end)]
    zone, out = ZoneInfo("Europe/London"), []
    day = begin.astimezone(zone).date()
    while datetime(day.year, day.month, day.day, tzinfo=zone) < end:
        a = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(begin.tzinfo)
        following = day + timedelta(days=1)
        b = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(begin.tzinfo)
        if is_open(day) and max(a, begin) < min(b, end):
            out.append((max(a, begin), min(b, end)))
        day = following
    return out


def holder(club, x, row):
    """Whose time begins with the row."""
    span = SPANS.get(club.name, {}).get((row.get("event"), row.get("reason")))
    return span or ALIASES.get(row.get("party"), row.get("party")) or x["obliged"]


def timeline(club, x):
    """[(from, to, party)] of the time that counts, from the rows that the facts name."""
    facts = x["facts"]
    begin = instant(club.row(next(f for f in facts if f["kind"] == "began")["source"])["at"])
    stop = [f for f in facts if f["kind"] == "stopped"]
    end = instant(club.row(stop[0]["source"])["at"]) if stop else instant(x["ledger"]["to"])
    changes = {begin: x["obliged"]}
    places = [f[k] for f in facts if f["kind"] == "held" for k in ("source", "until") if k in f]
    for place in sorted(places, key=lambda p: (p["file"], p["line"])):
        row = club.row(place)
        at = instant(row["at"])
        if at < end:
            changes[max(at, begin)] = holder(club, x, row)
    out, moments = [], sorted(changes) + [end]
    for a, b in zip(moments, moments[1:]):
        out += [(c, d, changes[a]) for c, d in counted(club, x, a, b)]
    return out


def allowances(club, x):
    """{party: [(from, due)]} by the clocks of the parties' own duties on the same ticket."""
    out = {}
    for other in x["own_agreements"]:
        if other["kind"] == "duty" and "began" in other:
            begin = instant(club.row(other["began"])["at"])
            due = begin + timedelta(seconds=float(other["clock"]["allowed"]))
            end = instant(club.row(other["stopped"])["at"]) if "stopped" in other else due
            out.setdefault(other["obliged"], []).append((begin, min(due, end)))
    return out


def inside(a, b, stretches):
    return sum((seconds(min(b, d) - max(a, c)) for c, d in stretches if max(a, c) < min(b, d)), Fraction(0))


def work_duty(club, x):
    """{net, allowed, held, excess} of a clock."""
    line, allowed = timeline(club, x), Fraction(x["clock"]["allowed"])
    own, held, excess, within = allowances(club, x), {}, {}, Fraction(0)
    for a, b, party in line:
        held[party] = held.get(party, 0) + seconds(b - a)
        if party != x["obliged"]:
            kept = inside(a, b, own.get(party, []))
            within += kept
            excess[party] = excess.get(party, 0) + seconds(b - a) - kept
    if x["obliged"] in held:
        left = max(Fraction(0), allowed - within)
        excess[x["obliged"]] = max(Fraction(0), held[x["obliged"]] - left)
    return {"net": sum(held.values()), "allowed": allowed, "held": held, "excess": excess}


def duty_game(w):
    def value(s):
        left = max(Fraction(0), w["net"] - w["allowed"] - sum(w["excess"][p] for p in s))
        return left, left > 0
    return games.table([p for p, e in w["excess"].items() if e > 0], value)


def check_clock(club, x):
    w = work_duty(club, x)
    same("net time", w["net"], Fraction(x["clock"]["elapsed"]))
    for f in x["facts"]:
        if f["kind"] == "held":
            same("time of a stretch", seconds(instant(f["to"]) - instant(f["from"])), Fraction(f["time"]))
    if x["facts"][-1]["kind"] == "held":
        same("net time so far, at the end", w["net"], Fraction(x["facts"][-1]["so_far"]))
    for p in x["answers"]["responsible"]:
        if "held" in p:
            same(f"held by {p['party']}", w["held"].get(p["party"], 0), Fraction(p["held"]))
            same(f"excess of {p['party']}", w["excess"].get(p["party"], 0), Fraction(p["excess"]))
        if "without" in p:
            same(f"without {p['party']}", w["net"] - w["excess"].get(p["party"], 0), Fraction(p["without"]))
    return duty_game(w), 1


# ---- windows ------------------------------------------------------------------------------------

def is_bad(club, x, row):
    """Whether a row of a share is bad."""
    if (club.name, x["clause"]) == ("figures", "quick"):
        return not latency(row) < 500
    return row["up"] in ("false", "0", "no", "down")


def of_service(row, service):
    return ALIASES.get(row["service"], row["service"]) == service


def bad_samples(club, x, f):
    """The rows of one fact: the bad ones of its service, from its first to its last."""
    rows, last = club.rows(f["source"]["file"]), f.get("until", f["source"])["line"]
    lines = range(f["source"]["line"], last + 1)
    if "service" not in f:
        return [rows[n] for n in lines]
    return [rows[n] for n in lines if of_service(rows[n], f["service"]) and is_bad(club, x, rows[n])]


def check_root(club, x, f):
    """The service below was down on each of the fact's days, as the party's own decision names it."""
    if "root" not in f or len(f["parties"]) != 1:
        return
    if club.name == "figures":  # below is bad what would be bad above
        for r in bad_samples(club, x, f):
            same(f"{f['root']} is bad with {f['service']} at {r['at']}",
                 [is_bad(club, x, below) for below in club.rows(f["source"]["file"]).values()
                  if (below["service"], below["at"]) == (f["root"], r["at"])], [True])
        return
    for other in x["own_agreements"]:
        if other.get("supplier") == f["parties"][0] and other["status"] == "breach":
            below = club.explain(other["decision"])
            roots = [r for g in below["facts"] if g.get("service") == f["root"] for r in bad_samples(club, below, g)]
            days = {r["at"][:10] for r in roots}
            for r in bad_samples(club, x, f):
                same(f"{f['root']} is down with {f['service']} on {r['at'][:10]}", r["at"][:10] in days, True)
            return


def ratio_game(target, total, bad):
    """bad: [(weight, causes)]"""
    def value(s):
        removed = sum(w for w, causes in bad if causes <= s)
        if total == removed:
            return Fraction(0), False
        figure = (total - sum(w for w, _ in bad)) / Fraction(total - removed)
        return max(Fraction(0), target - figure), figure < target
    return games.table(set().union(*(c for _, c in bad)), value)


def work_window(club, x):
    """(total, bad) of a share, of samples or of time."""
    counts, bad = x["arithmetic"]["counts"], []
    for f in x["facts"]:
        causes = frozenset(f["parties"])
        if "samples" in f:
            rows = bad_samples(club, x, f)
            same("samples of a fact", len(rows), f["samples"])
            same("begin of a fact", instant(rows[0]["at"]), instant(f["from"]))
            check_root(club, x, f)
            bad += [(Fraction(1), causes)] * len(rows)
        else:
            first, last = club.row(f["source"]), club.row(f["until"])
            same("a stretch begins down and ends up", (is_bad(club, x, first), is_bad(club, x, last)), (True, False))
            bad.append((seconds(instant(last["at"]) - instant(first["at"])), causes))
    if x["arithmetic"]["how"] == "time":
        return Fraction(x["arithmetic"]["all_time"]), bad
    same("bad samples", len(bad), counts["bad"])
    f = x["facts"][0]
    a, b = instant(x["window"]["from"]), instant(x["window"]["to"])
    total = sum(of_service(r, f["service"]) and a <= instant(r["at"]) < b
                for r in club.rows(f["source"]["file"]).values())
    same("samples", total, counts["samples"])
    return Fraction(total), bad


# What the clauses of figures.ent say: which rows are bad, which count, and the figure over what is left of them.
def percentile(n):
    return lambda v: sorted(v)[max(0, -(-n * len(v) // 100) - 1)]


FIGURES = {
    "fast": (lambda v: v > 200, None, lambda v: Fraction(sum(v), len(v))),
    "tail": (lambda v: v > 400, None, percentile(95)),
    "middle": (lambda v: v > 400, None, percentile(50)),
    "worst": (lambda v: v > 600, None, max),
    "few": (lambda v: v > 500, lambda v: v > 500, len),
    "wait": (lambda v: v > 500, lambda v: v > 500, sum),
}


def latency(row):
    return int(row["latency"].removesuffix("ms"))


def work_figure(club, x):
    """The game of an average, a percentile, an extreme, a count or a sum of latencies, and the figure itself."""
    is_bad, where, reduce = FIGURES[x["clause"]]
    a, b = instant(x["window"]["from"]), instant(x["window"]["to"])
    service = x["facts"][0]["service"]
    bad, causes = [], {}
    for f in x["facts"]:
        first, last = f["source"]["line"], f.get("until", f["source"])["line"]
        rows = club.rows(f["source"]["file"])
        lines = [n for n in range(first, last + 1) if rows[n]["service"] == service and is_bad(latency(rows[n]))]
        same("bad samples of a fact", len(lines), f["samples"])
        same("a row belongs to one fact", set(lines) & set(causes), set())
        causes.update((n, frozenset(f["parties"])) for n in lines)
    counted = {(file, n): latency(r) for file in x["arithmetic"]["files"] for n, r in club.rows(file).items()
               if r["service"] == service and a <= instant(r["at"]) < b and (not where or where(latency(r)))}
    bad = [n for (_, n), v in counted.items() if is_bad(v)]
    same("every bad sample is in a fact", sorted(bad), sorted(causes))
    scale = 1000 if x["clause"] != "few" else 1
    target = Fraction(x["arithmetic"]["target"].split()[-1].removesuffix("ms").removesuffix("s"))
    target *= 1000 if x["clause"] == "wait" else 1

    def value(s):
        left = [v for (_, n), v in counted.items() if n not in causes or not causes[n] <= s]
        figure = reduce(left) if left else None
        over = max(Fraction(0), Fraction(figure) - target) if left else Fraction(0)
        return over / scale, over > 0
    measure = Fraction(reduce(list(counted.values()))) / scale
    same("measure", measure, Fraction(x["arithmetic"]["measure"].removesuffix("s")))
    return games.table(set().union(*causes.values()), value), measure


def work_outcomes(club, x):
    """The tickets behind a share of outcomes, each worked out from its own explanation."""
    late = []
    for f in x["facts"]:
        w = work_duty(club, club.explain(f["decision"]))
        due = instant(club.explain(f["decision"])["clock"]["due"])
        same("when a ticket ran out", due, instant(f["from"]))
        late.append(w)
    total, target = x["arithmetic"]["counts"]["samples"], bound(x)

    def value(s):
        left = sum(w["net"] - w["allowed"] - sum(w["excess"].get(p, 0) for p in s) > 0 for w in late)
        figure = Fraction(total - left, total)
        return max(Fraction(0), target - figure), figure < target
    players = {p for w in late for p, e in w["excess"].items() if e > 0}
    return games.table(players, value), Fraction(total - len(late), total)


def bound(x):
    return Fraction(x["arithmetic"]["target"].split()[-1].rstrip("%")) / 100


def check_window(club, x):
    kinds = {f["kind"] for f in x["facts"]}
    if kinds == {"outcome"}:
        game, measure = work_outcomes(club, x)
    elif club.name == "figures" and x["clause"] in FIGURES:
        return work_figure(club, x)
    else:
        total, bad = work_window(club, x)
        measure = (total - sum(w for w, _ in bad)) / total
        game = ratio_game(bound(x), total, bad)
    same("measure", measure, Fraction(x["arithmetic"]["measure_exact"]))
    return game, None


# ---- answers ------------------------------------------------------------------------------------

def check_answers(x, game):
    answers = x["answers"]
    shares = games.shares(game)
    said = {p["party"]: Fraction(p["share"]) for p in answers["responsible"] if "share" in p}
    same("shares", {p: s for p, s in shares.items() if s or p in said}, said)
    for p in answers["responsible"]:
        if p["party"] in games.members(game):
            same(f"degree of {p['party']}", games.degree(game, p["party"]), Fraction(p["degree"]))
            same(f"{p['party']} decides alone", games.but_for(game, p["party"]), p["decides_alone"])
    gap = game[games.members(game)][0]
    same("structural gap", gap, Fraction(answers.get("structural_gap", "0")))
    for r in answers.get("replays", []):
        same(f"left had {r['performed']} performed", game[frozenset(r["performed"])][0], Fraction(r["left"]))
    return shares, gap / game[frozenset()][0]


def check_split(x, shares, gap_part):
    """Parts rounded down, what remains to the largest remainders, in the order in which they stand."""
    if "split" not in x:
        return
    credit = Fraction(x["credit"]["amount"]) * 100
    names = [p.get("party") for p in x["split"]]
    exact = [credit * (gap_part if n is None else shares.get(n, 0) * (1 - gap_part)) for n in names]
    parts = [int(e) for e in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[:int(credit) - sum(parts)]:
        parts[i] += 1
    for p, e, part in zip(x["split"], exact, parts):
        same(f"exact part of {p.get('party')}", e, Fraction(p["exact_minor_units"]))
        same(f"part of {p.get('party')}", Fraction(part, 100), Fraction(p["part"]))
    borne = {p["party"]: Fraction(p["bears"]) for p in x["split"] if "bears" in p}
    same("what all bear", sum(borne.values()) * 100, credit)
    for p, part in zip(x["split"], parts):
        party = p.get("party")
        if party in borne and party != x["answers"]["accountable"]:
            same(f"{party} bears its part", borne[party], Fraction(part, 100))


def check_pool(x):
    paid_in = {p["party"]: Fraction(p["paid_in"]) * 100 for p in x["parties"]}
    fund = sum(paid_in.values())
    same("what was put in", fund, Fraction(x["credit"]["fund"]) * 100)
    each, rest = divmod(int(fund), len(paid_in))
    for i, p in enumerate(x["parties"]):
        out = each + (i < rest) if x["status"] == "met" else paid_in[p["party"]]
        same(f"paid out to {p['party']}", Fraction(out), Fraction(p["paid_out"]) * 100)
    same("the goal", {o["status"] for o in x["goal"]}, {x["status"]})


def check(club, seq):
    """Whether there was anything to work out."""
    x = club.explain(seq)
    if x["kind"] == "pool":
        check_pool(x)
        return True
    if x["kind"] == "duty" and x["status"] != "breach" and not x["clock"]["open"]:
        began, stopped = (club.row(f["source"]) for f in x["facts"])
        net = sum((seconds(b - a) for a, b in counted(club, x, instant(began["at"]), instant(stopped["at"]))),
                  Fraction(0))
        same("net time", net, Fraction(x["clock"]["elapsed"]))
        same("met", net <= Fraction(x["clock"]["allowed"]), x["status"] == "met")
        return True
    if x["status"] != "breach" or (club.name == "published-sla" and "how" not in x.get("arithmetic", {"how": 0})):
        return False
    if x["kind"] == "objective" and not x["facts"]:
        return False                       # no row at all: nothing to read
    game, _ = check_clock(club, x) if x["kind"] == "duty" else check_window(club, x)
    shares, gap_part = check_answers(x, game)
    check_split(x, shares, gap_part)
    return True


def draw(folder):
    """The club with every kind of figure, and a month of probes for it."""
    os.makedirs(folder)
    shutil.copy(os.path.join(ROOT, "tests", "property", "figures.ent"), os.path.join(folder, "club.ent"))
    rng = random.Random(3)
    with open(os.path.join(folder, "probe.csv"), "w", encoding="utf-8") as out:
        out.write("at,service,up,latency\n")
        for day in range(1, 29):
            down = {5: "network", 6: "network", 9: "payments", 20: "checkout"}.get(day)
            for service in ("network", "payments", "checkout"):
                up = not down or service not in (down, "checkout")
                slow = rng.random() < 0.35
                out.write(f"2026-02-{day:02}T06:00:00Z,{service},{'up' if up else 'down'},"
                          f"{rng.randint(601, 1500) if slow else rng.randint(20, 420)}ms\n")
    with open(os.path.join(folder, "run.sh"), "w", encoding="utf-8") as out:
        out.write('cd "$(dirname "$0")" || exit 4\n"$ENTENTE" run club.ent --feed probe=probe.csv '
                  '--from 2026-02-01 --to 2026-03-01 "$@"\n')


def main():
    entente = os.path.abspath(sys.argv[1])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for example in os.listdir(os.path.join(ROOT, "examples", "accountability")):
            shutil.copytree(os.path.join(ROOT, "examples", "accountability", example), os.path.join(work, example))
        shutil.copytree(os.path.join(ROOT, "examples", "published-sla"), os.path.join(work, "published-sla"))
        draw(os.path.join(work, "figures"))
        for name in CLUBS:
            club = Club(entente, name, os.path.join(work, name))
            worked = 0
            for line in club.lines:
                try:
                    worked += check(club, line["seq"])
                except (Wrong, KeyError, IndexError, StopIteration) as e:
                    failed += 1
                    print(f"{name} decision {line['seq']}: {type(e).__name__} {e}")
            passed += worked
            if worked == 0:
                failed += 1
                print(f"{name}: nothing was worked out")
    print(f"explain rows: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
