#!/usr/bin/env python3
"""evernote -- a stand-in for Evernote's EDAM services

usage: evernote.py TOKEN

Prints its port, then serves on 127.0.0.1 until killed.  Calls are decoded by
Apache Thrift's own Python library; field ids, limits and the rules of ENML are
written down here from the service's documentation, apart from the client's.

For the test:
GET /notes    the notes made, as lines of JSON; GET /calls: method names in turn
POST /faults  JSON [[METHOD, FAULT]...]: what becomes of the next call of METHOD;
              after it things go on as they should.  Faults: an exception's
              number, "NUMBER PARAMETER", "rate SECONDS", "html", "truncate", "cut" (processed, then
              no answer), "stamp" (the same, and dated by the service), "drop" (not processed), "echo" (repeats the token), an
              HTTP status as "http 503"
POST /notes   JSON [{title, content, notebook, tags, source, created, deleted}...]: adds them
POST /delete  a guid; POST /reset: there is no note, updates are counted anew
"""
import json
import re
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.parsers import expat

sys.path.append("/usr/lib/python3/dist-packages")
from thrift.Thrift import TMessageType, TType
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

token = sys.argv[1]
lock = threading.RLock()
notes, notebooks, tags, calls, faults = [], [], {}, [], []
usn = 0

# ---- ENML

words = """a abbr acronym address area b bdo big blockquote br caption center cite code col colgroup dd del dfn
div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small span strike strong sub sup
table tbody td tfoot th thead tr tt u ul var en-crypt en-media en-todo"""
everywhere = set("style title lang xml:lang dir".split())
own = {
    "en-note": "bgcolor text", "a": "href name rel rev target type hreflang charset shape coords",
    "img": "src alt name longdesc height width usemap ismap align border hspace vspace",
    "td": "rowspan colspan nowrap bgcolor width height align valign char charoff abbr",
    "table": "summary width border cellspacing cellpadding align bgcolor", "tr": "align valign bgcolor",
    "ol": "type compact start", "ul": "type compact", "dl": "compact", "li": "type value", "font": "size color face",
    "hr": "align noshade size width", "br": "clear", "col": "span width align valign", "colgroup": "span width align valign",
    "blockquote": "cite", "q": "cite", "ins": "cite datetime", "del": "cite datetime",
    "en-todo": "checked", "en-media": "type hash height width alt align border",
}
own["th"] = own["td"]
for t in "thead tbody tfoot".split():
    own[t] = "align valign"
for t in "p div h1 h2 h3 h4 h5 h6".split():
    own[t] = "align"
allowed = {t: everywhere | set(own.get(t, "").split()) for t in words.split() + ["en-note"]}
empty = {"area", "br", "col", "hr", "img", "en-media", "en-todo"}
choices = {"dir": "ltr rtl", "valign": "top middle bottom baseline", "clear": "left all right none",
           "nowrap": "nowrap", "noshade": "noshade", "compact": "compact",
           "align": "left center right justify char top middle bottom"}
prologue = ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd">')


def enml_fault(text):
    """Why a note's content is none; None when it is."""
    if len(text) > 5242880:
        return "too long"
    if not text.startswith(prologue):
        return "no prologue"
    stack, why = [], []

    def start(name, attrs):
        if name not in allowed or (name == "en-note") != (not stack):
            why.append("element %s" % name)
        if stack and stack[-1] in empty:
            why.append("content in %s" % stack[-1])
        stack.append(name)
        for k, v in attrs.items():
            if k not in allowed.get(name, ()):
                why.append("attribute %s of %s" % (k, name))
            if k in ("href", "src", "cite") and not re.match(r"(https?|mailto|tel|ftp|evernote):[!-~]+$", v):
                why.append("address %r" % v)
            if k in choices and v not in choices[k].split():
                why.append("%s=%r" % (k, v))
            if k in ("lang", "xml:lang", "name", "target") and not re.match(r"[\w.:-]+$", v):
                why.append("%s=%r" % (k, v))
            if k == "style" and re.search(r"url|expression|script", v, re.I):
                why.append("style %r" % v)

    def data(text):
        if stack[-1] in empty:
            why.append("text in %s" % stack[-1])

    p = expat.ParserCreate()
    p.StartElementHandler = start
    p.EndElementHandler = lambda name: stack.pop()
    p.CharacterDataHandler = data
    try:
        p.Parse(text.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError) as e:
        return str(e)
    return why[0] if why else None


# ---- Thrift, by its own library

def read_value(p, t):
    if t == TType.STRUCT:
        p.readStructBegin()
        ret = {}
        while True:
            _, ft, fid = p.readFieldBegin()
            if ft == TType.STOP:
                return ret
            ret[fid] = read_value(p, ft)
    if t in (TType.LIST, TType.SET):
        et, n = p.readListBegin()
        return [read_value(p, et) for _ in range(n)]
    if t == TType.MAP:
        kt, vt, n = p.readMapBegin()
        return {read_value(p, kt): read_value(p, vt) for _ in range(n)}
    if t == TType.STRING:
        return p.readBinary().decode()
    return {TType.BOOL: p.readBool, TType.I16: p.readI16, TType.I32: p.readI32, TType.I64: p.readI64,
            TType.DOUBLE: p.readDouble, TType.BYTE: p.readByte}[t]()


