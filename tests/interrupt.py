"""Interrupts a command that waits for its reader: interrupt.py COMMAND...

Its output goes into a pipe of one page that nobody reads.  Once that is full
the command gets SIGINT, and then all that it has to say is passed on.  Exits as
the command does, with 125 when the pipe never got full.
"""
import array
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time

read, write = os.pipe()
size = fcntl.fcntl(read, 1031, 4096)  # F_SETPIPE_SZ
child = subprocess.Popen(sys.argv[1:], stdout=write)
os.close(write)
held = array.array("i", [0])
end = time.time() + 30
while held[0] < size:
    fcntl.ioctl(read, termios.FIONREAD, held)
    if child.poll() is not None or time.time() > end:
        child.kill()
        sys.exit(125)
    time.sleep(0.01)
child.send_signal(signal.SIGINT)
with os.fdopen(read, "rb") as pipe:
    sys.stdout.buffer.write(pipe.read())
sys.exit(child.wait())
