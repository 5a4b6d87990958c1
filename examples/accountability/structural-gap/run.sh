#!/bin/sh
# Decides the example's period.  Further options go to `entente run`; ENTENTE names another command.
cd "$(dirname "$0")" || exit 4
exec "${ENTENTE:-../../../build/entente}" run club.ent --feed ticket=ticket.csv --from 2026-02-01 --to 2026-04-01 "$@"
