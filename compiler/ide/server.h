/* The language server: what an editor asks about agreements while they are written.
 *
 *     editor -- JSON-RPC on two streams --> server.c --> workspace.c  open documents, what is wrong with them
 *                                              |-------> names.c      what a name stands for, outline
 *                                              '-------> place.c      bytes to lines and UTF-16, and back
 *
 * One thread, one message after another; every change compiles the open documents again, with their texts in place
 * of the files on disk, so what an editor shows is what `entente check` says.  Tested by tests/ide.py. */
#ifndef ENT_IDE_SERVER_H
#define ENT_IDE_SERVER_H

#include <stdio.h>

/* Until `exit` or the end of the input: 0 after a `shutdown`, as the protocol has it, else 1. */
int ent_ide_serve(FILE *in, FILE *out, const char *stdlib_dir);
#endif
