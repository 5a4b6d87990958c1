/* The line that a draft is short for, see draft.h.
 *
 * Every item asks for its room once and then puts its bytes down without looking: the room covers names of
 * SHORT_NAME bytes, which draft.c keeps to. */
#include "runtime/ledger/draft.h"

#include <string.h>

#include "runtime/judge/answer.h"
#include "runtime/ledger/draft_private.h"

/* Room for all of an item but its own bytes: for a clock three instants, for a part three durations and a name. */
enum { ROOM = 2048 };

#define PUT(at, literal) (memcpy((at), (literal), sizeof(literal) - 1), (at) + sizeof(literal) - 1)

/* An instant whose text stands in the line already: facts tell those of the clock again. */
typedef struct told {
    int64_t ns;
    size_t at; /* in the text; 0: not told, as a line begins with a brace */
    size_t n;
} told;

typedef struct telling {
    ent_ledger *ledger;
    const ent_ledger_text *out;
    const ent_clause_text *clause;
    const ent_zone *zone;
    ent_draft_clock clock;
    told began, stopped;
} telling;

/* Short ones without a call, in two moves that may overlap. */
static inline char *put_bytes(char *at, const char *bytes, size_t n)
{
    if (n > 16 || n < 4) {
        memcpy(at, bytes, n);
    } else if (n >= 8) {
        memcpy(at, bytes, 8);
        memcpy(at + n - 8, bytes + n - 8, 8);
    } else {
        memcpy(at, bytes, 4);
        memcpy(at + n - 4, bytes + n - 4, 4);
    }
    return at + n;
}

/* What is moved beyond its end is not yet written, and there behind the piece. */
static inline char *put_piece(char *at, const ent_clause_piece *piece)
{
    for (size_t i = 0; i < piece->n; i += ENT_CLAUSE_PIECE_STEP) {
        memcpy(at + i, piece->p + i, ENT_CLAUSE_PIECE_STEP);
    }
    return at + piece->n;
}

static size_t digits_of(uint64_t value)
{
    size_t n = 1;
    for (uint64_t limit = 10; value >= limit && n < 19; limit *= 10) {
        n++;
    }
    return n + (value >= UINT64_C(10000000000000000000));
}

static char *put_number(char *at, uint64_t value)
{
    size_t n = digits_of(value);
    for (size_t i = n; i > 0; i--, value /= 10) {
        at[i - 1] = (char)('0' + value % 10);
    }
    return at + n;
}

static char *put_seconds(char *at, int64_t ns)
{
    enum { SECOND = 1000000000 };
    if (ns >= 0 && ns % SECOND == 0) {
        return put_number(at, (uint64_t)(ns / SECOND));
    }
    return at + ent_format_seconds(ns, at, ENT_SECONDS_TEXT_SIZE);
}

static inline char *put_new_instant(const telling *t, char *at, int64_t ns)
{
    return ent_civil_put(at, ns, t->zone, &t->ledger->instants);
}

static inline char *put_told(const telling *t, char *at, const told *again)
{
    memcpy(at, t->out->p + again->at, ENT_CIVIL_TEXT_MAX);
    return at + again->n;
}

static char *put_instant(const telling *t, char *at, int64_t ns)
{
    if (t->began.at > 0 && t->began.ns == ns) {
        return put_told(t, at, &t->began);
    }
    if (t->stopped.at > 0 && t->stopped.ns == ns) {
        return put_told(t, at, &t->stopped);
    }
    return put_new_instant(t, at, ns);
}

static inline char *put_and_remember(const telling *t, char *at, int64_t ns, told *as)
{
    char *end = put_new_instant(t, at, ns);
    *as = (told){ns, (size_t)(at - t->out->p), (size_t)(end - at)};
    return end;
}

