#!/usr/bin/env python3
"""What newcomers write: each slip gives one error, at its place, with help that mends it.

    tests/property/slips.py build/entente

One whole agreement is written down, and one phrase of it at a time is replaced by what somebody who comes from
contracts, tickets or another language would put there.  The compiler must say exactly one error, on that line, with
a help; and where it offers a replacement that can be applied, the file with it must be without errors and mean the
same as the original (`entente diff` says that nothing changed).  The last line says `N passed, N failed`.
"""
import json
import os
import subprocess
import sys
import tempfile

WHOLE = '''use std.itsm
use std.probe

framework Club "Shop services"
  version 1
  effective from 2026-01-01
  timezone "Europe/London"
  currency GBP
{
  client     Shop
  integrator Hub
  provider   Host
  provider   Net

  service network by Net
  service web by Host depends on network
}

calendar office
  open mon..fri 09:00..17:30
  closed 2026-12-25

sla Web "Web hosting"
  version 1
  under Club
  between Host and Shop
  effective 2026-01-01 .. 2027-12-31
{
  charge GBP 10_000.00 per month

  measure availability per service
    share of probe where up

  objective uptime "Availability"
    availability(web) at least 99.9% each month
    excluding maintenance
    missing counts as down
    credit none when at least 99.9%, 5% of charge when at least 99.5%, 10% of charge otherwise

  objective speed "Response time"
    average of probe.latency where service == web at most 400ms each month
    missing is ignored

  duty restore "Restoration"
    Host must ticket.resolved
    when ticket.opened where service == web
    within 4h for P1, 24h of office otherwise
    pausing during client_hold
    on ticket.reopened restart

  objective in_time "Restored in time"
    share of restore where met at least 95% each month
    credit 2% of charge per 1% below, at most 10% of charge
}

ola Lines "Lines"
  version 1
  under Club
  between Net and Host
  effective from 2026-01-01
{
  duty turnaround "Turnaround"
    Net must ticket.resolved
    when ticket.assigned where party == Net
    within 2h
    on ticket.reopened ignore
}
'''

