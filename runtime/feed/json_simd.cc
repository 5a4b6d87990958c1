// One line of JSON into cells.  See json_simd.h.
//
// simdjson's on-demand reader hands out the tokens; because it is lazy, every value is walked here,
// so that a malformed line is found even where nobody wants the malformed part.  Numbers are
// checked against the grammar and kept as text: no digit is lost and none is too many. Out of
// memory is a status: no throwing containers; see choose_kernel for simdjson's own.
#define SIMDJSON_EXCEPTIONS 0
#include "runtime/feed/json_simd.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <simdjson.h>
#include <string_view>

using simdjson::ondemand::array;
using simdjson::ondemand::document;
using simdjson::ondemand::object;
using simdjson::ondemand::value;
using std::string_view;

namespace {

constexpr uint32_t depth_max = 256;
constexpr size_t capacity_min = 16384;

// A wanted name of which `at` bytes are matched by the members on the way here.
struct candidate {
    uint32_t name;
    uint32_t at;
};

string_view trimmed(string_view token) {
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\n' ||
                              token.back() == '\r')) {
        token.remove_suffix(1);
    }
    return token;
}

size_t digits(string_view s, size_t i) {
    size_t n = 0;
    while (i + n < s.size() && s[i + n] >= '0' && s[i + n] <= '9') {
        n++;
    }
    return n;
}

bool is_number(string_view s) {
    size_t i = !s.empty() && s[0] == '-' ? 1 : 0;
    size_t whole = digits(s, i);
    if (whole == 0 || (whole > 1 && s[i] == '0')) {
        return false;
    }
    i += whole;
    if (i < s.size() && s[i] == '.') {
        size_t fraction = digits(s, i + 1);
        if (fraction == 0) {
            return false;
        }
        i += 1 + fraction;
    }
    if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        i += i < s.size() && (s[i] == '+' || s[i] == '-') ? 1 : 0;
        size_t exponent = digits(s, i);
        if (exponent == 0) {
            return false;
        }
        i += exponent;
    }
    return i == s.size();
}

} // namespace

struct ent_json {
    simdjson::ondemand::parser parser;
    uint32_t n_names = 0;
    uint32_t levels = 0; // as deep as the names' dots reach
    string_view *names = nullptr;
    char *name_bytes = nullptr;
    candidate *candidates = nullptr; // n_names for each level
    bool *hits = nullptr;            // the same: names that end at the member in hand
    size_t capacity = 0;
};

namespace {

class line_reader {
public:
    line_reader(ent_json &json, const char *line, size_t len, char *scratch, ent_cell *row)
        : json_(json), line_(line), len_(len), scratch_(scratch), row_(row) {}

    ent_json_status read(ent_json_fault *fault) {
        if (!reserve()) {
            return ENT_JSON_MEMORY;
        }
        bool fine = walk_line();
        if (!fine) {
            fault->expected = expected_ != nullptr ? expected_ : "a JSON object";
            fault->byte = byte_;
        }
        return fine ? ENT_JSON_FINE : ENT_JSON_BAD;
    }

private:
    ent_json &json_;
    const char *line_;
    size_t len_;
    char *scratch_;
    ent_cell *row_;
    document *document_ = nullptr;
    const char *expected_ = nullptr;
    uint32_t byte_ = 0;
    uint32_t nesting_ = 0;

    bool reserve() {
        if (len_ <= json_.capacity) {
            return true;
        }
        size_t capacity = len_ * 2 > capacity_min ? len_ * 2 : capacity_min;
        if (json_.parser.allocate(capacity, json_.parser.max_depth()) != simdjson::SUCCESS) {
            return false;
        }
        json_.capacity = capacity;
        return true;
    }

    bool fail_at(const char *expected, const char *where) {
        if (expected_ == nullptr) {
            expected_ = expected;
            bool inside = where >= line_ && where <= line_ + len_;
            byte_ = inside ? static_cast<uint32_t>(where - line_) + 1 : 0;
        }
        return false;
    }

    bool fail_here(simdjson::error_code error) {
        const char *where = nullptr;
        if (document_ == nullptr || document_->current_location().get(where) != simdjson::SUCCESS) {
            where = nullptr;
        }
        switch (error) {
        case simdjson::UNCLOSED_STRING: return fail_at("a closing quote", nullptr);
        case simdjson::UNESCAPED_CHARS:
            return fail_at("control characters in texts to be escaped", nullptr);
        case simdjson::STRING_ERROR: return fail_at("a valid escape in the text", where);
        case simdjson::UTF8_ERROR: return fail_at("valid UTF-8", nullptr);
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
            return fail_at("a JSON object that ends with its line", nullptr);
        default: return fail_at("valid JSON, one object per line", where);
        }
    }

