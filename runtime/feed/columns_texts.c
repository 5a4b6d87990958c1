/* Columns of texts, see columns.h: a table of what texts meant, by their bytes.
 *
 * In a small table a text is looked for in two places: then it holds what a column repeats without being much larger
 * than that, and stays in the nearest caches.  What needs a large one mostly is numbered, as tickets are: standing for
 * itself, it is found by its number among the interned texts (runtime/vm/numbered.h), else it has a place next to its
 * neighbours'.  Either way those in use lie together.
 *
 * Who is probed or billed in turns comes in the same order again and again, so with each text of a small table stands
 * where the one is that came behind it last time.  The texts of a turn, found by going from one to the next, are put
 * down behind each other.  A block of plain rows is first taken to be where the turn goes on, and each text is only
 * compared with the one that is expected; if one is another, the block is read again, and the next turn is put down
 * anew.  Where order is of no help, the texts of a block are looked for at once, both places of each (take_known), and
 * numbers of one family are read at once (take_far). */
#include "runtime/feed/columns.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/feed/columns_plain.h"
#include "runtime/vm/swar.h"
#include "runtime/vm/numbered.h"
#include "runtime/vm/simd.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A table of at most NEAR_BITS needs no looking ahead. */
enum { WORD = 8, MEMO_BITS_FIRST = 8, NEAR_BITS = 12, MEMO_BITS_MAX = 17, TEXT_MAX = 16, NEIGHBOURS = 16 };
/* Rows of a block, as many as are fetched at once; blocks that may be out of order one behind the other, and how many
 * then are not tried. */
enum { BLOCK = ENT_PLAIN_BLOCK, FAILURES_MAX = 16, RESTING = 256 };

/* A text of 1 to 16 bytes: its last eight, with zeros before them, and of a longer one its first eight. */
typedef struct remembered {
    uint64_t first, last;
    int64_t meaning;
    uint32_t len; /* 0: free */
    uint32_t next; /* the place of the text that came behind it; never a free one */
} remembered;

/* Sixteen bytes of text. */
typedef uint64_t sixteen __attribute__((vector_size(TEXT_MAX)));

/* What is compared in a turn and what comes of it, so that no row waits for the one before. */
typedef struct turn {
    sixteen *texts; /* each at the end of its bytes */
    int64_t *meanings;
    uint32_t *lens;
    uint32_t *places; /* in the table */
    uint32_t n;
    uint32_t length; /* until it begins again; 0: not known */
    uint32_t at; /* the text to come */
} turn;

struct ent_text_memo {
    remembered *texts;
    turn turn;
    const ent_family *family; /* of the last numbered text */
    unsigned bits;
    uint32_t misses; /* since it has this size */
    uint32_t latest; /* the place of the text that came last */
    uint32_t failures, resting; /* of the order, and blocks until it is tried again */
};

static void start_turn(turn *t)
{
    t->n = t->length = t->at = 0;
}

static void free_turn(turn *t)
{
    free(t->texts);
    free(t->meanings);
    free(t->lens);
    free(t->places);
    *t = (turn){0};
}

/* A table of that size, with room for a turn of all its texts if it is a small one; false: no memory, and it stays as
 * it is. */
static bool make_table(ent_text_memo *memo, unsigned bits)
{
    size_t size = (size_t)1 << bits;
    size_t room = bits > NEAR_BITS ? 1 : size + BLOCK;
    remembered *texts = calloc(size, sizeof *texts);
    turn t = {.texts = malloc(room * sizeof *t.texts),
              .meanings = malloc(room * sizeof *t.meanings),
              .lens = malloc(room * sizeof *t.lens),
              .places = malloc(room * sizeof *t.places)};
    if (!texts || !t.texts || !t.meanings || !t.lens || !t.places) {
        free(texts);
        free_turn(&t);
        return false;
    }
    free(memo->texts);
    free_turn(&memo->turn);
    memo->texts = texts;
    memo->turn = t;
    memo->bits = bits;
    memo->latest = 0;
    return true;
}

