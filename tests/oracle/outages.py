#!/usr/bin/env python3
"""Monthly availability from the published outages, minute by minute, against a ledger.

    outages.py LEDGER DATA_DIR

Every minute between 2022-03-01 and 2026-08-01 is marked down, disturbed or maintenance from
downtime_windows.csv (all times are whole minutes); the marks of a month are counted.  Maintenance
is left out for its first eight hours (480 minutes) of each month.
"""
import csv
import json
import sys
from datetime import datetime, timezone
from fractions import Fraction


def minute(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) // 60


def main():
    begin = int(datetime(2022, 3, 1, tzinfo=timezone.utc).timestamp()) // 60
    end = int(datetime(2026, 8, 1, tzinfo=timezone.utc).timestamp()) // 60
    marks = {name: bytearray(end - begin) for name in ("down", "disturbed", "maintenance")}
    kinds = {"major": ("down", "disturbed"), "critical": ("down", "disturbed"),
             "minor": ("disturbed",), "maintenance": ("maintenance",), "none": ()}
    with open(sys.argv[2] + "/downtime_windows.csv", newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            for name in kinds[row["impact"]]:
                a = max(minute(row["downtime_start"]), begin)
                b = min(minute(row["downtime_end"]), end)
                for t in range(a, b):
                    marks[name][t - begin] = 1
    passed = failed = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        d = json.loads(line)
        if d.get("clause") not in ("available", "undisturbed", "downtime"):
            continue
        a = minute(d["window"]["from"]) - begin
        b = minute(d["window"]["to"]) - begin
        if b > end - begin:
            continue
        name = "disturbed" if d["clause"] == "undisturbed" else "down"
        left = 480 if d["clause"] != "downtime" else 0
        net = lost = 0
        for t in range(max(a, 0), b):
            if left > 0 and marks["maintenance"][t]:
                left -= 1
                continue
            net += 1
            lost += marks[name][t]
        if d["clause"] == "downtime":
            good = d["measure"] == f"{lost * 60}s"
        else:
            good = Fraction(d["measure_exact"]) == Fraction(net - lost, net)
        passed += good
        failed += not good
        if not good:
            print("window", d["window"], d["clause"], "ledger", d["measure"], "minutes", lost, net)
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
