"""The Python package: the shared conformance set with texts, with typed values and with DataFrames, whole and live; what a
Decision says beside its ledger line; how things stand; what is refused and how; threads.

  test_entente.py FOLDER     where tests/conformance/hosts/expected.sh left programs and ledgers, with first.entc beside
"""
import csv
import ctypes
import io
import json
import re
import sys
import threading
import unittest
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path

import entente
from entente import EntenteError, ErrorCode, FieldType, Money, Status
from entente._abi import ArrowArray, ArrowSchema
from entente.columns import to_ns

try:
    import pandas
except ImportError:
    pandas = None

SET = Path(__file__).resolve().parents[2] / "conformance" / "hosts"
FOLDER = Path(sys.argv[1])
CLUBS = sorted(p.parent.name for p in SET.glob("*/club.ent"))
UTC = timezone.utc
DAY = 86400 * 10 ** 9


def instant(text):
    """As fine as a datetime is; what is finer stays text."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def duration(text):
    parts = re.findall(r"([0-9.]+)([a-z]+)", text)
    ns = int(sum(Decimal(number) * {"ns": 1, "ms": 10 ** 6, "s": 10 ** 9, "m": 60 * 10 ** 9}[unit]
                 for number, unit in parts))
    return ns if ns % 1000 else timedelta(microseconds=ns // 1000)


def ratio(text):
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Decimal(text)


TYPED = {
    FieldType.BOOL: lambda t: t in ("true", "1", "yes", "up"),
    FieldType.INT: int,
    FieldType.NUMBER: float,
    FieldType.DECIMAL: Decimal,
    FieldType.RATIO: ratio,
    FieldType.MONEY: lambda t: Decimal(t.split()[1]),
    FieldType.DURATION: duration,
    FieldType.TIME: time.fromisoformat,
}


def typed(field, text):
    if text == "":
        return None
    if field.type == FieldType.INSTANT:
        if not re.search(r"\.\d{7,}", text):
            return instant(text)
        seconds, fraction = text[:-1].split(".")
        whole = int(instant(seconds + "Z").timestamp())
        return whole * 10 ** 9 + int(fraction.ljust(9, "0"))
    return TYPED.get(field.type, str)(text)


class Club:
    def __init__(self, name):
        self.program = entente.load(FOLDER / f"{name}.entc")
        self.ledger = (FOLDER / f"{name}.jsonl").read_text("utf-8")
        self.feeds = {}
        for path in SET.glob(f"{name}/*.csv"):
            with open(path, encoding="utf-8", newline="") as file:
                self.feeds[path.stem] = list(csv.DictReader(file))
        period = SET / name / "period"
        self.period = dict(zip(("start", "end"), map(instant, period.read_text().split()))) if period.exists() else {}

    def typed(self):
        fields = {feed.name: feed for feed in self.program.feeds}
        return {feed: [{name: typed(fields[feed][name], text) for name, text in row.items()} for row in rows]
                for feed, rows in self.feeds.items()}

    def decide(self, feeds):
        lines = []
        decisions = entente.decide(self.program, feeds, on_line=lines.append, **self.period)
        return decisions, "".join(line + "\n" for line in lines)


def bare(ledger):
    """Decisions without their chain."""
    return [re.sub(r',"prev":.*', "", line) for line in ledger.splitlines() if not line.startswith('{"kind":"run"')]


class Conformance(unittest.TestCase):
    def test_texts(self):
        for name in CLUBS:
            with self.subTest(club=name):
                club = Club(name)
                self.assertEqual(club.decide(club.feeds)[1], club.ledger)

    def test_typed_values(self):
        for name in CLUBS:
            with self.subTest(club=name):
                club = Club(name)
                self.assertEqual(club.decide(club.typed())[1], club.ledger)

    def test_columns(self):
        for name in CLUBS:
            with self.subTest(club=name):
                club = Club(name)
                columns = {feed: {field: [row[field] for row in rows] for field in rows[0]}
                           for feed, rows in club.typed().items()}
                self.assertEqual(club.decide(columns)[1], club.ledger)

    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_frames(self):
        for name in CLUBS:
            club = Club(name)
            texts = {feed: pandas.read_csv(io.StringIO((SET / name / f"{feed}.csv").read_text("utf-8")), dtype=str)
                     for feed in club.feeds}
            objects = {feed: pandas.DataFrame(rows, dtype=object) for feed, rows in club.typed().items()}
            native = {feed: self.native(club, feed, frame) for feed, frame in objects.items()}
            for how, frames in (("texts", texts), ("objects", objects), ("native", native)):
                with self.subTest(club=name, how=how):
                    self.assertEqual(club.decide(frames)[1], club.ledger)

    def native(self, club, feed, frame):
        """pandas' own types where it has one for a field."""
        fields = next(f for f in club.program.feeds if f.name == feed)
        result = frame.copy()
        for name in frame:
            kind = fields[name].type
            if kind == FieldType.INSTANT:
                result[name] = pandas.to_datetime(frame[name].map(to_ns), unit="ns", utc=True)
            elif kind == FieldType.DURATION:
                result[name] = pandas.to_timedelta(frame[name])
            elif kind == FieldType.NUMBER:
                result[name] = frame[name].astype("float64")
            elif kind == FieldType.INT:
                result[name] = frame[name].astype("Int64")
            elif kind == FieldType.BOOL:
                result[name] = frame[name].astype("boolean")
            elif kind == FieldType.ENUM:
                result[name] = frame[name].astype("category")
        return result

    def test_live(self):
        for name in CLUBS:
            with self.subTest(club=name):
                club = Club(name)
                ordered = sorted(((typed(field, row["at"]), feed.name, row) for feed in club.program.feeds
                                  for field in feed.fields if field.name == "at"
                                  for row in club.feeds.get(feed.name, [])),
                                 key=lambda entry: to_ns(entry[0]))
                lines = []
                with club.program.session(on_line=lines.append, **club.period) as session:
                    decided = []
                    for at, feed, row in ordered:
                        session.push(feed, [row])
                        decided += session.advance(at)
                    decided += session.finish()
                self.assertEqual(bare("\n".join(lines)), bare(club.ledger))
                self.assertEqual([d.line for d in decided], lines[1:])

    def test_file_text(self):
        for name in CLUBS:
            with self.subTest(club=name):
                club, lines = Club(name), []
                with club.program.session(live=False, on_line=lines.append, **club.period) as session:
                    for feed in club.feeds:
                        session.push_text(feed, (SET / name / f"{feed}.csv").read_text("utf-8"), "csv")
                    session.finish()
                self.assertEqual("".join(line + "\n" for line in lines), club.ledger)

    def test_saved(self):
        """Saved and restored after every few rows; the whole ledger, and the live one, are as if nothing had been."""
        for name in CLUBS:
            for live in (False, True):
                with self.subTest(club=name, live=live):
                    club, lines = Club(name), []
                    session = club.program.session(live=live, on_line=lines.append, **club.period)
                    for feed, rows in club.feeds.items():
                        for at in range(0, len(rows), 7):
                            session.push(feed, rows[at:at + 7])
                            saved = session.save()
                            self.assertEqual(session.save(), saved)
                            session.close()
                            session = club.program.session(saved=saved, on_line=lines.append)
                    session.finish()
                    session.close()
                    ledger = "".join(line + "\n" for line in lines)
                    self.assertEqual(bare(ledger) if live else ledger, bare(club.ledger) if live else club.ledger)

    def test_what_is_no_saved_session(self):
        club = Club(CLUBS[0])
        with club.program.session() as session:
            saved = session.save()
        for wrong in (b"", saved[:-1], saved[:40] + bytes([saved[40] ^ 1]) + saved[41:]):
            with self.assertRaises(EntenteError) as caught:
                club.program.session(saved=wrong)
            self.assertEqual(caught.exception.code, ErrorCode.DATA)


