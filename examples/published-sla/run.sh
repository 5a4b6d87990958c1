#!/bin/sh
# Decides fourteen months.  Further options go to `entente run`; ENTENTE names another command.
cd "$(dirname "$0")" || exit 4
exec "${ENTENTE:-../../build/entente}" run agreement.ent --feed status=status.csv --feed notice=notice.csv \
    --feed diary=diary.csv --feed invoice_line=invoice_line.csv --from 2026-01-01 --to 2027-03-01 "$@"