ent_text_memo *ent_text_memo_new(void)
{
    ent_text_memo *memo = calloc(1, sizeof *memo);
    if (memo && !make_table(memo, MEMO_BITS_FIRST)) {
        free(memo);
        memo = NULL;
    }
    return memo;
}

void ent_text_memo_free(ent_text_memo *memo)
{
    if (memo) {
        free(memo->texts);
        free_turn(&memo->turn);
        free(memo);
    }
}

ALWAYS_INLINE size_t near_slot(const remembered *text, unsigned bits)
{
    return (size_t)ent_text_slot(text->first, text->last, bits);
}

/* What is before the last eight bytes of a text. */
ALWAYS_INLINE uint64_t before_last(const remembered *text)
{
    return text->first & UINT64_MAX >> ((16 - text->len) * 8 & 63);
}

ALWAYS_INLINE size_t far_slot(const remembered *text, unsigned bits)
{
    return ent_numbered_hash(before_last(text), text->last) & ((UINT32_C(1) << bits) - 1);
}

/* A text's other place in a small table. */
ALWAYS_INLINE size_t other_slot(size_t slot)
{
    return slot ^ NEIGHBOURS;
}

/* A small table that misses as often as it has pairs of places is too small, and one that misses so often in spite of
 * its size will need the largest; what it holds is not worth moving.  Out of memory, it stays as it is. */
static void grow(ent_text_memo *memo)
{
    memo->misses = 0;
    if (memo->bits < MEMO_BITS_MAX) {
        (void)make_table(memo, memo->bits > NEAR_BITS ? MEMO_BITS_MAX : memo->bits + 1);
    }
}

static void remember_near(ent_text_memo *memo, const remembered *text)
{
    size_t slot = near_slot(text, memo->bits);
    if (memo->texts[slot].len > 0) { /* the text that came last to a place leaves to the other one */
        memo->texts[other_slot(slot)] = memo->texts[slot];
    }
    memo->texts[slot] = *text;
    memo->texts[slot].next = (uint32_t)slot;
    memo->texts[memo->latest].next = (uint32_t)slot;
    memo->latest = (uint32_t)slot;
}

static void remember(ent_text_memo *memo, const remembered *text)
{
    uint32_t size = UINT32_C(1) << memo->bits;
    bool is_far = memo->bits > NEAR_BITS;
    if (is_far) {
        memo->texts[far_slot(text, memo->bits)] = *text;
    } else {
        remember_near(memo, text);
    }
    if (++memo->misses > (is_far ? 2 * size : size / 2)) {
        grow(memo);
    }
}

/* How a text of 1 to 16 bytes is remembered; without branches, as lengths are in no order. */
ALWAYS_INLINE remembered bytes_of(const char *p, uint32_t len)
{
    uint64_t is_long = 0 - (uint64_t)(len > WORD);
    uint64_t tail = ent_load8(p + ((len - WORD) & is_long));
    return (remembered){.first = ent_load8(p) & is_long,
                        .last = tail << ((64 - 8 * len) & 63 & ~is_long),
                        .len = len};
}

ALWAYS_INLINE bool is_same(const remembered *a, const remembered *b)
{
    return ((a->first ^ b->first) | (a->last ^ b->last) | (a->len ^ b->len)) == 0;
}

/* Where the text's number has its meaning among the families; NULL: nowhere. */
ALWAYS_INLINE const uint32_t *numbered_place(ent_text_memo *memo, const ent_families *families, const remembered *text)
{
    ent_numbered numbered = ent_numbered_of(before_last(text), text->last, text->len);
    if (!memo->family || !ent_family_has(memo->family, &numbered)) {
        const ent_family *family = ent_families_of(families, &numbered);
        if (!family) {
            return NULL;
        }
        memo->family = family;
    }
    return ent_family_place(memo->family, numbered.number);
}

