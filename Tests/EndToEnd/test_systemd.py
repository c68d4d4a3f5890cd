"""The unit file, and what the daemon tells systemd."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness.relay import BINARY, REPOSITORY
from harness.waiting import port_open, until

UNIT = os.path.join(REPOSITORY, "systemd", "fairlead.service")
FAILURE_UNIT = os.path.join(REPOSITORY, "systemd", "fairlead-failure.service")


@pytest.mark.harness
@pytest.mark.parametrize("unit", [UNIT, FAILURE_UNIT])
def test_exposure(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.harness
def test_nothing_to_complain_about(tmp_path):
    """`verify` wants the programs to exist, so it gets a copy that names one."""
    copies = []
    for unit in (UNIT, FAILURE_UNIT):
        with open(unit) as f:
            text = f.read().replace("/usr/bin/fairlead", BINARY if os.access(BINARY, os.X_OK) else "/bin/true")
        copies.append(tmp_path / os.path.basename(unit))
        copies[-1].write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, copies)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert (done.returncode, done.stdout) == (0, "")


class Notify:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.said = []

    def lines(self):
        try:
            while True:
                self.said += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return self.said

    def wait(self, line, seconds=10):
        until(lambda: line in self.lines(), lambda: f"{line} in {self.said}", seconds)


@pytest.fixture
def notify(tmp_path):
    it = Notify(tmp_path / "notify")
    yield it
    it.socket.close()


def test_notifications(binary, make, notify):
    relay = make.relay(make.upstream(), env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"})
    notify.wait("READY=1")
    assert port_open(relay.starttls) and port_open(relay.implicit)
    began = time.monotonic()
    until(lambda: notify.lines().count("WATCHDOG=1") >= 4, "four signs of life")
    assert time.monotonic() - began < 4.5
    notify.said.clear()
    relay.process.signal(signal.SIGHUP)
    notify.wait("RELOADING=1")
    notify.wait("READY=1")
    assert [line for line in notify.said if re.fullmatch(r"MONOTONIC_USEC=\d+", line)]
    assert notify.said.index("RELOADING=1") < notify.said.index("READY=1")
    relay.process.signal(signal.SIGTERM)
    notify.wait("STOPPING=1")
    assert relay.process.wait(30) == 0


def test_not_ready_when_it_cannot_listen(binary, make, notify, monkeypatch):
    relay = make.relay(make.upstream(), start=False)
    relay.configure(listeners=[{"address": "192.0.2.1:587", "tls": "starttls"}])
    monkeypatch.setenv("NOTIFY_SOCKET", notify.path)
    assert relay.cli("serve", expect=None, timeout=20).returncode != 0
    assert "READY=1" not in notify.lines()


def test_watchdog_is_silent_when_the_daemon_stands_still(binary, make, notify):
    relay = make.relay(make.upstream(), env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "600000"})
    notify.wait("WATCHDOG=1")
    relay.process.signal(signal.SIGSTOP)
    try:
        until(lambda: open(f"/proc/{relay.process.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T", "a stopped process")
        notify.lines()
        count = len(notify.said)
        with pytest.raises(AssertionError):
            until(lambda: len(notify.lines()) > count, "a sign of life", 1.5)
    finally:
        relay.process.signal(signal.SIGCONT)
    until(lambda: len(notify.lines()) > count, "a sign of life again")
