# Trigger Happy.  make; make check; make install [DESTDIR=] [PREFIX=]
#
# check and demo install the Debian packages that are missing (make deps) first,
# check-now and demo-now do not.  README tells of torture, fuzz, bench, lint, fmt.
#
# Knobs: CC CFLAGS CPPFLAGS LDFLAGS DESTDIR PREFIX LIBDIR MANDIR belong to the
# caller.
#   SAN=address,undefined   build and test with sanitizers, in build-san/
#   PROVEFLAGS, T           how and which tests `make check` runs
#   FEED, FILTER            what `make demo` reads, and keeps of it
#   FUZZTIME, FUZZTIME_NAME seconds for each fuzz target, for the one of that name
#   FUZZFLAGS               -seed=N and the like
#   V=1                     show whole commands
#   DEB                     the packages that `make deps` looks for

CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
MANDIR     ?= $(PREFIX)/share/man
SAN         =
B          := build$(if $(SAN),-san)
T           = tests/*.t
PROVEFLAGS ?= -j4
FUZZTIME   ?= 60
VERSION    := $(shell sed -n 's/^.define TH_VERSION "\(.*\)"/\1/p' lib/trigger.h)

# The Debian packages: what builds it, what tests it, what else looks at it.
DEB_BUILD = gcc libc6-dev pkg-config libcurl4-gnutls-dev libjansson-dev \
	    liboauth-dev libxml2-dev libyaml-dev libsqlite3-dev libpcre2-dev \
	    libstemmer-dev nettle-dev libmicrohttpd-dev libutf8proc-dev libhiredis-dev \
	    libarchive-dev
DEB_CHECK = $(DEB_BUILD) perl python3 python3-oauthlib python3-six python3-thrift redis-server jq mandoc curl \
	    openssl ca-certificates libxml2-utils faketime time \
	    bsdextrautils sqlite3 bash-completion zsh
DEB_LINT  = chromium clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck mandoc binutils
DEB_BENCH = jq sfeed nginx-light
DEB       = $(DEB_CHECK)

DEPS   = libcurl jansson oauth libxml-2.0 yaml-0.1 sqlite3 libpcre2-8 nettle \
	 libmicrohttpd libutf8proc hiredis libarchive
WARN   = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wvla \
	 -Wmissing-prototypes -Wwrite-strings -Wformat=2
SANF   = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
CPPALL := -D_POSIX_C_SOURCE=200809L -Ilib $(shell pkg-config --cflags $(DEPS) 2>/dev/null) $(CPPFLAGS)
CALL    = -std=c11 $(WARN) $(CFLAGS) $(SANF)
LIBS   := -Wl,--as-needed $(shell pkg-config --libs $(DEPS) 2>/dev/null) -lstemmer -lm

say     = $(if $(V),,@echo '  $(1) $@';)
obj     = $(patsubst %.c,$B/%.o,$(wildcard $(1)))
PROG    = $(patsubst cmd/%.c,%,$(wildcard cmd/th-*.c))
# What th-search leaves to a program of its own, so as not to load libcurl.
HELPER  = th-search-http
UNIT    = $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/*.c))
FUZZ    = $(patsubst tests/fuzz/%.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
FAIL    = $(patsubst tests/%.c,$B/%.so,$(wildcard tests/*.c))
MAN     = $(wildcard man/*.[1-8])
EXAMPLE = $(filter-out %.pyc,$(wildcard examples/* examples/*/*))
LOWER   = $B/libservices.a $B/libtrigger.a

all: $(PROG:%=$B/%) $(HELPER:%=$B/%) $B/libtrigger.a $B/libtrigger.so

ifneq ($(shell pkg-config --exists $(DEPS) 2>/dev/null && echo ok),ok)
$B/%.o: %.c
	@echo 'libraries are missing to build with: make deps' >&2; exit 1
endif

