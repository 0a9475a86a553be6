"""What the stand-ins of services have in common: logins, faults, a record.

OAuth 1.0a is checked by oauthlib: signature, nonce, timestamp.  Faults are
posted to /_fault as JSON {"path": PREFIX, "kind": KIND, "times": N}; what came
in is told by GET /_requests, what the stand-in knows by GET /_state.
Alone (oauth.py PORTFILE) it is a service of logins only.
"""
import base64
import hashlib
import http.server
import json
import os
import secrets
import socket
import ssl
import string
import sys
import threading
import time
import urllib.parse

sys.path.append("/usr/lib/python3/dist-packages")
from oauthlib import oauth1  # noqa: E402

CONSUMER = {"consumer-key": os.environ.get("TH_SECRET", "consumer-secret")}
CLIENT = "client-id"
CLIENT_SECRET = os.environ.get("TH_SECRET", "client-secret")
USER, PASSWORD = "alice", "open sesame"


def secret():
    """A token; of those that TH_PREFIX begins a test finds every trace."""
    return os.environ.get("TH_PREFIX", "") + secrets.token_hex(8)


class Validator(oauth1.RequestValidator):
    """Everything oauthlib asks about keys, tokens and nonces."""
    enforce_ssl = False
    safe_characters = set(string.ascii_letters + string.digits + "-")
    client_key_length = request_token_length = access_token_length = (3, 200)
    nonce_length = (8, 64)
    verifier_length = (3, 64)
    allowed_signature_methods = ["HMAC-SHA1"]
    dummy_client = dummy_request_token = dummy_access_token = "dummy"

    def __init__(self):
        self.tokens = {"user-token": "user-token-secret"}
        self.temporary = {}  # token: [secret, callback, verifier]
        self.nonces = set()

    def validate_client_key(self, key, request):
        return key in CONSUMER

    def get_client_secret(self, key, request):
        return CONSUMER.get(key, "dummy")

    def validate_access_token(self, key, token, request):
        return token in self.tokens

    def get_access_token_secret(self, key, token, request):
        return self.tokens.get(token, "dummy")

    def validate_request_token(self, key, token, request):
        return token in self.temporary

    def get_request_token_secret(self, key, token, request):
        return self.temporary.get(token, ["dummy"])[0]

    def validate_timestamp_and_nonce(self, key, timestamp, nonce, request,
                                     request_token=None, access_token=None):
        if abs(time.time() - int(timestamp)) > 300 or nonce in self.nonces:
            return False
        self.nonces.add(nonce)
        return True

    def validate_realms(self, key, token, request, uri=None, realms=None):
        return True

    def get_default_realms(self, key, request):
        return []

    def get_realms(self, token, request):
        return []

    def validate_requested_realms(self, key, realms, request):
        return True

    def validate_redirect_uri(self, key, uri, request):
        return uri == "oob" or uri.startswith("http://127.0.0.1:")

    def get_redirect_uri(self, token, request):
        return self.temporary[token][1]

    def save_request_token(self, token, request):
        self.temporary[token["oauth_token"]] = [
            token["oauth_token_secret"], request.redirect_uri, None]

    def validate_verifier(self, key, token, verifier, request):
        return verifier is not None and self.temporary[token][2] == verifier

    def save_access_token(self, token, request):
        self.tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(self, key, token, request):
        self.temporary.pop(token, None)


class Service:
    """State shared by the threads; lock held while a request is answered."""
    rotates = True
    lifetime = 7200

    def __init__(self):
        self.lock = threading.RLock()
        self.validator = Validator()
        self.resource = oauth1.ResourceEndpoint(self.validator)
        self.initiate = oauth1.RequestTokenEndpoint(self.validator)
        self.exchange = oauth1.AccessTokenEndpoint(
            self.validator, token_generator=lambda: secret())
        self.faults, self.requests = [], []
        self.codes, self.devices = {}, {}
        self.access = {"bearer-token": float("inf")}
        self.refresh = {"refresh-token"}
        self.refreshes = self.credentials = 0
        self.revoked = []

    def state(self):
        return {"refreshes": self.refreshes, "revoked": self.revoked,
                "credentials": self.credentials}

    def grant(self):
        token, again = secret(), secret()
        self.access[token] = time.time() + self.lifetime
        self.refresh.add(again)
        return {"token_type": "bearer", "expires_in": self.lifetime,
                "access_token": token, "refresh_token": again,
                "scope": "all"}