class Content(unittest.TestCase):
    def test_same_as_the_line(self):
        for name in CLUBS:
            club = Club(name)
            for d in club.decide(club.feeds)[0]:
                with self.subTest(club=name, seq=d.seq):
                    self.compare(d, json.loads(d.line))

    def compare(self, d, line):
        self.assertEqual((d.seq, d.kind.name.lower(), d.agreement, d.version, d.clause, d.status.name.lower()),
                         tuple(line[k] for k in ("seq", "kind", "agreement", "version", "clause", "status")))
        for text in ("title", "measure", "target", "shortfall", "structural_gap", "prev", "hash"):
            self.assertEqual(getattr(d, text), line.get(text))
        self.assertEqual(dict(d.subject), line.get("subject", {}))
        window, clock = line.get("window", {}), line.get("clock", {})
        for mine, theirs in ((d.window_from, window.get("from")), (d.window_to, window.get("to")),
                             (d.at, clock.get("at")), (d.due, clock.get("due")), (d.done, clock.get("done"))):
            self.assertEqual(mine, theirs and instant(re.sub(r"(\.\d{6})\d+", r"\1", theirs)))
        self.assertEqual(d.elapsed_ns, Fraction(clock["elapsed"]) * 10 ** 9 if clock else None)
        self.assertEqual(d.open, clock.get("open", False))
        self.assertEqual(d.measure_exact, Fraction(line["measure_exact"]) if "measure_exact" in line else None)
        self.assertEqual(vars(d.counts) if d.counts else None, line.get("counts"))
        credit = line.get("credit")
        self.assertEqual(d.credit and (str(d.credit.amount), d.credit.currency, d.credit.rule),
                         credit and (credit["amount"], credit["currency"], credit["rule"]))
        self.assertEqual((d.accountable, d.accountable_to),
                         tuple(line.get("accountable", {}).get(k) for k in ("party", "to")))
        self.assertEqual(
            [(r.party, r.share, r.degree, r.but_for, r.held, r.amount, r.without) for r in d.responsible],
            [(r["party"], Fraction(r["share"]) if "share" in r else None, Fraction(r["degree"]), r["but_for"],
              Fraction(r["held"]) if "held" in r else None, Decimal(r["amount"]) if "amount" in r else None,
              r.get("without")) for r in line.get("responsible", [])])
        self.assertEqual(list(d.because), [b["fact"] for b in line.get("because", []) if "fact" in b])
        self.assertEqual(vars(d.source), line["source"])

    def test_values(self):
        club = Club("figures")
        values = {d.clause: d.value for d in club.decide(club.feeds)[0] if d.window_from.month != 2}
        self.assertEqual(values["counted"], 9000000000000000001)
        self.assertEqual(values["fees"], Money("GBP", Fraction("100.01")))
        self.assertEqual(values["speed"], 120)
        self.assertEqual(values["ups"], Fraction(3, 4))

    def test_frozen(self):
        decision = Club("desk").decide(Club("desk").feeds)[0][0]
        with self.assertRaises(AttributeError):
            decision.status = Status.MET
        self.assertIsInstance(hash(decision), int)

    def test_introspection(self):
        program = Club("figures").program
        sample = next(f for f in program.feeds if f.name == "sample")
        self.assertEqual(sample["state"].words, ("good", "bad"))
        self.assertEqual((sample["fee"].currency, sample["d"].digits, sample["id"].key), ("GBP", 2, True))
        self.assertEqual([p.name for p in program.parties], ["Shop", "Host", "Net"])
        self.assertEqual([(s.name, s.provider, s.depends_on) for s in program.services],
                         [("lines", "Net", ()), ("web", "Host", ("lines",))])
        (web,) = [a for a in program.agreements if a.name == "Web"]
        self.assertEqual((web.version, web.supplier, web.customer, web.currency), (2, "Host", "Shop", "GBP"))
        self.assertEqual(web.clauses[0].target, "at least 75%")
        self.assertEqual(len(program.digest), 64)

    def test_notices_counts_period(self):
        club, notices = Club("desk"), []
        with club.program.session(live=False, on_notice=notices.append) as session:
            session.push("ticket", club.feeds["ticket"])
            session.finish()
            self.assertEqual(session.counts("ticket").rows, 15)
            self.assertEqual(session.period[0], datetime(2026, 1, 5, 9, tzinfo=UTC))
        self.assertIn("🚑 café", [n.subject["id"] for n in notices])
        self.assertEqual(json.loads(notices[0].line)["clause"], notices[0].clause)