    bool walk_line() {
        for (uint32_t i = 0; i < json_.n_names; i++) {
            row_[i] = ent_cell{nullptr, 0, ENT_CELL_MISSING};
            json_.candidates[i] = candidate{i, 0};
        }
        document doc;
        simdjson::error_code error =
            json_.parser.iterate(line_, len_, len_ + ENT_JSON_PADDING).get(doc);
        if (error != simdjson::SUCCESS) {
            return fail_here(error);
        }
        document_ = &doc;
        object root;
        error = doc.get_object().get(root);
        if (error != simdjson::SUCCESS) {
            return error == simdjson::INCORRECT_TYPE ? fail_at("a JSON object", line_)
                                                     : fail_here(error);
        }
        if (!walk_object(root, 0, json_.n_names)) {
            return false;
        }
        const char *rest = nullptr;
        if (doc.current_location().get(rest) == simdjson::SUCCESS) {
            return fail_at("one object per line and nothing after it", rest);
        }
        return true;
    }

    // A key's text; a copy by the parser only if it has escapes.
    template <typename Field> bool key_text(Field &field, string_view &key) {
        const char *start = field.key().raw();
        const char *p = start;
        while (*p != '"' && *p != '\\') {
            p++;
        }
        if (*p == '"') {
            key = string_view(start, static_cast<size_t>(p - start));
            return true;
        }
        simdjson::error_code error = field.unescaped_key().get(key);
        return error == simdjson::SUCCESS || fail_here(error);
    }

    bool walk_object(object &o, uint32_t level, uint32_t n_candidates) {
        for (auto item : o) {
            simdjson::ondemand::field field;
            simdjson::error_code error = std::move(item).get(field);
            string_view key;
            if (error != simdjson::SUCCESS) {
                return fail_here(error);
            }
            if (!key_text(field, key)) {
                return false;
            }
            value v = field.value();
            if (!walk_member(v, key, level, n_candidates)) {
                return false;
            }
        }
        return true;
    }

    // Which wanted names end at this member, and which go on inside it.
    bool walk_member(value &v, string_view key, uint32_t level, uint32_t n_candidates) {
        if (n_candidates == 0) {
            return walk_value(v, nullptr, level, 0);
        }
        const candidate *now = json_.candidates + size_t(level) * json_.n_names;
        candidate *inner = json_.candidates + size_t(level + 1) * json_.n_names;
        bool *hits = json_.hits + size_t(level) * json_.n_names;
        uint32_t n_inner = 0;
        bool any = false;
        for (uint32_t i = 0; i < n_candidates; i++) {
            string_view name = json_.names[now[i].name].substr(now[i].at);
            bool begins =
                name.size() >= key.size() && memcmp(name.data(), key.data(), key.size()) == 0;
            hits[i] = begins && name.size() == key.size();
            any |= hits[i];
            if (begins && name.size() > key.size() && name[key.size()] == '.') {
                inner[n_inner++] = candidate{now[i].name, now[i].at + uint32_t(key.size()) + 1};
            }
        }
        string_view text;
        uint8_t state = ENT_CELL_MISSING;
        if (!walk_value(v, any ? &text : nullptr, level + 1, n_inner, &state)) {
            return false;
        }
        for (uint32_t i = 0; any && i < n_candidates; i++) {
            if (hits[i]) {
                row_[now[i].name] = ent_cell{state == ENT_CELL_MISSING ? nullptr : text.data(),
                                             uint32_t(text.size()), state};
            }
        }
        return true;
    }

    // Checks a value and everything in it; tells its text and state when `text` is wanted.
    bool walk_value(value &v, string_view *text, uint32_t level, uint32_t n_candidates,
                    uint8_t *state = nullptr) {
        string_view token = trimmed(v.raw_json_token());
        string_view found = token;
        uint8_t found_state = ENT_CELL_PRESENT;
        switch (token.empty() ? '\0' : token[0]) {
        case '{':
        case '[':
            if (!walk_nested(v, token[0], level, n_candidates, token.data(), found)) {
                return false;
            }
            break;
        case '"':
            if (!string_text(v, token, text != nullptr, found)) {
                return false;
            }
            found_state = found.empty() ? ENT_CELL_EMPTY : ENT_CELL_PRESENT;
            break;
        default:
            if (token == "null") {
                found = string_view();
                found_state = ENT_CELL_MISSING;
            } else if (token != "true" && token != "false" && !is_number(token)) {
                return fail_at("a JSON value", token.data());
            }
        }
        if (text != nullptr) {
            *text = found;
            *state = found_state;
        }
        return true;
    }

