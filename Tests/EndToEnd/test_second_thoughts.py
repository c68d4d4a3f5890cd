"""A wrong rule, a lost identity or a replaced key must not cost the mail that is queued already: `queue rewrite`."""
import json
import subprocess

import pytest

from harness import clients, messages, verdicts
from harness.keys import Keys, openssl
from harness.relay import BINARY, DEFAULT_SENDER, DOMAIN, SELECTOR, UNAVAILABLE, token
from harness.waiting import until

OTHER, OTHER_SENDER = "news.example.org", "letters@news.example.org"


@pytest.fixture
def second(keys, tmp_path):
    """Another signing key: its file, and what is published of it."""
    path = str(tmp_path / "second.pem")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
    (tmp_path / "second.pem").chmod(0o600)
    return path, b"v=DKIM1; k=rsa; p=" + Keys._public(path)


def identity(domain, sender, key, selector=SELECTOR):
    return {"domain": domain, "default_sender": sender, "dkim": {"selector": selector, "private_key": key}}


def fill(relay, keys, count=3, sender="crm@app.example"):
    """Messages of all kinds: plain, with an 8-bit body that was repaired, and with a body that lies in a file of its own."""
    marks = [token() for _ in range(count)]
    smtp = clients.connect(relay.starttls, keys)
    for number, mark in enumerate(marks):
        message = messages.plain(mark, sender=sender)
        if number % 3 == 1:
            message += "Größe: ä ö ü\r\n".encode()
        elif number % 3 == 2:
            message += b"a line of a long body that goes to a file\r\n" * 4000
        assert clients.submit(smtp, message, sender=sender)[0] == 250
    smtp.quit()
    return marks


def of_clients(upstream):
    """What arrived, without mail of our own to the operator."""
    return [m for m in upstream.messages() if b"\r\nX-Token: " in m]


def down(make):
    upstream = make.upstream()
    upstream.stop()
    return upstream


def outcomes(relay, *arguments):
    return relay.json_lines("queue", "rewrite", *arguments)


def test_a_wrong_rule_is_mended_for_what_is_queued(binary, make, keys, second):
    nowhere = down(make)
    relay = make.relay(nowhere, identities=[identity(OTHER, OTHER_SENDER, keys.dkim_key)])
    marks = fill(relay, keys)
    before = {m["queue_id"]: m for m in relay.queue()}
    assert len(before) == 3 and {m["from_after"] for m in before.values()} == {OTHER_SENDER}

    sandbox = make.sandbox()
    relay.configure(identities=[identity(DOMAIN, DEFAULT_SENDER, keys.dkim_key)])
    dry = outcomes(relay, "--all", "--dry-run")
    # Without a reload the old settings are in force.
    assert [o["result"] for o in dry] == ["unchanged"] * 3
    relay.cli("reload")
    dry = outcomes(relay, "--all", "--dry-run")
    assert {(o["result"], o["from_before"], o["from_after"]) for o in dry} == {("rewritten", OTHER_SENDER, DEFAULT_SENDER)}
    assert {m["from_after"] for m in relay.queue()} == {OTHER_SENDER}, "a dry run changes nothing"

    said = relay.cli("queue", "rewrite", "--all").stdout
    assert "3 messages rewritten" in said and f"From {OTHER_SENDER} -> {DEFAULT_SENDER}" in said
    assert [o["result"] for o in outcomes(relay, "--all")] == ["unchanged"] * 3
    after = {m["queue_id"]: m for m in relay.queue()}
    assert after.keys() == before.keys() and {m["from_after"] for m in after.values()} == {DEFAULT_SENDER}
    for key in before:
        assert after[key]["message_id"] == before[key]["message_id"] and after[key]["arrival_time"] == before[key]["arrival_time"]
    assert relay.json("queue", "verify")["problems"] == []

    relay.configure(upstream={"port": sandbox.port})
    relay.cli("reload")
    for mark in marks:
        message = sandbox.one_with(mark, seconds=30)
        assert verdicts.shortcomings(message, keys) == []
        assert verdicts.addresses(message, "From") == [DEFAULT_SENDER]
    relay.wait_queue_empty()
    assert len(of_clients(sandbox)) == len(marks), "each once"
    story = relay.json("trace", next(iter(before)))["messages"][0]["events"]
    again = [e for e in story if e["event"] == "rewritten" and e.get("reply", "").startswith("again")]
    assert len(again) == 1 and (again[0]["from_before"], again[0]["from_after"]) == (OTHER_SENDER, DEFAULT_SENDER)
    assert "reverse-path" in again[0]["reply"]
    text = relay.cli("trace", next(iter(before)), "--headers").stdout
    assert "no longer queued" in text and "again, by an operator" in text


def test_what_a_lost_identity_holds_leaves_under_another(binary, make, keys, second):
    """SES does not know the identity any more: its mail is held, is given another one, and leaves."""
    sandbox = make.sandbox(identities=(DOMAIN,))
    both = [identity(OTHER, OTHER_SENDER, second[0]), identity(DOMAIN, DEFAULT_SENDER, keys.dkim_key)]
    relay = make.relay(sandbox, identities=both)
    marks = fill(relay, keys, 4, sender="shop@news.example.org")
    until(lambda: [m for m in relay.queue() if any("not verified" in r.get("delay_reason", "") for r in m["recipients"])],
          lambda: f"the refusal of the identity in {relay.queue()}")
    assert of_clients(sandbox) == []
    relay.configure(identities=both[1:])
    relay.cli("reload")
    assert "4 messages rewritten" in relay.cli("queue", "rewrite", "--identity", OTHER).stdout
    for mark in marks:
        message = sandbox.one_with(mark, seconds=30)
        assert verdicts.shortcomings(message, keys) == []
        assert verdicts.addresses(message, "Reply-To") == ["shop@news.example.org"]
    relay.wait_queue_empty()
    assert len(of_clients(sandbox)) == len(marks)


