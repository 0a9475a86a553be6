#!/usr/bin/env python3
"""webhook -- a receiver that checks signatures by itself

usage: webhook.py LOG SECRET

Prints its port, then serves on 127.0.0.1 until killed.  The path is the status
to answer with, and after a ? how its body goes wrong: cut, damaged or endless.
LOG gets one line a request: method, content type, webhook-id,
"signed" when both signatures are right, "unsigned" when there are none, else
"forged"; Authorization, X-Extra, and the body.
"""
import base64
import hashlib
import hmac
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log, secret = open(sys.argv[1], "a"), sys.argv[2]
key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()


def judge(h, body):
    stamp, given = h.get("webhook-timestamp"), h.get("webhook-signature")
    if given is None and stamp is None and h.get("X-Hub-Signature-256") is None:
        return "unsigned"
    text = b"%s.%s." % (h["webhook-id"].encode(), stamp.encode()) + body
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    hub = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(stamp)) < 300
    return "signed" if given == want and h.get("X-Hub-Signature-256") == hub and fresh else "forged"


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        h = self.headers
        body = self.rfile.read(int(h.get("Content-Length", 0)))
        log.write(" ".join([self.command, h.get("Content-Type", "-").replace(" ", ""), h.get("webhook-id", "-"), judge(h, body),
                            h.get("Authorization", "-"), h.get("X-Extra", "-"), body.decode()]) + "\n")
        log.flush()
        code, _, fault = self.path[1:].partition("?")
        code = int(code)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/200")
        if code == 201:
            self.send_header("Location", "https://e.org/made/1")
        if code == 429:
            self.send_header("Retry-After", "3600")
        if fault == "damaged":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", {"cut": "9", "damaged": "4", "endless": str(1 << 40)}.get(fault, "0"))
        self.end_headers()
        if fault:
            self.wfile.write(b"body")
            self.close_connection = True
        try:
            while fault == "endless":
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    do_POST = do_PUT = do_GET = do_DELETE = do_PATCH = answer

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
