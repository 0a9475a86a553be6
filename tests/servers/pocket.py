"""A stand-in for Pocket, version 3 of its API: pocket.py PORTFILE.

Its clock is the time of the entries that are posted to /_post, so that several
fall into one second.  An entry is added once for an address, as Pocket did.
"""
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oauth  # noqa: E402

KEY, TOKEN = "pocket-key", "pocket-token"
BASE = 1700000000
LIMIT = {"X-Limit-User-Limit": "320", "X-Limit-User-Remaining": "0",
         "X-Limit-User-Reset": "90", "X-Limit-Key-Remaining": "9000",
         "X-Limit-Key-Reset": "3000", "X-Error": "Rate limit"}
oauth.FAULTS.update({
    "400x": (400, {"X-Error": "Missing url", "X-Error-Code": "130"}, ""),
    "401x": (401, {"X-Error": "No such token", "X-Error-Code": "107"}, ""),
    "403x": (403, {"X-Error": "No permission", "X-Error-Code": "139",
                   "X-Limit-User-Remaining": "20",
                   "X-Limit-User-Reset": "100"}, ""),
    "403limit": (403, LIMIT, ""),
    "429limit": (429, LIMIT, ""),
    "503x": (503, {"X-Error": "Maintenance"}, ""),
    "status0": (200, {}, {"status": 0, "error": "try harder", "list": []}),
    "nolist": (200, {}, {"status": 1}),
})


class Pocket(oauth.Service):
    def __init__(self):
        super().__init__()
        self.entries = {}
        self.added = []
        self.now = BASE
        self.cap = 5000
        self.codes = {}

    def state(self):
        return {"added": self.added, "entries": len(self.entries)}

    def add(self, url, title="", tags=(), at=None, **more):
        """A new entry, or an old one moved to the top."""
        for e in self.entries.values():
            if e["given_url"] == url:
                e["time_added"] = e["time_updated"] = str(self.now)
                return e
        n = str(229 + len(self.entries))
        t = str(self.now if at is None else BASE + at)
        self.now = max(self.now, int(t))
        e = {"item_id": n, "resolved_id": n, "given_url": url,
             "given_title": title, "resolved_url": url,
             "resolved_title": title, "excerpt": "", "favorite": "0",
             "status": "0", "time_added": t, "time_updated": t,
             "time_read": "0", "time_favorited": "0", "word_count": "120",
             "tags": {x: {"item_id": n, "tag": x} for x in tags}}
        e.update(more)
        self.entries[n] = e
        return e


class Handler(oauth.Handler):
    def problem(self, code, number, text):
        self.answer(code, "", "text/plain", {"X-Error": text,
                                             "X-Error-Code": str(number)})

    def control(self):
        s = self.service
        path = self.url.path
        if path == "/_post":
            for e in json.loads(self.body):
                s.add(**e)
            self.answer(200, {})
        elif path == "/_delete":
            s.now += 1
            e = s.entries[self.body.decode()]
            e["status"], e["time_updated"] = "2", str(s.now)
            self.answer(200, {})
        elif path == "/_cap":
            s.cap = int(self.body)
            self.answer(200, {})
        else:
            super().control()

    def login(self):
        return False  # its own, below

    def serve(self):
        path = self.url.path
        if path == "/auth/authorize":
            self.service.codes[self.query["request_token"]] = True
            self.answer(200, "allowed", "text/plain")
            return
        kind = self.headers.get("Content-Type", "")
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not kind.startswith("application/json") or \
                self.headers.get("X-Accept") != "application/json" or \
                not isinstance(body, dict):
            self.problem(400, 130, "Invalid request")
        elif body.get("consumer_key") != KEY:
            self.problem(400, 152, "Invalid consumer key")
        elif path == "/v3/oauth/request":
            self.service.codes["the-code"] = False
            self.answer(200, {"code": "the-code", "state": body.get("state")})
        elif path == "/v3/oauth/authorize":
            self.exchange(body)
        elif body.get("access_token") != TOKEN:
            self.problem(401, 107, "No such access token")
        elif path == "/v3/add":
            self.create(body)
        elif path == "/v3/get":
            self.listing(body)
        else:
            self.problem(404, 0, "Not found")

    def exchange(self, body):
        allowed = self.service.codes.pop(body.get("code"), None)
        if allowed is None:
            self.problem(403, 185, "Code not found")
        elif not allowed:
            self.problem(403, 158, "User rejected code")
        else:
            self.answer(200, {"access_token": TOKEN, "username": "alice"})

    def create(self, body):
        url = urllib.parse.urlsplit(body.get("url", ""))
        if url.scheme not in ("http", "https") or not url.netloc:
            self.problem(400, 130, "Invalid url")
            return
        if any(body.get(k) == "" for k in ("title", "tags")) or \
                set(body) - {"url", "title", "tags", "tweet_id",
                             "consumer_key", "access_token"}:
            self.problem(400, 130, "Validation error")
            return
        tags = body["tags"].split(",") if "tags" in body else []
        e = self.service.add(body["url"], body.get("title", ""), tags)
        self.service.added.append({k: body[k] for k in
                                   ("url", "title", "tags") if k in body})
        self.answer(200, {"item": {
            "item_id": e["item_id"], "normal_url": body["url"],
            "resolved_id": "0", "title": None, "excerpt": None,
            "given_url": body["url"]}, "status": 1})

    def listing(self, body):
        s = self.service
        state = body.get("state", "unread")
        count = int(body.get("count", 5000 if "since" in body else 30))
        if state not in ("unread", "archive", "all") or \
                not 1 <= count <= 5000 or \
                body.get("sort") not in ("newest", "oldest") or \
                body.get("detailType") != "complete":
            self.problem(400, 130, "Validation error")
            return
        since = int(body.get("since", 0))
        found = []
        for e in s.entries.values():
            if int(e["time_updated"]) < since:
                continue
            if e["status"] == "2":
                if since:
                    found.append({"item_id": e["item_id"], "status": "2"})
                continue
            if state != "all" and \
                    e["status"] != ("1" if state == "archive" else "0"):
                continue
            if body.get("favorite") == "1" and e["favorite"] != "1":
                continue
            if "tag" in body and body["tag"] not in e["tags"]:
                continue
            found.append(e)
        found.sort(key=lambda e: int(e.get("time_added", 0)),
                   reverse=body["sort"] == "newest")
        total = len(found)
        offset = int(body.get("offset", 0))
        found = found[offset:offset + min(count, s.cap)]
        # The keys are in no order; sort_id tells it.
        page = {e["item_id"]: dict(e, sort_id=i) if "given_url" in e else e
                for i, e in reversed(list(enumerate(found)))}
        for e in page.values():
            if e.get("tags") == {}:
                e["tags"] = []
        self.answer(200, {"status": 1 if page else 2, "complete": 0,
                          "error": None, "since": s.now, "total": str(total),
                          "list": page or []})


if __name__ == "__main__":
    oauth.main(Pocket(), Handler, sys.argv[1])