/* A lane whose text is not remembered, or that has none; numbered: others will find it by its number. */
static void take_unknown(ent_column_lanes *lanes, ent_text_memo *memo, uint32_t i, bool numbered,
                         ent_text_meaning meaning, void *user)
{
    int64_t *out = lanes->data;
    ent_cell cell = ent_lane_cell(lanes, i);
    int64_t found = cell.len > 0 ? meaning(user, &cell) : 0;
    lanes->absent[i] = cell.len == 0;
    out[i] = found < 0 ? 0 : found;
    if (found < 0) {
        lanes->odd[lanes->n_odd++] = i;
    } else if (!numbered && cell.len > 0 && cell.len <= TEXT_MAX) {
        remembered text = bytes_of(cell.p, cell.len);
        text.meaning = found;
        remember(memo, &text);
    }
}

/* Takes lanes from `i` to `end` as long as the small table holds their texts; the first that it does not. */
static uint32_t take_near(const ent_column_lanes *lanes, ent_text_memo *memo, uint32_t i, uint32_t end)
{
    remembered *texts = memo->texts;
    unsigned bits = memo->bits;
    uint32_t latest = memo->latest;
    const ent_column_lanes from = *lanes;
    int64_t *out = from.data;
    for (; i < end; i++) {
        ent_cell cell = ent_lane_cell(&from, i);
        if (cell.len - 1 >= TEXT_MAX) {
            if (cell.len > 0) {
                break;
            }
            out[i] = 0;
            from.absent[i] = 1;
            continue;
        }
        remembered text = bytes_of(cell.p, cell.len);
        size_t slot = near_slot(&text, bits);
        if (!is_same(&texts[slot], &text)) {
            slot = other_slot(slot);
            if (!is_same(&texts[slot], &text)) {
                break;
            }
        }
        out[i] = texts[slot].meaning;
        from.absent[i] = 0;
        texts[latest].next = (uint32_t)slot;
        latest = (uint32_t)slot;
    }
    memo->latest = latest;
    return i;
}

/* Puts a text down as the turn's next; words are written as they lie in texts. */
static void put_down(turn *t, const remembered *texts, uint32_t place)
{
    const remembered *text = &texts[place];
    uint64_t before = text->first << ((64 - 8 * text->len) & 63);
    t->texts[t->n] = (sixteen){ent_load8((const char *)&before), ent_load8((const char *)&text->last)};
    t->lens[t->n] = text->len;
    t->meanings[t->n] = text->meaning;
    t->places[t->n++] = place;
}

/* Puts down what is to come in a block; false: nothing is known to come. */
static bool go_on(ent_text_memo *memo)
{
    turn *t = &memo->turn;
    if (t->length == 0 && t->at + BLOCK > 1U << memo->bits) { /* where it went round without its begin */
        start_turn(t);
    }
    while (t->n < t->at + BLOCK) {
        uint32_t before = t->n > 0 ? t->places[t->n - 1] : memo->latest;
        uint32_t place = t->length > 0 ? t->places[t->n - t->length] : memo->texts[before].next;
        if (memo->texts[place].len == 0) {
            return false;
        }
        if (t->length == 0 && t->n > 0 && place == t->places[0]) {
            t->length = t->n;
        }
        put_down(t, memo->texts, place);
    }
    return true;
}

/* Takes a block of plain rows whose texts come in the order in which they came last time; false: they do not, and what
 * was written is for the caller to write again. */
