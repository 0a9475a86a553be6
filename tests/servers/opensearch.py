#!/usr/bin/env python3
"""What th-search asks of OpenSearch, in memory.  opensearch.py DIR writes its port
to DIR/port.  DIR/down: answers 503.  DIR/busy: a number, so many documents get
429 first.  DIR/bad: an id whose document is refused with 400.  DIR/auth: the
Authorization header that is asked for.  DIR/fault: "STATUS TYPE", which each
document gets.  DIR/most: a request of more bytes gets 413.  DIR/hired: shards are
none of the client's business.  DIR/text: what is answered to a bulk request.
DIR/part: not all shards answer.  DIR/log gets a line for each request."""
import http.server, json, os, sys

top = sys.argv[1]
indexes = {}


def note(name):
    try:
        with open(os.path.join(top, name)) as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


def phrase(words, want, prefix):
    for i in range(len(words) - len(want) + 1):
        if words[i:i + len(want) - 1] == want[:-1]:
            last = words[i + len(want) - 1]
            if last == want[-1] or (prefix and last.startswith(want[-1])):
                return True
    return False


def score(q, doc):
    """None: does not match."""
    (kind, body), = q.items()
    if kind == "bool":
        total = 0.0
        for part in body.get("must", []) + body.get("filter", []):
            s = score(part, doc)
            if s is None:
                return None
            total += s
        if any(score(part, doc) is not None for part in body.get("must_not", [])):
            return None
        return total
    if kind == "dis_max":
        found = [s for s in (score(part, doc) for part in body["queries"]) if s is not None]
        return max(found) if found else None
    boost = float(body.get("boost", 0))
    (field, arg), = ((k, v) for k, v in body.items() if k != "boost")
    value = doc.get(field)
    if kind == "range":
        return 0.0 if arg["gte"] <= value < arg["lt"] else None
    if kind == "term":
        return 0.0 if arg in value else None
    if kind == "terms":
        return boost if set(arg) & set((value or "").split()) else None
    if kind == "prefix" and isinstance(arg, dict):
        return float(arg["boost"]) if any(v.startswith(arg["value"]) for v in (value or "").split()) else None
    if kind == "prefix":
        return 0.0 if any(v.startswith(arg) for v in value) else None
    words, want = (value or "").split(), arg["query"].split()
    assert kind in ("match", "match_phrase", "match_phrase_prefix"), kind
    if phrase(words, want, kind == "match_phrase_prefix"):
        return float(arg["boost"])
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, reply):
        body = b"" if self.command == "HEAD" else json.dumps(reply).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0].strip("/")
        with open(os.path.join(top, "log"), "a") as f:
            f.write(f"{self.command} {self.path} {len(body)}\n")
        if note("down") is not None:
            return self.answer(503, {"error": "not now", "status": 503})
        if note("auth") not in (None, self.headers.get("Authorization")):
            return self.answer(401, {"error": {"type": "security_exception", "reason": "who is it"}})
        if note("most") and len(body) > int(note("most")):
            return self.answer(413, {"error": "too large"})
        if self.command == "HEAD":
            return self.answer(200 if path in indexes else 404, {})
        if self.command == "PUT":
            made = json.loads(body)
            assert made["mappings"]["properties"]
            if "settings" in made and note("hired") is not None:
                return self.answer(400, {"error": {"type": "illegal_argument_exception", "reason": "Settings [index.number_of_shards] are not available"}})
            indexes[path] = {}
            return self.answer(200, {"acknowledged": True})
        if self.command == "DELETE":
            known = indexes.pop(path, None) is not None
            return self.answer(200 if known else 404, {"acknowledged": known})
        if path == "_bulk":
            return self.answer(200, note("text")) if note("text") else self.bulk(body)
        name, verb = path.rsplit("/", 1)
        if verb == "_delete_by_query":
            if name not in indexes:
                return self.answer(404, {"error": {"type": "index_not_found_exception"}})
            own = [i for i, d in indexes[name].items() if score(json.loads(body)["query"], d) is not None]
            for i in own:
                del indexes[name][i]
            return self.answer(200, {"deleted": len(own)})
        if verb == "_count":
            return self.answer(200, {"count": len(indexes.get(name, {}))})
        return self.search(indexes.get(name, {}), json.loads(body))

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST

    def bulk(self, body):
        assert self.headers["Content-Type"] == "application/x-ndjson" and body.endswith(b"\n")
        lines, items, i = body.split(b"\n")[:-1], [], 0
        while i < len(lines):
            (verb, to), = json.loads(lines[i]).items()
            i += 1
            code, error = 200, {}
            if note("fault"):
                code, kind = note("fault").split()
                code, error = int(code), {"error": {"type": kind, "reason": "just so"}}
                i += verb != "delete"
            elif verb == "delete":
                indexes[to["_index"]].pop(to["_id"], None)
            else:
                doc = json.loads(lines[i])
                i += 1
                left = int(note("busy") or 0)
                if left:
                    code = 429
                    with open(os.path.join(top, "busy"), "w") as f:
                        f.write(str(left - 1))
                elif note("bad") and json.loads(doc["line"]).get("id") == note("bad"):
                    code, error = 400, {"error": {"type": "mapper_parsing_exception", "reason": "a bad field"}}
                else:
                    indexes[to["_index"]][to["_id"]] = doc
            items.append({verb: {"_id": to["_id"], "status": code, **error}})
        self.answer(200, {"took": 1, "errors": any(list(x.values())[0]["status"] > 299 for x in items), "items": items})

    def search(self, docs, q):
        found = [(score(q["query"], d), d) for d in docs.values()]
        found = [(s, d) for s, d in found if s is not None]
        found.sort(key=lambda x: (x[0], x[1]["date"], x[1]["no"]), reverse=True)
        hits = [{"_score": s, "_source": {k: d[k] for k in q["_source"]}} for s, d in found[:q["size"]]]
        self.answer(200, {"took": 1, "timed_out": False, "_shards": {"failed": int(note("part") is not None)}, "hits": {"total": {"value": len(found)}, "hits": hits}})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(top, "port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(top, "port.new"), os.path.join(top, "port"))
server.serve_forever()
