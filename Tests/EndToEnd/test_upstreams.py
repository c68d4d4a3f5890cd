"""Upstreams that are not SES, and upstreams whose certificate must not be believed."""
import json

import pytest

from harness import clients, messages, verdicts
from harness.relay import token
from harness.waiting import until


def send(relay, keys, mark, **options):
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, messages.plain(mark), **options)
    smtp.quit()
    return code, text


@pytest.mark.parametrize("kind", ["sandbox", "postfix", "fake"])
def test_relays_to(binary, make, keys, kind):
    upstream = {"sandbox": make.sandbox, "postfix": make.postfix, "fake": make.upstream}[kind]()
    relay = make.relay(upstream)
    mark = token()
    assert send(relay, keys, mark)[0] == 250
    assert verdicts.shortcomings(upstream.one_with(mark), keys) == []
    relay.wait_queue_empty()


def test_implicit_tls_upstream(binary, make, keys):
    upstream = make.upstream(implicit=True)
    relay = make.relay(upstream, upstream={"tls": "implicit"})
    mark = token()
    assert send(relay, keys, mark)[0] == 250
    upstream.one_with(mark)


@pytest.mark.parametrize("kind, reason", [("wrong-name", "mismatch"), ("expired", "expired"), ("self-signed", "self.signed")])
def test_certificate_that_must_not_be_believed(binary, make, keys, kind, reason):
    upstream = make.upstream(certificate=kind)
    relay = make.relay(upstream)
    assert send(relay, keys, token())[0] == 250
    until(lambda: upstream.events("connect")[1:], "an attempt")
    said = until(lambda: [w for w in [json.dumps(relay.json("status"))] if reason.replace(".", "-") in w or reason.replace(".", " ") in w],
                 lambda: f"status with {reason}: {relay.json('status')}")
    assert said
    assert upstream.events("auth", "mail", "dot") == []
    (waiting,) = relay.queue()
    assert waiting["sender"] == "crm@app.example" and waiting["recipients"]


def test_no_starttls_no_mail(binary, make, keys):
    upstream = make.upstream(starttls=False)
    relay = make.relay(upstream)
    assert send(relay, keys, token())[0] == 250
    until(lambda: upstream.events("ehlo"), "an attempt")
    until(lambda: "STARTTLS" in json.dumps(relay.json("status")), lambda: f"STARTTLS in {relay.json('status')}")
    assert upstream.events("auth", "mail", "dot") == []
    assert len(relay.queue()) == 1


def test_route_heals_by_itself(binary, make, keys):
    """A route that is down costs nothing but time: the message goes as soon as a probe finds the upstream."""
    upstream = make.upstream()
    upstream.stop()
    relay = make.relay(upstream)
    mark = token()
    assert send(relay, keys, mark)[0] == 250
    until(lambda: "refused" in json.dumps(relay.json("status")).lower(), "the reason in status")
    upstream.start()
    upstream.one_with(mark, seconds=20)


def test_refused_login_pauses_the_route_and_bounces_nothing(binary, make, keys):
    upstream = make.upstream(AUTH="535 Authentication Credentials Invalid")
    relay = make.relay(upstream)
    marks = [token() for _ in range(3)]
    for mark in marks:
        assert send(relay, keys, mark)[0] == 250
    until(lambda: "535 Authentication Credentials Invalid" in json.dumps(relay.json("status")), "the refusal in status, word for word")
    assert len(relay.queue()) == 3 and not upstream.events("mail")
    upstream.behave()
    relay.cli("reload")
    for mark in marks:
        upstream.one_with(mark)
    relay.wait_queue_empty()


def test_outcomes_per_recipient(binary, make, keys):
    upstream = make.upstream(RCPT={"bad@example.net": "550 no such user", "later@example.net": "450 later"})
    relay = make.relay(upstream)
    mark = token()
    assert send(relay, keys, mark, recipients=["good@example.net", "bad@example.net", "later@example.net"])[0] == 250
    until(lambda: upstream.accepted(), "a copy")
    until(lambda: [r["address"] for m in relay.queue() for r in m["recipients"] if m["sender"] == "crm@app.example"] == ["later@example.net"],
          lambda: f"only the deferred one in {relay.queue()}")
    upstream.behave()
    relay.cli("queue", "retry", "--all")
    until(lambda: [e for e in upstream.accepted() if "later@example.net" in e["rcpts"]], "the deferred one")
    to_good = [e for e in upstream.accepted() if "good@example.net" in e["rcpts"] and e["token"] == mark]
    assert len(to_good) == 1


def test_lost_reply_makes_at_most_one_more_copy(binary, make, keys):
    upstream = make.upstream(drop_after_dot=1)
    relay = make.relay(upstream)
    mark = token()
    assert send(relay, keys, mark)[0] == 250
    until(lambda: upstream.events("dot"), "the first attempt")
    relay.cli("queue", "retry", "--all")
    upstream.one_with(mark)
    relay.wait_queue_empty()
    assert len(upstream.events("dot")) == 2
    assert "duplicate" in relay.log() or "in_doubt" in relay.cli("trace", "user@example.net", "--json").stdout


def test_at_most_fifty_recipients_and_everybody_once(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream)
    everybody = [f"user{n}@example.net" for n in range(120)]
    assert send(relay, keys, token(), recipients=everybody)[0] == 250
    relay.wait_queue_empty()
    sizes = [len(e["rcpts"]) for e in upstream.accepted()]
    assert max(sizes) <= 50 and sorted(r for e in upstream.accepted() for r in e["rcpts"]) == sorted(everybody)


def test_rate_counts_recipients_and_is_kept(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream, upstream={"rate": "10/s"})
    smtp = clients.connect(relay.starttls, keys)
    for _ in range(15):
        assert clients.submit(smtp, messages.plain(token()), recipients=["a@example.net", "b@example.net"])[0] == 250
    relay.wait_queue_empty()
    times = sorted(e["at"] for e in upstream.accepted() for _ in e["rcpts"])
    assert len(times) == 30
    assert max(sum(t <= u < t + 1 for u in times) for t in times) <= 10


def test_throttling_costs_no_attempt_and_loses_nothing(binary, make, keys):
    sandbox = make.sandbox(rate=5)
    relay = make.relay(sandbox, upstream={"rate": "20/s"})
    smtp = clients.connect(relay.starttls, keys)
    marks = [token() for _ in range(20)]
    for mark in marks:
        assert clients.submit(smtp, messages.plain(mark))[0] == 250
    for mark in marks:
        sandbox.one_with(mark, seconds=40)
    relay.wait_queue_empty()
