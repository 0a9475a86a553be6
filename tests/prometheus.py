#!/usr/bin/env python3
"""prometheus.py: stdin in the text format 0.0.4, by the rules of promtool check metrics"""
import re
import sys

wrong, types, helps, seen, closed, last = [], {}, {}, set(), set(), None
text = sys.stdin.read()
if not text.endswith("\n"):
    wrong.append("the last line does not end")
for number, line in enumerate(text.splitlines(), 1):
    comment = re.fullmatch(r"# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)", line)
    sample = re.fullmatch(
        r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*")*\})?'
        r" ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)", line)
    if not comment and not sample:
        wrong.append("%d: not understood: %s" % (number, line))
        continue
    name = (comment or sample).group(2 if comment else 1)
    if name != last:
        if name in closed:
            wrong.append("%d: %s in two groups" % (number, name))
        closed.add(last)
        last = name
    if comment:
        table = types if comment.group(1) == "TYPE" else helps
        if name in table:
            wrong.append("%d: %s told twice" % (number, name))
        table[name] = comment.group(3)
        continue
    if name not in types or name not in helps:
        wrong.append("%d: %s without help or type" % (number, name))
    if (sample.group(1), sample.group(2)) in seen:
        wrong.append("%d: the same series twice" % number)
    seen.add((sample.group(1), sample.group(2)))
for name, kind in types.items():
    if kind not in ("counter", "gauge"):
        wrong.append("%s: %s" % (name, kind))
    if (kind == "counter") != name.endswith("_total"):
        wrong.append("%s: counters, and they alone, end in _total" % name)
    if re.search(r"_(milliseconds|ms|minutes|hours|days|gauge|counter)(_|$)", name) or re.search("[A-Z]", name):
        wrong.append("%s: not a base unit, or its type in its name" % name)
if not seen:
    wrong.append("no samples")
print("\n".join(wrong))
sys.exit(bool(wrong))
