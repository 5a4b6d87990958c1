/* `entente ledger`: what can be asked of a decision record. */
#ifndef ENT_ENTENTE_LEDGER_H
#define ENT_ENTENTE_LEDGER_H

/* argv[0] is `ledger`.  Answers to stdout, complaints to stderr; the exit status. */
int ent_cmd_ledger(int argc, char **argv);
#endif
