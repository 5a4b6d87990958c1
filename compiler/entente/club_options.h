/* What `run` and `watch` ask alike: which agreements, whether they are signed, what they may call of C, and feeds.
 * Golden: tests/golden/run; tests/watch. */
#ifndef ENT_ENTENTE_CLUB_OPTIONS_H
#define ENT_ENTENTE_CLUB_OPTIONS_H

#include "compiler/entente/compile.h"
#include "compiler/entente/consent.h"
#include "compiler/entente/options.h"

/* A row of the table of options of every command that runs agreements. */
#define ENT_ALLOW_EXTERN                                                                                       \
    {                                                                                                          \
        "allow-extern", "LIB",                                                                                 \
            "a library that `extern fn` may call, by the name that the agreements write; may be given several " \
            "times"                                                                                            \
    }
/* Rows of a command's table of options, and their enumerators: at its end, without a comma behind it. */
#define ENT_CLUB_OPTIONS                                                                                       \
    {"signatures", "FILE", "who has signed the agreements; default: X.entc.sig, beside a built program"},      \
        {"keys", "FILE", "which keys speak for whom, besides those that the framework declares"},              \
        {"assume-signed", NULL, "decide a draft as if every party had signed"},                                \
        ENT_ALLOW_EXTERN,                                                                                      \
        {"stdlib", "DIR", "where `use std.NAME` finds its modules"},                                           \
    {                                                                                                          \
        "color", "auto|always|never", "colour; NO_COLOR is honoured"                                           \
    }
#define ENT_CLUB_OPTION_NAMES SIGNATURES, KEYS, ASSUME_SIGNED, ALLOW_EXTERN, STDLIB, COLOR

typedef struct ent_club_options {
    const char **paths;
    size_t n_paths;
    const char **libraries; /* that may be called */
    size_t n_libraries;
    const char *color;
    bool assume_signed;
    ent_consent_files consent;
    ent_compile_options compile;
} ent_club_options;

/* Room for what argc arguments may hold.  false: no memory. */
bool ent_club_options_init(ent_club_options *club, int argc);
void ent_club_options_deinit(ent_club_options *club);
/* Takes a positional argument, or the option of that name; false: it is another one. */
bool ent_club_options_take(ent_club_options *club, const char *name, const char *value);
/* The program with what it calls of C, and one flag an agreement, to be freed; the exit status. */
int ent_club_obtain(ent_club_options *club, ent_image **program, bool **not_in_force);
/* What the program calls of C, out of these libraries; what is refused is told with its place.  The exit status. */
int ent_club_natives(ent_image *program, const char *const *libraries, size_t n);
/* NAME=SOURCE: name_len is that of NAME, source stands within the value; the exit status. */
int ent_take_feed(const ent_command *self, const char *value, size_t *name_len, const char **source);
#endif
