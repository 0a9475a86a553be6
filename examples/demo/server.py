"""The web for `make demo`: serves feeds, and keeps what webhooks are sent.

server.py DIRECTORY LOG PORTFILE, on a free port of 127.0.0.1.
"""
import functools
import http.server
import os
import sys

directory, log, portfile = sys.argv[1:4]


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(log, "ab") as f:
            f.write(body + b"\n")
        self.send_response(204)
        self.end_headers()


handler = functools.partial(Handler, directory=directory)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
with open(portfile + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(portfile + ".new", portfile)
server.serve_forever()