def test_a_replaced_key_signs_what_is_queued(binary, make, keys, second):
    sandbox = make.sandbox()
    sandbox.stop()
    relay = make.relay(sandbox)
    marks = fill(relay, keys)
    path, record = second
    relay.configure(identities=[identity(DOMAIN, DEFAULT_SENDER, path, "fl2027")])
    relay.cli("reload")
    ids = [m["queue_id"] for m in relay.queue()]
    assert [o["result"] for o in outcomes(relay, *ids[:1])] == ["rewritten"]
    assert [o["result"] for o in outcomes(relay, "--all")] == ["unchanged", "rewritten", "rewritten"]
    upstream = make.upstream()
    relay.configure(upstream={"port": upstream.port})
    relay.cli("reload")
    for mark in marks:
        message = upstream.one_with(mark, seconds=30)
        assert verdicts.dkimpy(message, record, "fl2027", DOMAIN) and not verdicts.dkimpy(message, keys.dkim_record, "fl2027", DOMAIN)
    relay.wait_queue_empty()


def test_what_todays_rules_refuse_stays(binary, make, keys):
    upstream = down(make)
    relay = make.relay(upstream)
    (mark,) = fill(relay, keys, 1)
    (queued,) = relay.queue()
    relay.configure(rewrite={"unverified_from": "reject"})
    relay.cli("reload")
    (outcome,) = outcomes(relay, "--all")
    assert outcome["result"] == "refused" and "crm@app.example is not allowed" in outcome["reason"]
    assert "stays as it is" in relay.cli("queue", "rewrite", queued["queue_id"]).stdout
    assert relay.queue()[0]["from_after"] == queued["from_after"]
    upstream.start()
    relay.cli("queue", "retry", "--all")
    assert verdicts.shortcomings(upstream.one_with(mark, seconds=30), keys) == []


def test_the_original_is_shown(binary, make, keys):
    relay = make.relay(down(make))
    fill(relay, keys, 1)
    (queued,) = relay.queue()
    original = relay.cli("queue", "show", queued["queue_id"], "--original").stdout
    assert "From: " in original and "crm@app.example" in original and "DKIM-Signature" not in original
    shown = relay.json("queue", "show", queued["queue_id"])
    assert "DKIM-Signature" in shown["header"] and "DKIM-Signature" not in shown["original_header"] and len(shown["generation"]) == 12
    text = relay.cli("trace", queued["queue_id"], "--headers").stdout
    assert text.index("as it came") < text.index("as it will be sent") < text.index("DKIM-Signature")
    assert shown["generation"] in text
    story = relay.json("trace", queued["queue_id"])["messages"][0]
    assert story["generation"] == shown["generation"] and "header" not in story


def test_without_a_daemon_it_says_so(binary, make, keys):
    relay = make.relay(down(make))
    fill(relay, keys, 1)
    assert relay.cli("queue", "rewrite", expect=None).returncode != 0, "no selection is not everything"
    (queued,) = relay.queue()
    relay.stop()
    done = relay.cli("queue", "rewrite", "--all", expect=UNAVAILABLE)
    assert "daemon is down" in done.stderr and "start it" in done.stderr
    assert "crm@app.example" in relay.cli("queue", "show", queued["queue_id"], "--original").stdout


def test_rewriting_while_mail_flows_sends_everything_once(binary, make, keys, second):
    """Back and forth between two keys while messages come and go: each arrives once, and whole."""
    upstream = make.upstream(delay_dot=0.05)
    relay = make.relay(upstream)
    path, record = second
    marks = fill(relay, keys, 60)
    for turn in range(6):
        relay.configure(identities=[identity(DOMAIN, DEFAULT_SENDER, path if turn % 2 == 0 else keys.dkim_key)])
        relay.cli("reload")
        relay.cli("queue", "rewrite", "--all")
        marks += fill(relay, keys, 10)
    relay.wait_queue_empty(60)
    arrived = of_clients(upstream)
    assert len(arrived) == len(marks)
    for mark in marks:
        message = upstream.one_with(mark)
        assert verdicts.dkimpy(message, keys.dkim_record, SELECTOR, DOMAIN) or verdicts.dkimpy(message, record, SELECTOR, DOMAIN)


def test_kill_while_rewriting_leaves_whole_messages(binary, make, keys, second):
    nowhere = down(make)
    relay = make.relay(nowhere)
    marks = fill(relay, keys, 80)
    path, record = second
    relay.configure(identities=[identity(DOMAIN, DEFAULT_SENDER, path)])
    relay.cli("reload")
    rewriting = subprocess.Popen([BINARY, "queue", "rewrite", "--all", "--config", relay.config_path], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
    rewriting.stdout.readline()
    relay.kill()
    rewriting.communicate(timeout=30)
    upstream = make.upstream()
    relay.configure(upstream={"port": upstream.port})
    relay.start()
    assert relay.json("queue", "verify")["problems"] == []
    for mark in marks:
        message = upstream.one_with(mark, seconds=30)
        assert verdicts.dkimpy(message, keys.dkim_record, SELECTOR, DOMAIN) != verdicts.dkimpy(message, record, SELECTOR, DOMAIN)
    relay.wait_queue_empty()
    assert len(of_clients(upstream)) == len(marks), json.dumps(relay.queue())
