"""A server that does what no server should; one path for each misdeed.

hostile.py DIR: the port is written to DIR/port, each path asked for to DIR/log.
"""
import os
import re
import socket
import sys
import threading
import time
import zlib

where = sys.argv[1]
lock = threading.Lock()
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
XML = OK + b"Content-Type: application/rss+xml\r\n"
HEAD = b'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>t</title>\n'
TAIL = b"</channel></rss>\n"
ITEM = b"<item><guid>good-%d</guid><title>good %d</title></item>\n"


def good(c):
    c.sendall(XML + b"\r\n" + HEAD + ITEM % (1, 1) + ITEM % (2, 2) + TAIL)


def forever(c, chunk, pause=0.0):
    while True:
        c.sendall(chunk)
        if pause:
            time.sleep(pause)


def endless(c):
    c.sendall(XML + b"\r\n" + HEAD)
    forever(c, b"<!-- %s -->\n" % (b"x" * 65000))


def endless_element(c):
    c.sendall(XML + b"\r\n" + HEAD + b"<item><title>")
    forever(c, b"x" * 65536)


def drip(c):
    c.sendall(XML + b"\r\n" + HEAD)
    forever(c, b" ", 0.05)


def silent(c):
    while c.recv(4096):
        pass


def half_head(c):
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    silent(c)


def bomb():
    """2 GB in 2 MB: one block, again and again (nobody gets to the checksum)."""
    z = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = z.compress(HEAD + b"<item><title>") + z.flush(zlib.Z_FULL_FLUSH)
    block = z.compress(b"a" * (1 << 20)) + z.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + start + block * 2048


def gzip_bomb(c):
    c.sendall(XML + b"Content-Encoding: gzip\r\n\r\n" + bomb())


def gzip_twice(c):
    z = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    c.sendall(XML + b"Content-Encoding: gzip, gzip\r\n\r\n" +
              z.compress(bomb()) + z.flush())


def not_gzip(c):
    c.sendall(XML + b"Content-Encoding: gzip\r\n\r\n" + HEAD + TAIL)


def more_than_gzip(c):
    z = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    c.sendall(XML + b"Content-Encoding: gzip\r\n\r\n" +
              z.compress(HEAD + TAIL) + z.flush() + b"\0" * 8)


def to(place, code=b"302 Found"):
    def answer(c):
        c.sendall(b"HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: 0\r\n"
                  b"Connection: close\r\n\r\n" % (code, place))
    return answer


def endless_headers(c):
    c.sendall(OK)
    forever(c, b"X-Pad: %s\r\n" % (b"x" * 8000))


def many_headers(c):
    c.sendall(OK + b"X: y\r\n" * 200000 + b"\r\n")


def cut(c):
    c.sendall(XML + b"Content-Length: 100000\r\n\r\n" + HEAD + ITEM % (1, 1))


def cut_chunk(c):
    c.sendall(XML + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + HEAD)


def bad_chunk(c):
    c.sendall(XML + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n" + HEAD)


def short_length(c):
    c.sendall(XML + b"Content-Length: 30\r\n\r\n" + HEAD + TAIL)


def garbage(c):
    c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)


def nothing(c):
    pass


def body(text):
    def answer(c):
        c.sendall(XML + b"\r\n" + text)
    return answer


def laughs():
    lines = [b'<!ENTITY l0 "lol">']
    for i in range(1, 12):
        lines.append(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10))
    return (b'<?xml version="1.0"?><!DOCTYPE rss [' + b"".join(lines) +
            b"]><rss version='2.0'><channel><item><title>&l11;</title></item>"
            b"</channel></rss>")


def quadratic():
    return (b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "%s">]>'
            b"<rss version='2.0'><channel><item><title>%s</title></item>"
            b"</channel></rss>" % (b"a" * 100000, b"&a;" * 50000))


def external(system):
    return (b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "%s">'
            b'<!ENTITY %% p SYSTEM "%s"> %%p;]><rss version="2.0"><channel>'
            b"<item><guid>x1</guid><title>before &x; after</title></item>"
            b"</channel></rss>" % (system, system))


def attributes():
    return (HEAD + b"<item %s><title>t</title></item>" %
            b" ".join(b'a%d="1"' % i for i in range(200000)) + TAIL)


def deep():
    return HEAD + b"<item>" + b"<b>" * 1000000 + b"</b>" * 1000000 + TAIL


def huge_attribute(c):
    c.sendall(XML + b"\r\n" + HEAD + b'<item><link href="')
    for _ in range(90):
        c.sendall(b"h" * (1 << 20))
    c.sendall(b'"/></item>' + TAIL)


answers = {
    "good": good, "endless": endless, "endless-element": endless_element,
    "drip": drip, "silent": silent, "half-head": half_head,
    "gzip-bomb": gzip_bomb, "gzip-twice": gzip_twice, "not-gzip": not_gzip,
    "more-than-gzip": more_than_gzip,
    "loop": to(b"/loop"), "to-file": to(b"file:///etc/passwd"),
    "to-file-forever": to(b"file:///etc/passwd", b"301 Moved Permanently"),
    "to-gopher": to(b"gopher://127.0.0.1:@PORT@/1secret"),
    "to-ftp": to(b"ftp://127.0.0.1:@PORT@/secret"),
    "to-nowhere": to(b""), "to-dict": to(b"dict://127.0.0.1:@PORT@/secret"),
    "endless-headers": endless_headers, "many-headers": many_headers,
    "cut": cut, "cut-chunk": cut_chunk, "bad-chunk": bad_chunk,
    "short-length": short_length, "garbage": garbage, "nothing": nothing,
    "laughs": body(laughs()), "quadratic": body(quadratic()),
    "xxe-file": body(external(b"file:///etc/passwd")),
    "xxe-http": body(external(b"http://127.0.0.1:@PORT@/secret")),
    "attributes": body(attributes()), "deep": body(deep()),
    "huge-attribute": huge_attribute,
}


def serve(c):
    try:
        request = c.recv(65536)
        m = re.match(rb"[A-Z]+ /([^ ?]*)", request)
        name = m.group(1).decode() if m else "?"
        with lock, open(where + "/log", "a") as f:
            f.write(name + "\n")
        if name.startswith("chain/"):
            n = int(name[6:])
            to(b"/chain/%d" % (n - 1) if n > 1 else b"/good")(c)
        elif name in answers:
            answers[name](Port(c))
        else:
            c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    except OSError:
        pass
    finally:
        c.close()


class Port:
    """A connection that knows the port."""

    def __init__(self, c):
        self.c = c
        self.recv = c.recv

    def sendall(self, data):
        if b"@PORT@" in data:
            data = data.replace(b"@PORT@", str(port).encode())
        self.c.sendall(data)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
port = listener.getsockname()[1]
with open(where + "/port.new", "w") as f:
    f.write(str(port))
os.rename(where + "/port.new", where + "/port")
while True:
    conn, _ = listener.accept()
    threading.Thread(target=serve, args=(conn,), daemon=True).start()