class Refused(unittest.TestCase):
    ROW = {"at": "2026-02-01T00:00:00Z", "id": "a", "state": "good", "part": "web", "party": "Host", "up": True,
           "n": 1, "x": 0.5, "d": Decimal("1.25"), "r": Fraction(1, 2), "fee": Money("GBP", Fraction(5, 4)),
           "took": timedelta(seconds=1), "clock": time(9), "spare": None}

    def setUp(self):
        self.session = Club("figures").program.session(live=False)

    def tearDown(self):
        self.session.close()

    def refuse(self, field, value, code=ErrorCode.DATA):
        with self.assertRaises(EntenteError) as caught:
            self.session.push("sample", [self.ROW, {**self.ROW, field: value}])
        error = caught.exception
        self.assertEqual((error.code, error.field), (code, field), error)
        return error

    def test_what_fits(self):
        class State(Enum):
            BAD = "bad"
        self.session.push("sample", [self.ROW, {**self.ROW, "state": State.BAD, "id": 7, "n": Decimal(3), "x": 2}])
        self.session.push("sample", [])
        self.assertEqual(self.session.counts("sample").rows, 2)

    def test_values_that_do_not_fit(self):
        for field, value in (("n", 1.5), ("n", 2 ** 63), ("n", Decimal("NaN")), ("n", True), ("x", float("nan")),
                             ("x", 2 ** 60), ("d", 1.25), ("d", Decimal("0.001")), ("d", Decimal("Infinity")),
                             ("r", Fraction(1, 3)), ("fee", Money("EUR", Fraction(1))), ("fee", 0.5), ("took", 1.0),
                             ("took", time(1)), ("clock", timedelta(1)), ("at", datetime(2026, 1, 1)), ("up", 1),
                             ("state", "ugly"), ("party", 5), ("part", "nowhere"), ("spare", 1.5), ("id", "a\0b"),
                             ("id", "\ud800"), ("clock", "25:00")):
            with self.subTest(field=field, value=value):
                error = self.refuse(field, value)
                self.assertIn(error.row, (1, 2) if field in ("d", "r", "clock", "at", "spare") else (2,))
        self.assertEqual(self.session.counts("sample").rows, 0)

    def test_absent_time(self):
        self.assertEqual(self.refuse("at", None).row, 2)

    def test_shapes(self):
        for rows, code in (({"at": [1], "id": []}, ErrorCode.USAGE), ([1], ErrorCode.USAGE),
                           ([{**self.ROW, "more": 1}], ErrorCode.USAGE), ([{"at": 1}], ErrorCode.USAGE)):
            with self.assertRaises(EntenteError) as caught:
                self.session.push("sample", rows)
            self.assertEqual(caught.exception.code, code)
        self.session.push("sample", [{**self.ROW, "more": 1}], ignore_unknown=True)
        with self.assertRaises(EntenteError) as caught:
            self.session.push("simple", [self.ROW])
        self.assertIn("the program's feeds are sample", str(caught.exception))

    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_frames(self):
        frame = pandas.DataFrame([self.ROW, self.ROW])
        for column, values in (("at", pandas.to_datetime(["2026-01-01", "2026-01-02"])), ("d", [1.5, 2.5]),
                               ("n", [0.5, 1.0]), ("state", [1, 2])):
            with self.assertRaises(EntenteError) as caught:
                self.session.push("sample", frame.assign(**{column: values}))
            self.assertEqual(caught.exception.field, column)
        self.session.push("sample", frame.assign(d=[1, 2], n=[1.0, float("nan")], took=pandas.to_timedelta([1, None])))

    def test_bad_programs(self):
        good = (FOLDER / "desk.entc").read_bytes()
        for content in (b"", b"ENTC", good[:-1], good[:100] + b"\xff" * 8 + good[108:]):
            with self.assertRaises(EntenteError) as caught:
                entente.Program(content)
            self.assertEqual(caught.exception.code, ErrorCode.PROGRAM)

    def test_place_of_a_fault(self):
        rows = [{**self.ROW, "n": 2 ** 62, "id": str(i)} for i in range(2000)]
        with self.assertRaises(EntenteError) as caught:
            for _ in range(3):
                self.session.push("sample", rows)
            self.session.finish()
        error = caught.exception
        counted = next(c for a in self.session.program.agreements for c in a.clauses if c.name == "counted")
        self.assertEqual((error.code, error.file), (ErrorCode.DATA, "figures/club.ent"))
        self.assertIn(error.line - counted.source.line, (0, 1))
        self.assertTrue(str(error).startswith(f"figures/club.ent:{error.line}:{error.column}: "), error)

    def test_after_the_end(self):
        self.session.finish()
        with self.assertRaises(EntenteError):
            self.session.push("sample", [self.ROW])
        self.session.close()
        self.session.close()
        for use in (self.session.finish, lambda: self.session.counts("sample")):
            with self.assertRaisesRegex(EntenteError, "closed"):
                use()


