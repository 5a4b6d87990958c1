#!/bin/sh
# Decides the example's period.  Further options go to `entente run`; ENTENTE names another command.
cd "$(dirname "$0")" || exit 4
exec "${ENTENTE:-../../../build/entente}" run ../pool-paid/club.ent --feed probe=probe.csv --from 2026-04-01 --to 2026-07-01 "$@"