ENT_VECTORS static bool take_in_order(const ent_column_lanes *lanes, ent_text_memo *memo, uint32_t begin, uint32_t n)
{
    static const uint8_t masks[2 * TEXT_MAX] = {[TEXT_MAX] = 255, 255, 255, 255, 255, 255, 255, 255,
                                                255, 255, 255, 255, 255, 255, 255, 255};
    const size_t stride = lanes->plain->stride;
    const ent_plain_column column = lanes->column;
    const uint32_t *end = lanes->plain->ends + begin * stride + column.cell;
    const char *text = lanes->plain->text;
    const uint32_t back = TEXT_MAX + column.trail;
    const uint32_t fringe = column.lead + column.trail;
    turn *t = &memo->turn;
    if (*end < back || !go_on(memo)) { /* sixteen bytes up to an end are read */
        return false;
    }
    const sixteen *expected = t->texts + t->at;
    const uint32_t *lens = t->lens + t->at;
    sixteen wrong = {0, 0};
    uint32_t wrong_len = 0;
    ENT_UNROLLED
    for (uint32_t i = 0; i < n; i++, end += stride) {
        sixteen bytes;
        sixteen mask;
        memcpy(&bytes, text + (*end - back), sizeof bytes);
        memcpy(&mask, masks + lens[i], sizeof mask);
        wrong |= (bytes ^ expected[i]) & mask;
        wrong_len |= (*end - end[-1] - fringe) ^ lens[i];
    }
    if ((wrong[0] | wrong[1] | wrong_len) != 0) {
        return false;
    }
    memcpy((int64_t *)lanes->data + begin, t->meanings + t->at, n * sizeof *t->meanings);
    memset(lanes->absent + begin, 0, n);
    memo->latest = t->places[t->at + n - 1];
    t->at += n;
    t->at = t->length > 0 ? t->at % t->length : t->at;
    return true;
}

/* Goes to where the text of a lane stands in the turn, as at the begin of a piece of a file; false: it does not, or
 * that is where the turn is. */
static bool move_turn(const ent_column_lanes *lanes, ent_text_memo *memo, uint32_t lane)
{
    turn *t = &memo->turn;
    ent_cell cell = ent_lane_cell(lanes, lane);
    if (cell.len - 1 >= TEXT_MAX) {
        return false;
    }
    remembered text = bytes_of(cell.p, cell.len);
    size_t slot = near_slot(&text, memo->bits);
    slot = is_same(&memo->texts[slot], &text) ? slot : other_slot(slot);
    uint32_t at = 0;
    while (at < t->length && t->places[at] != slot) {
        at++;
    }
    bool moves = at < t->length && at != t->at && is_same(&memo->texts[slot], &text);
    t->at = moves ? at : t->at;
    return moves;
}

/* Order is tried as long as it helps. */
static bool try_order(const ent_column_lanes *lanes, ent_text_memo *memo, uint32_t begin, uint32_t n)
{
    if (take_in_order(lanes, memo, begin, n) ||
        (move_turn(lanes, memo, begin) && take_in_order(lanes, memo, begin, n))) {
        memo->failures = 0;
        return true;
    }
    if (++memo->failures > FAILURES_MAX) {
        memo->failures = FAILURES_MAX / 2;
        memo->resting = RESTING;
    }
    return false;
}

/* Takes a block of plain rows in no order if the small table holds all texts; false: it does not, and what was written
 * is for the caller to write again.  Both places of a text are looked at, so nothing is branched for. */
static bool take_known(const ent_column_lanes *lanes, ent_text_memo *memo, uint32_t begin, uint32_t n)
{
    const ent_plain_lanes block = {lanes->plain, lanes->column, begin, n};
    const remembered *texts = memo->texts;
    int64_t *out = (int64_t *)lanes->data + begin;
    uint8_t *absent = lanes->absent + begin;
    ent_plain_words words;
    uint32_t slots[BLOCK];
    uint64_t unknown = 0;
    if (!ent_plain_texts(&block, memo->bits, &words, slots)) {
        return false;
    }
    for (uint32_t i = 0; i < BLOCK; i++) {
        const remembered *one = &texts[slots[i]];
        const remembered *other = &texts[other_slot(slots[i])];
        uint64_t not_one = (one->first ^ words.first[i]) | (one->last ^ words.last[i]) | (one->len ^ words.len[i]);
        uint64_t not_other =
            (other->first ^ words.first[i]) | (other->last ^ words.last[i]) | (other->len ^ words.len[i]);
        bool empty = words.len[i] == 0;
        int64_t meaning = not_one == 0 ? one->meaning : other->meaning;
        unknown |= (not_one != 0) & (not_other != 0) & !empty;
        out[i] = empty ? 0 : meaning;
        absent[i] = empty;
    }
    return unknown == 0;
}

