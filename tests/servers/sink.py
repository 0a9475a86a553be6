#!/usr/bin/env python3
"""sink -- takes POSTed items and writes down each that it took

usage: sink.py LOG [PLAN]

Prints its port, then serves on 127.0.0.1 until killed.  LOG gets one line for
each request: STATUS, the item's id, webhook-id, and the milliseconds since the
epoch, written before the answer goes out.  PLAN is a file, read anew for each
request (its first matching line counts):

    ID STATUS [delay=SECONDS] [after=SECONDS] [cut] [drop] [once]

ID is an item's id or *.  after: Retry-After.  cut: the item is taken, but the
connection is closed without an answer.  drop: closed before it is taken.  once:
the line counts for the first request of each id alone.
"""
import json
import os
import re
import socket
import sys
import threading
import time

log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
plan = sys.argv[2] if len(sys.argv) > 2 else None
used = set()
LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.I)
KEY = re.compile(rb"\nwebhook-id: *([^\r\n]*)", re.I)
ID = re.compile(rb'"id":"([^"\\]*)"')


def planned(item):
    if plan is None or not os.path.exists(plan):
        return ["*", "200"]
    with open(plan) as f:
        for number, line in enumerate(f):
            words = line.split()
            if not words or words[0] not in ("*", item):
                continue
            if "once" in words:
                if (number, item) in used:
                    continue
                used.add((number, item))
            return words
    return ["*", "200"]


def answer(conn, head, body):
    found = ID.search(body)
    item = found.group(1).decode() if found else "?"
    found = KEY.search(head)
    key = found.group(1).decode() if found else "-"
    words = planned(item)
    option = dict(w.split("=", 1) for w in words[2:] if "=" in w)
    if "drop" in words:
        return False
    if "delay" in option:
        time.sleep(float(option["delay"]))
    os.write(log, ("%s %s %s %d\n" % (words[1], item, key,
                                     time.time() * 1000)).encode())
    if "cut" in words:
        return False
    extra = "Retry-After: %s\r\n" % option["after"] if "after" in option else ""
    reply = '{"status":%s}\n' % words[1]
    conn.sendall(("HTTP/1.1 %s Planned\r\nContent-Type: application/json\r\n"
                  "%sContent-Length: %d\r\n\r\n%s"
                  % (words[1], extra, len(reply), reply)).encode())
    return True


def serve(conn):
    data = b""
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            while b"\r\n\r\n" not in data:
                more = conn.recv(65536)
                if not more:
                    return
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            found = LENGTH.search(head)
            want = int(found.group(1)) if found else 0
            while len(data) < want:
                more = conn.recv(65536)
                if not more:
                    return
                data += more
            body, data = data[:want], data[want:]
            if not answer(conn, head, body):
                return
    except OSError:
        pass
    finally:
        conn.close()


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 0))
server.listen(128)
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],),
                     daemon=True).start()