STANDINGS = json.loads((SET / "standing.json").read_text("utf-8"))


def nanoseconds(text):
    seconds, _, fraction = text[:-1].partition(".")
    return to_ns(instant(seconds + "Z")) + int(fraction.ljust(9, "0"))


def plain(s):
    """A Standing as standing.json has it."""
    d = s.decision
    all_of_it = {
        "clause": d.clause, "subject": " ".join(d.subject.values()), "status": s.status.name.lower(),
        "at_risk": s.at_risk, "budget": s.budget and s.budget.name.lower(), "grows": s.budget_grows,
        "figures": s.budget and [s.budget_allowed, s.budget_spent, s.budget_left], "burn_rate": s.burn_rate,
        "gone": s.gone_ns, "left": s.left_ns, "holder": s.holder, "paused": s.paused,
        "responsible": [f"{r.party} {r.share}" for r in d.responsible]}
    return {name: value for name, value in all_of_it.items() if value not in ("", None, False, [])}


def expected_standing(stands):
    made = dict(stands)
    for name, make in (("figures", lambda texts: [Fraction(t) for t in texts]), ("burn_rate", Fraction),
                       ("gone", nanoseconds), ("left", lambda seconds: seconds * 10 ** 9)):
        if name in made:
            made[name] = make(made[name])
    return made


