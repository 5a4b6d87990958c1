"""Facts for tests/watch/club.ent: probes in CSV and tickets in JSON Lines, from a seed."""
import json
import random
from datetime import datetime, timedelta, timezone

BEGIN = datetime(2026, 3, 2, tzinfo=timezone.utc)


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def probes(seed, minutes, begin=BEGIN):
    """Rows `at,service,up`, in order of time."""
    rng = random.Random(seed)
    rows = []
    down = {"network": 0, "hosting": 0}
    for minute in range(minutes):
        for service in ("network", "hosting"):
            if down[service] == 0 and rng.random() < 0.002:
                down[service] = rng.randint(1, 8)
            up = down[service] == 0 and not (service == "hosting" and down["network"] > 0)
            down[service] = max(0, down[service] - 1)
            rows.append("%s,%s,%d" % (text(begin + timedelta(minutes=minute)), service, up))
    return rows


def tickets(seed, minutes, begin=BEGIN):
    """JSON objects, in order of time."""
    rng = random.Random(seed + 1)
    rows = []
    for number in range(minutes // 45):
        at = begin + timedelta(minutes=rng.randint(0, minutes), seconds=number % 60)
        name = "INC%d" % number
        party = "HostCo"

        def add(event):
            rows.append((at, len(rows), json.dumps(
                {"at": text(at), "id": name, "event": event, "priority": rng.choice(("P1", "P2")),
                 "service": "hosting", "party": party}, separators=(",", ":"))))
        add("opened")
        for _ in range(rng.randint(0, 3)):
            at += timedelta(minutes=rng.randint(5, 60))
            party = "NetCo" if party == "HostCo" else "HostCo"
            add("assigned")
        if rng.random() < 0.3:
            at += timedelta(minutes=rng.randint(5, 30))
            add("pended")
            at += timedelta(minutes=rng.randint(5, 90))
            add("resumed")
        if rng.random() < 0.9:
            at += timedelta(minutes=rng.randint(5, 60))
            add("resolved")
    return [row for _, _, row in sorted(rows)]
