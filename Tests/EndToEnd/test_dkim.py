"""Keys and the DNS: what `dkim check` says, when mail is signed and with which key, and how a key is changed."""
import json
import os
import stat

import pytest

from harness import clients, messages, verdicts
from harness.fake_dns import FakeDNS
from harness.keys import Keys, openssl
from harness.relay import CONFIGURATION, DATA, DEFAULT_SENDER, DOMAIN, SELECTOR, UNAVAILABLE, USAGE, token
from harness.waiting import until

NAME = f"{SELECTOR}._domainkey.{DOMAIN}"


@pytest.fixture
def dns():
    server = FakeDNS()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sandbox(binary, make_for_module):
    return make_for_module.sandbox()


def identity(keys, **dkim):
    return [{"domain": DOMAIN, "default_sender": DEFAULT_SENDER, "dkim": {"selector": SELECTOR, "private_key": keys.dkim_key, **dkim}}]


def send(relay, keys, sandbox):
    """The message as SES got it."""
    mark = token()
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, messages.plain(mark))
    smtp.quit()
    assert code == 250, text
    return sandbox.one_with(mark)


def is_signed(message):
    return "DKIM-Signature" in verdicts.header(message)


def environment(dns):
    return {**os.environ, "FAIRLEAD_DNS_SERVER": dns.address}


# -- dkim check

@pytest.fixture(scope="module")
def idle(binary, make_for_module):
    """A configuration without a daemon."""
    return make_for_module.relay(1, start=False)


def check(relay, dns, expect):
    done = relay.cli("dkim", "check", "--dns-server", dns.address, expect=expect)
    found, = json.loads(relay.cli("dkim", "check", "--json", "--dns-server", dns.address, expect=expect).stdout)
    assert found["record"] == NAME and found["finding"] in done.stdout
    return found, done.stdout


OURS = object()
CASES = {
    "match": ([OURS], "match", 0), "nothing": ([], "missing", 1), "another key": ([b"v=DKIM1; p=b3RoZXI="], "other_key", 1),
    "revoked": ([b"v=DKIM1; p="], "revoked", 1), "two": ([OURS, b"v=DKIM1; p=b3RoZXI="], "several", 1),
    "no key record": ([b"v=spf1 -all"], "malformed", 1), "ed25519": ([b"v=DKIM1; k=ed25519; p=b3RoZXI="], "forbidden", 1),
    "testing": ([b"v=DKIM1; t=y; p=b3RoZXI="], "forbidden", 1), "sha1": ([b"v=DKIM1; h=sha1; p=b3RoZXI="], "forbidden", 1),
    "not for mail": ([b"v=DKIM1; s=tlsrpt; p=b3RoZXI="], "forbidden", 1),
}


@pytest.mark.parametrize("case", CASES)
def test_check_says_what_the_dns_shows(idle, keys, dns, case):
    records, state, code = CASES[case]
    dns.texts[NAME] = [keys.dkim_record if record is OURS else record for record in records]
    found, text = check(idle, dns, code)
    assert found["state"] == state and (found.get("cure") is None) == (code == 0)
    assert text.count("\n") == 1


def test_check_follows_aliases_and_truncation(idle, keys, dns):
    dns.aliases[NAME] = "key.example.net"
    dns.texts["key.example.net"] = [keys.dkim_record]
    dns.by_tcp_only = True
    assert check(idle, dns, 0)[0]["state"] == "match"


def test_check_without_an_answer_is_69(idle, dns):
    dns.failing.add(NAME)
    found, text = check(idle, dns, UNAVAILABLE)
    assert found["state"] == "no_answer" and "SERVFAIL" in text


def test_check_of_an_unknown_identity(idle, dns):
    assert "is no identity" in idle.cli("dkim", "check", "--identity", "other.example", expect=USAGE).stderr


# -- publish: pending

