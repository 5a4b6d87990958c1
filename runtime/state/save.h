/* An engine's whole state as a stream of bytes, and back.
 *
 *     "ENTSTATE"  u32 version  digest of the program (64 hex digits)
 *     sections    u32 number, u64 length, bytes
 *     end         u32 0, BLAKE2b-256 of all before it
 *
 * All numbers are little-endian.  The stream ends itself, so other things may follow it.  An
 * engine that is restored goes on exactly as the one that was saved would have, and saving it
 * again gives the same bytes.  The size follows what is open (rows not yet below the watermark,
 * running clocks, open windows, keys that are known), not what has been decided.
 *
 * Nothing in the bytes is trusted: a stream that is cut short, changed or made up is an error,
 * never a crash, and memory grows only as bytes arrive.
 *
 * Tested by tests/unit/test_save.c and, over random clubs and worlds, by tests/property/save.py. */
#ifndef ENT_STATE_SAVE_H
#define ENT_STATE_SAVE_H

#include "runtime/state/engine.h"

#define ENT_STATE_VERSION 2

/* Takes the next n bytes; false stops the saving. */
typedef bool (*ent_engine_writer)(void *user, const void *bytes, size_t n);
/* Gives the next n bytes; false: there are not as many. */
typedef bool (*ent_engine_reader)(void *user, void *bytes, size_t n);

/* Not from within on_decision, and not of an engine that has failed or counts whose time clocks were. */
bool ent_engine_save(const ent_engine *engine, ent_engine_writer writer, void *user,
                     ent_fault *error);
/* Makes an engine for the program whose state it is.  The period, `as of` and whether notices
 * are collected are part of the state: what the options say of them is not looked at.  What
 * decisions refer to (subjects, parts of pools) is only known for those that are given out from
 * now on.  On failure *out is NULL. */
bool ent_engine_restore(const ent_image *program, const ent_engine_options *options,
                        ent_engine_reader reader, void *user, ent_engine **out, ent_fault *error);

#endif