static char *put_clock(telling *t, char *at)
{
    const ent_draft_clock *clock = &t->clock;
    at = PUT(at, ",\"clock\":{\"at\":\"");
    at = put_and_remember(t, at, clock->at_ns, &t->began);
    if (clock->has_due) {
        at = PUT(at, "\",\"due\":\"");
        at = put_new_instant(t, at, clock->due_ns);
    }
    if (clock->has_done) {
        at = PUT(at, "\",\"done\":\"");
        at = put_and_remember(t, at, clock->done_ns, &t->stopped);
    }
    if (clock->open) {
        at = PUT(at, "\",\"open\":true,\"elapsed\":\"");
    } else {
        at = PUT(at, "\",\"elapsed\":\"");
    }
    at = put_seconds(at, clock->elapsed_ns);
    at = PUT(at, "\",\"allowed\":\"");
    at = put_seconds(at, clock->allowed_ns);
    at = PUT(at, "\"},\"status\":\"");
    at = put_piece(at, &t->ledger->clauses.statuses[clock->status]);
    if (clock->status == ENT_STATUS_BREACH) {
        at = PUT(at, "\",\"shortfall\":\"");
        at = put_seconds(at, clock->elapsed_ns - clock->allowed_ns);
    }
    return PUT(at, "\"");
}

/* Elements of arrays have a comma behind them, the last of which makes room for the bracket. */
static char *put_close(char *at)
{
    at -= at[-1] == ',';
    return PUT(at, "]");
}

static char *put_part(const telling *t, char *at, const ent_draft_part *part, const char *share)
{
    at = PUT(at, "{\"party\":\"");
    at = put_piece(at, &t->ledger->clauses.parties[part->party]);
    if (part->has_share) {
        at = PUT(at, "\",\"share\":\"");
        at = put_bytes(at, share, part->n_share);
    }
    at = part->but_for ? PUT(at, "\",\"but_for\":true,\"degree\":\"") : PUT(at, "\",\"but_for\":false,\"degree\":\"");
    if (part->degree > 1) {
        at = PUT(at, "1/");
    }
    at = put_number(at, part->degree);
    if (part->has_times) {
        at = PUT(at, "\",\"held\":\"");
        at = put_seconds(at, part->held_ns);
        at = PUT(at, "\",\"excess\":\"");
        at = put_seconds(at, part->excess_ns);
    }
    if (part->has_without) {
        at = PUT(at, "\",\"without\":\"");
        at = put_seconds(at, part->without_ns);
    }
    return PUT(at, "\"},");
}

static char *put_stretch(const telling *t, char *at, const ent_draft_fact *fact)
{
    at = put_instant(t, at, fact->from_ns);
    if (fact->to_ns != fact->from_ns) {
        at = PUT(at, " .. ");
        at = put_instant(t, at, fact->to_ns);
    }
    return at;
}

static char *put_fact(const telling *t, char *at, const ent_draft_fact *fact)
{
    const ent_clause_texts *texts = &t->ledger->clauses;
    switch (fact->kind) {
    case ENT_FACT_TRIGGER:
        at = PUT(at, "{\"fact\":\"clock began ");
        at = put_instant(t, at, fact->from_ns);
        break;
    case ENT_FACT_STOPPED:
        at = PUT(at, "{\"fact\":\"clock stopped ");
        at = put_instant(t, at, fact->from_ns);
        break;
    case ENT_FACT_PAUSED:
        at = PUT(at, "{\"fact\":\"not counted ");
        at = put_stretch(t, at, fact);
        at = PUT(at, ", during ");
        at = put_piece(at, &texts->spans[fact->named]);
        break;
    default:
        at = PUT(at, "{\"fact\":\"held by ");
        at = put_piece(at, &texts->parties[fact->named]);
        at = PUT(at, " ");
        at = put_stretch(t, at, fact);
        at = fact->kind == ENT_FACT_HELD ? PUT(at, ", within what it was allowed")
                                         : PUT(at, ", beyond what it was allowed");
        break;
    }
    return PUT(at, "\"},");
}

static char *put_clock_rows(const telling *t, char *at)
{
    at = PUT(at, ",\"because\":[{\"fact\":\"clock began ");
    at = put_instant(t, at, t->clock.at_ns);
    if (t->clock.has_done) {
        at = PUT(at, "\"},{\"fact\":\"clock stopped ");
        at = put_instant(t, at, t->clock.done_ns);
    }
    return PUT(at, "\"}]");
}