    bool walk_nested(value &v, char kind, uint32_t level, uint32_t n_candidates, const char *start,
                     string_view &found) {
        if (nesting_ >= depth_max) {
            return fail_at("at most 256 levels of nesting", start);
        }
        nesting_++;
        bool fine = kind == '{' ? walk_inner_object(v, level, n_candidates) : walk_array(v);
        nesting_--;
        const char *end = nullptr;
        if (!fine) {
            return false;
        }
        simdjson::error_code error = document_->current_location().get(end);
        if (error != simdjson::SUCCESS) {
            return fail_here(error);
        }
        found = trimmed(string_view(start, static_cast<size_t>(end - start)));
        return true;
    }

    bool walk_inner_object(value &v, uint32_t level, uint32_t n_candidates) {
        object o;
        simdjson::error_code error = v.get_object().get(o);
        return error == simdjson::SUCCESS ? walk_object(o, level, n_candidates) : fail_here(error);
    }

    bool walk_array(value &v) {
        array a;
        simdjson::error_code error = v.get_array().get(a);
        if (error != simdjson::SUCCESS) {
            return fail_here(error);
        }
        for (auto item : a) {
            value element;
            error = std::move(item).get(element);
            if (error != simdjson::SUCCESS) {
                return fail_here(error);
            }
            if (!walk_value(element, nullptr, 0, 0)) {
                return false;
            }
        }
        return true;
    }

    bool string_text(value &v, string_view token, bool wanted, string_view &found) {
        if (token.size() < 2 || token.back() != '"') {
            return fail_at("a comma or the end after the text", token.data());
        }
        found = token.substr(1, token.size() - 2);
        if (memchr(found.data(), '\\', found.size()) == nullptr) {
            // Taken explicitly: what simdjson skips by itself it takes for a key if a colon
            // follows.
            simdjson::ondemand::raw_json_string taken;
            simdjson::error_code skipped = v.get_raw_json_string().get(taken);
            return skipped == simdjson::SUCCESS || fail_here(skipped);
        }
        simdjson::error_code error = v.get_string().get(found);
        if (error != simdjson::SUCCESS) {
            return fail_at("a valid escape in the text", token.data());
        }
        if (wanted) {
            memcpy(scratch_, found.data(), found.size());
            found = string_view(scratch_, found.size());
            scratch_ += found.size();
        }
        return true;
    }
};

uint32_t count_dots(const char *name) {
    uint32_t n = 0;
    for (; *name != '\0'; name++) {
        n += *name == '.' ? 1 : 0;
    }
    return n;
}

bool copy_names(ent_json &json, const char *const *names) {
    size_t bytes = 1;
    uint32_t dots = 0;
    for (uint32_t i = 0; i < json.n_names; i++) {
        uint32_t n = count_dots(names[i]);
        dots = n > dots ? n : dots;
        bytes += strlen(names[i]);
    }
    json.levels = dots + 2;
    size_t room = (size_t(json.n_names) + 1) * json.levels;
    json.name_bytes = new (std::nothrow) char[bytes];
    json.names = new (std::nothrow) string_view[size_t(json.n_names) + 1];
    json.candidates = new (std::nothrow) candidate[room];
    json.hits = new (std::nothrow) bool[room];
    if (json.name_bytes == nullptr || json.names == nullptr || json.candidates == nullptr ||
        json.hits == nullptr) {
        return false;
    }
    char *out = json.name_bytes;
    for (uint32_t i = 0; i < json.n_names; i++) {
        size_t len = strlen(names[i]);
        memcpy(out, names[i], len);
        json.names[i] = string_view(out, len);
        out += len;
    }
    return true;
}

} // namespace

// simdjson builds its list of kernels at first use in the process, with a handful of small
// allocations inside noexcept functions, where failing means std::terminate.  So the first use is
// made here, and only when there is clearly memory for it.  A test that makes allocations fail must
// open one reader before it begins.
static bool choose_kernel() {
    void *probe = malloc(size_t(1) << 16);
    if (probe == nullptr) {
        return false;
    }
    free(probe);
    try {
        (void)simdjson::get_active_implementation()->name();
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

extern "C" ent_json *ent_json_create(const char *const *names, uint32_t n_names) {
    if (!choose_kernel()) {
        return nullptr;
    }
    ent_json *json = new (std::nothrow) ent_json;
    if (json == nullptr) {
        return nullptr;
    }
    json->n_names = n_names;
    if (!copy_names(*json, names)) {
        ent_json_destroy(json);
        return nullptr;
    }
    return json;
}

extern "C" void ent_json_destroy(ent_json *json) {
    if (json != nullptr) {
        delete[] json->name_bytes;
        delete[] json->names;
        delete[] json->candidates;
        delete[] json->hits;
        delete json;
    }
}

extern "C" ent_json_status ent_json_line(ent_json *json, const char *line, size_t len,
                                         char *scratch, ent_cell *row, ent_json_fault *fault) {
    return line_reader(*json, line, len, scratch, row).read(fault);
}
