// libsimdjson, loaded when the first feed of JSON is opened.
//
// It brings libstdc++ and what that needs with it, which is a third of the time from the command's start to the first
// row; most runs read CSV.  All that the reader of lines (runtime/feed/json_simd.cc) takes from the library by name is
// the function that is defined here instead; the rest goes through what that gives.  Programs that link libentente
// have the library from the start.
// Tested by tests/golden/run, whose feeds are JSON, too.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <simdjson.h>

namespace {

using implementation_ptr = simdjson::internal::atomic_ptr<const simdjson::implementation>;
using getter = implementation_ptr &();

constexpr int exit_environment = 4; // ENT_EXIT_ENVIRONMENT, see run.h

// As the loader does where a library is missing at the start.
getter *load() {
    void *library = dlopen(ENT_SIMDJSON_SONAME, RTLD_NOW | RTLD_LOCAL);
    void *found = library != nullptr ? dlsym(library, "_ZN8simdjson25get_active_implementationEv") : nullptr;
    if (found == nullptr) {
        std::fprintf(stderr, "error: JSON cannot be read: %s\n", dlerror());
        std::exit(exit_environment);
    }
    return reinterpret_cast<getter *>(found);
}

} // namespace

namespace simdjson {

implementation_ptr &get_active_implementation() {
    static getter *const get = load();
    return get();
}

} // namespace simdjson
