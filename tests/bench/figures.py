"""From the decisions that `entente run --format csv` prints to the tables of the benchmark's expected outputs.

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


ALLOWED_S = {"14400": "1", "28800": "2", "86400": "3", "259200": "4"}


def incidents(decisions):
    """Workload B by priority: seconds that resolved incidents ran, and breaches among them."""
    found = {}
    for row in csv.DictReader(decisions.splitlines()):
        if row["kind"] != "duty" or not row["done"]:
            continue
        priority = ALLOWED_S[row["allowed_s"]]
        ran, breaches = found.get(priority, (0, 0))
        found[priority] = (ran + Fraction(row["elapsed_s"]), breaches + (row["status"] == "breach"))
    return "".join(f"{p},{ran},{breaches}\n" for p, (ran, breaches) in sorted(found.items()))


def incidents_expected(table):
    """The same from the table by party and priority: every second has one holder, every breach one who answers."""
    found = {}
    for row in csv.DictReader(table.splitlines()):
        ran, breaches = found.get(row["priority"], (0, 0))
        found[row["priority"]] = (ran + int(row["held_s"]), breaches + int(row["accountable"]))
    return "".join(f"{p},{ran},{breaches}\n" for p, (ran, breaches) in sorted(found.items()))