# Which way calls go is a matter of include paths: only cmd/ sees services/.
$B/cmd/%.o: CPPALL += -Iservices -Icmd
$B/tests/%.o: CPPALL += -Iservices
$B/services/table.o $B/services/external.o: CPPALL += -Iservices
$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(CPPALL) $(CALL) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$B/libtrigger.a: $(call obj,lib/*.c)
$B/libservices.a: $(call obj,services/*.c)
$B/libcmd.a: $(filter-out $(PROG:%=$B/cmd/%.o) $(HELPER:th-%=$B/cmd/%.o),$(call obj,cmd/*.c))
$B/%.a:
	@rm -f $@
	$(call say,ar)$(AR) rcs $@ $^
$(PROG:%=$B/%): $B/%: $B/cmd/%.o $B/libcmd.a $(LOWER)
	$(call say,ld)$(CC) $(CALL) $(LDFLAGS) -o $@ $^ $(LIBS)
$(HELPER:%=$B/%): $B/th-%: $B/cmd/%.o $B/libcmd.a $(LOWER)
	$(call say,ld)$(CC) $(CALL) $(LDFLAGS) -o $@ $^ $(LIBS)
$B/libtrigger.so: $(call obj,lib/*.c)
	$(call say,ld)$(CC) $(CALL) $(LDFLAGS) -shared -Wl,-soname,libtrigger.so.1 -o $@ $^ $(LIBS)
$(UNIT): $B/tests/%: $B/tests/unit/%.o $(LOWER)
	@mkdir -p $(@D)
	$(call say,ld)$(CC) $(CALL) $(LDFLAGS) -o $@ $^ $(LIBS)
$B/%.so: tests/%.c
	@mkdir -p $(@D)
	$(call say,ld)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(CFLAGS) $(LDFLAGS) -shared -fPIC -o $@ $< -ldl
.PRECIOUS: $B/%.o
-include $(wildcard $B/*/*.d $B/*/*/*.d)

# These look for packages first, so that a fresh machine needs nothing else;
# a new make then sees what was installed.
check demo:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $@-now
check-now: all $(UNIT) $(FAIL)
	TH_BUILD="$(CURDIR)/$B" prove $(PROVEFLAGS) $(T)
check-opensearch: all
	TH_BUILD="$(CURDIR)/$B" sh tests/opensearch.sh
demo-now: all
	@TH_BUILD="$(CURDIR)/$B" examples/demo.sh

deps:
	@have=$$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(DEB) 2>/dev/null) || :; \
	need=; for p in $(DEB); do case "$$have" in *"$$p installed"*) ;; *) need="$$need $$p";; esac; done; \
	if ! command -v apt-get >/dev/null; then echo "needed, by the names Debian has for them: $(DEB)"; exit 0; fi; \
	[ -z "$$need" ] && exit; echo "installing$$need"; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=$$(command -v sudo) || { echo "not root and no sudo: apt-get install$$need" >&2; exit 1; }; \
	export DEBIAN_FRONTEND=noninteractive; $$sudo apt-get update -q && $$sudo apt-get install -qy --no-install-recommends $$need
print-packages:
	@echo $(sort $(DEB_CHECK) $(DEB_LINT) $(DEB_BENCH))

torture: all $(FAIL)
	@rm -rf $B/torture && mkdir $B/torture
	yes "$(CURDIR)/$B/torture" | head -n $$(nproc) | TH_BUILD="$(CURDIR)/$B" xargs -d '\n' -n 1 -P 0 tests/torture.sh
