"""What these tests take from the end-to-end harness, and what they add to it: a daemon in a file system of its own, a clock that can be
set, an upstream that hangs for one recipient."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
END_TO_END = os.path.normpath(os.path.join(HERE, "..", "EndToEnd"))
if END_TO_END not in sys.path:
    sys.path.insert(0, END_TO_END)

from harness import clients, messages  # noqa: E402
from harness.processes import Process  # noqa: E402
from harness.relay import BINARY, Relay, token  # noqa: E402
from harness.upstreams import Upstream  # noqa: E402
from harness.waiting import free_ports, port_open, until  # noqa: E402

_spec = importlib.util.spec_from_file_location("end_to_end_conftest", os.path.join(END_TO_END, "conftest.py"))
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
keys, binary, Maker = _fixtures.keys, _fixtures.binary, _fixtures.Maker


class CaseMaker(Maker):
    """Makes relays that may run under a prefix, and upstreams that may hang for a recipient."""

    def upstream(self, **options):
        it = HangingUpstream(self._new("upstream"), self.keys, options.pop("port", None) or free_ports(1)[0], **options)
        return self._keep(it, it.stop)

    def relay(self, upstream, /, start=True, env=None, prefix=None, **changes):
        """`prefix(relay)`: the command that the daemon runs under; it must become the daemon, so that its process id is the daemon's."""
        it = PrefixedRelay(self._new("relay"), self.keys, getattr(upstream, "port", upstream), **changes)
        it.prefix = prefix(it) if prefix else []
        self._keep(it, it.end)
        return it.start(env) if start else it


@pytest.fixture
def case(tmp_path, keys):
    maker = CaseMaker(tmp_path, keys)
    yield maker
    maker.end()


class PrefixedRelay(Relay):
    prefix = ()

    def start(self, env=None, seconds=15):
        self.process = Process([*self.prefix, BINARY, "serve", "--config", self.config_path], self.path("log"), env)
        self.process.ready(lambda: port_open(self.starttls), seconds)
        return self

    def inside(self, path):
        """The path as the daemon sees it, from outside of its file systems."""
        return f"/proc/{self.process.pid}/root{path}"

    def send(self, mark=None, **options):
        """One message; returns its token after the 250."""
        mark = mark or token()
        smtp = clients.connect(self.starttls, self.keys)
        code, text = clients.submit(smtp, messages.plain(mark), **options)
        smtp.close()
        assert code == 250, f"{code} {text}"
        return mark


class HangingUpstream(Upstream):
    """The fake upstream, which besides never answers the final dot of mail for the recipients in `hang`."""

    def start(self):
        self._command[1] = os.path.join(HERE, "matrix_upstream.py")
        super().start()


def own_tmpfs(megabytes):
    """The queue on a small file system that only the daemon sees."""
    def prefix(relay):
        queue = relay.path("queue")
        os.makedirs(queue, exist_ok=True)
        flags = "-m" if os.getuid() == 0 else "-Urm"
        script = f'mount --make-rprivate / && mount -t tmpfs -o size={megabytes}m,mode=0700 tmpfs "{queue}" && exec "$@"'
        return ["unshare", flags, "sh", "-c", script, "sh"]
    return prefix


def missing_mounts():
    """Why there can be no file system of one's own here, or None."""
    flags = "-m" if os.getuid() == 0 else "-Urm"
    done = subprocess.run(["unshare", flags, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if done.returncode == 0 else f"no mounts of one's own: {done.stdout.strip()}"


class SettableClock:
    """A wall clock that is `offset` seconds off for one process; its monotonic clock stays."""

    def __init__(self, folder):
        self.offset_file = os.path.join(str(folder), "clock-offset")
        self.library = os.path.join(str(folder), "clock.so")
        self.set(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", self.library, os.path.join(HERE, "causes_clock.c")], check=True)

    def set(self, seconds):
        with open(self.offset_file + ".new", "wb") as f:
            f.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))
        # The shim maps the file: it must stay the same one.
        if os.path.exists(self.offset_file):
            with open(self.offset_file, "r+b") as f:
                f.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))
            os.unlink(self.offset_file + ".new")
        else:
            os.replace(self.offset_file + ".new", self.offset_file)

    @property
    def environment(self):
        return {"LD_PRELOAD": self.library, "CLOCK_OFFSET_FILE": self.offset_file}


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def knows_key(folder, keys, **changes):
    """Whether `check config` takes a configuration with these changes; otherwise what it says."""
    relay = Relay(folder, keys, 1, logins=(), **changes)
    done = relay.cli("check", "config", expect=None)
    said = done.stdout + done.stderr
    return None if "unknown key" not in said.lower() else said


def json_lines(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [json.loads(line) for line in f.read().split("\n")[:-1]]
