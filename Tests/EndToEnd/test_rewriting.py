"""Policies of accounts: the sender map, header fields, SES's own fields, reverse-paths, staging modes, and what `check message` says of all that."""
import glob
import json
import re

import pytest

from harness import clients, verdicts
from harness.relay import DATA, DEFAULT_SENDER, token
from harness.waiting import until

QA = "qa@mail.example.com"


@pytest.fixture(scope="module")
def sandbox(binary, make_for_module):
    return make_for_module.sandbox(sets=["crm"])


@pytest.fixture(scope="module")
def relay(sandbox, make_for_module):
    it = make_for_module.relay(
        sandbox, start=False,
        rewrite={
            "sender_map": {"root@web1": "ops@mail.example.com", "@old.example": "@mail.example.com"},
            "headers": {"remove": ["X-Mailer"], "add": {"Organization": "Brüder"}},
            "rules": [{"author": ["*@rule.example"], "display_name": "{name} (rule)", "configuration_set": "crm"}],
        },
        accounts={
            "crm": {"configuration_set": "crm", "tags": {"app": "crm"}, "reply_to": "desk@mail.example.com",
                    "headers": {"set": {"Auto-Submitted": "auto-generated"}}},
            "test": {"mode": {"redirect": QA}},
            "stage": {"mode": "hold"},
            "demo": {"mode": {"allow": ["*@mail.example.com", "bob@example.net"]}},
        })
    for name in ("crm", "test", "stage", "demo"):
        it.add_account(name, "secret of " + name)
    return it.start()


def send(relay, keys, account, fields, recipients, sender="x@app.example"):
    mark = token()
    smtp = clients.connect(relay.starttls, keys, user=account, password="secret of " + account) if account else clients.connect(relay.starttls, keys)
    head = [*fields, "Subject: a test", "X-Token: " + mark]
    code, text = clients.submit(smtp, ("\r\n".join(head) + "\r\n\r\nBody.\r\n").encode(), recipients=recipients, sender=sender)
    smtp.quit()
    return mark, code, text


def received(sandbox, mark):
    return until(lambda: [m for m in sandbox.messages() if mark.encode() in m], "the message")[0]


def fields(message, name):
    head = message.split(b"\r\n\r\n")[0] + b"\r\n"
    return [value.decode() for value in re.findall(rb"(?im)^" + name.encode() + rb":[ \t]*(.*)\r$", head)]


def test_the_sender_map(relay, sandbox, keys):
    mark, code, text = send(relay, keys, None, ["From: Cron Daemon <root@web1>", "To: bob@example.net", "Cc: ann@old.example", "X-Mailer: PHP"],
                            ["bob@example.net", "ann@mail.example.com"], sender="root@web1")
    assert code == 250, text
    message = received(sandbox, mark)
    assert fields(message, "From") == ["Cron Daemon <ops@mail.example.com>"]
    assert fields(message, "Cc") == ["ann@mail.example.com"] and not fields(message, "X-Mailer")
    assert fields(message, "Organization") == ["=?utf-8?Q?Br=C3=BCder?="]
    assert not verdicts.shortcomings(message, keys)


def test_a_rule_for_authors_and_how_it_aligns(relay, sandbox, keys):
    mark, code, text = send(relay, keys, None, ["From: Ann <ann@rule.example>", "To: bob@example.net"], ["bob@example.net"])
    assert code == 250, text
    message = received(sandbox, mark)
    assert fields(message, "From") == [f'"Ann (rule)" <{DEFAULT_SENDER}>'] and not verdicts.shortcomings(message, keys)
    queue_id = text.split()[-1]
    (accepted,) = [e for m in relay.json("trace", queue_id)["messages"] for e in m["events"] if e["event"] == "accepted"]
    assert accepted["alignment"] == "dkim=strict, spf=strict"
    (line,) = [line for line in relay.log().splitlines() if f"{queue_id}: client=" in line]
    assert line.endswith("dkim=strict, spf=strict")


def test_fields_of_an_account(relay, sandbox, keys):
    mark, code, text = send(relay, keys, "crm", ["From: Ann <ann@corp.example>", "To: bob@example.net"], ["bob@example.net"])
    assert code == 250, text
    message = received(sandbox, mark)
    assert fields(message, "Reply-To") == ["desk@mail.example.com"] and fields(message, "Auto-Submitted") == ["auto-generated"]
    assert not verdicts.shortcomings(message, keys)
    # SES reads and removes them: they are in what it got.
    raw = next(m for m in (open(path, "rb").read() for path in glob.glob(f"{sandbox.kept}/**/*.raw.eml", recursive=True)) if mark.encode() in m)
    assert fields(raw, "X-SES-CONFIGURATION-SET") == ["crm"] and fields(raw, "X-SES-MESSAGE-TAGS") == ["app=crm"]