class Standings(unittest.TestCase):
    def tell(self, case, live, asking=True, saving=False):
        """Goes through the steps; the lines of the ledger."""
        program, lines, decided, ended = entente.load(FOLDER / f"{case['club']}.entc"), [], [], False
        period = {to: instant(case[name]) for name, to in (("from", "start"), ("to", "end")) if name in case}
        session = program.session(live=live, on_line=lines.append, **period)
        for step in case["steps"]:
            if saving and not ended:
                saved = session.save()
                session.close()
                session = program.session(saved=saved, on_line=lines.append)
            if "push" in step:
                session.push(case["feed"], [dict(zip(case["fields"], row)) for row in step["push"]])
            elif "advance" in step:
                decided += session.advance(instant(step["advance"]))
                expected = step["decided"] if live else []
                self.assertEqual([f"{d.clause} {d.status.name.lower()}" for d in decided], expected)
            elif "finish" in step:
                decided, ended = decided + session.finish(), True
                expected = [word for s in case["steps"] for word in s.get("decided", []) + s.get("finish", [])]
                self.assertEqual([f"{d.clause} {d.status.name.lower()}" for d in decided], expected)
            elif asking and "fails" in step:
                with self.assertRaises(EntenteError) as caught:
                    session.standing(instant(step["ask"]))
                self.assertEqual((caught.exception.code, caught.exception.message), (ErrorCode.USAGE, step["fails"]))
            elif asking:
                found = session.standing(instant(step["ask"]))
                self.assertEqual([plain(s) for s in found], [expected_standing(s) for s in step["stands"]])
                self.assertEqual(session.standing(nanoseconds(step["ask"])), found)
        return lines

    def test_the_shared_set(self):
        for case in STANDINGS:
            for live in (True, False):
                with self.subTest(club=case["club"], live=live):
                    lines = self.tell(case, live, asking=False)
                    self.assertEqual(self.tell(case, live), lines)
                    self.assertEqual(self.tell(case, live, saving=True), lines)

    def test_what_it_says(self):
        program = entente.load(FOLDER / "first.entc")
        at = datetime(2026, 1, 5, 9, tzinfo=UTC)
        with program.session(end=datetime(2026, 2, 1, tzinfo=UTC)) as session:
            session.push("ticket", [{"at": at, "id": "INC1", "event": "opened", "priority": "P1", "service": "web",
                                     "party": "Host"}])
            objective, duty = session.standing(at + timedelta(hours=1))
        d = duty.decision
        self.assertEqual((d.seq, d.prev, d.hash, d.status), (0, "", "", Status.PROVISIONAL))
        self.assertEqual((d.at, d.due, d.elapsed_ns), (at, at + timedelta(hours=4), 3600 * 10 ** 9))
        self.assertEqual(set(json.loads(d.line)) & {"seq", "prev", "hash"}, set())
        self.assertEqual(json.loads(d.line)["subject"], d.subject)
        self.assertEqual((objective.budget, objective.gone, objective.left_ns), (entente.BudgetKind.SAMPLES, None, None))
        self.assertEqual(objective.decision.window_to, datetime(2026, 2, 1, tzinfo=UTC))
        with self.assertRaises(AttributeError):
            duty.paused = True
        with self.assertRaisesRegex(EntenteError, "the session is closed"):
            session.standing(at)

    def test_what_is_raised_in_between(self):
        at = datetime(2026, 1, 5, 9, tzinfo=UTC)
        later = at + timedelta(hours=1)
        with entente.load(FOLDER / "first.entc").session() as session:
            session.push("ticket", [{"at": at, "id": "INC1", "event": "opened", "priority": "P1", "service": "web",
                                     "party": "Host"}])
            make, entente.session.make_standing = entente.session.make_standing, lambda s: 1 / 0
            try:
                with self.assertRaises(ZeroDivisionError):
                    session.standing(later)
            finally:
                entente.session.make_standing = make
            self.assertEqual(session.standing(later)[-1].decision.subject, {"id": "INC1"})  # it goes on all the same
            session._lock.acquire()
            with self.assertRaisesRegex(EntenteError, "the session is in use"):
                session.standing(later)
            session._lock.release()


