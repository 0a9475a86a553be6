# nasty.sh -- prints fifty items that a service may stumble over.  Sourced or run.
python3 - <<'PY'
import json

long = "Lorem ipsum dolor sit amet, " * 180
texts = [
    ("empty title", {"title": ""}),
    ("blank title", {"title": " \t\n "}),
    ("long title", {"title": long[:5000]}),
    ("one long word", {"title": "x" * 5000}),
    ("wide long word", {"title": "漢" * 5000}),
    ("right to left", {"title": "مرحبا بالعالم"}),
    ("override", {"title": "abc\u202edef\u202c"}),
    ("hebrew", {"title": "שלום עולם"}),
    ("family", {"title": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"}),
    ("many families", {"title": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 200}),
    ("flags", {"title": "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea" * 100}),
    ("skin", {"title": "\U0001f44d\U0001f3fe" * 10}),
    ("keycap", {"title": "1\ufe0f\u20e3 2\ufe0f\u20e3"}),
    ("everyone", {"title": "@everyone @channel @here <!channel>"}),
    ("script", {"title": "x", "content_html": "<script>alert(1)</script><p>good</p>"}),
    ("unclosed", {"title": "<b>bold <i>both", "content_html": "<div><p>one<p>two<table><td>x"}),
    ("entities", {"title": "&amp; &lt;b&gt; &#x41; &nbsp;", "content_html": "&bogus; &#0; &#xd800; &amp"}),
    ("controls", {"title": "a\u0000b\u0001c\u0007d\u001be\u007ff\u0085g"}),
    ("crlf", {"title": "one\r\nSet-Cookie: x\r\n\r\nbody"}),
    ("quotes", {"title": "\"'`\\ %s %n {title} {{x}}"}),
    ("form", {"title": "a=b&c=d+e%20f#g?h"}),
    ("json", {"title": "\"}],{\"x\":\"", "content_text": "\\u0022\\"}),
    ("lone surrogate", {"title": "\ud83d x \ude00"}),
    ("nonchars", {"title": "x\ufeff\ufffe\uffffy"}),
    ("combining", {"title": "Z" + "\u0301\u0302\u0303" * 100}),
    ("decomposed", {"title": "e\u0301cole a\u030angstro\u0308m"}),
    ("hangul jamo", {"title": "\u1112\u1161\u11ab"}),
    ("ligatures", {"title": "\ufb01 \u0132 \u01c4 \u2126"}),
    ("spaces", {"title": "a\u00a0b\u2003c\u3000d\u200be"}),
    ("lines", {"title": "a\u2028b\u2029c"}),
    ("only a url", {"title": "https://example.org/only"}),
    ("title is url", {"title": "https://example.org/n/31", "url": "https://example.org/n/31"}),
    ("urls in title", {"title": "see example.com, http://a.example/ and bit.ly/x now"}),
    ("long url", {"title": "long url", "url": "https://example.org/" + "p" * 3000}),
    ("url with all", {"title": "query", "url": "https://example.org/a(b)?c=[d]&e=%20#f"}),
    ("unicode url", {"title": "idn", "url": "https://b\u00fccher.example/stra\u00dfe"}),
    ("bad url", {"title": "bad url", "url": "not a url"}),
    ("script url", {"title": "script url", "url": "javascript:alert(1)"}),
    ("file url", {"title": "file url", "url": "file:///etc/passwd"}),
    ("hashtags", {"title": "#one ##two #3 # #\u00e9t\u00e9"}),
    ("mentions", {"title": "@alice @bob user@example.org"}),
    ("long body", {"title": "long body", "content_text": long * 10}),
    ("deep html", {"title": "deep", "content_html": "<div>" * 500 + "x"}),
    ("many links", {"title": "links", "content_html": "<a href='https://e.org/'>l</a>" * 300}),
    ("data image", {"title": "image", "content_html": "<img src='data:image/png;base64,AAAA' onerror=x()>"}),
    ("table", {"title": "table", "content_html": "<table><tr><th>a|b</th></tr><tr><td>*c*</td></tr></table>"}),
    ("code", {"title": "code", "content_html": "<pre><code>```\n`x`\n</code></pre>"}),
    ("markdown", {"title": "# *not* [a](b) ![c](d)", "content_text": "> q\n* l\n---"}),
    ("zalgo", {"title": "".join(c + "\u0334\u0315\u0322" for c in "zalgo text")}),
    ("tags", {"title": "tag characters \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"}),
]
assert len(texts) == 50
for i, (name, item) in enumerate(texts):
    item = dict({"id": "nasty-%d" % i, "url": "https://example.org/n/%d" % i}, **item)
    print(json.dumps(item))
PY
