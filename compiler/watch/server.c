/* See server.h. */
#include "compiler/watch/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/vm/exact.h"

enum {
    CONNECTIONS = 256,
    STREAMS = 128,
    SECONDS = 30,                        /* that a client may be silent */
    BODIES_MAX = 4 * ENT_WATCH_BODY_MAX, /* bytes of all requests together */
    STREAM_BLOCK = 1 << 14,
    ALIVE_SECONDS = 15
};

typedef struct request {
    char *body;
    size_t len, capacity;
    unsigned refused; /* status of the answer that was given before the body had come */
} request;

/* A client that is told decisions as they come. */
typedef struct stream {
    struct ent_watch_server *server;
    struct MHD_Connection *connection;
    uint64_t next; /* decision to send */
    char *text;    /* of an event that did not fit into one block */
    size_t at, n, capacity;
    bool suspended, alive;
    int64_t sent_ns;
    struct stream *following;
} stream;

/* A connection, and how long its request has been under way. */
typedef struct visitor {
    int fd;
    bool streams; /* it is told decisions, for as long as it likes */
    int64_t since_ns;
    struct visitor *following;
} visitor;

typedef struct ent_watch_server {
    ent_watch *w;
    struct MHD_Daemon *daemon;
    ent_watch_access access;
    visitor *visitors;
    size_t bodies; /* bytes */
    uint64_t counts[ENT_WATCH_STATUSES];
    stream *streams;
    size_t n_streams;
    bool closing;
} server;

const uint64_t *ent_watch_server_counts(const ent_watch *w)
{
    return w->server ? w->server->counts : NULL;
}

size_t ent_watch_server_streams(const ent_watch *w)
{
    return w->server ? w->server->n_streams : 0;
}

/* --- answers --- */

static void add_headers(struct MHD_Response *response, const char *type)
{
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src "
                            "'self'; img-src data:; "
                            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

static enum MHD_Result send_bytes(server *s, struct MHD_Connection *c, unsigned status,
                                  const char *type, const void *bytes, size_t n,
                                  unsigned retry_after)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
    if (!response) {
        return MHD_NO;
    }
    add_headers(response, type);
    if (retry_after > 0) {
        char text[16];
        snprintf(text, sizeof text, "%u", retry_after);
        MHD_add_response_header(response, "Retry-After", text);
    }
    if (status == 401) {
        MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"entente\", Bearer");
    }
    if (status >= 400) {
        MHD_add_response_header(response, "Connection", "close");
    }
    s->counts[status < ENT_WATCH_STATUSES ? status : 0]++;
    enum MHD_Result queued = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_reply(server *s, struct MHD_Connection *c, ent_watch_reply *reply)
{
    bool json = reply->text.n == 0;
    if (reply->status == 204) {
        ent_json_deinit(&reply->out);
        return send_bytes(s, c, 204, "text/plain", "", 0, 0);
    }
    bool ok = json ? ent_json_is_complete(&reply->out) : !reply->text.failed;
    const char *type = reply->type ? reply->type : "application/json";
    enum MHD_Result result =
        ok ? send_bytes(s, c, reply->status, type,
                        json ? (const void *)reply->out.data : reply->text.p,
                        json ? reply->out.len : reply->text.n, reply->retry_after)
           : send_bytes(s, c, 500, "text/plain", "out of memory\n", 14, 0);
    ent_json_deinit(&reply->out);
    ent_watch_bytes_deinit(&reply->text);
    return result;
}

static enum MHD_Result send_error(server *s, struct MHD_Connection *c, unsigned status,
                                  unsigned retry_after, const char *text)
{
    ent_watch_reply reply = {.retry_after = retry_after};
    ent_json_init(&reply.out, 0);
    ent_watch_reply_error(&reply, status, "%s", text);
    return send_reply(s, c, &reply);
}

/* --- connections --- */

/* Its request begins or ends, or goes on as long as it likes.  Where there was no memory for a
 * visitor nothing is remembered of it. */
static void note_visitor(const server *s, struct MHD_Connection *c, bool streams)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    visitor *v = info ? info->socket_context : NULL;
    if (v) {
        v->streams = streams;
        v->since_ns = s->w->now_ns;
    }
}

static void on_connection(void *user, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    server *s = user;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        visitor *v = info ? calloc(1, sizeof *v) : NULL;
        *context = v;
        if (v) {
            *v = (visitor){info->connect_fd, false, s->w->now_ns, s->visitors};
            s->visitors = v;
        }
        return;
    }
    visitor **at = &s->visitors;
    while (*at && *at != *context) {
        at = &(*at)->following;
    }
    if (*at) {
        *at = (*at)->following;
    }
    free(*context);
    *context = NULL;
}

