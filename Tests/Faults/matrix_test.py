"""The way to the upstream before its first word: names that do not resolve, addresses that do not answer (U08).

Each row: what the name server says, what becomes of the message, within how many seconds. The steps behind that, from the greeting to
QUIT, are the table of Tests/UpstreamTests/MatrixTests.swift.
"""
import json
import os
import time

import pytest

from matrix_dns import NXDOMAIN, SERVFAIL, NameServer, SilentAddress
from matrix_support import binary, case, keys, messages, missing_mounts, until  # noqa: F401

HOST = "email-smtp.upstream.test"
pytestmark = pytest.mark.skipif(os.getuid() != 0 or bool(missing_mounts()), reason="a name server on port 53 and a resolv.conf of one's own need root")


@pytest.fixture
def names(tmp_path, keys):  # noqa: F811
    server = NameServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def certificate(keys):  # noqa: F811
    """For the name that the tests resolve."""
    keys._leaf("upstream-test", HOST, f"DNS:{HOST}", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
    return "upstream-test"


def own_resolver(server):
    """The daemon asks `server` and nobody else."""
    def prefix(relay):
        with open(relay.path("resolv.conf"), "w") as f:
            f.write(f"nameserver {server.address}\noptions timeout:2 attempts:2\n")
        script = f'mount --make-rprivate / && mount --bind "{relay.path("resolv.conf")}" /etc/resolv.conf && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, "sh"]
    return prefix


def relay_by_name(case, names, certificate):  # noqa: F811
    upstream = case.upstream(certificate=certificate)
    relay = case.relay(upstream, prefix=own_resolver(names), upstream={"host": HOST})
    return upstream, relay


PAUSED = [
    ("NXDOMAIN", NXDOMAIN, 5), ("SERVFAIL", SERVFAIL, 15), ("no answer", "silence", 35), ("no address", [], 5), ("CNAME loop", "loop", 15),
    ("all refuse", ["127.9.9.9", "127.9.9.10"], 5),
]


@pytest.mark.parametrize("name, answer, seconds", PAUSED, ids=[row[0].replace(" ", "-") for row in PAUSED])
def test_the_route_is_paused(case, names, certificate, name, answer, seconds, capsys):  # noqa: F811
    names.answer = answer
    upstream, relay = relay_by_name(case, names, certificate)
    mark = relay.send()
    began = time.monotonic()
    route = until(lambda: [r for r in [relay.json("status")["route"]] if r["state"] == "paused"], "a paused route", seconds, 0.1)[0]
    took = time.monotonic() - began
    assert HOST in json.dumps(route), route
    (waiting,) = relay.queue()
    assert waiting["recipients"][0]["attempts"] == 0, "the route's trouble is not the message's"
    # Submission does not stand still while the resolver does.
    second = time.monotonic()
    relay.send()
    assert time.monotonic() - second < 2
    # It heals by itself, with the next probe at the latest.
    names.answer = ["127.0.0.1"]
    upstream.one_with(mark, 70)
    relay.wait_queue_empty()
    with capsys.disabled():
        print(f"\n{name:<12} paused after {took:.1f} s ({route['reason']}), healed after {time.monotonic() - began - took:.1f} s")


def test_a_silent_address_is_not_waited_for_alone(case, names, certificate):  # noqa: F811
    for silent, answer in (("127.7.7.7", ["127.7.7.7", "127.0.0.1"]), ("::1", ["::1", "127.0.0.1"])):
        names.answer = answer
        upstream, relay = relay_by_name(case, names, certificate)
        dead = SilentAddress(silent, upstream.port)
        mark = relay.send()
        began = time.monotonic()
        upstream.one_with(mark, 5)
        assert time.monotonic() - began < 5
        dead.stop()


def test_two_hundred_addresses(case, names, certificate):  # noqa: F811
    names.answer = [f"127.9.{k}.1" for k in range(40)] + ["127.0.0.1"] + [f"127.10.{k}.1" for k in range(159)]
    upstream, relay = relay_by_name(case, names, certificate)
    mark = relay.send()
    upstream.one_with(mark, 40)


def test_a_name_that_moves(case, names, certificate):  # noqa: F811
    """As a load balancer's does: each new connection asks anew."""
    names.answer = ["127.0.0.1"]
    upstream, relay = relay_by_name(case, names, certificate)
    upstream.one_with(relay.send())
    asked = names.questions
    time.sleep(9)  # the idle connection leaves
    upstream.one_with(relay.send())
    assert names.questions > asked
