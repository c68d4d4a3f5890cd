"""`fairlead test`, `check upstream` step by step, and the certificate that apps see."""
import json
import os
import re
import subprocess

import pytest

from harness.keys import openssl
from harness.relay import BINARY, DATA, PERMISSION, REPOSITORY, TEMPORARY, UNAVAILABLE, USAGE
from harness.waiting import free_ports, until

TO = "you@customer.example"


@pytest.fixture(scope="module")
def sandbox(binary, make_for_module):
    return make_for_module.sandbox()


@pytest.fixture(scope="module")
def through_sandbox(sandbox, make_for_module):
    return make_for_module.relay(sandbox)


# -- test

def test_the_whole_road(through_sandbox, sandbox):
    relay, before = through_sandbox, len(sandbox.messages())
    done = relay.cli("test", TO)
    lines = done.stdout.splitlines()
    events = [word for line in lines for word in ("accepted", "rewritten", "relayed") if f"  {word}  " in line]
    assert events == ["accepted", "rewritten", "relayed"] and lines[-1].startswith("relayed: SES has taken it")
    assert len(sandbox.messages()) == before + 1
    queue_id = re.search(r"\s(0\w{12})\s", done.stdout)[1]
    story = relay.json("trace", queue_id)["messages"][0]["events"]
    assert story[0]["account"] == "app" and story[0]["client"] == "127.0.0.1"


def test_one_json_value(through_sandbox):
    answer = through_sandbox.json("test", TO)
    assert answer["ok"] and answer["account"] == "app" and answer["sender"] == "no-reply@mail.example.com"
    assert answer["listener"] == f"127.0.0.1:{through_sandbox.implicit}"
    assert [event["event"] for event in answer["events"]] == ["accepted", "rewritten", "relayed"]
    assert answer["events"][0]["queue_id"] == answer["queue_id"]


def test_a_foreign_author_is_rewritten_as_an_apps_would_be(through_sandbox):
    events = through_sandbox.json("test", TO, "--from", "crm@foreign.example")["events"]
    rewritten, = [event for event in events if event["event"] == "rewritten"]
    assert rewritten["from_before"] == "crm@foreign.example" and rewritten["from_after"] == "no-reply@mail.example.com"


def test_what_it_cannot_do(through_sandbox):
    assert "is not an address" in through_sandbox.cli("test", "nobody", expect=USAGE).stderr
    assert "account add" in through_sandbox.cli("test", TO, "--account", "nobody", expect=DATA).stderr


def test_the_certificate_is_told_of(through_sandbox):
    # It is for localhost; the relay calls itself relay.example.com.
    finding, = through_sandbox.json("test", TO)["findings"]
    assert "not for relay.example.com" in finding


def test_the_password_for_it_is_not_the_apps(through_sandbox, keys):
    """It works beside the app's own, which goes on working."""
    from harness import clients, messages
    through_sandbox.cli("test", TO)
    smtp = clients.connect(through_sandbox.starttls, keys)
    assert clients.submit(smtp, messages.plain("beside"))[0] == 250
    smtp.quit()


def test_only_who_may_give_orders(make, sandbox):
    if os.geteuid() != 0:
        pytest.skip("needs another user")
    relay = make.relay(sandbox)
    until(lambda: os.path.exists(relay.control), relay.log)
    # Everything that could stop another user stands open, but for the daemon's own rule.
    os.chmod(relay.control, 0o666)
    os.chmod(relay.path("passwords"), 0o644)
    folder = relay.folder
    for _ in range(4):  # as deep as pytest's own folders are
        os.chmod(folder, os.stat(folder).st_mode | 0o055)
        folder = os.path.dirname(folder)
    done = subprocess.run([BINARY, "test", TO, "--config", relay.config_path], capture_output=True, text=True, timeout=30, user=65534, group=65534,
                          extra_groups=[])
    assert done.returncode == PERMISSION and "root" in done.stderr, done.stderr


def test_refused_by_the_relay(make, sandbox):
    relay = make.relay(sandbox, accounts={"app": {"unverified_from": "reject"}})
    done = relay.cli("test", TO, "--from", "crm@foreign.example", expect=UNAVAILABLE)
    assert "the relay refused it: 5" in done.stderr
    answer = json.loads(relay.cli("test", TO, "--from", "crm@foreign.example", "--json", expect=UNAVAILABLE).stdout)
    assert not answer["ok"] and answer["reason"].startswith("the relay refused it")


