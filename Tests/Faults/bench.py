"""A daemon under the shim, clients in clear text on a trusted port, one upstream for all runs, and the oracle that compares them."""
import collections
import errno
import json
import mmap
import os
import shutil
import smtplib
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.normpath(os.path.join(HERE, "..", "EndToEnd")))

from harness.keys import Keys  # noqa: E402
from harness.processes import Process  # noqa: E402
from harness.relay import BINARY, Relay, token  # noqa: E402
from harness.upstreams import Upstream  # noqa: E402
from harness.waiting import free_ports, port_open  # noqa: E402


def compiled_shim(folder):
    target = os.path.join(folder, "shim.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", target, os.path.join(HERE, "shim", "shim.c"), "-ldl", "-lpthread"], check=True)
    return target


class Switch:
    """The shim's shared state: how many calls were counted, and whether it counts."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(4096))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)

    @property
    def count(self):
        return struct.unpack_from("<Q", self.map)[0]

    @property
    def hit(self):
        return struct.unpack_from("<I", self.map, 12)[0] != 0

    def set(self, on):
        struct.pack_into("<I", self.map, 8, 1 if on else 0)


class Promise:
    """One message as its client saw it: `code` per recipient, or None where the answer was lost."""

    def __init__(self, mark, recipients):
        self.mark, self.recipients, self.code = mark, recipients, None


class Bench:
    """What all runs share."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.keys = Keys(os.path.join(self.folder, "keys"))
        self.shim = compiled_shim(self.folder)
        self.upstream = Upstream(os.path.join(self.folder, "upstream"), self.keys, free_ports(1)[0], keep=False)
        self.relay = Relay(os.path.join(self.folder, "relay"), self.keys, self.upstream.port, upstream={"rate": "unlimited"})
        self.relay.configure(listeners=[
            {"address": f"127.0.0.1:{self.relay.starttls}", "tls": "none", "account": "local", "allow": ["127.0.0.1"]}])
        self.queue = self.relay.path("queue")
        self.switch = Switch(os.path.join(self.folder, "state"))
        self.seen = 0

    def end(self):
        self.relay.end()
        self.upstream.stop()

    def clean(self):
        """An empty queue."""
        self.relay.end()
        shutil.rmtree(self.queue, ignore_errors=True)

    def environment(self, **fault):
        self.switch = Switch(self.switch.path)
        return {"LD_PRELOAD": self.shim, "FAULT_PATH": self.queue, "FAULT_STATE": self.switch.path,
                **{f"FAULT_{key.upper()}": str(value) for key, value in fault.items()}}

    def start(self, env=None, seconds=20):
        """Starts the daemon; false if it ended before it was ready (as it may when it is hit while it starts)."""
        self.relay.process = Process([BINARY, "serve", "--config", self.relay.config_path], self.relay.path("log"), env)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.relay.process.running():
                return False
            if port_open(self.relay.starttls):
                return True
            time.sleep(0.005)
        raise AssertionError(f"not ready in {seconds} s:\n{self.relay.log()[-2000:]}")

    # -- clients

    def submit(self, recipients=None, size=200, timeout=20):
        mark = token()
        promise = Promise(mark, recipients or [f"{mark}@example.net"])
        text = f"From: app@mail.example.com\r\nTo: x@example.net\r\nSubject: {mark}\r\nX-Token: {mark}\r\n\r\n" + "a line of text\r\n" * (size // 16 + 1)
        try:
            with smtplib.SMTP("127.0.0.1", self.relay.starttls, timeout=timeout) as smtp:
                smtp.ehlo("client")
                code, _ = smtp.mail("app@mail.example.com")
                for recipient in promise.recipients if code == 250 else []:
                    code = max(code, smtp.rcpt(recipient)[0])
                if code == 250:
                    code, _ = smtp.data(text.encode())
                promise.code = code
        except smtplib.SMTPResponseException as error:
            promise.code = error.smtp_code if error.smtp_code > 0 else None
        except (OSError, smtplib.SMTPException):
            pass
        return promise

    def submit_together(self, count):
        promises = [None] * count

        def work(index):
            promises[index] = self.submit(size=200_000 if index == 0 else 200)
        threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return promises

    # -- the oracle

    def copies(self):
        """(token, recipient) -> how many copies the upstream was given, and how many of them it answered with 250."""
        given, taken = collections.Counter(), collections.Counter()
        for event in self.upstream.events("dot", "reply"):
            for recipient in event["rcpts"]:
                if event["event"] == "dot":
                    given[event["token"], recipient] += 1
                elif (event["reply"] or "").startswith("250"):
                    taken[event["token"], recipient] += 1
        return given, taken

    def drain(self, seconds=40):
        """Runs the daemon without faults until nothing waits."""
        if not (self.relay.process and self.relay.process.running()) and not self.start():
            raise AssertionError(f"does not start again:\n{self.relay.log()[-3000:]}")
        deadline = time.monotonic() + seconds
        while True:
            waiting = self.relay.queue()
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"still queued after {seconds} s: {waiting[:3]}")
            if any(entry["queue_name"] in ("deferred", "hold", "quarantine") for entry in waiting):
                self.relay.cli("queue", "release", "--all")
                self.relay.cli("queue", "retry", "--all")
            time.sleep(0.02)

    def judge(self, promises, faults, refused=()):
        """Every break of the promise, as text; and how many further copies there were.

        `faults`: how many events could leave an outcome unknown. `refused`: recipients that the upstream never takes.
        """
        given, taken = self.copies()
        broken, extra = [], 0
        for promise in promises:
            for recipient in promise.recipients:
                key = (promise.mark, recipient)
                if promise.code == 250 and recipient not in refused and not taken[key]:
                    broken.append(f"{key}: 250, and never relayed")
                if promise.code not in (250, None) and given[key]:
                    broken.append(f"{key}: refused with {promise.code}, and sent all the same")
                if taken[key] > 1 + faults:
                    broken.append(f"{key}: {taken[key]} copies, {faults} unknown outcomes")
                extra += max(0, taken[key] - 1)
        return broken, extra

    def unexplained(self, promises, kills, window=5.0, lag=0.5):
        """Further copies without a kill between them and the copy before, whose outcome that kill could have swallowed.

        The upstream writes down what it had been sent before the kill up to `lag` seconds after it.
        """
        times = collections.defaultdict(list)
        for event in self.upstream.events("dot"):
            times[event["token"]].append(event["at"])
        broken = []
        for mark in {promise.mark for promise in promises}:
            moments = sorted(times[mark])
            for first, second in zip(moments, moments[1:]):
                if not any(-lag <= kill - first <= window and kill <= second for kill in kills):
                    broken.append(f"{mark}: a further copy {second - first:.2f} s later, and no kill explains it")
        return broken

    def verify(self):
        done = self.relay.cli("queue", "verify", "--json", expect=None)
        problems = json.loads(done.stdout)["problems"] if done.stdout else [done.stderr]
        return [f"queue verify: {problem}" for problem in problems]


ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EDQUOT": errno.EDQUOT, "EMFILE": errno.EMFILE}


def temporary():
    return tempfile.mkdtemp(prefix="fairlead-faults-")