/* What an item's figures are followed by. */
static uint32_t bytes_of(ent_draft_item item, const char *figures)
{
    uint32_t n = 0;
    uint16_t brief;
    if (item == ENT_DRAFT_JSON) {
        memcpy(&n, figures, sizeof n);
    } else if (item == ENT_DRAFT_SUBJECT) {
        memcpy(&brief, figures, sizeof brief);
        n = brief;
    }
    return n;
}

#define TAKE(figures, read) (memcpy((figures), (read), sizeof *(figures)), (read) += sizeof *(figures))

/* Where the item ends in the draft, and in *out where its text does. */
static const char *tell_item(telling *t, ent_draft_item item, const char *read, char **out)
{
    ent_draft_part part;
    ent_draft_fact fact;
    int64_t gap;
    char *at = *out;
    uint32_t n = bytes_of(item, read);
    switch (item) {
    case ENT_DRAFT_JSON:
        read += sizeof(uint32_t) + n;
        at = put_bytes(at, read - n, n);
        break;
    case ENT_DRAFT_SUBJECT:
        read += sizeof(uint16_t) + n;
        at = put_piece(at, &t->clause->subject);
        at = put_bytes(at, read - n, n);
        at = PUT(at, "\"}");
        break;
    case ENT_DRAFT_CLOCK:
        TAKE(&t->clock, read);
        at = put_clock(t, at);
        break;
    case ENT_DRAFT_ACCOUNTABLE:
        at = put_piece(at, &t->clause->accountable);
        break;
    case ENT_DRAFT_PARTS:
        at = PUT(at, ",\"responsible\":[");
        break;
    case ENT_DRAFT_PART:
        TAKE(&part, read);
        at = put_part(t, at, &part, read);
        read += part.n_share;
        break;
    case ENT_DRAFT_GAP:
        TAKE(&gap, read);
        at = PUT(at, ",\"structural_gap\":\"");
        at = put_seconds(at, gap);
        at = PUT(at, "\"");
        break;
    case ENT_DRAFT_CLOCK_ROWS:
        at = put_clock_rows(t, at);
        break;
    case ENT_DRAFT_FACTS:
        at = PUT(at, ",\"because\":[");
        break;
    case ENT_DRAFT_FACT:
        TAKE(&fact, read);
        at = put_fact(t, at, &fact);
        break;
    case ENT_DRAFT_CLOSE:
        at = put_close(at);
        break;
    }
    *out = at;
    return read;
}

bool ent_ledger_draft_text(ent_ledger *ledger, const ent_engine *session, const char *draft, int64_t seq,
                           ent_ledger_text *out)
{
    uint32_t head[2];
    memcpy(head, draft, sizeof head);
    const ent_clause_text *clause = &ledger->clauses.v[head[1]];
    const size_t room = ROOM + clause->begin.n + clause->subject.n + clause->accountable.n + clause->end.n;
    telling t = {.ledger = ledger,
                 .out = out,
                 .clause = clause,
                 .zone = ent_engine_agreement_zone(session, clause->agreement)};
    char *at = ent_ledger_text_room(out, room);
    if (!at) {
        return false;
    }
    if (seq > 0) {
        at = PUT(at, "{\"seq\":");
        at = put_number(at, (uint64_t)seq);
    }
    char *begin = at;
    at = put_piece(at, &clause->begin);
    *begin = seq > 0 ? ',' : '{'; /* what comes first in a line */
    for (const char *read = draft + ENT_DRAFT_HEAD; read < draft + head[0];) {
        ent_draft_item item = (ent_draft_item)*read++;
        out->n = (size_t)(at - out->p);
        at = ent_ledger_text_room(out, room + bytes_of(item, read));
        if (!at) {
            return false;
        }
        read = tell_item(&t, item, read, &at);
    }
    at = put_piece(at, &clause->end);
    out->n = (size_t)(at - out->p);
    return true;
}