class I32(int):
    pass


class I64(int):
    pass


def type_of(v):
    return (TType.BOOL if isinstance(v, bool) else TType.I32 if isinstance(v, I32) else TType.I64 if isinstance(v, I64)
            else TType.STRING if isinstance(v, str) else TType.LIST if isinstance(v, list) else TType.STRUCT)


def write_value(p, v):
    t = type_of(v)
    if t == TType.STRUCT:
        for fid in sorted(v):
            if v[fid] is not None:
                p.writeFieldBegin("", type_of(v[fid]), fid)
                write_value(p, v[fid])
        p.writeFieldStop()
    elif t == TType.LIST:
        p.writeListBegin(type_of(v[0]) if v else TType.STRUCT, len(v))
        for x in v:
            write_value(p, x)
    else:
        {TType.BOOL: p.writeBool, TType.I32: p.writeI32, TType.I64: p.writeI64, TType.STRING: p.writeString}[t](v)


# ---- the services

class Edam(Exception):
    def __init__(self, field, struct):
        self.result = {field: struct}


def user_fault(code, parameter):
    return Edam(1, {1: I32(code), 2: parameter})


def system_fault(code, message, seconds=None):
    return Edam(2, {1: I32(code), 2: message, 3: I32(seconds) if seconds is not None else None})


def bump():
    global usn
    usn += 1
    return usn


def check_name(value, most, parameter, commas=True):
    if not value:
        raise user_fault(13, parameter)
    if len(value.encode("utf-16-le")) // 2 > most:
        raise user_fault(14, parameter)
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value) or value != value.strip() or (not commas and "," in value):
        raise user_fault(2, parameter)


def find(rows, guid, key):
    for row in rows:
        if row["guid"] == guid:
            return row
    raise Edam(3, {1: key, 2: guid})


def add_notebook(name):
    check_name(name, 100, "Notebook.name")
    if any(n["name"].lower() == name.lower() for n in notebooks):
        raise user_fault(10, "Notebook.name")
    notebooks.append({"guid": str(uuid.uuid4()), "name": name, "usn": bump()})
    return notebooks[-1]


def book(n):
    return {1: n["guid"], 2: n["name"], 5: I32(n["usn"])}


def tag_guid(name):
    for guid, known in tags.items():
        if known.lower() == name.lower():
            return guid
    guid = str(uuid.uuid4())
    tags[guid] = name
    bump()
    return guid


def create_note(args):
    n = args[2]
    attr = n.get(14, {})
    check_name(n.get(2), 255, "Note.title")
    why = enml_fault(n[3])
    if why:
        raise user_fault(11, why)
    for name in n.get(15, []):
        check_name(name, 100, "Tag.name", commas=False)
    if len(n.get(15, [])) > 100:
        raise user_fault(16, "Note.tagNames")
    if 15 in attr and not 1 <= len(attr[15]) <= 4096:
        raise user_fault(14, "NoteAttributes.sourceURL")
    notebook = find(notebooks, n[11], "Note.notebookGuid")["guid"] if 11 in n else notebooks[0]["guid"]
    notes.append({"guid": str(uuid.uuid4()), "title": n[2], "content": n[3], "created": n.get(6, int(time.time() * 1000)),
                  "notebook": notebook, "tags": [tag_guid(t) for t in n.get(15, [])], "names": n.get(15, []),
                  "source": attr.get(15), "author": attr.get(13), "usn": bump()})
    return {1: notes[-1]["guid"], 2: n[2], 10: I32(usn)}


def matches(n, f):
    if 4 in f:
        find(notebooks, f[4], "NoteFilter.notebookGuid")
        if n["notebook"] != f[4]:
            return False
    if not set(f.get(5, [])) <= set(n["tags"]):
        return False
    for key, quoted in re.findall(r'(\w+):"([^"]*)"', f.get(3, "")):
        have = {"sourceURL": n["source"], "intitle": n["title"]}.get(key)
        if have is None or quoted.replace("*", "").lower() not in have.lower().replace('"', ""):
            return False
    plain = re.sub(r'\w+:"[^"]*"', "", f.get(3, "")).split()
    return all(w.lower() in (n["title"] + n["content"]).lower() for w in plain)


def find_notes(args):
    f, offset, most = args[2], args[3], min(args[4], 250)
    key = {1: "created", 4: "usn"}[f[1]]
    found = sorted((n for n in notes if matches(n, f)), key=lambda n: n[key], reverse=not f[2])
    rows = [{1: n["guid"], 2: n["title"], 6: I64(n["created"]), 7: I64(n["created"]), 10: I32(n["usn"]), 11: n["notebook"],
             8: n.get("deleted") and I64(n["deleted"]), 12: n["tags"] or None, 14: {13: n["author"], 15: n["source"]}} for n in found[offset:offset + most]]
    return {1: I32(offset), 2: I32(len(found)), 3: rows, 6: I32(usn)}


