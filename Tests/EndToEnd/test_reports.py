"""Who is told of mail that failed, and how: RFC 3464 reports that can be read and are signed, and never a report on a report."""
import email
import email.message
import email.policy
import re

import pytest

from harness import clients, messages, verdicts
from harness.relay import DEFAULT_SENDER, SELECTOR, token
from harness.waiting import until

SENDER = messages.SENDER
OPERATOR = "ops@mail.example.com"
MARKER = "X-Fairlead-Report"


def send(relay, keys, mark, recipients=("bad@example.net",), sender=SENDER, message=None):
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, message or messages.plain(mark), sender=sender, recipients=recipients)
    smtp.quit()
    assert code == 250, text
    return re.search(r"\b[0-9a-hjkmnp-tv-z]{13}\b", text)[0]


def is_report(octets):
    return MARKER in verdicts.header(octets)


def reports(upstream):
    return [octets for octets in upstream.messages() if is_report(octets)]


def one_report(upstream, seconds=20):
    found = until(lambda: reports(upstream), lambda: f"a report upstream: {upstream.events('mail', 'rcpt')}", seconds)
    assert len(found) == 1
    return found[0]


def dead(relay):
    return [entry for entry in relay.queue() if entry["queue_name"] == "dead"]


def read(octets):
    """The text for people, the groups of fields for programs, the header that was sent back."""
    report = email.message_from_bytes(octets, policy=email.policy.default)
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    text, status, original = report.iter_parts()
    assert not any(part.defects for part in report.walk())
    assert [part.get_content_type() for part in (text, status, original)] == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    groups = [{name: " ".join(str(value).split()) for name, value in group.items()} for group in status.get_payload()]
    return report, " ".join(text.get_content().split()), groups, email.message_from_bytes(original.get_payload(decode=True))


def test_one_report_with_all_that_failed(binary, make, keys):
    refusals = {"bad@example.net": "550 5.1.1 no such user", "worse@example.net": "553 <worse@example.net> address unknown"}
    upstream = make.upstream(RCPT=refusals)
    relay = make.relay(upstream)
    mark = token()
    identifier = send(relay, keys, mark, ["bad@example.net", "good@example.net", "worse@example.net"])
    octets = one_report(upstream)
    assert verdicts.shortcomings(octets, keys) == []

    (envelope,) = [e for e in upstream.accepted() if e["rcpts"] == [SENDER]]
    assert envelope["mail_from"] == DEFAULT_SENDER  # verified, for SES refuses the null reverse-path
    report, text, groups, original = read(octets)
    assert verdicts.addresses(octets, "From") == [DEFAULT_SENDER] and verdicts.addresses(octets, "To") == [SENDER]
    assert report["Subject"] == f"Not delivered: test {mark}"
    assert report["Auto-Submitted"] == "auto-replied" and report["In-Reply-To"] == original["Message-ID"]
    assert identifier in text and "2 of its 3 recipients" in text and "good@example.net" not in text
    for address, reply in refusals.items():
        assert address in text and reply in text
    assert groups[0]["Reporting-MTA"] == "dns; relay.example.com" and groups[0]["X-Fairlead-Queue-ID"] == identifier
    assert "Arrival-Date" in groups[0] and "Original-Envelope-Id" not in groups[0]
    assert {g["Final-Recipient"]: g["Diagnostic-Code"] for g in groups[1:]} == {f"rfc822; {a}": f"smtp; {r}" for a, r in refusals.items()}
    assert {g["Action"] for g in groups[1:]} == {"failed"} and all(g["Status"].startswith("5.") for g in groups[1:])
    assert original["X-Token"] == mark and "DKIM-Signature" not in original

    relay.wait_queue_empty()
    until(lambda: "reported" in relay.cli("trace", identifier, "--json").stdout, "`reported` in trace")
    assert len(reports(upstream)) == 1


def test_the_sandbox_takes_it(binary, make, keys):
    """A message that SES itself refuses, and the report by SES's own rules."""
    upstream = make.sandbox(faults=["dot,to=user@example.net:554 Transaction failed: Unsupported attachment type"])
    relay = make.relay(upstream)
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "user@example.net", "Grüße"
    message.set_content("Hello\n")
    send(relay, keys, token(), ["user@example.net"], message=message.as_bytes(policy=email.policy.SMTP))
    octets = one_report(upstream)
    judged = verdicts.verdicts(octets, keys, SELECTOR)
    assert judged["dkimpy"] and judged["OpenDKIM"]
    report, text, groups, _ = read(octets)
    assert report["Subject"] == "Not delivered: Grüße"
    assert "554 Transaction failed: Unsupported attachment type" in text and "Send a link" in text
    assert groups[1]["Final-Recipient"] == "rfc822; user@example.net"
    relay.wait_queue_empty()