/* Who sends a byte now and then is never silent, and would keep a place for ever. */
static void end_slow_ones(server *s)
{
    for (visitor *v = s->visitors; v; v = v->following) {
        if (!v->streams && s->w->now_ns - v->since_ns > s->w->options->request_ns) {
            (void)shutdown(v->fd, SHUT_RDWR);
        }
    }
}

/* --- streams --- */

static bool fill_event(stream *st)
{
    ent_watch *w = st->server->w;
    char head[64];
    char *line = NULL;
    size_t capacity = 0;
    size_t len = ent_watch_line_read(w, st->next + 1, &line, &capacity);
    st->at = st->n = 0;
    if (len < 2) {
        free(line);
        return false;
    }
    size_t n =
        (size_t)snprintf(head, sizeof head, "id: %llu\ndata: ", (unsigned long long)st->next);
    if (st->capacity < n + len + 1) {
        char *grown = realloc(st->text, n + len + 1);
        if (!grown) {
            free(line);
            return false;
        }
        st->text = grown;
        st->capacity = n + len + 1;
    }
    memcpy(st->text, head, n);
    memcpy(st->text + n, line, len); /* its newline too */
    st->text[n + len] = '\n';
    st->n = n + len + 1;
    st->next++;
    free(line);
    return true;
}

static ssize_t read_stream(void *user, uint64_t position, char *buf, size_t size)
{
    stream *st = user;
    size_t n = 0;
    (void)position;
    if (st->server->closing) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (st->alive && st->at == st->n) {
        st->alive = false;
        memcpy(buf, ":\n\n", 3);
        n = 3;
    }
    while (n < size && (st->at < st->n || fill_event(st))) {
        size_t part = st->n - st->at < size - n ? st->n - st->at : size - n;
        memcpy(buf + n, st->text + st->at, part);
        st->at += part;
        n += part;
    }
    if (n == 0) {
        MHD_suspend_connection(st->connection);
        st->suspended = true;
    } else {
        st->sent_ns = st->server->w->now_ns;
    }
    return (ssize_t)n;
}

static void free_stream(void *user)
{
    stream *st = user;
    stream **at = &st->server->streams;
    while (*at && *at != st) {
        at = &(*at)->following;
    }
    if (*at) {
        *at = st->following;
        st->server->n_streams--;
    }
    free(st->text);
    free(st);
}