def note_content(args):
    return find(notes, args[2], "Note.guid")["content"]


methods = {
    "/edam/note": {
        "listNotebooks": lambda a: [book(n) for n in notebooks],
        "createNotebook": lambda a: book(add_notebook(a[2].get(2))),
        "listTags": lambda a: [{1: g, 2: n} for g, n in tags.items()],
        "createNote": create_note,
        "findNotesMetadata": find_notes,
        "getNoteContent": note_content,
        "getSyncState": lambda a: {1: I64(int(time.time() * 1000)), 3: I32(usn)},
    },
    "/edam/user": {
        "getUser": lambda a: {1: I32(36636), 2: "bob", 14: "s1", 63: {1: [[I32(1)]]}},
        "getUserUrls": lambda a: {1: "http://127.0.0.1:%d/edam/note/s9" % server.server_port},
    },
}


def fault_of(method):
    for i, (m, what) in enumerate(faults):
        if m == method:
            del faults[i]
            return what
    return None


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, body, kind="application/x-thrift", code=200, length=None):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            if self.path == "/calls":
                self.send("".join(c + "\n" for c in calls).encode(), "text/plain")
            elif self.path == "/notebooks":
                self.send("".join(n["name"] + "\n" for n in notebooks).encode(), "text/plain")
            else:
                self.send("".join(json.dumps(n) + "\n" for n in notes).encode(), "text/plain")

    def control(self, body):
        if self.path == "/faults":
            faults[:] = json.loads(body)
            del calls[:]
        elif self.path == "/notes":
            for n in json.loads(body):
                where = next((b for b in notebooks if b["name"] == n["notebook"]), None) or add_notebook(n["notebook"])
                notes.append({"guid": str(uuid.uuid4()), "title": n["title"], "content": n["content"], "created": n["created"],
                              "notebook": where["guid"], "tags": [tag_guid(t) for t in n.get("tags", [])],
                              "names": n.get("tags", []), "source": n.get("source"), "author": n.get("author"), "usn": bump(),
                              "deleted": n.get("deleted")})
        elif self.path == "/delete":
            notes[:] = [n for n in notes if n["guid"] != body.decode()]
            bump()
        elif self.path == "/reset":
            global usn
            usn = 0
            notes.clear()
        elif self.path == "/forget":
            notebooks[:] = [n for n in notebooks if n["name"] != body.decode()]
        self.send(b"", "text/plain")

    def run(self, method, args, fault):
        if args.get(1) != token:
            raise user_fault(8, "authenticationToken")
        if isinstance(fault, int):
            raise user_fault(fault, "scripted")
        if fault and fault.split()[0].isdigit():
            raise user_fault(int(fault.split()[0]), fault.split()[1])
        if fault and fault.startswith("rate"):
            raise system_fault(19, "slow down", int(fault.split()[1]))
        if fault == "echo":
            raise user_fault(3, "authenticationToken " + args[1])
        store = "/edam/user" if self.path == "/edam/user" else "/edam/note"
        if self.path not in ("/edam/user", "/edam/note/s1", "/edam/note/s9"):
            raise user_fault(12, self.path)
        return {0: methods[store][method](args)}

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            if not self.path.startswith("/edam/"):
                return self.control(body)
            if self.headers.get("Content-Type") != "application/x-thrift" or not self.headers.get("User-Agent"):
                return self.send(b"<html>what?</html>", "text/html", 400)
            p = TBinaryProtocol(TMemoryBuffer(body), strictRead=True)
            method, kind, seqid = p.readMessageBegin()
            args = read_value(p, TType.STRUCT)
            if kind != TMessageType.CALL or p.trans.cstringio_buf.read():
                return self.send(b"<html>malformed</html>", "text/html", 400)
            calls.append(method)
            fault = fault_of(method)
            if fault == "drop":
                self.close_connection = True
                return self.connection.close()
            if fault == "html":
                return self.send(b"<!DOCTYPE html><html><body>Maintenance</body></html>", "text/html")
            if isinstance(fault, str) and fault.startswith("http"):
                return self.send(b"<html>no</html>", "text/html", int(fault.split()[1]))
            try:
                result = self.run(method, args, fault)
            except Edam as e:
                result = e.result
        out = TMemoryBuffer()
        q = TBinaryProtocol(out, strictWrite=True)
        q.writeMessageBegin(method, TMessageType.REPLY, seqid)
        write_value(q, result)
        answer = out.getvalue()
        if fault == "stamp":
            notes[-1]["created"] = int(time.time() * 1000)
        if fault in ("cut", "stamp"):
            self.close_connection = True
            return self.connection.close()
        if fault == "truncate":
            answer = answer[:-5]
        self.send(answer)

    def log_message(self, *args):
        pass


add_notebook("Inbox")
server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(server.server_port, flush=True)
server.serve_forever()