/* Takes lanes from `i` on with a large table: the places of a group of texts are told to the processor before they are
 * looked at.  The first lane of the next group, or the next lane where the table has grown. */
static uint32_t take_far(ent_column_lanes *lanes, ent_text_memo *memo, uint32_t i, const ent_families *families,
                         ent_text_meaning meaning, void *user)
{
    remembered text[BLOCK];
    const remembered *place[BLOCK];
    const uint32_t *number[BLOCK];
    uint32_t numbers[BLOCK];
    uint64_t others[BLOCK];
    int64_t *out = lanes->data;
    unsigned bits = memo->bits;
    uint32_t n = lanes->n - i < BLOCK ? lanes->n - i : BLOCK;
    const ent_plain_lanes block = {lanes->plain, lanes->column, i, n};
    const ent_family *family = families && !lanes->cells ? memo->family : NULL;
    if (family && !ent_plain_numbers(&block, family, numbers, others)) {
        family = NULL;
    }
    for (uint32_t k = 0; k < n; k++) {
        place[k] = NULL;
        number[k] = family && others[k] == 0 ? ent_family_place(family, numbers[k]) : NULL;
        if (number[k]) {
            __builtin_prefetch(number[k]);
            continue;
        }
        ent_cell cell = ent_lane_cell(lanes, i + k);
        if (cell.len - 1 < TEXT_MAX) {
            text[k] = bytes_of(cell.p, cell.len);
            number[k] = families ? numbered_place(memo, families, &text[k]) : NULL;
            place[k] = number[k] ? NULL : &memo->texts[far_slot(&text[k], bits)];
            __builtin_prefetch(number[k] ? (const void *)number[k] : (const void *)place[k]);
        }
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t numbered = number[k] ? __atomic_load_n(number[k], __ATOMIC_ACQUIRE) : 0;
        if (numbered > 0 || (place[k] && is_same(place[k], &text[k]))) {
            out[i + k] = numbered > 0 ? (int64_t)numbered - 1 : place[k]->meaning;
            lanes->absent[i + k] = 0;
            continue;
        }
        take_unknown(lanes, memo, i + k, number[k] != NULL, meaning, user);
        if (memo->bits != bits) {
            return i + k + 1;
        }
    }
    return i + n;
}

static void take_block(ent_column_lanes *lanes, ent_text_memo *memo, uint32_t begin, uint32_t end,
                       ent_text_meaning meaning, void *user)
{
    start_turn(&memo->turn);
    for (uint32_t i = begin; i < end; i++) {
        i = take_near(lanes, memo, i, end);
        if (i < end) {
            take_unknown(lanes, memo, i, false, meaning, user);
        }
    }
}

void ent_columns_texts(ent_column_lanes *lanes, ent_text_memo *memo, const ent_families *families,
                       ent_text_meaning meaning, void *user)
{
    uint32_t i = 0;
    lanes->n_odd = 0;
    while (i < lanes->n) {
        if (memo->bits > NEAR_BITS) {
            i = take_far(lanes, memo, i, families, meaning, user);
            continue;
        }
        uint32_t n = lanes->n - i < BLOCK ? lanes->n - i : BLOCK;
        bool ordered = memo->resting == 0;
        memo->resting -= !ordered;
        bool (*take)(const ent_column_lanes *, ent_text_memo *, uint32_t, uint32_t) = ordered ? try_order : take_known;
        if (lanes->cells || !take(lanes, memo, i, n)) {
            take_block(lanes, memo, i, i + n, meaning, user);
        }
        i += n;
    }
}
