-- Decides the incidents of a database, keeps the decisions beside them, and asks about them.
--
--   sqlite3 -csv desk.db ".import ticket.csv incidents"
--   sqlite3 -cmd ".load /usr/local/lib/entente_sqlite" desk.db <decide.sql

-- The feed `ticket` has no table of its name here, so that a query says where its rows are.
CREATE TABLE decisions AS
SELECT *
  FROM entente_decide('first.entc', 'ticket', 'SELECT * FROM incidents ORDER BY at');

.mode box

SELECT clause, coalesce(subject, measure) AS what, status, due, done
  FROM decisions
 ORDER BY seq;

-- `line` is the ledger's own line, as JSON: all that a decision says is in it.
SELECT subject,
       answers.value ->> '$.party' AS answers,
       answers.value ->> '$.share' AS share,
       answers.value ->> '$.excess' AS seconds_beyond
  FROM decisions, json_each(line, '$.responsible') AS answers
 WHERE status = 'breach'
 ORDER BY seq;

-- The credits of a month, had it ended at its end.
SELECT clause, measure, credit, currency, rule
  FROM entente_decide('first.entc', 'ticket', 'incidents')
 WHERE period_from = '2026-01-01T00:00:00Z' AND period_to = '2026-02-01T00:00:00Z' AND kind = 'objective';
