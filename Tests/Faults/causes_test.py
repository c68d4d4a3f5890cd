"""Twelve causes of trouble: how long until somebody is told, what `status` says, what `check health` answers, and that it ends.

The alarm is the program of `alarm.command`; a cause must reach it within 60 s. `-s` shows the table that the figures are taken from.
"""
import json
import os
import stat
import subprocess
import time

import pytest

from matrix_support import (HangingUpstream, SettableClock, binary, case, json_lines, keys, knows_key, missing_mounts, needs,  # noqa: F401
                            own_tmpfs, until)

IN_TIME = 60
FLOWS, LOOK, STANDS = 0, 1, 2


@pytest.fixture(scope="module", autouse=True)
def alarms_exist(binary, keys, tmp_path_factory):  # noqa: F811
    said = knows_key(tmp_path_factory.mktemp("knows"), keys, alarm={"oldest": "1h"})
    if said:
        pytest.skip(f"this binary knows no alarms: {said.strip().splitlines()[0]}")


@pytest.fixture
def told(case, capsys):  # noqa: F811
    it = Told(case, capsys)
    yield it


class Told:
    """A relay whose alarms land in a file."""

    def __init__(self, case, capsys):  # noqa: F811
        self.case, self.capsys = case, capsys
        self.upstream = case.upstream()
        self.began = None

    def relay(self, start=True, env=None, prefix=None, alarm=None, **changes):
        relay = self.case.relay(self.upstream, start=False, prefix=prefix, **changes)
        self.file = relay.path("alarms")
        script = relay.path("alarm-command")
        with open(script, "w") as f:
            f.write(f"#!/bin/sh\ncat >> '{self.file}'\n")
        os.chmod(script, stat.S_IRWXU)
        relay.configure(alarm={"command": script, "mail": False, **(alarm or {})})
        self.it = relay
        return relay.start(env) if start else relay

    def notices(self, kind, state):
        return [n for n in json_lines(self.file) if n["kind"] == kind and n["state"] == state]

    def begin(self):
        """The cause is there from now on."""
        self.began = time.monotonic()

    def expect(self, cause, kind, *words, health):
        """The alarm comes in time; it, `status` and `check health` agree."""
        notice = until(lambda: self.notices(kind, "raised"),
                       lambda: f"an alarm {kind}; there are {json_lines(self.file)}, log:\n{self.it.log()[-3000:]}", IN_TIME, 0.1)[-1]
        seconds = time.monotonic() - self.began
        for word in words:
            assert word.lower() in notice["cause"].lower(), f"{word!r} is not in the cause: {notice['cause']}"
        assert notice["cure"], "no cure"
        status = self.it.json("status")
        said = json.dumps(status)
        for word in words:
            assert word.lower() in said.lower(), f"{word!r} is not in status: {said}"
        text = self.it.cli("status").stdout
        graded = self.it.cli("check", "health", expect=None)
        assert graded.returncode == health, f"check health: {graded.returncode}, {graded.stdout}{graded.stderr}"
        with self.capsys.disabled():
            print(f"\n{cause:<18}{seconds:5.1f} s  {kind}: {notice['cause']}\n{'':<26}to do: {notice['cure']}")
            print(f"{'':<26}check health {graded.returncode}: {graded.stdout.strip()}")
        assert notice["cause"] in " ".join(text.split()) or any(word.lower() in text.lower() for word in words), text
        return notice

    def expect_over(self, kind, seconds=IN_TIME, health=FLOWS):
        until(lambda: self.notices(kind, "cleared"), lambda: f"the end of {kind}; there are {json_lines(self.file)}", seconds, 0.1)
        until(lambda: self.it.cli("check", "health", expect=None).returncode == health,
              lambda: f"check health {health}; it says {self.it.cli('check', 'health', expect=None)}", 15, 0.2)


# MARK: the upstream

REFUSALS = [
    ("wrong password", dict(AUTH="535 Authentication Credentials Invalid"), "route_paused", ["535", "Authentication Credentials Invalid"]),
    ("paused account", dict(DOT="554 Message rejected: Sending paused for this account. For more information, see the console"),
     "route_paused", ["554", "Sending paused for this account"]),
    ("lost identity", dict(DOT="554 Message rejected: Email address is not verified. The following identities failed the check in region "
                               "EU-WEST-1: no-reply@mail.example.com"), "identity_held", ["mail.example.com", "is not verified"]),
    ("quota", dict(DOT="454 Throttling failure: Daily message quota exceeded."), "quota_exceeded", ["454", "Daily message quota exceeded"]),
]


@pytest.mark.parametrize("cause, behaviour, kind, words", REFUSALS, ids=[r[0].replace(" ", "-") for r in REFUSALS])
def test_refused_by_ses(told, cause, behaviour, kind, words):
    relay = told.relay()
    told.upstream.behave(**behaviour)
    told.begin()
    marks = [relay.send() for _ in range(3)]
    told.expect(cause, kind, *words, health=STANDS)
    assert len(relay.queue()) == 3, "nothing bounces"
    told.upstream.behave()
    relay.cli("reload")
    told.expect_over(kind)
    for mark in marks:
        told.upstream.one_with(mark)
    relay.wait_queue_empty()
    assert len(told.notices(kind, "raised")) == 1, "told once, not per message"


