"""A terminal of a given size, as tmux has it: what is on it, and keys for it."""
import os
import shlex
import shutil
import subprocess
import tempfile

from .waiting import until


class Screen:
    def __init__(self, command, width, height, **environment):
        self.folder = tempfile.mkdtemp(prefix="fairlead-tmux-")
        self.socket = os.path.join(self.folder, "socket")
        line = "env -u NO_COLOR " + " ".join(f"{k}={shlex.quote(v)}" for k, v in environment.items()) + " " + shlex.join(map(str, command))
        # The shell stays, so that what is left of the terminal afterwards can be seen.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                   f"echo before; {line}; echo status $?; exec cat")

    def _tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", self.socket, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=20, env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines(self):
        return self._tmux("capture-pane", "-p").split("\n")[:-1]

    def text(self):
        return "\n".join(self.lines())

    def coloured(self):
        return self._tmux("capture-pane", "-p", "-e")

    def cursor_is_visible(self):
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def keys(self, *names):
        self._tmux("send-keys", *names)

    def resize(self, width, height):
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def until(self, word, seconds=10):
        return until(lambda: (lambda text: text if word in text else None)(self.text()), lambda: f"{word!r} on the screen:\n{self.text()}", seconds)

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