bench: all
	@for t in tests/bench/*.sh; do TH_BUILD="$(CURDIR)/$B" sh $$t || exit; done
fuzz fuzz-build:
	$(MAKE) B=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined $@-now
fuzz-now: $(FUZZ:%=%.run)
fuzz-build-now: $(FUZZ)
$(FUZZ): $B/%: $B/tests/fuzz/%.o $(LOWER)
	$(call say,ld)$(CC) $(CALL) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)
$B/fuzz_%.run: $B/fuzz_%
	@mkdir -p $B/corpus/$* tests/fuzz/seeds/$*
	$< $(FUZZFLAGS) -max_total_time=$(or $(FUZZTIME_$*),$(FUZZTIME)) -timeout=60 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix=$B/$*- $(wildcard tests/fuzz/$*.dict:%=-dict=%) $B/corpus/$* tests/fuzz/seeds/$* || \
	    { f=$$(ls -t $B/$*-*-* | head -n 1); echo "fuzz_$*: $$f in base64:"; base64 "$$f"; exit 1; }

lint: all
	CC="$(CC)" B=$B CPPALL="$(CPPALL)" tests/lint.sh
fmt:
	clang-format -i $(wildcard */*.c tests/*/*.c)
compile_commands.json: Makefile
	@{ sep=[; for f in $(wildcard lib/*.c services/*.c cmd/*.c); do \
	printf '%s{"directory":"%s","file":"%s","command":"cc -std=c11 %s -Iservices -Icmd -c %s"}\n' "$$sep" '$(CURDIR)' $$f '$(CPPALL)' $$f; sep=,; \
	done; echo ]; } >$@

$(if $(word 2,$(DESTDIR)$(LIBDIR)$(MANDIR)$B),$(error DESTDIR, PREFIX, LIBDIR, MANDIR and B: make cannot do with blanks in them))
D       = $(DESTDIR)$(PREFIX)
DOC     = share/doc/triggerhappy
BASHDIR = share/bash-completion/completions
ZSHFILE = share/zsh/site-functions/_triggerhappy
L       = $(DESTDIR)$(LIBDIR)
install: all
	install -d $D/bin $D/include $L/pkgconfig $D/$(DOC) $D/$(BASHDIR) $(dir $D/$(ZSHFILE))
	install $(PROG:%=$B/%) $(HELPER:%=$B/%) $D/bin
	install -m 644 lib/trigger.h $D/include
	install -m 644 $B/libtrigger.a $L
	install $B/libtrigger.so $L/libtrigger.so.$(VERSION)
	ln -sf libtrigger.so.$(VERSION) $L/libtrigger.so.1
	ln -sf libtrigger.so.1 $L/libtrigger.so
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'Name: libtrigger' 'Description: items from and to web services' \
	    'Version: $(VERSION)' 'Cflags: -I$${prefix}/include' 'Libs: -L$${libdir} -ltrigger' \
	    'Requires.private: $(DEPS)' 'Libs.private: -lstemmer -lm' >$L/pkgconfig/libtrigger.pc
	for m in $(MAN:man/%=%); do d=$(DESTDIR)$(MANDIR)/man$${m##*.}; install -d $$d && install -m 644 man/$$m $$d || exit; done
	install -m 644 cmd/complete.zsh $D/$(ZSHFILE)
	install -m 644 cmd/complete.bash $D/$(BASHDIR)/th-fetch
	for p in $(filter-out th-fetch,$(PROG)); do ln -sf th-fetch $D/$(BASHDIR)/$$p || exit; done
	install -m 644 COPYING $D/$(DOC)
	for f in $(EXAMPLE); do d=$D/$(DOC)/$${f%/*}; [ -d $$f ] || { install -d $$d && \
	    install -m $$([ -x $$f ] && echo 755 || echo 644) $$f $$d; } || exit; done
uninstall:
	cd $D && rm -f $(PROG:%=bin/%) $(HELPER:%=bin/%) include/trigger.h
	cd $L && rm -f libtrigger.* pkgconfig/libtrigger.pc
	for m in $(MAN:man/%=%); do rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$$m; done
	cd $D && rm -f $(ZSHFILE) $(PROG:%=$(BASHDIR)/%) && rm -rf $(DOC)
clean:
	rm -rf build build-san build-fuzz compile_commands.json
.PHONY: print-packages all check check-now check-opensearch demo demo-now deps torture bench fuzz fuzz-build fuzz-build-now fuzz-now lint fmt install uninstall clean
