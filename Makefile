# Entente: one non-recursive Makefile.
#
#   make            builds build/entente and build/libentente.{a,so} with what is there
#   make demo       installs what is missing, builds, and runs the month-end example
#   make check      installs what is missing, builds, and runs every test
#   make install    DESTDIR= PREFIX=/usr/local
#   make fuzz       longer fuzzing;  make lint  formatting and layers;  make clean
#   make coverage   which lines the unit tests and golden runs reach;  make dist  the sources as one archive
#   make bench      times beside other engines, whose folder is BENCH_DIR;  make bench-deps  installs them
#
# SANITIZE=1 builds everything with ASan and UBSan under build/sanitize; CC=clang builds with clang; SHARED=1 links the
# command with shared libraries only.

PREFIX ?= /usr/local
DESTDIR ?=
CC = gcc
FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 300
CXX = $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),g++)
VERSION := $(shell sed -n 's/^.define ENT_VERSION_TEXT "\(.*\)"/\1/p' runtime/include/entente.h)
SO_MAJOR := $(firstword $(subst ., ,$(VERSION)))

ifdef FUZZ
B := build/fuzz
CC := $(FUZZ_CC)
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
       -fno-sanitize=function
FUZZ_C := -DENT_FUZZ_LIBFUZZER
FUZZ_LINK := -fsanitize=fuzzer
else ifdef SANITIZE
B := build/sanitize
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifdef COVERAGE
B := build/coverage
OPT := -O1 -g --coverage -fprofile-update=atomic -Wno-format-truncation
else ifneq (,$(findstring clang,$(CC)))
B := build/clang
OPT := -O2 -g
FAST := -O3
else
B := build
OPT := -O2 -g
FAST := -O3
endif

WARN := -Wall -Wextra -Wshadow -Wconversion -Werror
CPPFLAGS := -I. -Iruntime/include -I$(B)/gen -D_GNU_SOURCE
CFLAGS := -std=c17 $(OPT) $(WARN) -fno-math-errno -fPIC -fvisibility=hidden
CXXFLAGS := -std=c++17 $(OPT) -Wall -Wextra -Wshadow -Werror -fPIC -fno-rtti -fvisibility=hidden
GENFLAGS := -std=c17 $(OPT) -fPIC -fvisibility=hidden -w
# malloc and its kin are the runtime's own in all of our code: see runtime/memory/account.h
MEMORY := -include runtime/memory/memory.h
RUNTIME_LIBS := -lz -lzstd -llzma -lsimdjson -lsodium -lffi -ldl -lm -lpthread
IDE_LIBS := -ljansson
WATCH_LIBS := -lmicrohttpd -lcurl -lsnappy -lprotobuf-c -ljansson

