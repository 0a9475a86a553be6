"""A stand-in for Trello, after its public description: trello.py PORTFILE.

Errors are plain text; the limits per token (100 in 10 s) and of /1/members
(100 in 900 s) are enforced; ids tell when things were made.  TH_PLAIN=1 makes
it one that has cards in lists alone, and shows nothing attached to them.
"""
import json
import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oauth  # noqa: E402

SHARED = "5" * 24
HEADER = re.compile(r'OAuth oauth_consumer_key="([^"]*)", '
                    r'oauth_token="([^"]*)"$')


PLAIN = "TH_PLAIN" in os.environ


class Trello(oauth.Service):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.boards, self.lists, self.labels, self.cards = [], [], [], []
        self.tokens = {"trello-token", "trello-token2", "trello-token3"}
        self.calls, self.member_calls = {}, {}

    def state(self):
        return dict(super().state(), boards=self.boards, lists=self.lists,
                    labels=self.labels, cards=self.cards,
                    tokens=sorted(self.tokens))

    def new(self, where, **fields):
        self.count += 1
        made = fields.pop("made", 0x65f00000)
        fields["id"] = "%08x%016x" % (made, self.count)
        where.append(fields)
        return fields

    def limited(self, path, who):
        def full(calls, window, most):
            now = time.time()
            mine = [t for t in calls.get(who, []) if t > now - window]
            calls[who] = mine
            if len(mine) >= most:
                return True
            mine.append(now)
            return False
        if full(self.calls, 10, 100):
            return "API_TOKEN_LIMIT_EXCEEDED"
        if path.startswith("/1/members/") and \
                full(self.member_calls, 900, 100):
            return "RATE_LIMIT_EXCEEDED"
        return None


class Handler(oauth.Handler):
    def text(self, code, words):
        self.answer(code, words, "text/plain; charset=utf-8")

    def control(self):
        s = self.service
        if self.url.path == "/_card":
            for c in json.loads(self.body):
                self.add_card(c)
            self.answer(200, {})
        elif self.url.path == "/_drop":
            for what in s.boards, s.lists:
                what[:] = [x for x in what if x["name"] != self.body.decode()]
            self.answer(200, {})
        else:
            super().control()

    def new_board(self, name):
        where = self.service.boards
        return self.service.new(
            where, name=name, closed=False,
            url="https://trello.com/b/Board%03d/x" % len(where))

    def named(self, where, name):
        for x in where:
            if x["name"] == name:
                return x
        return None

    def add_card(self, c):
        s = self.service
        board = self.named(s.boards, c["board"]) or \
            self.new_board(c["board"])
        lst = self.named(s.lists, c["list"]) or \
            s.new(s.lists, name=c["list"], closed=False,
                  idBoard=board["id"])
        self.create({"idList": lst["id"], "name": c["name"],
                     "desc": c.get("desc", ""),
                     "urlSource": c.get("url", "")}, c.get("made"))

    def authorized(self):
        m = HEADER.match(self.headers.get("Authorization", ""))
        if m:
            return m.group(1) == "trello-key" and \
                m.group(2) in self.service.tokens
        return super().authorized()

    def serve(self):
        path, s = self.url.path, self.service
        if path == "/1/authorize":
            self.text(200, "trello-token")
            return
        if not self.authorized():
            self.text(401, "invalid token")
            return
        over = s.limited(path, re.search(
            'oauth_token="([^"]*)|Bearer (.*)',
            self.headers["Authorization"]).groups())
        if over:
            self.answer(429, {"error": over,
                              "message": "Rate limit exceeded"})
            return
        part = path.split("/")[2:]
        run = getattr(self, "%s_%s" % (self.command, part[0]), None)
        if run is None:
            self.text(404, "Cannot %s %s" % (self.command, path))
        else:
            run(*part[1:])

    def GET_members(self, me, what=None):
        if what == "boards":
            self.answer(200, self.service.boards)
        else:
            self.answer(200, {"id": "1", "username": "alice"})

    def GET_tokens(self, token):
        self.answer(200, {"dateExpires": time.strftime(
            "%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 12.5 * 86400))})

    def DELETE_tokens(self, token):
        self.service.tokens.discard(urllib.parse.unquote(token))
        self.answer(200, {})

    def GET_boards(self, board, what=None):
        s = self.service
        if what is None: # one that somebody else has shared
            self.answer(200, {"id": SHARED, "name": "x"}) \
                if board == "Shared00" else self.text(404, "board not found")
        elif board != SHARED and not any(b["id"] == board for b in s.boards):
            self.text(404, "board not found")
        elif what == "cards" and PLAIN:
            self.text(404, "Cannot GET %s" % self.url.path)
        elif what == "cards":
            lists = {x["id"] for x in s.lists if x["idBoard"] == board}
            self.cards(lambda c: c["idList"] in lists)
        else:
            where = s.lists if what == "lists" else s.labels
            self.answer(200, [x for x in where if x["idBoard"] == board])

    def GET_lists(self, lst, what):
        if not any(x["id"] == lst for x in self.service.lists):
            self.text(404, "The requested resource was not found.")
        else:
            self.cards(lambda c: c["idList"] == lst)

    def cards(self, wanted):
        before = self.query.get("before", "g")
        cards = [c for c in self.service.cards
                 if wanted(c) and c["id"] < before]
        cards.sort(key=lambda c: c["id"])
        cards = cards[-int(self.query.get("limit", 1000)):]
        if PLAIN:
            cards = [{k: v for k, v in c.items() if k != "attachments"}
                     for c in cards]
        self.answer(200, cards)

    def POST_boards(self):
        if self.fields.get("prefs_permissionLevel") != "private":
            self.text(400, "a board for all to see")
            return
        self.answer(200, self.new_board(self.fields["name"]))

    def no_board(self):
        if any(b["id"] == self.fields["idBoard"] for b in self.service.boards):
            return False
        self.text(400, "invalid value for idBoard")
        return True

    def POST_lists(self):
        if self.no_board():
            return
        self.answer(200, self.service.new(
            self.service.lists, name=self.fields["name"], closed=False,
            idBoard=self.fields["idBoard"]))

    def POST_labels(self):
        if self.no_board():
            return
        self.answer(200, self.service.new(
            self.service.labels, name=self.fields["name"], color=None,
            idBoard=self.fields["idBoard"]))

    def POST_cards(self):
        f, s = self.fields, self.service
        if not any(x["id"] == f.get("idList") for x in s.lists):
            self.text(404, "The requested resource was not found.")
        elif not f.get("name") and not f.get("urlSource"):
            self.text(400, "invalid value for name")
        elif max(len(f.get(k, "").encode("utf-16-le")) // 2
                 for k in ("name", "desc")) > 16384:
            self.text(400, "invalid value for desc")
        else:
            self.answer(200, self.create(f))

    def create(self, f, made=None):
        s = self.service
        card = s.new(s.cards, made=made or 0x65f00000,
                     idList=f["idList"], name=f.get("name", ""),
                     desc=f.get("desc", ""), pos=f.get("pos"),
                     labels=[x for x in s.labels
                             if x["id"] in f.get("idLabels", "").split(",")],
                     dateLastActivity="2026-05-01T10:00:00.000Z",
                     attachments=[])
        card["shortUrl"] = "https://trello.com/c/%s" % card["id"][-8:]
        if f.get("urlSource"):
            card["attachments"].append({"url": f["urlSource"],
                                        "isUpload": False,
                                        "name": f["urlSource"]})
        return card


if __name__ == "__main__":
    oauth.main(Trello(), Handler, sys.argv[1])
