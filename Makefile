# Trigger Happy.  make; make check; make install [DESTDIR=] [PREFIX=]
#
# Knobs: CC CFLAGS CPPFLAGS LDFLAGS DESTDIR PREFIX belong to the caller.
#   SAN=address,undefined   build and test with sanitizers, in build-san/
#   PROVEFLAGS, T           how and which tests `make check` runs
#   FUZZTIME                seconds a fuzz target runs (make fuzz)

CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
MANDIR     ?= $(PREFIX)/share/man
SAN         =
B          := build$(if $(SAN),-san)
T           = tests/*.t
PROVEFLAGS ?= -j4
VERSION    := $(shell sed -n 's/^.define TH_VERSION "\(.*\)"/\1/p' lib/trigger.h)

DEPS   = libcurl jansson oauth libxml-2.0 yaml-0.1 sqlite3 libpcre2-8 nettle
WARN   = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wvla \
	 -Wmissing-prototypes -Wwrite-strings -Wformat=2
SANF   = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
CPPALL := -D_POSIX_C_SOURCE=200809L -Ilib $(shell pkg-config --cflags $(DEPS) 2>/dev/null) $(CPPFLAGS)
CALL    = -std=c11 $(WARN) $(CFLAGS) $(SANF)
LIBS   := -Wl,--as-needed $(shell pkg-config --libs $(DEPS) 2>/dev/null) -lm

obj     = $(patsubst %.c,$B/%.o,$(wildcard $(1)))
PROG    = $(patsubst cmd/%.c,%,$(wildcard cmd/th-*.c))
UNIT    = $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/*.c))
FUZZ    = $(patsubst tests/fuzz/%.c,build-fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
MAN     = $(wildcard man/*.[1-8])

all: $(PROG:%=$B/%) $B/libtrigger.a $B/libtrigger.so

# Which way calls go is a matter of include paths: only cmd/ sees services/.
$B/cmd/%.o: CPPALL += -Iservices -Icmd
$B/services/table.o: CPPALL += -Iservices
$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPALL) $(CALL) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$B/libtrigger.a: $(call obj,lib/*.c)
$B/libservices.a: $(call obj,services/*.c)
$B/libcmd.a: $(filter-out $(PROG:%=$B/cmd/%.o),$(call obj,cmd/*.c))
$B/%.a:
	@rm -f $@
	$(AR) rcs $@ $^
$(PROG:%=$B/%): $B/%: $B/cmd/%.o $B/libcmd.a $B/libservices.a $B/libtrigger.a
	$(CC) $(CALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/libtrigger.so: $(call obj,lib/*.c)
	$(CC) $(CALL) $(LDFLAGS) -shared -Wl,-soname,libtrigger.so.1 -o $@ $^ $(LIBS)

-include $(wildcard $B/*/*.d)
