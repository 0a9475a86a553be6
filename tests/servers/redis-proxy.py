#!/usr/bin/env python3
"""redis-proxy -- stands between a program and a redis-server, to do harm

usage: redis-proxy.py SOCKET PLAN

Prints its port, then serves on 127.0.0.1 until killed.  PLAN is read anew for
each command; its first line counts, and where there is none all is passed on:

    cut N           each Nth reply is lost, the connection with it
    error N TEXT    the next N commands are answered with that error
    hang            nothing is answered any more
"""
import socket
import sys
import threading

target, plan = sys.argv[1:3]
lock = threading.Lock()
commands = 0
errors = {}


def planned():
    try:
        with open(plan) as f:
            return f.readline().split(None, 2)
    except OSError:
        return []


def read_command(stream):
    """One array of bulk strings, as bytes; b"" at the end."""
    head = stream.readline()
    raw = head
    for _ in range(int(head[1:]) if head else 0):
        size = stream.readline()
        raw += size + stream.read(int(size[1:]) + 2)
    return raw


def read_reply(stream):
    head = stream.readline()
    raw = head
    if head[:1] == b"$" and int(head[1:]) >= 0:
        raw += stream.read(int(head[1:]) + 2)
    elif head[:1] == b"*":
        for _ in range(max(int(head[1:]), 0)):
            raw += read_reply(stream)
    return raw


def serve(client):
    global commands
    server = socket.socket(socket.AF_UNIX)
    server.connect(target)
    asked, answered = client.makefile("rb"), server.makefile("rb")
    while True:
        command = read_command(asked)
        if not command:
            break
        words = planned()
        with lock:
            commands += 1
            number = commands
            left = errors.setdefault(" ".join(words), int(words[1])) if words[:1] == ["error"] else 0
            if left > 0:
                errors[" ".join(words)] = left - 1
        if left > 0:
            client.sendall(b"-" + words[2].strip().encode() + b"\r\n")
            continue
        server.sendall(command)
        reply = read_reply(answered)
        if words[:1] == ["hang"]:
            continue
        if words[:1] == ["cut"] and number % int(words[1]) == 0:
            break
        client.sendall(reply)
    # The files hold the sockets, too.
    for s in (client, server):
        s.shutdown(socket.SHUT_RDWR)


def guarded(client):
    try:
        serve(client)
    except OSError:
        pass
    finally:
        client.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
listener.listen(64)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()