def test_pending_signs_once_the_dns_shows_the_key(make, sandbox, keys, dns):
    relay = make.relay(sandbox, env=environment(dns), identities=identity(keys, publish="pending"))
    assert "leaves without our signature" in relay.cli("check", "config").stdout
    until(lambda: "not signed by us" in relay.log(), relay.log)
    assert not is_signed(send(relay, keys, sandbox))
    state, = relay.json("status")["dkim"]
    assert state["identity"] == DOMAIN and state["awaited"] == NAME and "selector" not in state
    assert "not signed by us" in relay.cli("status").stdout

    # A failing server is no answer, another key is not ours.
    dns.failing.add(NAME)
    relay.cli("reload")
    until(lambda: "SERVFAIL" in relay.log(), relay.log)
    dns.failing.clear()
    dns.texts[NAME] = [b"v=DKIM1; p=b3RoZXI="]
    relay.cli("reload")
    until(lambda: "another key" in relay.log(), relay.log)
    assert not is_signed(send(relay, keys, sandbox))

    dns.texts[NAME] = [keys.dkim_record]
    relay.cli("reload")
    until(lambda: relay.json("status")["dkim"][0].get("selector") == SELECTOR, relay.log)
    assert verdicts.shortcomings(send(relay, keys, sandbox), keys) == []

    # Remembered, also when no server answers.
    relay.stop()
    dns.silent = True
    relay.start(environment(dns))
    assert verdicts.shortcomings(send(relay, keys, sandbox), keys) == []
    assert stat.S_IMODE(os.stat(relay.path("queue/dkim-seen")).st_mode) == 0o600


def test_a_record_that_is_gone_ends_the_signature(make, sandbox, keys, dns):
    """What is pending never signs with a key that nobody can look up; what was queued unsigned is signed by `queue rewrite`."""
    upstream = make.upstream()
    upstream.stop()
    relay = make.relay(upstream, env=environment(dns), identities=identity(keys, publish="pending"))
    until(lambda: "not signed by us" in relay.log(), relay.log)
    smtp = clients.connect(relay.starttls, keys)
    assert clients.submit(smtp, messages.plain(token()))[0] == 250
    smtp.quit()
    dns.texts[NAME] = [keys.dkim_record]
    relay.cli("reload")
    until(lambda: relay.json("status")["dkim"][0].get("selector") == SELECTOR, relay.log)
    assert "1 message rewritten" in relay.cli("queue", "rewrite", "--all").stdout
    assert "DKIM-Signature" in relay.cli("queue", "show", relay.queue()[0]["queue_id"]).stdout
    assert "1 need nothing" in relay.cli("queue", "rewrite", "--all").stdout

    del dns.texts[NAME]
    relay.cli("reload")
    until(lambda: "selector" not in relay.json("status")["dkim"][0], relay.log)
    assert "though the DNS had the key before" in relay.log()
    dns.texts[NAME] = [keys.dkim_record]
    relay.cli("reload")
    until(lambda: relay.json("status")["dkim"][0].get("selector") == SELECTOR, relay.log)


def test_another_key_of_the_same_name_is_not_the_one_that_was_seen(make, sandbox, keys, dns, tmp_path):
    dns.texts[NAME] = [keys.dkim_record]
    relay = make.relay(sandbox, env=environment(dns), identities=identity(keys, publish="pending"))
    until(lambda: relay.json("status")["dkim"][0].get("selector") == SELECTOR, relay.log)
    other = str(tmp_path / "other.pem")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", other)
    os.chmod(other, 0o600)
    relay.configure(identities=identity(keys, publish="pending", private_key=other))
    relay.cli("reload")
    assert not is_signed(send(relay, keys, sandbox))


def test_required_asks_nobody(make, sandbox, keys, dns):
    relay = make.relay(sandbox, env=environment(dns))
    assert verdicts.shortcomings(send(relay, keys, sandbox), keys) == []
    assert relay.json("status")["dkim"] == [] and dns.asked == []


# -- rotation