def test_refused_by_ses(make, keys):
    relay = make.relay(make.sandbox(faults=["rcpt:550 5.1.1 no such user"]))
    done = relay.cli("test", TO, expect=UNAVAILABLE)
    assert "no such user" in done.stderr and "fairlead trace" in done.stderr and "failed" in done.stdout


def test_still_waiting(make):
    relay = make.relay(free_ports(1)[0])
    done = relay.cli("test", TO, "--wait", "1", expect=TEMPORARY)
    assert "Connection refused" in done.stderr and "to do:" in done.stderr
    assert relay.queue()[0]["recipients"][0]["address"] == TO


@pytest.mark.parametrize("mode, code, words", [("hold", TEMPORARY, "queue release"), ({"redirect": "qa@example.com"}, 0, "relayed")])
def test_of_a_test_system(make, sandbox, mode, code, words):
    relay = make.relay(sandbox, accounts={"app": {"mode": mode}})
    done = relay.cli("test", TO, "--wait", "5", expect=code)
    assert words in done.stdout + done.stderr


def test_to_a_suppressed_address(make, sandbox):
    relay = make.relay(sandbox)
    relay.cli("suppress", "add", TO)
    assert "suppress remove" in relay.cli("test", TO, "--wait", "5", expect=UNAVAILABLE).stderr


def test_only_starttls(make, sandbox):
    starttls, = free_ports(1)
    relay = make.relay(sandbox, start=False)
    relay.configure(listeners=[{"address": f"127.0.0.1:{starttls}", "tls": "starttls"}])
    relay.starttls = starttls
    relay.start()
    assert relay.json("test", TO)["listener"] == f"127.0.0.1:{starttls}"


def test_without_a_daemon(make):
    relay = make.relay(1, start=False)
    assert "is it running?" in relay.cli("test", TO, expect=UNAVAILABLE).stderr


# -- check upstream

STEPS = ["dns", "tcp", "smtp", "tls", "name", "auth"]


def steps(relay, expect):
    done = relay.cli("check", "upstream", "--json", expect=expect)
    answer = json.loads(done.stdout)
    assert [step["step"] for step in answer["steps"]] == STEPS
    text = relay.cli("check", "upstream", expect=expect)
    for step in answer["steps"]:
        if step.get("ok") is False:
            # In which words depends on whose octets come first.
            assert f"FAIL {step['step']}" in text.stdout and text.stderr
            continue
        assert re.sub(r"\d+ ms", "", step["detail"]) in re.sub(r"\d+ ms", "", text.stdout)
    return answer, [step.get("ok") for step in answer["steps"]]


def test_all_is_well(make, sandbox):
    before = len(sandbox.messages())
    answer, found = steps(make.relay(sandbox, start=False), 0)
    assert answer["ok"] and found == [True] * 6 and "TLSv1.3" in answer["steps"][3]["detail"]
    assert len(sandbox.messages()) == before


def fails_at(step):
    index = STEPS.index(step)
    return [True] * index + [False] + [None] * (5 - index)


@pytest.mark.parametrize("step, change, words", [
    ("dns", {"host": "no-such-host.invalid"}, "cannot resolve"),
    ("tcp", {"port": 1}, "refused"),
    ("tls", {"tls": "implicit"}, "TLS"),
    ("tls", {"ca_file": None}, "certificate verify failed"),
])
def test_where_the_configuration_leads_wrong(make, sandbox, step, change, words):
    relay = make.relay(sandbox, start=False)
    relay.configure(upstream=change)
    answer, found = steps(relay, UNAVAILABLE)
    assert found == fails_at(step), answer
    assert words in answer["reason"] and answer["cure"]


@pytest.mark.parametrize("step, certificate, words", [
    ("name", "wrong-name", "mismatch"), ("tls", "expired", "expired"), ("tls", "self-signed", "self-signed")])
def test_where_the_certificate_is_wrong(make, step, certificate, words):
    answer, found = steps(make.relay(make.sandbox(certificate=certificate), start=False), UNAVAILABLE)
    assert found == fails_at(step), answer
    assert words in answer["reason"]


def test_where_the_login_is_refused(make, sandbox):
    relay = make.relay(sandbox, start=False)
    relay.write_secret("ses.env", "SES_SMTP_USERNAME=AKIAIOSFODNN7EXAMPLE\nSES_SMTP_PASSWORD=wrong\n")
    answer, found = steps(relay, UNAVAILABLE)
    assert found == fails_at("auth") and "535" in answer["reason"] and "upstream.credentials" in answer["cure"]