class Together(unittest.TestCase):
    def test_callbacks(self):
        club = Club("desk")

        class Enough(Exception):
            pass

        def raising(decision):
            raise Enough(decision.seq)

        with self.assertRaises(Enough):
            entente.decide(club.program, club.feeds, on_decision=raising)
        with club.program.session(on_decision=lambda d: session.close()) as session:
            session.push("ticket", club.feeds["ticket"])
            with self.assertRaisesRegex(EntenteError, "in use"):
                session.finish()

    def test_threads_share_a_program(self):
        club, ledgers = Club("desk"), []

        def work():
            for _ in range(10):
                ledgers.append(club.decide(club.feeds)[1])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(ledgers, [club.ledger] * 40)

    def test_a_session_is_one_threads(self):
        club, began, ended, raised = Club("desk"), threading.Event(), threading.Event(), []

        def hold(_decision):
            began.set()
            ended.wait()

        with club.program.session(live=False, on_decision=hold) as session:
            session.push("ticket", club.feeds["ticket"])
            thread = threading.Thread(target=session.finish)
            thread.start()
            began.wait()
            try:
                session.counts("ticket")
            except EntenteError as error:
                raised.append(error)
            ended.set()
            thread.join()
        self.assertEqual(len(raised), 1)


class Batch:
    """A record batch as any Arrow library hands it out; texts and integers only."""

    def __init__(self, columns):
        self.released = []
        self.columns = columns
        self.keep = []

    def _column(self, name, values):
        schema, batch = ArrowSchema(), ArrowArray()
        texts = isinstance(values[0], str)
        schema.format, schema.name = (b"u" if texts else b"tsn:UTC"), name.encode()
        if texts:
            content = "".join(values).encode()
            offsets = [0]
            for v in values:
                offsets.append(offsets[-1] + len(v.encode()))
            parts = [None, (ctypes.c_int32 * len(offsets))(*offsets), ctypes.create_string_buffer(content)]
        else:
            parts = [None, (ctypes.c_int64 * len(values))(*values)]
        return schema, self._array(batch, len(values), parts)

    def _array(self, batch, n, parts):
        buffers = (ctypes.c_void_p * len(parts))(*(p and ctypes.addressof(p) for p in parts))
        batch.length, batch.n_buffers, batch.buffers = n, len(parts), buffers
        self.keep += [parts, buffers]
        return batch

    def _owned(self, struct, kind, children):
        pointers = (ctypes.POINTER(kind) * len(children))(*(ctypes.pointer(c) for c in children))
        struct.n_children, struct.children = len(children), pointers
        self.keep += [struct, children, pointers]
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        name = b"arrow_schema" if kind is ArrowSchema else b"arrow_array"
        self.keep.append(name)
        return new(ctypes.addressof(struct), name, None)

    def __arrow_c_array__(self, requested_schema=None):
        made = [self._column(*c) for c in self.columns.items()]
        schema, batch = ArrowSchema(format=b"+s", name=b""), ArrowArray()
        self._array(batch, len(next(iter(self.columns.values()))), [None])
        return (self._owned(schema, ArrowSchema, [m[0] for m in made]), self._owned(batch, ArrowArray, [m[1] for m in made]))


