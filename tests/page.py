#!/usr/bin/env python3
"""page.py HTML -- is the status page whole, readable, and free of the outside?

Prints what is wrong; exits 1 then.  Colours are read from the page's own pairs
of variables and held against WCAG's contrast of 4.5.
"""
import re
import sys
from html.parser import HTMLParser

wrong = []


class Page(HTMLParser):
    void = {"meta", "br", "link", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.void:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("script", "link", "img", "iframe", "object"):
            wrong.append("the page has a " + tag)
        for name, value in attrs.items():
            if name.startswith("on") or name in ("src", "href", "style"):
                wrong.append("%s has %s=%s" % (tag, name, value))
        if tag == "svg" and not (attrs.get("role") == "img" and attrs.get("aria-label")):
            wrong.append("a chart says nothing to those who cannot see it")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            wrong.append("</%s> closes nothing" % tag)

    def handle_data(self, data):
        self.text.append(data)


def light(colour):
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(c * 2 for c in digits)
    rgb = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    rgb = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def contrast(a, b):
    a, b = sorted((light(a), light(b)))
    return (b + 0.05) / (a + 0.05)


html = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(html)
page.close()
if page.open:
    wrong.append("never closed: %s" % page.open)
if page.headings[:1] != [1] or page.headings.count(1) != 1:
    wrong.append("not one h1 in front: %s" % page.headings)
for a, b in zip(page.headings, page.headings[1:]):
    if b > a + 1:
        wrong.append("a level of headings is left out: h%d h%d" % (a, b))
if 'name="viewport"' not in html or '<html lang="' not in html:
    wrong.append("no viewport or no language")
schemes = re.findall(r":root\{(.*?)\}", html)
if len(schemes) != 2 or "prefers-color-scheme:dark" not in html:
    wrong.append("no light and dark")
for scheme in schemes:
    colour = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", scheme))
    for ground in ("bg", "card"):
        for ink in ("fg", "dim", "bad", "ok"):
            if contrast(colour[ink], colour[ground]) < 4.5:
                wrong.append("%s on %s: %.1f" % (ink, ground, contrast(colour[ink], colour[ground])))
        if contrast(colour["bar"], colour[ground]) < 3:
            wrong.append("bars on %s" % ground)
print("\n".join(wrong))
sys.exit(bool(wrong))