# What `entente` itself is linked with.  Most of its start was loading shared libraries, so those that there are
# archives of are in it, libsimdjson is loaded where JSON is read, and what it takes of libm is in libc, too, but for
# floor(), which gcc -O2 makes itself.  SHARED=1 links it as other programs are, and so does a sanitizer, which has to be
# there before libstdc++.
ifeq (,$(SHARED)$(findstring -fsanitize,$(OPT)))
SIMDJSON_SONAME := $(shell readelf -d "$$($(CXX) -print-file-name=libsimdjson.so)" 2>/dev/null | \
                           sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
endif
ifneq (,$(SIMDJSON_SONAME))
COMMAND_CC := compiler/entente/json_library.cc
COMMAND_LINK = $(CC) -static-libgcc
archive = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
COMMAND_LIBS = $(foreach l,jansson z zstd lzma sodium ffi stdc++,$(call archive,$(l))) -ldl -lpthread \
               $(if $(and $(findstring gcc,$(CC)),$(findstring -O2,$(OPT))),,-lm)
else
COMMAND_LINK := $(CXX)
COMMAND_LIBS := $(IDE_LIBS) $(RUNTIME_LIBS)
endif

# to build, and what the tests need besides: servers, a browser, other hosts
PACKAGES := gcc g++ flex bison pkg-config libffi-dev zlib1g-dev libzstd-dev liblzma-dev libsimdjson-dev libical-dev \
            libsodium-dev libmicrohttpd-dev libcurl4-openssl-dev libsnappy-dev libprotobuf-c-dev \
            protobuf-c-compiler libjansson-dev libsqlite3-dev tzdata
TEST_PACKAGES := libcmocka-dev curl openssh-client python3 python3-jsonschema python3-pip xz-utils zstd prometheus chromium sqlite3 \
                 postgresql-15 postgresql-server-dev-15 nodejs clang-14 lld-14 wasi-libc \
                 libclang-rt-14-dev-wasm32 libclang-rt-14-dev

RUNTIME_C := $(sort $(wildcard runtime/memory/*.c runtime/bytecode/*.c runtime/vm/*.c runtime/time/*.c runtime/state/*.c \
               runtime/judge/*.c runtime/feed/*.c runtime/ledger/*.c runtime/consent/*.c \
               runtime/embed/*.c runtime/native/*.c))
RUNTIME_CC := $(sort $(wildcard runtime/feed/*.cc))
COMPILER_C := $(sort $(filter-out compiler/entente/% compiler/ide/% compiler/watch/%,$(wildcard compiler/*/*.c)))
COMMAND_C := $(sort $(filter-out compiler/entente/gen_bytecode_doc.c,$(wildcard compiler/entente/*.c compiler/ide/*.c)))
WATCH_C := $(sort $(wildcard compiler/watch/*.c))
UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
DRIVER_C := $(sort $(wildcard tests/property/*_driver.c) $(wildcard tests/fuzz/fuzz_*.c))

RUNTIME_O := $(RUNTIME_C:%.c=$(B)/obj/%.o) $(RUNTIME_CC:%.cc=$(B)/obj/%.o)
COMPILER_O := $(COMPILER_C:%.c=$(B)/obj/%.o) $(B)/obj/gen/parser.o $(B)/obj/gen/lexer.o
COMMAND_O := $(COMMAND_C:%.c=$(B)/obj/%.o)
COMMAND_CC_O := $(COMMAND_CC:%.cc=$(B)/obj/%.o)
WATCH_O := $(WATCH_C:%.c=$(B)/obj/%.o) $(B)/obj/gen/remote.pb-c.o
UNIT := $(UNIT_C:tests/unit/%.c=$(B)/tests/%)
DRIVERS := $(patsubst %.c,$(B)/tests/%,$(notdir $(DRIVER_C)))

.PHONY: all demo check fuzz lint install clean deps test-deps tools test-programs docs bench bench-record bench-plots bench-deps
.DELETE_ON_ERROR:
.SECONDARY:

all: tools $(B)/entente $(B)/libentente.so $(B)/libentente.a $(B)/libentente-compiler.so

# --- what a machine needs -------------------------------------------------------------------------

test-deps: WANTED = $(PACKAGES) $(TEST_PACKAGES)
deps: WANTED = $(PACKAGES)
deps test-deps:
	@missing=""; for p in $(WANTED); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	    echo "Entente needs packages that are not installed; installing with apt-get:$$missing"; \
	    if [ "$$(id -u)" = 0 ]; then run=""; else run="sudo"; fi; \
	    $$run env DEBIAN_FRONTEND=noninteractive apt-get update -qq && \
	    $$run env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

tools:
	@for t in flex bison protoc-c $(firstword $(CC)) $(CXX); do command -v $$t >/dev/null || { \
	    echo "make: $$t is missing; 'make deps' installs all that is needed" >&2; exit 1; }; done
	@for h in zlib.h zstd.h lzma.h simdjson.h libical/ical.h sodium.h ffi.h microhttpd.h curl/curl.h snappy-c.h \
	    protobuf-c/protobuf-c.h jansson.h; do \
	    echo "#include <$$h>" | $(CXX) -std=c++17 -E -x c++ - >/dev/null 2>&1 || { \
	    echo "make: the header $$h is missing; 'make deps' installs all that is needed" >&2; exit 1; }; done

# --- build ----------------------------------------------------------------------------------------

$(B)/gen/parser.c: compiler/syntax/parser.y
	@mkdir -p $(@D)
	bison -Wall -Wcex -Werror --defines=$(B)/gen/parser.h -o $@ $<
$(B)/gen/parser.h: $(B)/gen/parser.c
$(B)/gen/lexer.c: compiler/syntax/lexer.l $(B)/gen/parser.h
	flex --header-file=$(B)/gen/lexer.h -o $@ $<
$(B)/gen/lexer.h: $(B)/gen/lexer.c

$(B)/gen/remote.pb-c.c: compiler/watch/remote.proto
	@mkdir -p $(@D)
	protoc-c -Icompiler/watch --c_out=$(B)/gen remote.proto
$(B)/gen/remote.pb-c.h: $(B)/gen/remote.pb-c.c
$(B)/obj/compiler/watch/remote.o: $(B)/gen/remote.pb-c.h
# the page's files become bytes of this object
$(B)/obj/compiler/watch/assets.o: $(wildcard compiler/watch/page.*)
$(B)/obj/compiler/entente/report_html.o: compiler/entente/report.css

# the compiler's library has the modules of the standard library in it
STDLIB := $(sort $(wildcard stdlib/*.ent))
$(B)/gen/stdlib.def: $(STDLIB)
	@mkdir -p $(@D)
	for m in $(STDLIB:stdlib/%.ent=%); do echo "MODULE($$m)"; done > $@
$(B)/obj/compiler/embed/stdlib.o: $(B)/gen/stdlib.def

$(B)/obj/gen/%.o: $(B)/gen/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Icompiler/syntax $(MEMORY) $(GENFLAGS) -MMD -MP -c -o $@ $<
$(B)/obj/compiler/%.o: compiler/%.c $(B)/gen/parser.h $(B)/gen/lexer.h Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(MEMORY) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/obj/compiler/%.o: compiler/%.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) -DENT_SIMDJSON_SONAME='"$(SIMDJSON_SONAME)"' $(CXXFLAGS) -MMD -MP -c -o $@ $<
$(B)/obj/runtime/%.o: runtime/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(MEMORY) $(CFLAGS) $(FAST) -MMD -MP -c -o $@ $<
$(B)/obj/runtime/%.o: runtime/%.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(FAST) -MMD -MP -c -o $@ $<

$(B)/libentente.a: $(RUNTIME_O)
	rm -f $@
	ar rcs $@ $^
# what a shared library gives out: the functions of its header, by name, and nothing that comes in from elsewhere
vpath entente%.h runtime/include compiler/include
$(B)/gen/%.map: %.h
	@mkdir -p $(@D)
	sed -n 's/^ENT_API .*[ *]\(ent_[a-z0-9_]*\)(.*/    \1;/p' $< | sed -e '1i { global:' -e '$$a local: *; };' > $@
$(B)/libentente.so: $(RUNTIME_O) $(B)/gen/entente.map
	$(CXX) $(OPT) -shared -Wl,-soname,libentente.so.$(SO_MAJOR) -Wl,-z,defs \
	    -Wl,--version-script=$(B)/gen/entente.map -o $@ $(RUNTIME_O) $(RUNTIME_LIBS)
	ln -sf libentente.so $@.$(SO_MAJOR)
$(B)/libentente-compiler.a: $(COMPILER_O)
	rm -f $@
	ar rcs $@ $^
# Its own interface, and of all else only what that needs, with the runtime's parts hidden in it.
$(B)/libentente-compiler.so: $(B)/libentente-compiler.a $(B)/libentente.a $(B)/gen/entente-compiler.map
	$(CXX) $(OPT) -shared -Wl,-soname,libentente-compiler.so.$(SO_MAJOR) -Wl,-z,defs -Wl,--as-needed \
	    -Wl,--version-script=$(B)/gen/entente-compiler.map -o $@ \
	    $(filter $(B)/obj/compiler/embed/%,$(COMPILER_O)) $(B)/libentente-compiler.a $(B)/libentente.a \
	    $(RUNTIME_LIBS)
	ln -sf libentente-compiler.so $@.$(SO_MAJOR)
$(B)/entente: $(filter-out %/cmd_watch.o,$(COMMAND_O)) $(COMMAND_CC_O) $(B)/libentente-compiler.a $(B)/libentente.a | $(B)/entente-watch
	$(COMMAND_LINK) $(OPT) -o $@ $^ $(COMMAND_LIBS)
$(B)/entente-watch: $(filter-out %/watch_program.o,$(COMMAND_O)) $(WATCH_O) $(B)/libentente-compiler.a $(B)/libentente.a
	$(CXX) $(OPT) -o $@ $^ $(WATCH_LIBS) $(RUNTIME_LIBS)

# --- WebAssembly ----------------------------------------------------------------------------------

# No threads, no files but time zones', no C++; runtime/bindings/wasm/system stands in for libsodium and what the C
# library lacks.  uint64_t becomes size_t only where what is counted is in memory.
WASM_CC ?= clang-14
WASM_C := $(filter-out runtime/feed/% runtime/embed/text.c runtime/ledger/direct.c runtime/ledger/file.c \
               runtime/ledger/restate.c runtime/ledger/verify.c,$(RUNTIME_C)) \
          runtime/feed/digest.c runtime/feed/utf8.c runtime/feed/value.c \
          $(wildcard runtime/bindings/wasm/*.c runtime/bindings/wasm/system/*.c)
WASM_O := $(WASM_C:%.c=build/wasm/%.o)
WASM_FLAGS := --target=wasm32-wasi -std=c17 -O2 $(WARN) -Wno-shorten-64-to-32 -fvisibility=hidden

# The compiler too: all of it but command, explanations and live sources, and without libical.
WASM_COMPILER_C := $(filter-out compiler/check/ics.c compiler/check/ical.c,$(wildcard $(patsubst %,compiler/%/*.c,syntax check emit prove consent))) \
                   $(wildcard compiler/bindings/wasm/*.c)
WASM_COMPILER_O := $(WASM_COMPILER_C:%.c=build/wasm/%.o) build/wasm/gen/parser.o build/wasm/gen/lexer.o \
                   $(filter-out %/bindings/wasm/glue.o,$(WASM_O))

# build/js is the package as npm takes it
JS := entente.mjs entente.d.mts package.json
JS_COMPILER := compiler.mjs compiler.d.mts
.PHONY: wasm
wasm: build/entente.wasm build/entente-compiler.wasm $(JS:%=build/js/%) $(JS_COMPILER:%=build/js/%)
build/js/compiler.%: compiler/bindings/wasm/compiler.% build/entente-compiler.wasm
	@mkdir -p $(@D)
	cp $< $@
	ln -f build/entente-compiler.wasm build/js/entente-compiler.wasm
build/js/%: runtime/bindings/wasm/% build/entente.wasm
	@mkdir -p $(@D)
	cp $< $@
	ln -f build/entente.wasm build/js/entente.wasm
build/wasm/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(WASM_CC) -Iruntime/bindings/wasm/system -I. -I$(B)/gen -Icompiler/syntax $(MEMORY) -D_GNU_SOURCE \
	    --target=wasm32-wasi -std=c17 -O2 -w -c -o $@ $<
build/wasm/compiler/%.o: compiler/%.c $(B)/gen/parser.h $(B)/gen/lexer.h
	@mkdir -p $(@D)
	$(WASM_CC) -Iruntime/bindings/wasm/system -I. -I$(B)/gen $(MEMORY) -D_GNU_SOURCE $(WASM_FLAGS) -MMD -MP -c -o $@ $<
build/entente-compiler.wasm: $(WASM_COMPILER_O)
	$(WASM_CC) --target=wasm32-wasi -mexec-model=reactor -Wl,--strip-all -Wl,-z,stack-size=4194304 -o $@ $^
build/wasm/%.o: %.c
	@mkdir -p $(@D)
	$(WASM_CC) -Iruntime/bindings/wasm/system -I. $(MEMORY) -D_GNU_SOURCE $(WASM_FLAGS) -MMD -MP -c -o $@ $<
build/entente.wasm: $(WASM_O)
	$(WASM_CC) --target=wasm32-wasi -mexec-model=reactor -Wl,--strip-all -Wl,-z,stack-size=1048576 -o $@ $^
-include $(WASM_O:.o=.d) $(WASM_COMPILER_O:.o=.d)

# --- hosts in other languages ---------------------------------------------------------------------

# what Python knows of the header is made from it, and kept in the repository: who installs it needs no compiler
PYTHON := runtime/bindings/python
$(PYTHON)/entente/_abi.py: runtime/include/entente.h $(PYTHON)/generate_abi.py
	python3 $(PYTHON)/generate_abi.py $< > $@

# --- PostgreSQL -----------------------------------------------------------------------------------

# By the server's own rules, into build/postgresql; `make install-postgresql` installs where pg_config says.
PG_CONFIG ?= /usr/lib/postgresql/15/bin/pg_config
PG_MAKE = $(MAKE) --no-print-directory -C build/postgresql -f $(CURDIR)/runtime/bindings/postgresql/Makefile \
    PG_CONFIG=$(PG_CONFIG) ENTENTE=$(CURDIR) LIBENTENTE=$(CURDIR)/build/libentente.a \
    LIBS="$(RUNTIME_LIBS) -lstdc++" with_llvm=no

.PHONY: postgresql install-postgresql
postgresql: build/libentente.a
	@mkdir -p build/postgresql
	+$(PG_MAKE) all
install-postgresql: postgresql
	+$(PG_MAKE) install DESTDIR=$(DESTDIR)

SQLITE := runtime/bindings/sqlite
$(B)/entente_sqlite.so: $(wildcard $(SQLITE)/*.c $(SQLITE)/*.h) $(B)/libentente.so
	$(CC) -std=c17 $(OPT) $(WARN) -D_GNU_SOURCE -fPIC -fvisibility=hidden -Iruntime/include -shared -o $@ \
	    $(filter %.c,$^) -L$(B) -lentente -Wl,-rpath,'$$ORIGIN'
$(B)/tests/sqlite_host: tests/hosts/sqlite/host.c $(B)/entente_sqlite.so
	@mkdir -p $(@D)
	$(CC) -std=c17 $(OPT) $(WARN) -D_GNU_SOURCE -o $@ $< -lsqlite3

# --- tests ----------------------------------------------------------------------------------------

$(B)/tests/%: tests/unit/%.c $(B)/libentente-compiler.a $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(MEMORY) $(CFLAGS) -MMD -MP -MF $@.d -c -o $@.o $<
	$(CXX) $(OPT) -o $@ $@.o $(B)/libentente-compiler.a $(B)/libentente.a -lcmocka $(RUNTIME_LIBS)
$(B)/tests/%: tests/property/%.c $(B)/libentente-compiler.a $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -c -o $@.o $<
	$(CXX) $(OPT) -o $@ $@.o $(B)/libentente-compiler.a $(B)/libentente.a $(RUNTIME_LIBS)
# the command's own objects, without its main
$(B)/tests/fuzz_watch: tests/fuzz/fuzz_watch.c $(filter-out %/main.o %/watch_program.o,$(COMMAND_O)) $(WATCH_O) $(B)/libentente-compiler.a \
    $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(MEMORY) $(CFLAGS) $(FUZZ_C) -MMD -MP -MF $@.d -c -o $@.o $<
	$(CXX) $(OPT) $(FUZZ_LINK) -o $@ $@.o $(filter %.o %.a,$^) $(WATCH_LIBS) $(RUNTIME_LIBS)
$(B)/tests/%: tests/fuzz/%.c $(B)/libentente-compiler.a $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(FUZZ_C) -MMD -MP -MF $@.d -c -o $@.o $<
	$(CXX) $(OPT) $(FUZZ_LINK) -o $@ $@.o $(B)/libentente-compiler.a $(B)/libentente.a $(RUNTIME_LIBS)

$(B)/tests/diagnostics_driver: tests/golden/diagnostics/driver.c $(B)/libentente-compiler.a $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -c -o $@.o $<
	$(CXX) $(OPT) -o $@ $@.o $(B)/libentente-compiler.a $(B)/libentente.a $(RUNTIME_LIBS)

# hosts know the public header and the shared library only
EMBED_LINK = -L$(B) -Wl,-rpath,'$$ORIGIN/..' -lentente
$(B)/tests/embed_compile: $(B)/libentente-compiler.so
$(B)/tests/embed_function: $(B)/tests/sorter.so
$(B)/tests/sorter.so: tests/embed/library/sorter.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(OPT) $(WARN) -fPIC -shared -o $@ $<
$(B)/tests/embed_compile: EMBED_LINK += -lentente-compiler
$(B)/tests/embed_saving: EMBED_LINK += -lsodium
$(B)/tests/embed_%: tests/embed/%.c $(B)/libentente.so
	@mkdir -p $(@D)
	$(CC) -std=c17 $(OPT) $(WARN) -D_GNU_SOURCE -Iruntime/include -Icompiler/include -MMD -MP -MF $@.d -o $@ $< $(EMBED_LINK) -lcmocka
$(B)/tests/embed_%: tests/embed/%.cc $(B)/libentente.so
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(OPT) -Wall -Wextra -Wshadow -Werror -Iruntime/include -MMD -MP -MF $@.d -o $@ $< $(EMBED_LINK)
EMBED := $(patsubst tests/embed/%.c,$(B)/tests/embed_%,$(wildcard tests/embed/*.c)) \
         $(patsubst tests/embed/%.cc,$(B)/tests/embed_%,$(wildcard tests/embed/*.cc))

# ThreadSanitizer watches the whole library, the texts' reader in C++ apart
TSAN_O := $(RUNTIME_C:%.c=$(B)/tsan/%.o)
$(B)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(MEMORY) $(CFLAGS) -O1 -fsanitize=thread -MMD -MP -c -o $@ $<
$(B)/tests/tsan_threads: tests/embed/threads.c $(TSAN_O) $(RUNTIME_CC:%.cc=$(B)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) -std=c17 $(OPT) $(WARN) -D_GNU_SOURCE -Iruntime/include -fsanitize=thread -c -o $@.o $<
	$(CXX) $(OPT) -fsanitize=thread -o $@ $@.o $(TSAN_O) $(RUNTIME_CC:%.cc=$(B)/obj/%.o) $(RUNTIME_LIBS)
$(B)/tests/tsan_file: $(B)/tsan/tests/unit/test_file.o $(TSAN_O) $(RUNTIME_CC:%.cc=$(B)/obj/%.o)
	@mkdir -p $(@D)
	$(CXX) $(OPT) -fsanitize=thread -o $@ $^ -lcmocka $(RUNTIME_LIBS)
ifndef SANITIZE
EMBED += $(B)/tests/tsan_threads $(B)/tests/tsan_file
endif

GENERATORS := $(patsubst examples/%/generate.c,$(B)/examples/generate-%,$(wildcard examples/*/generate.c))
$(B)/examples/generate-%: examples/%/generate.c $(wildcard examples/gen/*.c examples/gen/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(wildcard examples/gen/*.c) -lm

test-programs: all $(UNIT) $(DRIVERS) $(EMBED) $(GENERATORS) $(B)/tests/diagnostics_driver $(PYTHON)/entente/_abi.py \
    $(B)/tests/sqlite_host

# the sweep fails allocations one by one, so its allocator is wrapped
$(B)/tests/test_state_memory: OPT += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# libical is loaded when a calendar file is read; a test takes it away
$(B)/tests/test_ics: OPT += -Wl,--wrap=dlopen

# a server that is not sanitised cannot load a library that is
check: test-deps
	@$(MAKE) --no-print-directory -j$(shell nproc) test-programs wasm $(if $(SANITIZE),,postgresql)
	@BUILD=$(B) SANITIZE=$(SANITIZE) sh tests/run.sh

demo: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) all $(B)/examples/generate-service-desk
	@BUILD=$(B) DATA="$(DATA)" sh examples/service-desk/demo.sh

fuzz: test-deps
	@$(MAKE) --no-print-directory SANITIZE=1 test-programs
	build/sanitize/tests/fuzz_parse -n 2000000 examples/*/*.ent stdlib/*.ent tests/golden/syntax/*.ent
	build/sanitize/tests/fuzz_watch -n 100000
	@$(MAKE) --no-print-directory fuzz-guided

# by libFuzzer, each for FUZZ_SECONDS; what was found interesting is kept in build/fuzz and used again
.PHONY: fuzz-guided
fuzz-guided:
	@$(MAKE) --no-print-directory FUZZ=1 build/fuzz/tests/fuzz_parse build/fuzz/tests/fuzz_watch
	@mkdir -p build/fuzz/watch build/fuzz/parse build/fuzz/samples
	build/tests/fuzz_watch --samples build/fuzz/samples
	build/fuzz/tests/fuzz_watch -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
	    -artifact_prefix=build/fuzz/ build/fuzz/watch build/fuzz/samples
	build/fuzz/tests/fuzz_parse -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=4096 \
	    -artifact_prefix=build/fuzz/ build/fuzz/parse tests/golden/syntax

# a table by file and pages with each line; servers, hosts and random parts are left out, as they take long
.PHONY: coverage dist
coverage: WANTED = $(PACKAGES) $(TEST_PACKAGES) gcovr
coverage: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) COVERAGE=1 test-programs
	@find build/coverage -name '*.gcda' -delete
	@BUILD=build/coverage sh tests/coverage.sh

dist:
	@mkdir -p build
	git archive --format=tar.gz --prefix=entente-$(VERSION)/ -o build/entente-$(VERSION).tar.gz HEAD
	@echo build/entente-$(VERSION).tar.gz

lint:
	sh tests/lint.sh

# --- benchmark ------------------------------------------------------------------------------------

BENCH_DIR ?= ../shared/bench
BENCH = python3 tests/bench/run.py --bench "$(BENCH_DIR)" --entente $(B)/entente $(BENCH_OPTIONS)

$(B)/bench/%: tests/bench/%.c $(B)/libentente.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(FAST) -c -o $@.o $<
	$(CXX) $(OPT) -o $@ $@.o $(B)/libentente.a $(RUNTIME_LIBS)

bench: all $(B)/bench/guard $(B)/bench/calls $(B)/examples/generate-service-desk
	$(BENCH)

# the same, and the results go into the page
bench-record: all $(B)/bench/guard $(B)/bench/calls $(B)/examples/generate-service-desk
	$(BENCH) --write docs/performance.md

# docs/growth-*.svg: how cost grows
bench-plots: all $(B)/bench/state
	python3 tests/bench/plots.py --bench "$(BENCH_DIR)" --entente $(B)/entente --data $(B)/bench --out docs $(PLOT_OPTIONS)

bench-deps:
	$(BENCH) --install

install: all $(B)/entente_sqlite.so
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/share/entente/stdlib $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/include
	install -m 644 runtime/include/*.h compiler/include/*.h $(DESTDIR)$(PREFIX)/include
	install -m 755 $(B)/entente $(B)/entente-watch $(DESTDIR)$(PREFIX)/bin
	for l in libentente libentente-compiler; do \
	    install -m 644 $(B)/$$l.a $(DESTDIR)$(PREFIX)/lib/$$l.a && \
	    install -m 755 $(B)/$$l.so $(DESTDIR)$(PREFIX)/lib/$$l.so.$(VERSION) && \
	    ln -sf $$l.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$$l.so.$(SO_MAJOR) && \
	    ln -sf $$l.so.$(SO_MAJOR) $(DESTDIR)$(PREFIX)/lib/$$l.so || exit 1; done
	install -m 644 stdlib/*.ent $(DESTDIR)$(PREFIX)/share/entente/stdlib
	install -m 755 $(B)/entente_sqlite.so $(DESTDIR)$(PREFIX)/lib/entente_sqlite.so
	install -d $(DESTDIR)$(PREFIX)/share/entente/python/entente $(DESTDIR)$(PREFIX)/share/entente/python/backend
	install -m 644 $(PYTHON)/pyproject.toml $(DESTDIR)$(PREFIX)/share/entente/python
	install -m 644 $(PYTHON)/backend/*.py $(DESTDIR)$(PREFIX)/share/entente/python/backend
	install -m 644 $(PYTHON)/entente/*.py $(PYTHON)/entente/py.typed $(DESTDIR)$(PREFIX)/share/entente/python/entente
	install -m 644 docs/man/entente.1 $(DESTDIR)$(PREFIX)/share/man/man1/entente.1
	for p in entente entente-compiler; do \
	    sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' docs/$$p.pc.in \
	        > $(DESTDIR)$(PREFIX)/lib/pkgconfig/$$p.pc || exit 1; done

docs/bytecode.md: compiler/entente/gen_bytecode_doc.c runtime/bytecode/opcodes.def runtime/bytecode/tables.def
	@mkdir -p $(B)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $(B)/gen_bytecode_doc $<
	$(B)/gen_bytecode_doc > $@
docs: docs/bytecode.md $(PYTHON)/entente/_abi.py

clean:
	rm -rf build

-include $(RUNTIME_O:.o=.d) $(COMPILER_O:.o=.d) $(COMMAND_O:.o=.d) $(COMMAND_CC_O:.o=.d) $(WATCH_O:.o=.d) $(UNIT:=.d) $(DRIVERS:=.d) $(EMBED:=.d) $(TSAN_O:.o=.d)