FAULTS = {  # kind: (code, headers, body)
    "400": (400, {}, {"title": "Invalid Request", "detail": "wrong"}),
    "401": (401, {}, {"title": "Unauthorized"}),
    "402": (402, {}, {"title": "Payment Required",
                      "type": "/problems/credits-depleted"}),
    "403": (403, {}, {"title": "Forbidden", "detail": "not permitted"}),
    "403duplicate": (403, {}, {
        "type": "about:blank",
        "detail": "You are not allowed to create a Tweet with duplicate "
                  "content."}),
    "429": (429, {}, {"errors": [{"code": 88, "message": "Rate limit"}]}),
    "429retry": (429, {"Retry-After": "120"}, {}),
    "429reset": (429, {"x-rate-limit-reset": "+240"}, {}),
    "429day": (429, {"x-user-limit-24hour-remaining": "0",
                     "x-user-limit-24hour-reset": "+7200",
                     "x-rate-limit-reset": "+60"}, {}),
    "500": (500, {}, {"title": "Internal"}),
    "503": (503, {}, {}),
    "errors200": (200, {}, {"errors": [{"title": "Not Found Error",
                                        "detail": "no longer there"}]}),
    "400vague": (400, {}, {"title": "Invalid Request", "detail": "invalid"}),
    "html200": (200, {}, "<html><body>Log in to the network</body></html>"),
    "html": (502, {}, "<html><body><h1>Bad gateway</h1></body></html>"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, *args):
        pass

    # ---- answering

    def answer(self, code, body=b"", kind="application/json", headers=()):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if self.mangle == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.mangle == "late500": # it was done all the same
            code = 500
        self.send_response(code)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if self.mangle == "truncated":
            body = body[:len(body) // 2]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def form(self, code, fields):
        self.answer(code, urllib.parse.urlencode(fields),
                    "application/x-www-form-urlencoded")

    def fault(self):
        """The fault that is due for this request, taken off the list."""
        for f in self.service.faults:
            if self.url.path.startswith(f["path"]) and \
                    f.get("method", self.command) == self.command:
                f["times"] -= 1
                if f["times"] <= 0:
                    self.service.faults.remove(f)
                self.target = f.get("to")
                return f["kind"]
        return None

    def echo(self):
        """As services do that say what was wrong."""
        self.answer(400, "not understood: %s %s %s" % (
            self.headers.get("Authorization"), self.body.decode(), self.path),
            "text/plain")

    def fail(self, kind):
        code, headers, body = FAULTS[kind]
        headers = {k: str(int(time.time()) + int(v[1:])) if v[0] == "+" else v
                   for k, v in headers.items()}
        self.answer(code, body, "text/html" if kind.startswith("html")
                    else "application/problem+json", headers)

    # ---- requests

    def do(self):
        self.mangle = None
        self.url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(self.url.query, True))
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length)
        self.fields = {}
        if self.headers.get("Content-Type", "").startswith(
                "application/x-www-form-urlencoded"):
            self.fields = dict(urllib.parse.parse_qsl(self.body.decode(),
                                                      True))
        if self.url.path.startswith("/_"):
            self.control()
            return
        s = self.service
        with s.lock:
            s.requests.append("%s %s" % (self.command, self.path))
            s.credentials += "Authorization" in self.headers
            kind = self.fault()
        if kind == "silence":
            time.sleep(30)
            return
        if kind == "echo":
            self.echo()
            return
        if kind == "redirect":
            self.answer(302, b"", headers={"Location": self.target})
            return
        if kind in ("cut", "truncated", "late500"):
            self.mangle = kind
        elif kind:
            self.fail(kind)
            return
        with s.lock:
            if not self.login():
                self.serve()

    do_GET = do_POST = do_PUT = do_DELETE = do

    def control(self):
        s = self.service
        if self.url.path == "/_fault":
            s.faults.append(json.loads(self.body))
            self.answer(200, {})
        elif self.url.path == "/_calm":
            s.faults.clear()
            self.answer(200, {})
        elif self.url.path == "/_fresh": # a refresh token as of a login
            self.answer(200, s.grant()["refresh_token"], "text/plain")
        elif self.url.path == "/_requests":
            self.answer(200, "".join(r + "\n" for r in s.requests),
                        "text/plain")
            s.requests = []
        else:
            self.answer(200, s.state())

    # ---- who asks

    def oauth1(self):
        good, _ = self.service.resource.validate_protected_resource_request(
            self.uri(), self.command, self.signed_body(), self.signed_heads(),
            [])
        return good

    def uri(self):
        return "http://%s%s" % (self.headers["Host"], self.path)

    def signed_body(self):
        return self.body.decode() if self.fields else ""

    def signed_heads(self):
        heads = {"Authorization": self.headers.get("Authorization", "")}
        if self.fields:
            heads["Content-Type"] = "application/x-www-form-urlencoded"
        return heads

    def authorized(self):
        head = self.headers.get("Authorization", "")
        if head.startswith("Bearer "):
            return self.service.access.get(head[7:], 0) > time.time()
        return head.startswith("OAuth ") and self.oauth1()

    # ---- logins: paths by their ends, so that every service may have its own

    def login(self):
        path = self.url.path.lower().rstrip("/")
        if path == "/authorize":
            path = "/oauth2/authorize"
        for end, run in (
                ("request_token", self.request_token),
                ("oauthgetrequesttoken", self.request_token),
                ("oauth/authorize", self.authorize),
                ("oauthauthorizetoken", self.authorize),
                ("oauth/access_token", self.access_token),
                ("oauthgetaccesstoken", self.access_token),
                ("oauth2/authorize", self.authorize2),
                ("oauth2/token", self.token2),
                ("oauth/token", self.token2),
                ("oauth2/revoke", self.revoke2),
                ("device/code", self.device)):
            if path.endswith(end):
                run()
                return True
        return False

    def relay(self, endpoint):
        heads, body, code = endpoint(
            self.uri(), self.command, self.signed_body(), self.signed_heads(),
            {})
        self.answer(code, body or "", "application/x-www-form-urlencoded")

    def request_token(self):
        self.relay(self.service.initiate.create_request_token_response)

    def authorize(self):
        """The person allows it at once; a browser would show a page first."""
        token = self.query["oauth_token"]
        temp = self.service.validator.temporary[token]
        temp[2] = "1234567"
        if self.query.get("deny"):
            back = temp[1] + "?denied=" + token
        else:
            back = temp[1] + "?" + urllib.parse.urlencode(
                {"oauth_token": token, "oauth_verifier": temp[2]})
        if temp[1] == "oob":
            self.answer(200, temp[2], "text/plain")
        else:
            self.answer(302, b"", headers={"Location": back})

    def access_token(self):
        if "x_auth_username" not in self.fields:
            self.relay(self.service.exchange.create_access_token_response)
            return
        request = self.service.resource._create_request(
            self.uri(), self.command, self.signed_body(), self.signed_heads())
        good = self.service.resource._check_signature(request)
        if not good or self.fields["x_auth_mode"] != "client_auth" or \
                self.fields["x_auth_username"] != USER or \
                self.fields["x_auth_password"] != PASSWORD:
            self.answer(401, "no", "text/plain")
            return
        self.service.validator.tokens["x-token"] = "x-secret"
        self.form(200, {"oauth_token": "x-token",
                        "oauth_token_secret": "x-secret"})

    def authorize2(self):
        q = self.query
        if q["client_id"] != CLIENT or q["response_type"] != "code" or \
                q["code_challenge_method"] != "S256" or len(q["state"]) < 16:
            self.answer(400, {"error": "invalid_request"})
            return
        code = secrets.token_hex(8) + "=="
        self.service.codes[code] = (q["code_challenge"], q["redirect_uri"])
        back = {"code": code, "state": q["state"]}
        if q.get("forge"):
            back["state"] = "0" * 64
        self.answer(302, b"", headers={
            "Location": q["redirect_uri"] + "?" +
            urllib.parse.urlencode(back)})

    def client(self, f):
        head = self.headers.get("Authorization", "")
        if head.startswith("Basic "):
            pair = base64.b64decode(head[6:]).decode()
            return pair == CLIENT + ":" + CLIENT_SECRET
        return f.get("client_id") == CLIENT

    def token2(self):
        s = self.service
        f = self.fields or json.loads(self.body or b"{}")
        error, code = None, 400
        if not self.client(f):
            error = "invalid_client"
        elif f.get("grant_type") == "authorization_code":
            challenge, redirect = s.codes.pop(f.get("code"), (None, None))
            digest = hashlib.sha256(f["code_verifier"].encode()).digest()
            mine = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if challenge != mine or redirect != f["redirect_uri"]:
                error = "invalid_grant"
        elif f.get("grant_type") == "refresh_token":
            if f.get("refresh_token") not in s.refresh:
                error = "invalid_grant"
            else:
                s.refreshes += 1
                if s.rotates:
                    s.refresh.discard(f["refresh_token"])
        elif f.get("grant_type") == "password":
            if (f["username"], f["password"]) != (USER, PASSWORD):
                error = "invalid_grant"
        elif f.get("grant_type", "").endswith("device_code"):
            asked = s.devices.get(f.get("device_code"))
            if asked is None:
                error = "invalid_grant"
            else:
                s.devices[f["device_code"]] += 1
                error = "authorization_pending" if asked < 3 else None
                code = 428 if asked == 1 else 400
        else:
            error = "unsupported_grant_type"
        if error:
            self.answer(code, {"error": error})
        else:
            self.answer(200, s.grant())

    def revoke2(self):
        token = self.fields.get("token")
        self.service.refresh.discard(token)
        self.service.access.pop(token, None)
        self.service.revoked.append(self.fields.get("token_type_hint"))
        self.answer(200, {"revoked": True})

    def device(self):
        code = secrets.token_hex(8)
        self.service.devices[code] = 0
        self.answer(200, {
            "device_code": code, "user_code": "WDJB-MJHT", "interval": 0,
            "expires_in": 60,
            "verification_uri": "http://%s/device" % self.headers["Host"]})

    def serve(self):
        if self.url.path == "/me":
            if self.authorized():
                self.answer(200, {"name": USER})
            else:
                self.answer(401, {"error": "invalid_token"})
        else:
            self.answer(404, {"error": "not found"})


def main(service, handler, portfile):
    handler.service = service
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if "TH_CERT" in os.environ:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["TH_CERT"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(portfile + ".new", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(portfile + ".new", portfile)
    server.serve_forever()


if __name__ == "__main__":
    main(Service(), Handler, sys.argv[1])
