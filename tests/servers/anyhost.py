"""A proxy that answers for every host, for the examples of the manual.

anyhost.py DATA PORTFILE: GET http://HOST/PATH is DATA/www/HOST/PATH, else
DATA/feed.xml; any other method reads the body and answers 200 and {}.
"""
import http.server
import os
import sys
import urllib.parse

data, portfile = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path = os.path.normpath("/%s/%s" % (url.hostname, url.path))
        path = data + "/www" + path
        if not os.path.isfile(path):
            path = data + "/feed.xml"
        with open(path, "rb") as f:
            self.reply(f.read(), "application/xml")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(b"{}", "application/json")

    do_PUT = do_PATCH = do_DELETE = do_POST


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(portfile + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(portfile + ".new", portfile)
server.serve_forever()
