/* Accounts: whose memory a call takes, and how much work and how many keys it may cost.
 *
 * A host gives each program and session an allocator and limits.  Every block of the runtime has a small header that
 * says whose it is, so freeing needs no context.  Allocating does, and passing it through every function that may grow
 * a column would put it into all of them; so a call of the public interface enters its account and leaves it on return,
 * as it would take a lock.  The account in force is the one thread-local variable of the library, and nothing of it
 * outlives a call.  Without one, as in the command, memory is malloc's.
 *
 *     [ account | size, offset ][ what the caller sees ... ]     16 bytes before the block
 *
 * memory.h, which the build includes before every file of runtime/ and compiler/, makes malloc and its kin these
 * functions: so no call can be forgotten.  Tested by tests/embed/memory.c. */
#ifndef ENT_MEMORY_ACCOUNT_H
#define ENT_MEMORY_ACCOUNT_H

#include "runtime/include/entente.h"

typedef enum ent_account_excess {
    ENT_WITHIN = 0,
    ENT_NO_MEMORY = 1, /* the allocator gave none */
    ENT_OVER_MEMORY = 2,
    ENT_OVER_INSTRUCTIONS = 3,
    ENT_OVER_KEYS = 4
} ent_account_excess;

typedef struct ent_account {
    ent_allocator allocator; /* resize NULL: malloc */
    uint64_t memory, memory_peak, memory_max; /* a maximum of 0 is none */
    uint64_t instructions, instructions_max;  /* of the call */
    uint64_t keys, keys_max;
    ent_account_excess excess; /* the first of the call */
} ent_account;

/* Makes the account the one in force in this thread and forgets what the last call exceeded; returns the one before,
 * which is to be given back.  NULL: none. */
ent_account *ent_account_enter(ent_account *account);
void ent_account_leave(ent_account *before);

/* Work that is about to be done; false: it is too much. */
bool ent_account_work(uint64_t instructions);
bool ent_account_keys(uint64_t n); /* new ones */
uint64_t ent_account_keys_left(void);
void ent_account_forget_keys(uint64_t n);

/* A block for the struct that holds the account itself, which counts towards it. */
void *ent_account_new(const ent_allocator *allocator, size_t size);
void ent_account_free(const ent_account *account, void *block, size_t size);
#endif