static enum MHD_Result begin_stream(server *s, struct MHD_Connection *c, uint64_t after)
{
    if (s->n_streams >= STREAMS) {
        return send_error(s, c, 503, 30, "too many clients follow already");
    }
    stream *st = calloc(1, sizeof *st);
    struct MHD_Response *response =
        st ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, st,
                                               free_stream)
           : NULL;
    if (!response) {
        free(st);
        return MHD_NO;
    }
    *st = (stream){
        .server = s, .connection = c, .next = after + 1, .alive = true, .following = s->streams};
    s->streams = st;
    s->n_streams++;
    note_visitor(s, c, true);
    add_headers(response, "text/event-stream");
    s->counts[200]++;
    enum MHD_Result queued = MHD_queue_response(c, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static void wake_streams(server *s)
{
    ent_watch *w = s->w;
    for (stream *st = s->streams; st; st = st->following) {
        bool news = st->next < w->n_lines;
        bool quiet = w->now_ns - st->sent_ns > ALIVE_SECONDS * ENT_WATCH_SECOND;
        if (st->suspended && (news || quiet || s->closing)) {
            st->alive |= quiet;
            st->suspended = false;
            MHD_resume_connection(st->connection);
        }
    }
}

/* --- requests --- */

static const char *header(struct MHD_Connection *c, const char *name)
{
    const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
    return value ? value : "";
}

static const char *argument(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
}

static uint64_t number_argument(struct MHD_Connection *c, const char *name)
{
    const char *text = argument(c, name);
    int64_t value;
    return text && ent_parse_i64(text, strlen(text), &value) && value > 0 ? (uint64_t)value : 0;
}

static enum MHD_Result get_decisions(server *s, struct MHD_Connection *c)
{
    ent_watch_query q = {.after = number_argument(c, "after"),
                         .before = number_argument(c, "before"),
                         .limit = number_argument(c, "limit"),
                         .newest = number_argument(c, "newest") > 0,
                         .agreement = argument(c, "agreement"),
                         .clause = argument(c, "clause"),
                         .status = argument(c, "status"),
                         .party = argument(c, "party"),
                         .kind = argument(c, "kind")};
    if (strstr(header(c, "Accept"), "text/event-stream")) {
        const char *last = header(c, "Last-Event-ID");
        int64_t after;
        if (ent_parse_i64(last, strlen(last), &after) && after > 0) {
            q.after = (uint64_t)after;
        } else if (q.newest) {
            q.after = s->w->n_lines > 0 ? s->w->n_lines - 1 : 0;
        }
        return begin_stream(s, c, q.after < INT64_MAX ? q.after : 0);
    }
    ent_watch_reply reply = {.status = 200};
    ent_json_init(&reply.out, 0);
    ent_watch_show_decisions(s->w, &q, &reply.out);
    return send_reply(s, c, &reply);
}

static enum MHD_Result get(server *s, struct MHD_Connection *c, const char *path)
{
    ent_watch_reply reply = {.status = 200};
    const ent_watch_asset *asset = ent_watch_asset_find(path);
    if (strcmp(path, "/healthz") != 0 &&
        !ent_watch_may_look(&s->access, header(c, "Authorization"))) {
        return send_error(s, c, 401, 0,
                          "a token is asked for: as password, or `Authorization: Bearer TEXT`");
    }
    if (asset) {
        return send_bytes(s, c, 200, asset->type, asset->begin, (size_t)(asset->end - asset->begin),
                          0);
    }
    if (strcmp(path, "/decisions") == 0) {
        return get_decisions(s, c);
    }
    if (strcmp(path, "/standing") == 0) {
        const ent_json_out *answer = ent_watch_show_standing(s->w);
        return ent_json_is_complete(answer)
                   ? send_bytes(s, c, 200, "application/json", answer->data, answer->len, 0)
                   : send_error(s, c, 500, 0, "out of memory");
    }
    ent_json_init(&reply.out, 0);
    if (strcmp(path, "/healthz") == 0) {
        ent_watch_show_health(s->w, &reply);
    } else if (strcmp(path, "/metrics") == 0) {
        reply.type = "text/plain; version=0.0.4; charset=utf-8";
        ent_watch_show_metrics(s->w, &reply.text);
    } else {
        ent_watch_reply_error(
            &reply, 404, "there is nothing here: see /, /standing, /decisions, /metrics, /healthz");
    }
    return send_reply(s, c, &reply);
}

/* A refusal that needs no body; 0: go on. */
static unsigned refuse_early(const server *s, struct MHD_Connection *c, const char *path,
                             const char **why)
{
    const char *length = header(c, "Content-Length");
    int64_t n;
    if (strncmp(path, "/feed/", 6) != 0 && strcmp(path, "/api/v1/write") != 0) {
        *why = "rows go to /feed/NAME, remote write to /api/v1/write";
        return 404;
    }
    if (!ent_watch_may_push(&s->access, header(c, "Authorization"))) {
        *why = "a push must carry the token: `Authorization: Bearer TEXT`";
        return 401;
    }
    if (header(c, "Origin")[0] && !s->access.push) {
        *why = "web pages may not push unless a token is asked for";
        return 403;
    }
    if (length[0] && (!ent_parse_i64(length, strlen(length), &n) || n > ENT_WATCH_BODY_MAX)) {
        *why = "a request has at most 16 MiB: send the rows in parts";
        return 413;
    }
    return 0;
}

static enum MHD_Result post(server *s, struct MHD_Connection *c, const char *path, const request *r)
{
    ent_watch_reply reply = {0};
    ent_watch_request given = {
        .path = path,
        .type = header(c, "Content-Type"),
        .coding = header(c, "Content-Encoding"),
        .key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Idempotency-Key"),
        .body = r->body ? r->body : "",
        .len = r->len};
    ent_json_init(&reply.out, 0);
    if (strcmp(path, "/api/v1/write") == 0) {
        ent_watch_push_remote(s->w, &given, &reply);
    } else {
        ent_watch_push_rows(s->w, &given, &reply);
    }
    return send_reply(s, c, &reply);
}

static bool collect(server *s, request *r, const char *data, size_t n)
{
    if (n > ENT_WATCH_BODY_MAX - r->len) {
        r->refused = 413;
        return false;
    }
    if (r->len + n > r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 1 << 14;
        capacity = capacity < r->len + n ? r->len + n : capacity;
        char *grown =
            s->bodies + capacity - r->capacity > BODIES_MAX ? NULL : realloc(r->body, capacity);
        if (!grown) {
            r->refused = 503;
            return false;
        }
        s->bodies += capacity - r->capacity;
        r->body = grown;
        r->capacity = capacity;
    }
    memcpy(r->body + r->len, data, n);
    r->len += n;
    return true;
}

static enum MHD_Result take_post(server *s, struct MHD_Connection *c, const char *path,
                                 const char *data, size_t *n, void **state)
{
    const char *why = "";
    request *r = *state;
    if (!r) {
        unsigned refused = refuse_early(s, c, path, &why);
        *state = r = calloc(1, sizeof *r);
        if (!r) {
            return MHD_NO;
        }
        return refused ? send_error(s, c, refused, 0, why) : MHD_YES;
    }
    if (*n > 0) {
        /* what is too much is read and thrown away, so that the client hears why */
        if (r->refused == 0) {
            (void)collect(s, r, data, *n);
        }
        *n = 0;
        return MHD_YES;
    }
    if (r->refused) {
        return send_error(s, c, r->refused, r->refused == 503 ? 5 : 0,
                          r->refused == 413 ? "a request has at most 16 MiB: send the rows in parts"
                                            : "too many requests at once");
    }
    return post(s, c, path, r);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **state)
{
    server *s = user;
    (void)version;
    if (strcmp(method, "POST") == 0) {
        return take_post(s, c, path, data, n, state);
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return send_error(s, c, 405, 0, "GET and POST are what there is");
    }
    if (!*state) {
        *state = s; /* its headers have been seen */
        return MHD_YES;
    }
    *state = NULL;
    return get(s, c, path);
}

static void on_done(void *user, struct MHD_Connection *c, void **state,
                    enum MHD_RequestTerminationCode how)
{
    server *s = user;
    request *r = *state; /* or the server itself: a GET */
    (void)how;
    note_visitor(s, c, false);
    if (r && *state != s) {
        s->bodies -= r->capacity;
        free(r->body);
        free(r);
    }
    *state = NULL;
}

/* --- the daemon --- */

static bool resolve(ent_watch *w, struct addrinfo **found)
{
    char host[256];
    const char *colon = strrchr(w->options->listen, ':');
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    size_t n = colon ? (size_t)(colon - w->options->listen) : 0;
    const char *begin = w->options->listen;
    if (!colon || n >= sizeof host) {
        return ent_watch_fail(w, 2, "--listen is HOST:PORT such as 127.0.0.1:9464, not `%s`",
                              w->options->listen);
    }
    if (n >= 2 && begin[0] == '[' && begin[n - 1] == ']') {
        begin++;
        n -= 2;
    }
    memcpy(host, begin, n);
    host[n] = 0;
    int status = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, found);
    return status == 0 || ent_watch_fail(w, 2, "cannot listen at `%s`: %s", w->options->listen,
                                         gai_strerror(status));
}

