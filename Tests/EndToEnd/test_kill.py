"""kill -9 under load: a 250 is a promise, and an extra copy needs a reason.

The oracle compares the client's synced log with what the upstream recorded. It asks the daemon nothing but whether its queue is empty.
"""
import collections
import os
import random
import signal
import time

import pytest

from harness.load import Load, Promise
from harness.waiting import until

KILLS = int(os.environ.get("FAIRLEAD_KILLS", "3"))
MESSAGES = 2000
# A copy that came at most this long before a kill may come once more: its outcome was not on disk yet.
WINDOW = 5.0


def judge(promises, upstream, kills):
    """Every break of the promise, as text."""
    dots = collections.defaultdict(list)
    for event in upstream.events("dot"):
        dots[event["token"]].append(event)
    answered = collections.Counter(e["token"] for e in upstream.accepted())
    broken, extra = [], 0
    for p in promises:
        copies = dots.pop(p.token, [])
        if p.code == 250 and not answered[p.token]:
            broken.append(f"{p.token}: 250, and never relayed")
        if p.code is not None and p.code != 250 and copies:
            broken.append(f"{p.token}: refused with {p.code}, and relayed all the same")
        for copy in copies:
            if copy["body"] != p.body:
                broken.append(f"{p.token}: another body than the one sent")
            if copy["rcpts"] != [p.recipient]:
                broken.append(f"{p.token}: for {copy['rcpts']} in place of {p.recipient}")
        copies.sort(key=lambda c: c["at"])
        for first, second in zip(copies, copies[1:]):
            extra += 1
            # Which process sent it, its connection tells: what lay in the network when that died was read and written down only later.
            if not any(first["since"] <= kill <= second["since"] and kill - first["at"] <= WINDOW for kill in kills):
                broken.append(f"{p.token}: a further copy {second['at'] - first['at']:.2f} s later, and no kill explains it")
    broken += [f"{token}: relayed, and nobody sent it" for token in dots]
    return broken, extra


@pytest.mark.harness
def test_the_judge_is_strict():
    """The oracle itself: each kind of break is found."""
    class Recorded:
        def __init__(self, *copies):
            self.copies = [dict(at=at, since=at - 0.5, token=t, body=b, rcpts=[r], reply="250 Ok x") for at, t, b, r in copies]

        def events(self, name):
            return self.copies

        def accepted(self):
            return self.copies

    def breaks(code, *copies, kills=()):
        return len(judge([Promise("t", "r", "b", code)], Recorded(*copies), kills)[0])

    good = (10.0, "t", "b", "r")
    assert breaks(250, good) == breaks(None) == breaks(None, good) == breaks(451) == 0
    assert breaks(250) == breaks(451, good) == 1
    assert breaks(250, (10.0, "t", "other", "r")) == breaks(250, (10.0, "t", "b", "other")) == 1
    assert breaks(250, good, (12.0, "t", "b", "r")) == 1
    assert breaks(250, good, (12.0, "t", "b", "r"), kills=[11.0]) == 0
    assert breaks(250, good, (32.0, "t", "b", "r"), kills=[20.0]) == 1
    assert breaks(250, good, (10.1, "t", "b", "r"), kills=[9.0]) == 1  # both after it
    assert breaks(250, good, (10.7, "t", "b", "r"), kills=[9.9]) == 0  # read late
    assert breaks(250, good, (10.0, "x", "b", "r")) == 1


@pytest.mark.slow
def test_kill_9_under_load(binary, make, keys, tmp_path, capsys):
    upstream = make.upstream(keep=False)
    relay = make.relay(upstream, upstream={"connections": 20, "max_messages_per_connection": 200})
    total = MESSAGES * max(1, KILLS // 3)
    load = Load(relay, keys, tmp_path / "promises", connections=20, total=total).start()
    kills = []
    for number in range(KILLS):
        wanted = total * (number + 1) // (KILLS + 1) + random.randrange(40)
        until(lambda: load.done >= wanted, lambda: f"message {wanted}; {load.done} are through, log:\n{relay.log()[-2000:]}", 120)
        relay.kill()
        kills.append(time.time())  # by now it is dead: what the upstream got before may come again, nothing else
        began = time.monotonic()
        relay.start(seconds=5)
        assert time.monotonic() - began < 5
    load.join(180)
    relay.wait_queue_empty(120)
    broken, extra = judge(load.promises, upstream, kills)
    assert not broken, f"{len(broken)} broken, the first:\n" + "\n".join(broken[:20])
    codes = collections.Counter(p.code for p in load.promises)
    assert codes[250] >= total - KILLS * 20 and set(codes) <= {250, None, 421, 451}, codes
    with capsys.disabled():
        print(f"\n{total} messages, {KILLS} kills: {codes[250]} accepted and relayed, {codes[None]} replies lost, "
              f"{extra} further copies, each explained by a kill")


@pytest.mark.slow
def test_orderly_stop_under_load_loses_and_doubles_nothing(binary, make, keys, tmp_path):
    upstream = make.upstream(keep=False)
    relay = make.relay(upstream, upstream={"connections": 20})
    load = Load(relay, keys, tmp_path / "promises", total=600).start()
    until(lambda: load.done >= 200, "200 messages", 60)
    relay.process.signal(signal.SIGTERM)
    assert relay.process.wait(60) == 0
    relay.start()
    load.join(120)
    relay.wait_queue_empty(60)
    broken, extra = judge(load.promises, upstream, [])
    assert not broken and extra == 0, broken[:20]