def test_a_test_system_reaches_its_tester_only(relay, sandbox, keys):
    real = ["real1@people.example", "real2@people.example"]
    mark, code, text = send(relay, keys, "test", ["From: a@mail.example.com", "To: real1@people.example"], real)
    assert code == 250, text
    message = received(sandbox, mark)
    assert fields(message, "X-Original-To") == real and fields(message, "To") == ["real1@people.example"]
    story = json.dumps(relay.json("trace", text.split()[-1]))
    assert QA in story and "staging: sent to" in story and "people.example" not in story


def test_what_is_held_waits_for_release(relay, sandbox, keys):
    mark, code, text = send(relay, keys, "stage", ["From: a@mail.example.com", "To: bob@example.net"], ["bob@example.net"])
    assert code == 250, text
    queue_id = text.split()[-1]
    row = relay.json("queue", "show", queue_id)
    assert row["queue_name"] == "hold" and "staging" in json.dumps(row)
    relay.cli("queue", "retry", "--all")
    assert not [m for m in sandbox.messages() if mark.encode() in m]
    relay.cli("queue", "release", queue_id)
    assert fields(received(sandbox, mark), "From") == ["a@mail.example.com"]


def test_others_are_refused(relay, keys):
    _, code, text = send(relay, keys, "demo", ["From: a@mail.example.com", "To: bob@example.net"], ["bob@example.net"])
    assert code == 250, text
    _, code, text = send(relay, keys, "demo", ["From: a@mail.example.com", "To: real@people.example"], ["real@people.example"])
    assert code == 550 and "staging mode" in text and "accounts.demo.mode" in text


def test_status_names_what_is_not_live(relay):
    modes = {account["name"]: account["mode"] for account in relay.json("status")["accounts"]}
    assert modes["test"] == f"redirect to {QA}" and modes["stage"] == "hold" and modes["demo"].startswith("allow ")
    assert f"staging: redirect to {QA}" in relay.cli("status").stdout


def test_a_reverse_path_of_its_own(sandbox, make, keys):
    relay = make.relay(sandbox, rewrite={"verp": True}, identities=[{
        "domain": "mail.example.com", "default_sender": DEFAULT_SENDER, "return_path": "bounce@mail.example.com",
        "dkim": {"selector": "fl2026", "private_key": keys.dkim_key}}])
    _, code, text = send(relay, keys, None, ["From: a@mail.example.com", "To: bob@example.net"], ["bob@example.net"])
    assert code == 250, text
    queue_id = text.split()[-1]
    def senders():
        kept = [json.load(open(path)) for path in glob.glob(f"{sandbox.kept}/**/*.json", recursive=True)]
        return [it["mail_from"] for it in kept if queue_id in it["message_id"]]  # which we made of it
    assert until(senders, "the message") == [f"bounce+{queue_id}@mail.example.com"]


MESSAGE = "From: Ann <ann@corp.example>\nTo: bob@example.net\nSubject: Grüße\n\nHallo, schöne Grüße!\n"


def test_check_message(relay, tmp_path):
    path = tmp_path / "message.eml"
    path.write_text(MESSAGE)
    report = relay.json("check", "message", str(path))
    assert report["accepted"] and report["alignment"] == {"dkim": "strict", "spf": "strict", "dmarc": True}
    assert report["upstream_reply"] == "250 Ok"
    assert report["signature"]["domain"] == "mail.example.com" and "From" in [f.title() for f in report["signature"]["signed_fields"]]
    changes = {(change.get("before"), change.get("after")) for change in report["headers"]}
    assert ("From: Ann <ann@corp.example>", "From: \"Ann via mail.example.com\" <no-reply@mail.example.com>") in changes
    assert report["recipients"] == ["bob@example.net"] and any("takes its place" in rule for rule in report["rules"])
    text = relay.cli("check", "message", str(path), "--account", "crm").stdout
    assert "dmarc     passes" in text and "+ X-SES-CONFIGURATION-SET: crm" in text and "+ Reply-To: desk@mail.example.com" in text
    assert "bob@example.net" not in relay.cli("check", "message", "-", "--account", "test", stdin=MESSAGE).stdout.split("envelope")[1].split("\n")[0]


def test_check_message_refuses(relay):
    for account, message, to, words in [
            ("app", "To: bob@example.net\n\nx\n", [], "no From field"),
            ("app", MESSAGE.replace("From:", "X-SES-TENANT: a\nFrom:"), [], "may not be set by clients"),
            ("demo", MESSAGE, ["--to", "real@people.example"], "staging mode"),
            ("app", "From: a@mail.example.com\n\nx\n", [], "No valid recipients")]:
        done = relay.cli("check", "message", "-", "--account", account, *to, stdin=message, expect=DATA)
        assert words in done.stdout, done.stdout
    assert "Traceback" not in relay.cli("check", "message", "/nowhere", expect=66).stderr
