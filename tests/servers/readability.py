"""A stand-in for Readability's Reader API, version 1: readability.py PORTFILE.

Every call must be signed (oauthlib checks it), form bodies included.  Dates have
no zone; they are those that /_post gives, so that several fall into one second.
"""
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oauth  # noqa: E402

API = "/api/rest/v1/"
DATE = "2015-01-02 10:00:%02d"
oauth.FAULTS.update({
    "nothing": (200, {}, {"meta": {}}),
})


class Readability(oauth.Service):
    def __init__(self):
        super().__init__()
        self.bookmarks = []
        self.second = 0
        self.meta = True
        self.adds = 0

    def state(self):
        return dict(super().state(), bookmarks=self.bookmarks,
                    adds=self.adds)

    def add(self, url, at=None, tags=(), favorite=False, archive=False,
            **article):
        if at is not None:
            self.second = at
        n = 119 + len(self.bookmarks)
        date = DATE % self.second
        a = {"id": "tg%d" % n, "title": "A title", "url": url,
             "excerpt": None, "author": None, "domain": "example.org",
             "lead_image_url": None, "word_count": 1094, "processed": True}
        a.update(article)
        b = {"id": n, "user_id": 1, "favorite": favorite, "archive": archive,
             "read_percent": "0.0", "date_added": date, "date_updated": date,
             "date_archived": None, "article_href": API + "articles/tg%d" % n,
             "tags": [{"id": i, "text": t} for i, t in enumerate(tags)],
             "article": a}
        self.bookmarks.append(b)
        return b


class Handler(oauth.Handler):
    def control(self):
        if self.url.path == "/_post":
            for b in json.loads(self.body):
                self.service.add(**b)
            self.answer(200, {})
        elif self.url.path == "/_meta":
            self.service.meta = False
            self.answer(200, {})
        else:
            super().control()

    def accept(self, code, b, headers=()):
        self.answer(code, b"", None, dict(
            headers, **{"Location": API + "bookmarks/%d" % b["id"]}))

    def serve(self):
        s = self.service
        path = self.url.path
        if not path.startswith(API):
            self.answer(404, "no such page", "text/plain")
            return
        path = path[len(API):]
        about = re.match(r"bookmarks/(\d+)(/tags)?$", path)
        if not self.authorized():
            self.answer(401, "Invalid or expired token", "text/plain")
        elif path == "users/_current":
            self.answer(200, {"username": oauth.USER, "first_name": None})
        elif path == "bookmarks" and self.command == "GET":
            self.listing()
        elif path == "bookmarks":
            self.create()
        elif about and self.command == "POST":
            b = next((b for b in s.bookmarks
                      if b["id"] == int(about.group(1))), None)
            if b is None:
                self.answer(404, "no such bookmark", "text/plain")
            else:
                self.change(b, about.group(2))
        elif path.startswith("articles/"):
            n = path.split("/")[1]
            self.answer(200, {"id": n, "content": "<p>all of %s</p>" % n})
        else:
            self.answer(404, "no such page", "text/plain")

    def change(self, b, tags):
        f = self.fields
        if tags:
            if not f.get("tags", "").strip():
                self.answer(400, "tags: required", "text/plain")
                return
            b["tags"] += [{"id": i, "text": t.strip()}
                          for i, t in enumerate(f["tags"].split(","))]
            self.answer(202, b"", None)
            return
        for k in ("favorite", "archive"):
            if k in f:
                b[k] = f[k] == "1"
        self.answer(200, {"id": b["id"]})

    def create(self):
        s, f = self.service, self.fields
        url = urllib.parse.urlsplit(f.get("url", ""))
        if url.scheme not in ("http", "https") or not url.netloc or \
                any(f.get(k) not in ("0", "1") for k in
                    ("favorite", "archive", "allow_duplicates")):
            self.answer(400, '{"messages": ["url: not valid"]}')
            return
        for b in s.bookmarks:
            if b["article"]["url"] == f["url"]:
                self.accept(409, b)
                return
        s.adds += 1
        b = s.add(f["url"], favorite=f["favorite"] == "1",
                  archive=f["archive"] == "1")
        self.accept(202, b, {"X-Article-Location":
                             API + "articles/" + b["article"]["id"]})

    def listing(self):
        s, q = self.service, self.query
        page, per = int(q.get("page", 1)), int(q.get("per_page", 20))
        since = q.get("added_since", "")
        if not 1 <= per <= 50 or page < 1 or (since and not re.match(
                r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", since)):
            self.answer(400, "conditions", "text/plain")
            return
        found = [b for b in reversed(s.bookmarks)  # the newest first
                 if b["date_added"] > since and
                 all(int(b[k]) == int(q[k]) for k in ("archive", "favorite")
                     if k in q) and
                 ("tags" not in q or
                  q["tags"] in [t["text"] for t in b["tags"]])]
        part = found[(page - 1) * per:page * per]
        if page > 1 and not part and not self.service.meta:
            return self.answer(404, "no such page", "text/plain")
        meta = {"num_pages": max(1, -(-len(found) // per)), "page": page,
                "item_count_total": len(found), "item_count": len(part)}
        self.answer(200, {"conditions": q, "meta": meta if s.meta else {},
                          "bookmarks": part})


if __name__ == "__main__":
    oauth.main(Readability(), Handler, sys.argv[1])