static int open_socket(ent_watch *w)
{
    struct addrinfo *at;
    int on = 1;
    if (!resolve(w, &at)) {
        return -1;
    }
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        ent_watch_fail(w, 4, "cannot listen at `%s`: %s", w->options->listen, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }
    freeaddrinfo(at);
    return fd;
}

static void say_where(const ent_watch *w, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        ent_watch_say(w,
                      address.ss_family == AF_INET6 ? "note: listening at http://[%s]:%s/"
                                                    : "note: listening at http://%s:%s/",
                      host, port);
    }
}

bool ent_watch_server_open(ent_watch *w)
{
    if (!w->options->listen) {
        return true;
    }
    server *s = calloc(1, sizeof *s);
    if (!s) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    s->w = w;
    w->server = s;
    if (!ent_watch_access_open(w, &s->access)) {
        return false;
    }
    int fd = open_socket(w);
    if (fd < 0) {
        return false;
    }
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(1 << 16), MHD_OPTION_NOTIFY_COMPLETED, on_done, s, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_END);
    if (!s->daemon) {
        close(fd);
        return ent_watch_fail(w, 4, "cannot start the server at `%s`", w->options->listen);
    }
    say_where(w, fd);
    return true;
}

void ent_watch_server_close(ent_watch *w)
{
    server *s = w->server;
    if (!s) {
        return;
    }
    if (s->daemon) {
        s->closing = true;
        wake_streams(s);
        (void)MHD_run(s->daemon);
        MHD_stop_daemon(s->daemon);
    }
    ent_watch_access_close(&s->access);
    free(s);
    w->server = NULL;
}

int ent_watch_server_fd(const ent_watch *w)
{
    const union MHD_DaemonInfo *info =
        w->server ? MHD_get_daemon_info(w->server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    return info ? info->epoll_fd : -1;
}

int ent_watch_server_timeout(const ent_watch *w)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (!w->server || MHD_get_timeout(w->server->daemon, &ms) != MHD_YES) {
        return -1;
    }
    return ms > 1000 ? 1000 : (int)ms;
}

void ent_watch_server_turn(ent_watch *w)
{
    if (w->server) {
        wake_streams(w->server);
        end_slow_ones(w->server);
        (void)MHD_run(w->server->daemon);
    }
}
