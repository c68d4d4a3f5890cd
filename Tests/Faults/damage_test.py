"""Random damage to the store: the daemon starts or says exactly what to run, salvage gets the rest out, and nothing altered is ever sent.

FAIRLEAD_DAMAGES (5) is the number of seeds, FAIRLEAD_DAMAGE_MESSAGES (400) the size of the store; the full run has 200 and 2000.
"""
import collections
import hashlib
import os
import random
import re
import shutil
import subprocess
import threading
import time

import pytest

from matrix_support import BINARY, CaseMaker, PrefixedRelay, binary, clients, keys, messages, token, until  # noqa: F401
from harness.processes import Process
from harness.waiting import port_open

DAMAGES = int(os.environ.get("FAIRLEAD_DAMAGES", "5"))
MESSAGES = int(os.environ.get("FAIRLEAD_DAMAGE_MESSAGES", "400"))
FIRST_SEED = int(os.environ.get("FAIRLEAD_DAMAGE_FIRST", "1"))
PAGE = 4096
# One in so many messages lies in a file of its own.
LARGE = 40


class Store:
    """A queue full of messages, and what an upstream gets when nothing is wrong with it."""

    def __init__(self, maker):
        self.maker = maker
        self.upstream = maker.upstream(keep=False)
        self.upstream.stop()
        self.relay = maker.relay(self.upstream)
        self.marks = [token() for _ in range(MESSAGES)]
        threads = [threading.Thread(target=self._send, args=(self.marks[k::8],)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.relay.stop() == 0
        self.queue = self.relay.path("queue")
        assert len(self.relay_queue_files()) >= 1
        self.upstream.start()
        self.expected = self.drained(self.copy("reference"))
        assert set(self.expected) == set(self.marks), f"{len(self.expected)} of {MESSAGES} arrived"
        assert all(len(copies) == 1 for copies in self.expected.values())

    def relay_queue_files(self):
        return [name for name in os.listdir(self.queue) if name.startswith("queue.db")]

    def _send(self, marks):
        smtp = clients.connect(self.relay.starttls, self.relay.keys)
        for mark in marks:
            # The token stands on every page that a message has.
            lines = 3000 if int(mark, 16) % LARGE == 0 else 20
            body = "".join(f"line {number} of the message {mark}\r\n" for number in range(lines))
            code, text = clients.submit(smtp, messages.plain(mark, to=f"{mark}@example.net", body=body), recipients=[f"{mark}@example.net"])
            assert code == 250, text
        smtp.quit()

    def copy(self, name):
        """A folder like the relay's, with the queue as it was stopped."""
        folder = os.path.join(os.path.dirname(self.relay.folder), name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.relay.folder, folder)
        return folder

    def daemon(self, folder):
        """A relay in that folder; not started."""
        it = PrefixedRelay.__new__(PrefixedRelay)
        it.__dict__.update(self.relay.__dict__)
        it.folder, it.process = folder, None
        it.config_path, it.control = it.path("fairlead.yaml"), it.path("control.sock")
        it.configure(control=it.control)
        return it

    def drained(self, folder):
        """{token: [hash of content with recipients]} of what arrives upstream while the daemon runs there."""
        relay = self.daemon(folder)
        seen = len(self.upstream.events("whole"))
        relay.start()
        try:
            self.settle(relay)
        finally:
            assert relay.stop() == 0
        return self.arrived(seen)

    def settle(self, relay):
        """Waits until everything that can leave has left."""
        def is_quiet():
            rows = relay.queue()
            return all(row["queue_name"] not in ("active", "incoming") for row in rows) or (self.quiet_since() > 8)
        until(is_quiet, lambda: f"a quiet queue; {len(relay.queue())} are left", 120, 0.3)

    def quiet_since(self):
        return time.time() - os.path.getmtime(os.path.join(self.upstream.folder, "events.jsonl"))

    def arrived(self, seen):
        found = collections.defaultdict(list)
        for event in self.upstream.events("whole")[seen:]:
            if event["token"] is None:
                continue  # an alarm of ours, about what is set aside
            found[event["token"]].append((event["hash"], tuple(event["rcpts"])))
        return found


@pytest.fixture(scope="module")
def store(binary, keys, tmp_path_factory):  # noqa: F811
    maker = CaseMaker(tmp_path_factory.mktemp("damage"), keys)
    yield Store(maker)
    maker.end()


class Damage:
    """One to five places of the store, chosen by the seed, and who is hit by them."""

    def __init__(self, folder, seed, marks):
        self.random = random.Random(seed)
        self.words = []
        self.hit = set()
        self.folder = os.path.join(folder, "queue")
        database = os.path.join(self.folder, "queue.db")
        bodies = [os.path.join(at, name) for at, _, names in os.walk(self.folder) for name in sorted(names)
                  if at != self.folder and os.path.getsize(os.path.join(at, name))]
        self.known = re.compile(b"|".join(mark.encode() for mark in marks))
        for _ in range(self.random.randint(1, 5)):
            if bodies and self.random.random() < 0.2:
                self.spoil(self.random.choice(sorted(bodies)), 1)
            else:
                self.spoil(database, self.random.choice([1, 1, 1, 4]))

    def spoil(self, path, pages):
        size = os.path.getsize(path)
        count = max(1, size // PAGE)
        first = self.random.randrange(count)
        with open(path, "r+b") as f:
            f.seek(first * PAGE)
            before = f.read(pages * PAGE)
            kind = self.random.choice(["zeros", "noise", "a bit", "cut"] if path.endswith("queue.db") is False else ["zeros", "noise", "a bit"])
            after = bytearray(before)
            if kind == "zeros":
                after = bytearray(len(before))
            elif kind == "noise":
                after = bytearray(self.random.randbytes(len(before)))
            elif kind == "a bit" and after:
                after[self.random.randrange(len(after))] ^= 1 << self.random.randrange(8)
            if kind == "cut":
                f.truncate(first * PAGE + self.random.randrange(max(1, len(before))))
            else:
                f.seek(first * PAGE)
                f.write(after)
        self.hit.update(mark.decode() for mark in self.known.findall(before))
        self.words.append(f"{kind} at page {first}+{pages} of {os.path.basename(path)} ({count} pages)")


def has_salvage():
    done = subprocess.run([BINARY, "queue", "salvage", "--help"], stdout=subprocess.PIPE, text=True)
    return "USAGE: fairlead queue salvage" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + DAMAGES))
def test_damage(store, seed, capsys):
    folder = store.copy("damaged")
    damage = Damage(folder, seed, store.marks)
    spare = folder + "-spare"
    shutil.rmtree(spare, ignore_errors=True)
    shutil.copytree(folder, spare)
    said = f"seed {seed}: {'; '.join(damage.words)}; {len(damage.hit)} messages hit"

    relay, seen = store.daemon(folder), len(store.upstream.events("whole"))
    os.unlink(relay.path("log"))
    relay.process = Process([BINARY, "serve", "--config", relay.config_path], relay.path("log"))
    until(lambda: not relay.process.running() or port_open(relay.starttls), "a start or an end", 30)
    if relay.process.running():
        store.settle(relay)
        relay.stop()
        how = "starts"
    else:
        words = relay.log()
        cure = r"fairlead queue salvage" if has_salvage() else r"sqlite3 \S+ \.recover"
        assert re.search(cure, words), f"{said}\nit ends and does not say what to run:\n{words[-2000:]}"
        how = "says what to run"
        assert relay.process.wait() == 78 or relay.process.child.returncode in (65, 69, 75), f"{said}\nexit status {relay.process.child.returncode}"
    sent = store.arrived(seen)
    check_untouched(store, sent, said)
    missing = set(store.marks) - set(sent) - damage.hit
    salvaged = None
    if has_salvage():
        salvaged = salvage(store, spare, said)
        lost = set(store.marks) - salvaged - damage.hit
        assert len(lost) <= 0.01 * (MESSAGES - len(damage.hit)), f"{said}\n{len(lost)} intact messages are not salvaged"
    with capsys.disabled():
        print(f"\n{said}; the daemon {how} and sends {len(sent)}, {len(missing)} intact ones wait"
              + (f"; salvaged {len(salvaged)}" if salvaged is not None else ""))


def check_untouched(store, sent, said):
    """What was sent is octet for octet what was accepted, and nobody got it twice."""
    for mark, copies in sent.items():
        assert copies == store.expected.get(mark), f"{said}\n{mark}: sent {copies}, accepted {store.expected.get(mark)}"


def salvage(store, folder, said):
    """The tokens of the messages that `queue salvage` gets out, each of which must be whole."""
    relay = store.daemon(folder)
    target = folder + "-salvaged"
    shutil.rmtree(target, ignore_errors=True)
    relay.cli("queue", "salvage", "--to", target, expect=None)
    assert os.path.isdir(target), f"{said}\nsalvage made no {target}"
    files = [os.path.join(at, name) for at, _, names in os.walk(target) for name in names]
    if any(os.path.basename(path) == "queue.db" for path in files):
        # As an operator does: the new folder in the place of the old one.
        shutil.rmtree(relay.path("queue"))
        os.rename(target, relay.path("queue"))
        sent = store.drained(folder)
        check_untouched(store, sent, said)
        return set(sent)
    found = set()
    for path in files:
        if not path.endswith(".eml"):
            continue
        with open(path, "rb") as f:
            content = f.read()
        mark = re.search(rb"(?im)^X-Token:[ \t]*(\w+)", content)
        assert mark, f"{said}\n{path} is none of the messages"
        mark = mark[1].decode()
        digest = hashlib.sha256(content).hexdigest()
        assert digest == store.expected[mark][0][0], f"{said}\n{path} is not as it was accepted"
        found.add(mark)
    return found
