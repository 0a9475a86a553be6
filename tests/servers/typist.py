#!/usr/bin/env python3
"""typist.py SHELL START TEXT...: a person at a terminal, typing into a shell.

START is a line that the shell runs first.  Each TEXT is typed on an empty line,
then Tab; what the line became is printed.  Of "*TEXT" all completions are put
into the line instead, as both shells can.
"""
import os, pty, select, sys, time

SETUP = {
    "bash": r'''bind 'set bell-style none'; bind '"\C-t": insert-completions'; '''
            r'''bind -x '"\C-o": printf "%s\n" "$READLINE_LINE" >>"$TYPED"'; ''',
    "zsh": r'''autoload -Uz compinit && compinit -u -D; '''
           r'''typed() { print -r -- "$BUFFER" >>$TYPED }; zle -N typed; bindkey "^O" typed; '''
           r'''bindkey "^U" kill-whole-line; unsetopt beep; bindkey "^I" complete-word; '''
           r'''zle -C all-matches complete-word _generic; bindkey "^T" all-matches; '''
           r'''zstyle ":completion:all-matches::::" completer _all_matches _complete; '''
           r'''zstyle ":completion:all-matches:*" insert true; ''',
}
ARGS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}
shell, start, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
typed = os.path.join(os.getcwd(), "typed")
deadline = time.monotonic() + 60


def lines():
    try:
        with open(typed, encoding="utf-8") as f:
            return f.read().split("\n")[:-1]
    except FileNotFoundError:
        return []


def wait_for(n):
    """Until the shell has written n lines; its screen is read and dropped."""
    while len(lines()) < n:
        if time.monotonic() > deadline:
            sys.exit("typist: the shell does not answer: %r" % lines())
        if select.select([fd], [], [], 0.05)[0]:
            screen.append(os.read(fd, 65536))


screen = []
if os.path.exists(typed):
    os.unlink(typed)
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", TYPED=typed, LISTMAX="0", PS1="", HISTFILE="")
    os.execvp(shell, [shell] + ARGS[shell])
os.write(fd, (start + "; " + SETUP[shell] + 'echo ready >>"$TYPED"\n').encode())
wait_for(1)
for i, text in enumerate(texts):
    key = b"\t"
    if text.startswith("*"):
        text, key = text[1:], b"\x14"
    os.write(fd, b"\x15" + text.encode() + key + b"\x0f")
    wait_for(i + 2)
print("\n".join(lines()[1:]))
os.kill(pid, 9)
os.waitpid(pid, 0)