def test_rotation(make, sandbox, keys, dns, tmp_path):
    dns.texts[NAME] = [keys.dkim_record]
    # The key is made beside the old one, so the old one gets a folder of its own.
    old = tmp_path / "dkim" / "old.pem"
    old.parent.mkdir()
    old.write_bytes(open(keys.dkim_key, "rb").read())
    old.chmod(0o600)
    relay = make.relay(sandbox, env=environment(dns), identities=identity(keys, private_key=str(old)), queue={"lifetime": "2d"})

    said = relay.cli("dkim", "rotate", "--selector", "new1").stdout
    new = old.parent / f"{DOMAIN}.new1.pem"
    assert f"next: {{ selector: new1, private_key: {new} }}" in said and f"new1._domainkey.{DOMAIN}. 3600 IN TXT" in said
    assert stat.S_IMODE(new.stat().st_mode) & 0o007 == 0
    before = new.read_bytes()
    assert "never overwritten" in relay.cli("dkim", "rotate", "--selector", "new1", expect=73).stderr
    assert "selector of the key in force" in relay.cli("dkim", "rotate", "--selector", SELECTOR, expect=USAGE).stderr
    assert new.read_bytes() == before
    assert f"{DOMAIN}.fl2" in relay.cli("dkim", "rotate").stdout  # a name by date

    relay.configure(identities=identity(keys, private_key=str(old), next={"selector": "new1", "private_key": str(new)}))
    relay.cli("reload")
    until(lambda: f"new1._domainkey.{DOMAIN}: the DNS has no TXT record" in relay.log(), relay.log)
    assert verdicts.shortcomings(send(relay, keys, sandbox), keys) == []
    assert "has a next key already" in relay.cli("dkim", "rotate", expect=USAGE).stderr
    assert new.read_bytes() == before
    current, following = json.loads(relay.cli("dkim", "check", "--json", "--dns-server", dns.address, expect=1).stdout)
    assert (current["signs"], following["signs"], following["state"]) == (True, False, "missing")

    record = b"v=DKIM1; k=rsa; p=" + Keys._public(str(new))
    dns.texts[f"new1._domainkey.{DOMAIN}"] = [record]
    relay.cli("reload")
    until(lambda: relay.json("status")["dkim"][0]["selector"] == "new1", relay.log)
    assert verdicts.dkimpy(send(relay, keys, sandbox), record, "new1", DOMAIN)
    state, = relay.json("status")["dkim"]
    assert state["old_record"] == NAME and state["old_record_until"] > state["since"]
    assert f"{NAME} must stay until {state['old_record_until']}" in relay.cli("status").stdout
    checked = relay.cli("dkim", "check", "--dns-server", dns.address).stdout
    assert f"{NAME} must stay until {state['old_record_until']}" in checked and "it signs" in checked

    relay.stop()
    dns.silent = True
    relay.start(environment(dns))
    assert verdicts.dkimpy(send(relay, keys, sandbox), record, "new1", DOMAIN)
    assert relay.json("status")["dkim"] == [state]


def test_rotate_makes_the_next_key_that_is_missing(binary, make, keys, tmp_path):
    path = tmp_path / "keys" / "next.pem"
    relay = make.relay(1, start=False, identities=identity(keys, next={"selector": "new1", "private_key": str(path)}))
    assert "make the key with `fairlead dkim rotate`" in relay.cli("check", "config", expect=CONFIGURATION).stderr
    assert f"new1._domainkey.{DOMAIN}. 3600 IN TXT" in relay.cli("dkim", "rotate").stdout
    assert path.exists()
    relay.cli("check", "config")


# -- the same key for SES

def test_byodkim(idle, keys, tmp_path):
    target = tmp_path / "byodkim.json"
    done = idle.cli("dkim", "record", "--format", "byodkim", "--output", target)
    assert "aws sesv2 put-email-identity-dkim-signing-attributes --region eu-west-1 --email-identity mail.example.com" in done.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o600 and f"file://{target}" in done.stdout
    given = json.loads(target.read_text())
    assert given["DomainSigningSelector"] == SELECTOR
    pem = "-----BEGIN PRIVATE KEY-----\n" + given["DomainSigningPrivateKey"] + "\n-----END PRIVATE KEY-----\n"
    path = tmp_path / "again.pem"
    path.write_text(pem.replace(given["DomainSigningPrivateKey"], "\n".join(
        given["DomainSigningPrivateKey"][i:i + 64] for i in range(0, len(given["DomainSigningPrivateKey"]), 64))))
    assert Keys._public(str(path)) == keys.dkim_record.partition(b"p=")[2]
    assert given["DomainSigningPrivateKey"] not in done.stdout
    assert "never overwritten" in idle.cli("dkim", "record", "--format", "byodkim", "--output", target, expect=73).stderr
    shown = idle.cli("dkim", "record", "--format", "byodkim")
    assert json.loads(shown.stdout) == given and "let nobody see it" in shown.stderr


def test_byodkim_refuses_what_ses_refuses(binary, make, keys):
    relay = make.relay(1, start=False, identities=identity(keys, selector="with-hyphen"))
    assert "letters and digits only" in relay.cli("dkim", "record", "--format", "byodkim", expect=DATA).stderr
