"""An HTTP server that answers what files say, and logs what it was asked.

scripted.py DIR: the port is written to DIR/port.  GET /NAME answers with the
file DIR/NAME: a status line ("301 Moved Permanently"), headers, an empty line,
a body; @PORT@ stands for the port.  A header line "!conditional" makes it answer
304 when a validator is sent that the file has too.  As a proxy it answers for
any host in the same way, and refuses tunnels.  DIR/log gets one line for
each request: method, path, then "Name: value" of each header, separated by tabs.
"""
import http.server
import os
import sys
import threading
import urllib.parse

where = sys.argv[1]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: do not wait for the first one's ACK.
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def note(self):
        words = [self.command, self.path]
        words += ["%s: %s" % h for h in self.headers.items()]
        with lock, open(where + "/log", "a") as f:
            f.write("\t".join(words) + "\n")

    def script(self):
        path = urllib.parse.urlsplit(self.path).path
        name = path.strip("/").replace("/", "_")
        try:
            with open(os.path.join(where, name), "rb") as f:
                text = f.read()
        except OSError:
            text = b"404 Not Found\n\nno such page\n"
        text = text.replace(b"@PORT@", str(self.server.server_port).encode())
        head, _, body = text.partition(b"\n\n")
        status, *headers = head.decode("latin-1").split("\n")
        return status, [h.partition(": ")[::2] for h in headers], body

    def matches(self, headers):
        have = dict(headers)
        tag = self.headers.get("If-None-Match")
        date = self.headers.get("If-Modified-Since")
        if tag is not None:
            return tag == have.get("ETag")
        return date is not None and date == have.get("Last-Modified")

    def do_CONNECT(self):
        self.note()
        self.send_error(403)

    def do_GET(self):
        self.note()
        status, headers, body = self.script()
        if ("!conditional", "") in headers:
            headers.remove(("!conditional", ""))
            if self.matches(headers):
                status, body = "304 Not Modified", b""
        code, _, words = status.partition(" ")
        self.send_response_only(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        if code != "304":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
with open(where + "/port.new", "w") as f:
    f.write(str(server.server_port))
os.rename(where + "/port.new", where + "/port")
server.serve_forever()
