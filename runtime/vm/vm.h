/* The vector interpreter: runs one kernel over a batch of up to ENT_LANES_MAX lanes.
 *
 * A register is a typed column; an instruction works on the whole batch.  Row kernels run with many
 * lanes, decision kernels with one: the instructions are the same.  A lane that fails (overflow, a text
 * that does not parse) is reported and does not disturb the others.
 * One ent_vm belongs to one thread; the program is shared. */
#ifndef ENT_VM_VM_H
#define ENT_VM_VM_H

#include "runtime/bytecode/program.h"
#include "runtime/vm/strings.h"

typedef struct ent_zone ent_zone;

/* One typed column.  absent NULL: no lane is absent; else one byte a lane, 1 = absent (the datum of an
 * absent lane is zero). */
typedef struct ent_vector {
    ent_class cls;
    void *data;      /* uint8_t, int64_t, double or ent_q, by cls */
    uint8_t *absent;
} ent_vector;

typedef struct ent_lane_error {
    uint32_t lane;
    uint32_t place;  /* index into the place table: where the failing operation is written */
    uint16_t op;
    int64_t text_id; /* the text that did not fit (parse.* and fail on a text), or -1 */
    char message[200]; /* what was expected or what did not fit, with the values */
} ent_lane_error;

typedef struct ent_vm ent_vm;

/* zone_dir: where zoneinfo files are (for parse.time).  lanes_max <= ENT_LANES_MAX.  NULL when out of memory
 * or when a zone that a timefmt names cannot be read (then `error` says which). */
ent_vm *ent_vm_new(const ent_image *program, ent_strings *strings, const char *zone_dir,
                   uint32_t lanes_max, char *error, size_t error_len);
void ent_vm_free(ent_vm *vm);

/* Runs `kernel` over n lanes.  inputs[k] is the column for the kernel's input k (class as declared).
 * outputs[k] is set to the column of output k: memory of the vm, valid until the same kernel runs again, or
 * the input's own column where a kernel hands an input on.
 * *skipped (if not NULL) points to a byte per lane, 1 = the row is left out, or is NULL when none is.
 * Failing lanes are appended, at most one error a lane, in lane order; *n_errors counts them
 * and errors stays valid until the next run.  A lane that is left out has no error: a row that is not
 * wanted need not be right.  A failed lane's outputs are absent as far as they depend on the failure.
 * Returns false when memory runs out, or when an input is not of the declared class or has no data. */
bool ent_vm_run(ent_vm *vm, int64_t kernel, const ent_vector *inputs, uint32_t n_lanes,
                ent_vector *outputs, const uint8_t **skipped, const ent_lane_error **errors,
                uint32_t *n_errors);
#endif
