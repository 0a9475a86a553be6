"""A stand-in for X, after its public description: twitter.py PORTFILE.

TH_SPELLING=post makes it one that knows only the newer names of its fields.
Text is refused above a weighted length of 280; t.co links, entities and the
escapes of &, < and > are as X has them.
"""
import json
import os
import re
import sys
import unicodedata
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oauth  # noqa: E402

URL = re.compile(r"https?://[^\s]+")
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|"
    "[\u2600-\u27bf\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff"
    "\U000e0020-\U000e007f]*(?:\u200d[\u2600-\u27bf\U0001f000-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*)*")
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def weight(text):
    text = unicodedata.normalize("NFC", text)
    text, urls = URL.subn("", text)
    text, pictures = EMOJI.subn("", text)
    return 23 * urls + 2 * pictures + sum(
        1 if any(a <= ord(c) <= b for a, b in LIGHT) else 2 for c in text)


class Twitter(oauth.Service):
    spelling = os.environ.get("TH_SPELLING", "tweet")

    def __init__(self):
        super().__init__()
        self.posts = []  # oldest first
        self.sent = []
        self.oldest_since = 0

    def state(self):
        return dict(super().state(), sent=self.sent)

    def add(self, text, author="42", **more):
        post = {"id": str(1900000000000000001 + len(self.posts)),
                "text": text, "author_id": author,
                "created_at": "2026-05-01T10:00:00.000Z", "lang": "en"}
        post.update(more)
        self.posts.append(post)
        return post

    def publish(self, text):
        links = []

        def short(m):
            links.append({"url": "https://t.co/l%d" % len(links),
                          "expanded_url": m.group()})
            return links[-1]["url"]
        text = URL.sub(short, text)
        for plain, escaped in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"):
            text = text.replace(plain, escaped)
        return self.add(text, "7", entities={"urls": links})


USERS = [{"id": "42", "username": "alice", "name": "Alice & Co"},
         {"id": "7", "username": "me", "name": "Me"}]
MEDIA = [{"media_key": "3_1", "type": "photo", "alt_text": "a boat",
          "url": "https://pbs.example/1.jpg"},
         {"media_key": "7_1", "type": "video",
          "preview_image_url": "https://pbs.example/7.jpg",
          "variants": [
              {"content_type": "application/x-mpegURL", "url": "x"},
              {"content_type": "video/mp4", "bit_rate": 1, "url": "lo.mp4"},
              {"content_type": "video/mp4", "bit_rate": 9,
               "url": "https://video.example/hi.mp4"}]}]


class Handler(oauth.Handler):
    def problem(self, code, title, detail):
        self.answer(code, {"title": title, "detail": detail,
                           "status": code}, "application/problem+json")

    def control(self):
        if self.url.path == "/_post":
            for p in json.loads(self.body):
                self.service.add(**p)
            self.answer(200, {})
        elif self.url.path == "/_oldest":
            self.service.oldest_since = int(self.body)
            self.answer(200, {})
        else:
            super().control()

    def serve(self):
        path = self.url.path
        if not self.authorized():
            self.problem(401, "Unauthorized", "Unauthorized")
        elif self.command == "POST" and path == "/2/tweets":
            self.create()
        elif path == "/2/users/me":
            self.answer(200, {"data": USERS[1]})
        elif path.startswith("/2/users/by/username/"):
            self.by_name(path.rsplit("/", 1)[1])
        elif path == "/2/tweets/search/recent":
            self.search()
        elif re.match(r"/2/users/\d+/tweets$", path):
            user = path.split("/")[3]
            self.page([p for p in self.service.posts
                       if p["author_id"] == user], "pagination_token", 5)
        elif re.match(r"/2/users/7/(timelines/reverse_chronological|mentions"
                      r"|liked_tweets|bookmarks)$", path):
            self.page(self.service.posts, "pagination_token", 1)
        else:
            self.problem(404, "Not Found", "no such path")

    def by_name(self, name):
        for u in USERS:
            if u["username"] == name:
                self.answer(200, {"data": u})
                return
        self.answer(200, {"errors": [{"title": "Not Found Error",
                                      "detail": "Could not find user"}]})

    def search(self):
        words = self.query.get("query", "").lower().split()
        if not words or len(self.query["query"]) > 512:
            self.problem(400, "Invalid Request", "query")
            return
        self.page([p for p in self.service.posts
                   if all(w in p["text"].lower() for w in words
                          if not w.startswith("-"))], "next_token", 10)

    def page(self, posts, token, least):
        q, s = self.query, self.service
        other = "tweet" if s.spelling == "post" else "post"
        if other + ".fields" in q:
            self.problem(400, "Invalid Request", "The query parameter [%s."
                         "fields] is not one of []" % other)
            return
        if not least <= int(q.get("max_results", 10)) <= 100:
            self.problem(400, "Invalid Request", "max_results")
            return
        if "since_id" in q:
            if int(q["since_id"]) < s.oldest_since:
                self.problem(400, "Invalid Request",
                             "'since_id' must be a tweet id created after")
                return
            posts = [p for p in posts if int(p["id"]) > int(q["since_id"])]
        posts = posts[::-1]
        start = int(q.get(token, 0))
        count = int(q.get("max_results", 10))
        part = posts[start:start + count]
        meta = {"result_count": len(part)}
        if not part:
            self.answer(200, {"meta": meta})
            return
        meta.update(newest_id=part[0]["id"], oldest_id=part[-1]["id"])
        if start + count < len(posts):
            meta["next_token"] = str(start + count)
        name = "posts" if s.spelling == "post" else "tweets"
        self.answer(200, {
            "data": part, "meta": meta,
            "includes": {"users": USERS, "media": MEDIA,
                         name: [p for p in s.posts[:3]]}})

    def create(self):
        s = self.service
        body = json.loads(self.body)
        text = body.get("text", "")
        if not text or any(c in text for c in "\ufeff\ufffe\uffff"):
            self.problem(400, "Invalid Request", "text")
        elif weight(text) > 280:
            self.problem(403, "Forbidden", "Your Tweet text is too long.")
        elif text in s.sent:
            self.fail("403duplicate")
        else:
            s.sent.append(text)
            post = s.publish(text)
            self.answer(201, {"data": {"id": post["id"],
                                       "text": post["text"]}})


if __name__ == "__main__":
    oauth.main(Twitter(), Handler, sys.argv[1])