def test_where_starttls_is_not_offered(make):
    upstream = make.upstream(starttls=False)
    answer, found = steps(make.relay(upstream, start=False), UNAVAILABLE)
    assert found == fails_at("smtp") and "STARTTLS" in answer["reason"] and "starttls" in answer["cure"]
    assert not upstream.events("auth")


# -- the certificate

@pytest.fixture
def pair(tmp_path):
    """Makes a lineage as certbot lays it out, for some names."""
    def make(*names, key=None):
        folder = tmp_path / f"live-{len(os.listdir(tmp_path))}"
        folder.mkdir()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90", "-subj", f"/CN={names[0]}",
                "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem")
        return folder
    return make


@pytest.fixture
def shown(make, sandbox, pair):
    """A running relay with a certificate of its own, and a look at what its port shows."""
    first = pair("relay.example.com")
    relay = make.relay(sandbox, start=False)
    os.mkdir(relay.path("tls"))
    for name in ["fullchain.pem", "privkey.pem"]:
        with open(first / name) as f:
            relay.write_secret(f"tls/{name}", f.read())
    relay.configure(tls={"certificate": "tls/fullchain.pem", "private_key": "tls/privkey.pem"})
    relay.start()

    def look():
        got = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.implicit}"], input=b"", capture_output=True).stdout
        return openssl_certificate(got)
    relay.shown = look
    return relay


def openssl_certificate(text):
    return re.search(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.S)[0]


def of(folder):
    with open(folder / "fullchain.pem", "rb") as f:
        return openssl_certificate(f.read())


def test_the_road_with_a_wildcard_for_other_names(shown, pair):
    wildcard = pair("*.example.net")
    for name in ["fullchain.pem", "privkey.pem"]:
        shown.write_secret(f"tls/{name}", (wildcard / name).read_text())
    shown.cli("reload")
    answer = shown.json("test", TO)
    assert answer["ok"] and any("*.example.net, and not for relay.example.com" in finding for finding in answer["findings"])


HOOK = os.path.join(REPOSITORY, "packaging", "letsencrypt-deploy-hook")


def hook(relay, folder, names):
    return subprocess.run([HOOK], capture_output=True, text=True, timeout=30, env={
        **os.environ, "FAIRLEAD": BINARY, "FAIRLEAD_CONFIG": relay.config_path, "RENEWED_LINEAGE": str(folder), "RENEWED_DOMAINS": names})


def test_the_hook_of_certbot(shown, pair):
    new = pair("relay.example.com", "www.example.com")
    done = hook(shown, new, "relay.example.com www.example.com")
    assert done.returncode == 0, done.stderr
    assert shown.shown() == of(new)
    assert os.stat(shown.path("tls/privkey.pem")).st_mode & 0o007 == 0


def test_the_hook_leaves_other_names_alone(shown, pair):
    before = shown.shown()
    done = hook(shown, pair("www.example.com"), "www.example.com")
    assert done.returncode == 0 and "left alone" in done.stdout and shown.shown() == before


def test_the_hook_says_what_it_needs():
    done = subprocess.run([HOOK], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 64 and "RENEWED_LINEAGE" in done.stderr


def test_a_pair_that_does_not_fit_changes_nothing(shown, pair):
    before, one, other = shown.shown(), pair("relay.example.com"), pair("relay.example.com")
    done = shown.cli("certificate", "install", one / "fullchain.pem", other / "privkey.pem", expect=DATA)
    assert "not the key" in done.stderr
    done = shown.cli("certificate", "install", pair("www.example.com") / "fullchain.pem", one / "privkey.pem", expect=DATA)
    assert "not the key" in done.stderr
    other_name = pair("www.example.com")
    done = shown.cli("certificate", "install", other_name / "fullchain.pem", other_name / "privkey.pem", expect=DATA)
    assert "not for relay.example.com" in done.stderr
    shown.cli("reload")
    assert shown.shown() == before


def test_what_is_there_is_shown(shown):
    answer = shown.json("certificate", "show")
    assert answer["names"] == ["relay.example.com"] and answer["self_signed"] and answer["names_host"]
    assert "self-signed" in shown.cli("certificate", "show").stdout