# (what stands there, what somebody writes, whether the offered replacement gives the same agreement again)
SLIPS = [
    ("at least 99.9% each", "no less than 99.9% each", True),
    ("at least 99.9% each", "not less than 99.9% each", True),
    ("at least 99.9% each", "minimum 99.9% each", True),
    ("at least 99.9% each", "a minimum of 99.9% each", True),
    ("at least 99.9% each", ">= 99.9% each", False),
    ("at least 99.9% each", "\u2265 99.9% each", False),
    ("at least 99.9% each", "at least 99.9 % each", True),
    ("at least 99.9% each", "at least 99.9 percent each", True),
    ("at least 99.9% each", "at least 99.9 per cent each", True),
    ("at least 99.9% each", "at least 99,9% each", False),
    ("at most 400ms each", "no more than 400ms each", True),
    ("at most 400ms each", "up to 400ms each", True),
    ("at most 400ms each", "maximum 400ms each", True),
    ("at most 400ms each", "less than or equal to 400ms each", True),
    ("at most 400ms each", "less than 400ms each", False),
    ("at most 400ms each", "under 400ms each", False),
    ("at most 400ms each", "<= 400ms each", False),
    ("at most 400ms each", "at most 400 ms each", True),
    ("at most 400ms each", "at most 400msec each", True),
    ("each month\n    excluding", "every month\n    excluding", True),
    ("each month\n    excluding", "per month\n    excluding", True),
    ("each month\n    excluding", "monthly\n    excluding", True),
    ("each month\n    excluding", "in each month\n    excluding", True),
    ("each month\n    excluding", "each month;\n    excluding", True),
    ("each month\n    excluding", "each months\n    excluding", False),
    ("each month\n    excluding", "each 30d\n    excluding", False),
    ("each month\n    excluding", "each 2 weeks\n    excluding", False),
    ("each month\n    excluding", "rolling month\n    excluding", False),
    ("excluding maintenance", "except maintenance", True),
    ("excluding maintenance", "except during maintenance", True),
    ("excluding maintenance", "excludes maintenance", True),
    ("excluding maintenance", "not counting maintenance", True),
    ("missing counts as down", "missing count as down", True),
    ("missing counts as down", "missing counted as down", True),
    ("missing counts as down", "missing is down", False),
    ("10% of charge otherwise\n", "10% of charge else\n", True),
    ("10% of charge otherwise\n", "10% otherwise\n", True),
    ("10% of charge otherwise\n", "10% charge otherwise\n", True),
    ("5% of charge when", "5% of charge if", True),
    ("5% of charge when", "5% when", True),
    ("2% of charge per 1%", "2% per 1%", True),
    ("Host must", "Host shall", True),
    ("Host must", "Host will", True),
    ("Host must", "Host should", True),
    ("Host must", "Host has to", True),
    ("Host must", "Host MUST", True),
    ("ticket.opened where service", "ticket.opened if service", True),
    ("ticket.opened where service", "ticket.opened with service", True),
    ("ticket.opened where service", "ticket.opened and service", True),
    ("service == web\n    within", "service = web\n    within", True),
    ("within 4h for P1", "within 4 hours for P1", True),
    ("within 4h for P1", "within 4 h for P1", True),
    ("within 4h for P1", "within 4hours for P1", True),
    ("within 4h for P1", "within 240 minutes for P1", False),
    ("within 4h for P1", "within 1 month for P1", False),
    ("within 4h for P1", "within 4 business hours for P1", False),
    ("within 4h for P1", "within: 4h for P1", True),
    ("within 4h for P1", "no later than 4h for P1", True),
    ("24h of office", "24 hours of office", True),
    ("pausing during", "paused during", True),
    ("pausing during", "paused while", True),
    ("pausing during", "pause during", True),
    ("on ticket.reopened restart", "on ticket.reopened restarts", True),
    ("charge GBP 10_000.00", "charge GBP 10,000.00", True),
    ("charge GBP 10_000.00", "charge GBP\u00a010_000.00", True),
    ("charge GBP 10_000.00", "charge \u00a310,000.00", True),
    ("charge GBP 10_000.00", "charge $10,000.00", False),
    ("charge GBP 10_000.00", "charge 10_000.00 GBP", True),
    ("charge GBP 10_000.00", "charge: GBP 10_000.00", True),
    ("charge GBP 10_000.00", "charge of GBP 10_000.00", True),
    ("charge GBP 10_000.00", "charges GBP 10_000.00", True),
    ("10_000.00 per month", "10_000.00 a month", True),
    ("10_000.00 per month", "10_000.00 each month", True),
    ("10_000.00 per month", "10_000.00 monthly", True),
    ("10_000.00 per month", "10_000.00 / month", True),
    ("between Host and Shop", "between Host & Shop", True),
    ("between Host and Shop", "between Host, Shop", True),
    ("between Host and Shop", "between Host && Shop", True),
    ("2026-01-01 .. 2027-12-31", "2026-01-01 \u2013 2027-12-31", True),
    ("2026-01-01 .. 2027-12-31", "2026-01-01 - 2027-12-31", True),
    ("2026-01-01 .. 2027-12-31", "2026-01-01 to 2027-12-31", True),
    ("2026-01-01 .. 2027-12-31", "from 2026-01-01 to 2027-12-31", True),
    ("effective from 2026-01-01\n{\n  duty", "effective from 01/01/2026\n{\n  duty", False),
    ("effective from 2026-01-01\n{\n  duty", "effective from 1.1.2026\n{\n  duty", False),
    ("effective from 2026-01-01\n{\n  duty", "valid from 2026-01-01\n{\n  duty", True),
    ("effective from 2026-01-01\n{\n  duty", "effective 2026-01-01\n{\n  duty", True),
    ("effective from 2026-01-01\n{\n  duty", "effective as of 2026-01-01\n{\n  duty", True),
    ("effective from 2026-01-01\n{\n  duty", "effective from January 1, 2026\n{\n  duty", False),
    ("version 1\n  under Club\n  between Net", "version: 1\n  under Club\n  between Net", True),
    ("version 1\n  under Club\n  between Net", "version 1.0\n  under Club\n  between Net", False),
    ("version 1\n  under Club\n  between Net", "version v1\n  under Club\n  between Net", False),
    ("web by Host", "web from Host", True),
    ("web by Host", "web provided by Host", True),
    ("depends on network", "relies on network", True),
    ("depends on network", "depends of network", True),
    ("depends on network", "dependent on network", True),
    ("duty restore", "duty: restore", True),
    ("duty restore", "Duty restore", True),
    ("objective uptime", "objective: uptime", True),
    ("objective uptime", "Objective uptime", True),
    ('"Availability"', "'Availability'", True),
    ('"Availability"', "\u201cAvailability\u201d", True),
    ('"Availability"', "\u00abAvailability\u00bb", True),
    ("open mon..fri 09:00..17:30", "open mon..fri 9:00..17:30", True),
    ("open mon..fri 09:00..17:30", "open mon-fri 09:00..17:30", False),
    ("open mon..fri 09:00..17:30", "open mon..fri 09:00-17:30", True),
    ("open mon..fri 09:00..17:30", "open monday..friday 09:00..17:30", False),
    ("open mon..fri 09:00..17:30", "open mon..fri 9am..17:30", False),
    ("each month\n    excluding", "each month # of the calendar\n    excluding", False),
    ("client     Shop", "customer   Shop", True),
    ("provider   Net", "supplier   Net", True),
    ("sla Web", "SLA Web", True),
    ("ola Lines", "OLA Lines", True),
    ("currency GBP", "currency gbp", True),
    ("currency GBP", "currency \u00a3", True),
    ('timezone "Europe/London"', "timezone Europe/London", True),
    ('timezone "Europe/London"', 'timezone "Europe/Londn"', True),
    ('timezone "Europe/London"', 'time zone "Europe/London"', True),
    ("use std.itsm", "import std.itsm", True),
    ("use std.itsm", "#include std.itsm", False),
]


