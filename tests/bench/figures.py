"""From what `entente run` prints to the tables of the benchmark's expected outputs.

The average is printed with six decimals or more of its unit; times the number of samples it is the exact sum in
tenths, so the three decimals of the table are rounded once, half up, as every peer does."""
import csv
from fractions import Fraction


def number(text):
    """A measure as an exact fraction: `99.9%`, `178.8`."""
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def half_up(above, below, decimals=3):
    """above/below with that many decimals, rounded half up."""
    scaled = (2 * above * 10 ** decimals + below) // (2 * below)
    return f"{scaled // 10 ** decimals}.{scaled % 10 ** decimals:0{decimals}d}"


def samples(decisions, with_percentile):
    """Workloads A and A2: one line a service and month."""
    found = {}
    for row in csv.DictReader(decisions.splitlines()):
        key = (row["subject"], row["from"][:7])
        found.setdefault(key, {})[row["clause"]] = row
    lines = ["service,month,samples,up,availability,avg_ms," + ("p95_ms," if with_percentile else "") + "breach,credit_pct"]
    for (service, month), clauses in sorted(found.items()):
        uptime, latency = clauses["uptime"], clauses["latency"]
        n = int(uptime["samples"])
        up = n - int(uptime["bad"])
        tenths = round(number(latency["measure"]) * n * 10)
        breach = uptime["status"] == "breach"
        p95 = ""
        if with_percentile:
            breach |= clauses["p95"]["status"] == "breach"
            p95 = f"{float(number(clauses['p95']['measure'])):.1f},"
        credit = round(float(uptime["credit"] or 0))
        lines.append(f"{service},{month},{n},{up},{half_up(100 * up, n)},{half_up(tenths, 10 * n)},{p95}"
                     f"{'yes' if breach else 'no'},{credit}")
    return "\n".join(lines) + "\n"


PRIORITIES = {"4h": "1", "8h": "2", "24h": "3", "72h": "4"}


def seconds(hours):
    """`488,625:55:27` in seconds; parts of one are kept."""
    h, m, s = hours.replace(",", "").split(":")
    whole = Fraction(h) * 3600 + Fraction(m) * 60 + Fraction(s)
    return whole.numerator if whole.denominator == 1 else float(whole)


def incidents(table):
    """Workload B from the month's table: one line a party and priority, of whose time the incidents were."""
    rows = table.split("Whose time it was", 1)[-1].split("\n\n", 1)[0].splitlines()[1:]
    found = []
    for party, within, tickets, hours, breaches, longest in (row.replace(",", "").split() for row in rows):
        found.append((party, PRIORITIES[within], f"{tickets},{seconds(hours)},{breaches},{longest}"))
    lines = [",".join(row) for row in sorted(found)]
    return "\n".join(["party,priority,incidents,held_s,breaches,accountable", *lines]) + "\n"