@pytest.mark.parametrize("policy, sender, told", [
    (None, SENDER, SENDER),
    (None, "no-reply@app.example", OPERATOR),
    (None, DEFAULT_SENDER, OPERATOR),
    (None, "", "dead"),
    ("operator", SENDER, OPERATOR),
    ("operator", "", OPERATOR),
    ("none", SENDER, "nobody"),
])
def test_who_is_told(binary, make, keys, policy, sender, told):
    upstream = make.upstream(RCPT={"bad@example.net": "550 5.1.1 no such user"})
    relay = make.relay(upstream, alarm={"mail": False}, **({"accounts": {"app": {"reports": policy}}} if policy else {}))
    identifier = send(relay, keys, token(), sender=sender)
    if "@" in told:
        assert verdicts.addresses(one_report(upstream), "To") == [told]
    elif told == "dead":
        (entry,) = until(lambda: dead(relay), "a dead letter")
        assert entry["queue_id"] == identifier
    else:
        until(lambda: "failed" in relay.cli("trace", identifier, "--json").stdout, "the failure in trace")
    if told != "dead":
        relay.wait_queue_empty()
    # Another message passes behind it, so whatever would come of the first has come.
    mark = token()
    send(relay, keys, mark, ["good@example.net"])
    upstream.one_with(mark)
    assert len(reports(upstream)) == (1 if "@" in told else 0)


def test_a_bounce_of_a_bounce_ends_after_one_step(binary, make, keys):
    upstream = make.upstream(RCPT={"bad@example.net": "550 5.1.1 no such user", SENDER: "550 5.1.1 nor this one"})
    relay = make.relay(upstream, alarm={"mail": False})  # an alarm about the dead letter is another matter
    send(relay, keys, token())
    (entry,) = until(lambda: dead(relay), lambda: f"the report as a dead letter in {relay.queue()}")
    assert SENDER in relay.cli("queue", "show", entry["queue_id"]).stdout
    assert "dead_letter" in relay.cli("trace", entry["queue_id"], "--json").stdout

    relay.kill()
    relay.start()
    mark = token()
    send(relay, keys, mark, ["good@example.net"])
    upstream.one_with(mark)
    assert [e["queue_id"] for e in dead(relay)] == [entry["queue_id"]]
    assert len([e for e in upstream.events("rcpt") if e["address"] == SENDER]) == 1
    assert not [e for e in upstream.events("rcpt") if e["address"] == OPERATOR]


def test_a_report_that_comes_back_makes_no_other(binary, make, keys):
    """A mailbox that forwards through the relay, to an address that fails."""
    upstream = make.upstream(RCPT={"bad@example.net": "550 5.1.1 no such user"})
    relay = make.relay(upstream, alarm={"mail": False})
    send(relay, keys, token())
    octets = one_report(upstream)
    send(relay, keys, token(), message=octets)
    until(lambda: dead(relay), "a dead letter")
    assert len(reports(upstream)) == 1


def test_more_than_twenty_an_hour_wait_for_a_digest(binary, make, keys):
    upstream = make.upstream(RCPT={f"bad{n}@example.net": "550 5.1.1 no such user" for n in range(25)})
    relay = make.relay(upstream)
    for n in range(25):
        send(relay, keys, token(), [f"bad{n}@example.net"])
    until(lambda: len(reports(upstream)) == 20 and len(dead(relay)) == 5,
          lambda: f"20 reports and 5 that wait; {len(reports(upstream))} and {relay.queue()}", 30)


def test_one_warning_when_it_is_late(binary, make, keys):
    upstream = make.upstream(RCPT={"late@example.net": "450 4.2.0 later"})
    relay = make.relay(upstream, queue={"delay_warning": "1s"})
    identifier = send(relay, keys, token(), ["late@example.net"])
    report, text, groups, _ = read(one_report(upstream, seconds=40))
    assert report["Subject"].startswith("Late: ") and "still being tried" in text and "450 4.2.0 later" in text
    assert groups[1]["Action"] == "delayed" and groups[1]["Status"].startswith("4.") and "Will-Retry-Until" in groups[1]
    assert [entry["queue_id"] for entry in relay.queue()] == [identifier]
    attempts = len([e for e in upstream.events("rcpt") if e["address"] == "late@example.net"])
    relay.cli("queue", "retry", "--all")
    until(lambda: len([e for e in upstream.events("rcpt") if e["address"] == "late@example.net"]) > attempts, "another attempt")
    upstream.behave()
    relay.cli("queue", "retry", "--all")
    relay.wait_queue_empty()
    assert len(reports(upstream)) == 1