def test_dns(told):
    relay = told.relay(upstream={"host": "no-such-host.invalid"})
    told.begin()
    mark = relay.send()
    told.expect("DNS", "route_paused", "no-such-host.invalid", health=STANDS)
    relay.configure(upstream={"host": "localhost"})
    relay.cli("reload")
    told.expect_over("route_paused")
    told.upstream.one_with(mark)


def test_tls(told):
    relay = told.relay()
    port = told.upstream.port
    told.upstream.stop()
    expired = told.case.upstream(port=port, certificate="expired")
    told.begin()
    mark = relay.send()
    told.expect("TLS", "route_paused", "certificate", "expired", health=STANDS)
    assert not expired.events("auth", "mail")
    expired.stop()
    told.upstream.start()
    relay.cli("queue", "retry", "--all")
    told.expect_over("route_paused")
    told.upstream.one_with(mark)


def test_upstream_down(told):
    relay = told.relay()
    told.upstream.stop()
    told.begin()
    mark = relay.send()
    told.expect("upstream down", "route_paused", "refused", health=STANDS)
    told.upstream.start()
    # By itself: probes come every 30 s at the latest.
    told.expect_over("route_paused")
    told.upstream.one_with(mark)


def test_queue_too_old(told):
    relay = told.relay(alarm={"oldest": "15s"})
    told.upstream.behave(DOT="451 4.3.0 Try again later")
    told.begin()
    mark = relay.send()
    told.expect("queue too old", "queue_old", "oldest message", health=STANDS)
    told.upstream.behave()
    relay.cli("queue", "retry", "--all")
    told.upstream.one_with(mark)
    told.expect_over("queue_old")


# MARK: the host

def submission_code(relay):
    try:
        relay.send()
        return 250
    except AssertionError as refused:
        return int(str(refused)[:3])


@pytest.mark.skipif(bool(missing_mounts()), reason=str(missing_mounts()))
def test_disk_full(told):
    relay = told.relay(prefix=own_tmpfs(256), limits={"message_size": "1MB"})
    mark = relay.send()
    told.upstream.one_with(mark)
    filler = relay.inside(relay.path("queue/filler"))
    told.begin()
    with open(filler, "wb") as f:
        try:
            while f.write(bytes(1 << 20)):
                pass
        except OSError:
            pass
    assert submission_code(relay) in (451, 452)
    told.expect("disk full", "storage_full", "disk is full", health=STANDS)
    os.unlink(filler)
    told.expect_over("storage_full", health=LOOK)  # a small disk stays low
    told.upstream.one_with(relay.send())


@needs("strace")
def test_read_only_disk(told):
    relay = told.relay()
    calls = "pwrite64,fdatasync,fsync,ftruncate,unlink,rename"
    told.begin()
    tracer = subprocess.Popen(["strace", "-qq", "-f", "-p", str(relay.process.pid), "-o", "/dev/null", "-e", f"trace={calls}",
                               "-e", f"inject={calls}:error=EROFS"], stderr=subprocess.PIPE)
    try:
        until(lambda: f"TracerPid:\t{tracer.pid}" in open(f"/proc/{relay.process.pid}/status").read(), "the tracer")
        assert submission_code(relay) in (451, 452)
        told.expect("read-only disk", "storage_failed", "storage fails", health=STANDS)
    finally:
        tracer.terminate()
        tracer.wait()
    told.expect_over("storage_failed")
    told.upstream.one_with(relay.send())


@needs("cc")
def test_clock(told, tmp_path):
    clock = SettableClock(tmp_path)
    relay = told.relay(env=clock.environment)
    told.upstream.behave(DOT="451 4.3.0 Try again later")
    mark = relay.send()
    until(lambda: told.upstream.events("dot"), "an attempt")
    told.begin()
    clock.set(10 * 86_400)
    told.expect("clock", "clock_stepped", "forward", health=LOOK)
    assert len(relay.queue()) == 1, "ten days that never passed expire nothing"
    told.upstream.behave()
    relay.cli("queue", "retry", "--all")
    told.upstream.one_with(mark)
    told.upstream.one_with(relay.send())


def test_poisoned_message(told):
    """A message that is under way whenever the daemon dies is set aside at the third time; the others leave."""
    told.upstream.behave(hang=["poison@example.net"])
    relay = told.relay()
    relay.send(recipients=["poison@example.net"])
    others = [relay.send()]
    told.begin()
    for kill in range(1, 4):
        until(lambda: len(told.upstream.events("hang")) >= kill, lambda: f"attempt {kill}; log:\n{relay.log()[-2000:]}", 90)
        # While it is under suspicion it is tried alone: what else there is may wait for its end then.
        for mark in others if kill < 3 else ():
            told.upstream.one_with(mark)
        time.sleep(0.3)  # the outcome of the others is on the disk
        relay.kill()
        began = time.monotonic()
        relay.start()
        assert time.monotonic() - began < 5
        others.append(relay.send())
    told.expect("poisoned message", "quarantined", "1 message", health=STANDS)
    for mark in others:
        told.upstream.one_with(mark)
    (left,) = relay.queue()
    assert left["recipients"][0]["address"] == "poison@example.net", left
    assert len(told.upstream.events("hang")) == 3, "not once more"
    relay.cli("queue", "remove", left["queue_id"])
    told.expect_over("quarantined")