def check(entente, path):
    run = subprocess.run([entente, "check", "--format", "json", path], capture_output=True, text=True)
    return json.loads(run.stdout)


def mended(text, fix):
    raw = text.encode()
    return (raw[:fix["start"]] + fix["replacement"].encode() + raw[fix["end"]:]).decode()


def judge(entente, folder, right, wrong, same):
    assert WHOLE.count(right) == 1, right
    text = WHOLE.replace(right, wrong)
    at = text.index(wrong)
    lines = range(text.count("\n", 0, at) + 1, text.count("\n", 0, at + len(wrong.rstrip())) + 2)
    path = os.path.join(folder, "slip.ent")
    with open(path, "w") as f:
        f.write(text)
    errors = [d for d in check(entente, path) if d["severity"] == "error"]
    if len(errors) != 1:
        return "%d errors: %s" % (len(errors), [(e["line"], e["message"]) for e in errors])
    error = errors[0]
    if error["line"] not in lines:
        return "on line %d instead of %d: %s" % (error["line"], lines[0], error["message"])
    if not error.get("help") and not error.get("fixes"):
        return "no help: " + error["message"]
    if not same:
        return None
    if not error.get("fixes"):
        return "no replacement: %s (%s)" % (error["message"], error.get("help"))
    better = mended(text, error["fixes"][0])
    with open(path, "w") as f:
        f.write(better)
    left = [d["message"] for d in check(entente, path) if d["severity"] == "error"]
    if left:
        return "after the replacement: %s\n%s" % (left, error["fixes"][0])
    old = os.path.join(folder, "whole.ent")
    with open(old, "w") as f:
        f.write(WHOLE)
    diff = subprocess.run([entente, "diff", old, path], capture_output=True, text=True)
    same = diff.stdout.strip() == "no difference in meaning"
    return None if same else "it means another thing: " + diff.stdout


def main():
    entente = os.path.abspath(sys.argv[1])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "whole.ent"), "w") as f:
            f.write(WHOLE)
        first = [d for d in check(entente, os.path.join(folder, "whole.ent")) if d["severity"] == "error"]
        if first:
            print(first)
            return 1
        for right, wrong, same in SLIPS:
            why = judge(entente, folder, right, wrong, same)
            passed += why is None
            failed += why is not None
            if why:
                print("%r: %s" % (wrong, why))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