class Arrow(unittest.TestCase):
    def test_record_batches(self):
        club, lines = Club("desk"), []
        rows, at = club.feeds["ticket"], club.program.feeds[0]["at"]
        columns = {name: [r[name] for r in rows] for name in rows[0]}
        columns["at"] = [to_ns(typed(at, t)) for t in columns["at"]]
        with club.program.session(live=False, on_line=lines.append) as session:
            session.push("ticket", Batch(columns))
            session.finish()
        self.assertEqual("\n".join(lines) + "\n", club.ledger)

    def test_what_is_no_batch(self):
        class Wrong:
            def __arrow_c_array__(self):
                return (1, 2)
        with Club("desk").program.session() as session:
            with self.assertRaisesRegex(EntenteError, "no pair of Arrow capsules"):
                session.push("ticket", Wrong())


SIGNATURES = {"risk_score": "number(number, int)", "shout": "text(text, bool, duration)",
              "is_big": "bool(int, decimal(2))", "later": "instant(instant, party)", "grade_of": "enum(int)",
              "mix": "number(number, int, text, duration, instant, enum, party, decimal(2), bool)"}


class Functions(unittest.TestCase):
    ROW = {"at": datetime(2026, 1, 5, 10, tzinfo=UTC), "id": "a", "x": 5.0, "n": 4, "d": Decimal("10.01"), "up": True,
           "took": timedelta(seconds=90), "who": "Host", "grade": "low"}

    def program(self, **other):
        program = entente.load(FOLDER / "native.entc", allow_libraries=["libm.so.6"])
        self.said = []
        functions = {"risk_score": lambda x, n: x * n, "shout": lambda t, up, d: t.upper() + "!" if up else None,
                     "is_big": lambda n, d: d > 10, "later": lambda at, who: at + DAY,
                     "grade_of": lambda n: "high", "mix": lambda *all: self.said.append(all) or 101}
        for name, function in {**functions, **other}.items():
            program.bind(name, function, SIGNATURES[name])
        return program

    def test_calls(self):
        program = self.program()
        with program.session() as session:
            del program  # the session keeps it, and its functions
            session.push("sample", [self.ROW])
            counts = {d.clause: d.counts.samples for d in session.finish()}
        self.assertEqual(counts, {"gammas": 1, "risks": 1, "loud": 1, "big": 1, "mixed": 1, "mixed_else": 1, "graded": 1,
                                  "late": 1})
        at = int(self.ROW["at"].timestamp()) * 10 ** 9
        self.assertEqual(self.said[0], (5.0, 4, "a", 90 * 10 ** 9, at, "low", "Host", Decimal("10.01"), True))

    def test_what_a_function_raises(self):
        def fails(*_):
            raise KeyError("none")
        for name, wrong, expected in (("risk_score", fails, KeyError), ("grade_of", lambda n: 1, TypeError),
                                      ("is_big", lambda n, d: 1, TypeError), ("later", lambda at, who: 2 ** 70, OverflowError)):
            session = self.program(**{name: wrong}).session()
            session.push("sample", [self.ROW])
            with self.assertRaises(expected):
                session.finish()
            with self.assertRaisesRegex(EntenteError, "the session is closed"):
                session.finish()

    def test_what_a_function_raises_of_a_standing(self):
        told = []
        session = self.program(risk_score=lambda x, n: told[0]).session()
        session.push("sample", [self.ROW])
        with self.assertRaises(IndexError):
            session.standing(self.ROW["at"] + timedelta(days=1))
        with self.assertRaisesRegex(EntenteError, "the session is closed"):
            session.standing(self.ROW["at"])

    def test_what_cannot_be_bound(self):
        program = self.program()
        for name, signature, message in (("risk_score", "number(number)", "is declared as `number\\(number, int\\)`"),
                                         ("risk_score", "number", "is no signature"),
                                         ("risk_score", "float(int)", "`float` is no type"),
                                         ("nothing", "int(int)", "has no `extern fn nothing`")):
            with self.assertRaisesRegex(EntenteError, message):
                program.bind(name, abs, signature)
        with self.assertRaisesRegex(EntenteError, "it is not allowed to use library `libm.so.6`"):
            entente.load(FOLDER / "native.entc")


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=0).run(unittest.TestLoader().loadTestsFromModule(sys.modules[__name__]))
    failed = len(result.failures) + len(result.errors)
    if result.skipped:
        print(f"{len(result.skipped)} skipped: pandas is not installed")
    print(f"{max(result.testsRun - failed - len(result.skipped), 0)} passed, {failed} failed")
    sys.exit(failed > 0)
