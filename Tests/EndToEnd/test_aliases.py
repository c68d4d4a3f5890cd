"""Mail for our aliases: sent on in the alias's own name, to targets that nobody else sees; and what may write to them."""
import os
import re
import signal

import pytest

from harness import clients, messages, verdicts
from harness.relay import CONFIGURATION, DATA, PASSWORD, TEMPORARY, token
from harness.waiting import until

NO_USER = 67
SES, SES_PASSWORD = "ses", "what SES's relay action logs in with"
NOT_ACCEPTED = "5.1.1 This email address is not accepted by this domain."
ALIASES = """\
# who reads what
support@mail.example.com: anna@corp.example, ben@other.example
team@mail.example.com: support@mail.example.com,
    carl@corp.example, :include:team.list
urgent+red@mail.example.com: red@corp.example
urgent@mail.example.com: calm@corp.example
@desk.mail.example.com: ops@corp.example
many@mail.example.com: :include:many.list
"""
FOREIGN = "stranger@far.example"


def write_aliases(relay, text=ALIASES):
    for name, content in (("aliases", text), ("team.list", "# more\ndora@corp.example\nanna@corp.example\n"),
                          ("many.list", "".join(f"user{n}@many.example\n" for n in range(120)))):
        with open(relay.path(name), "w") as f:
            f.write(content)


def make_relay(maker, upstream, text=ALIASES, **changes):
    changes = {"aliases": "aliases", "mailboxes": ["hanna@desk.mail.example.com"],
               "accounts": {SES: {"kind": "inbound"}}, **changes}
    relay = maker.relay(upstream, start=False, logins=(("app", PASSWORD), (SES, SES_PASSWORD)), **changes)
    write_aliases(relay, text)
    return relay.start()


@pytest.fixture(scope="module")
def upstream(binary, make_for_module):
    return make_for_module.upstream()


@pytest.fixture(scope="module")
def relay(upstream, make_for_module):
    return make_relay(make_for_module, upstream)


def submit(relay, keys, message, recipients, user="app", password=PASSWORD, sender=FOREIGN):
    smtp = clients.connect(relay.starttls, keys, user=user, password=password)
    try:
        return clients.submit(smtp, message, sender=sender, recipients=recipients)
    finally:
        smtp.quit()


def foreign(mark, to="support@mail.example.com", **fields):
    return messages.plain(mark, to=to, sender=FOREIGN, name="Stan Stranger", **fields)


def deliveries(upstream, mark, count, seconds=15):
    """(recipients, reverse-path, octets) of each transaction with that token, as soon as there are `count`."""
    wanted = f"x-token: {mark}".encode()

    def there():
        found = []
        for event in upstream.accepted():
            with open(os.path.join(upstream.folder, event["file"]), "rb") as f:
                octets = f.read()
            if wanted in octets.partition(b"\r\n\r\n")[0].lower():
                found.append((sorted(event["rcpts"]), event["mail_from"], octets))
        return found if len(found) >= count else None
    found = until(there, f"{count} transactions of {mark}", seconds)
    assert len(found) == count
    return found


def test_two_targets_get_an_aligned_message(relay, upstream, keys):
    mark = token()
    assert submit(relay, keys, foreign(mark), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    ((recipients, sender, octets),) = deliveries(upstream, mark, 1)
    assert recipients == ["anna@corp.example", "ben@other.example"]
    assert sender == "no-reply@mail.example.com"
    assert verdicts.shortcomings(octets, keys) == []  # d= is mail.example.com, the domain of From
    header = verdicts.header(octets)
    assert header["From"] == "Stan Stranger via support <support@mail.example.com>"
    assert verdicts.addresses(octets, "Reply-To") == [FOREIGN]
    assert header["To"] == "<support@mail.example.com>"
    assert verdicts.addresses(octets, "X-Original-From") == [FOREIGN]
    assert b"anna@" not in octets and b"ben@" not in octets


def test_two_targets_at_postfix(binary, make, keys):
    """A server that is not ours delivers a copy to each of the two."""
    postfix = make.postfix()
    relay = make_relay(make, postfix)
    mark = token()
    assert submit(relay, keys, foreign(mark), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    until(lambda: postfix.log().count("status=sent") == 2, postfix.log, 20)
    assert sorted(re.findall(r" to=<([^>]*)>.*status=sent", postfix.log())) == ["anna@corp.example", "ben@other.example"]
    copies = [octets for octets in postfix.messages() if mark.encode() in octets]
    assert len(copies) == 2
    for octets in copies:
        assert verdicts.shortcomings(octets, keys) == []
        assert verdicts.addresses(octets, "From") == ["support@mail.example.com"] and verdicts.addresses(octets, "Reply-To") == [FOREIGN]


def test_reply_to_of_the_author_stays(relay, upstream, keys):
    mark = token()
    submit(relay, keys, foreign(mark, Reply_To="answers@far.example"), ["support@mail.example.com"], SES, SES_PASSWORD)
    ((_, _, octets),) = deliveries(upstream, mark, 1)
    assert verdicts.addresses(octets, "Reply-To") == ["answers@far.example"]
    assert verdicts.addresses(octets, "X-Original-From") == [FOREIGN]


@pytest.mark.parametrize("recipient, targets", [
    ("Support+invoice@mail.example.com", ["anna@corp.example", "ben@other.example"]),
    ("urgent+red@mail.example.com", ["red@corp.example"]),
    ("urgent+blue@mail.example.com", ["calm@corp.example"]),
    ("anything+at-all@desk.mail.example.com", ["ops@corp.example"]),
    ("team@mail.example.com", ["anna@corp.example", "ben@other.example", "carl@corp.example", "dora@corp.example"]),
])
def test_labels_catch_alls_and_nesting(relay, upstream, keys, recipient, targets):
    mark = token()
    assert submit(relay, keys, foreign(mark, to=recipient), [recipient], SES, SES_PASSWORD)[0] == 250
    ((recipients, _, octets),) = deliveries(upstream, mark, 1)
    assert recipients == targets
    assert verdicts.header(octets)["To"] == f"<{recipient}>"
    (author,) = verdicts.addresses(octets, "From")
    assert author.partition("@")[2] == recipient.partition("@")[2]  # at or below d=, which is aligned
    assert [s for s in verdicts.shortcomings(octets, keys) if not s.startswith("From is")] == []


def test_groups_leave_apart_and_duplicates_fall_together(relay, upstream, keys):
    mark = token()
    message = messages.plain(mark, to="support@mail.example.com", Bcc="secret@corp.example")
    code, text = submit(relay, keys, message, ["ben@other.example", "support@mail.example.com", "secret@corp.example", "urgent@mail.example.com"])
    assert code == 250, text
    found = {tuple(recipients): octets for recipients, _, octets in deliveries(upstream, mark, 3)}
    assert set(found) == {("ben@other.example", "secret@corp.example"), ("anna@corp.example",), ("calm@corp.example",)}
    assert verdicts.addresses(found["anna@corp.example",], "From") == ["support@mail.example.com"]
    assert verdicts.addresses(found["calm@corp.example",], "From") == ["urgent@mail.example.com"]
    for octets in found.values():
        assert verdicts.shortcomings(octets, keys) == []
        assert b"secret@" not in octets
    assert b"urgent@" not in found["anna@corp.example",]


def test_one_large_body_for_several_groups(relay, upstream, keys):
    mark = token()
    body = "0123456789abcdef" * 4 + "\r\n"
    message = messages.plain(mark, to="support@mail.example.com", body=body * 5000)
    assert submit(relay, keys, message, ["direct@corp.example", "support@mail.example.com", "urgent@mail.example.com"])[0] == 250
    bodies = {octets.partition(b"\r\n\r\n")[2] for _, _, octets in deliveries(upstream, mark, 3)}
    assert len(bodies) == 1 and len(bodies.pop()) == len(body) * 5000
    relay.wait_queue_empty()


def test_more_than_fifty_targets_split(relay, upstream, keys):
    mark = token()
    assert submit(relay, keys, foreign(mark), ["many@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    found = deliveries(upstream, mark, 3)
    assert sorted(len(recipients) for recipients, _, _ in found) == [20, 50, 50]
    assert len({r for recipients, _, _ in found for r in recipients}) == 120


@pytest.mark.parametrize("recipient", ["user@example.net", "nobody@mail.example.com", "hanna@desk.mail.example.com", "ops@mail.example.com"])
def test_inbound_reaches_aliases_only(relay, keys, recipient):
    smtp = clients.connect(relay.starttls, keys, user=SES, password=SES_PASSWORD)
    assert smtp.docmd("MAIL FROM:<>")[0] == 250
    assert smtp.docmd(f"RCPT TO:<{recipient}>") == (550, NOT_ACCEPTED.encode())
    assert smtp.docmd("RCPT TO:<Postmaster>") == (550, NOT_ACCEPTED.encode())
    assert smtp.docmd("RCPT TO:<support@mail.example.com>")[0] == 250
    smtp.quit()


def test_inbound_bounce_is_sent_on(relay, upstream, keys):
    mark = token()
    message = messages.plain(mark, to="support@mail.example.com", sender="mailer-daemon@far.example")
    assert submit(relay, keys, message, ["support@mail.example.com"], SES, SES_PASSWORD, sender="")[0] == 250
    ((_, sender, _),) = deliveries(upstream, mark, 1)
    assert sender == "no-reply@mail.example.com"


def test_our_own_alias_as_author_is_a_loop(relay, keys):
    message = messages.plain(token(), to="support@mail.example.com", sender="support+x@mail.example.com")
    code, text = submit(relay, keys, message, ["support@mail.example.com"], SES, SES_PASSWORD)
    assert (code, "4.6" in text, "circles" in text) == (554, True, True), text


def test_one_alias_may_write_to_another(relay, upstream, keys):
    mark = token()
    message = messages.plain(mark, to="support@mail.example.com", sender="team@mail.example.com")
    assert submit(relay, keys, message, ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    assert deliveries(upstream, mark, 1)


@pytest.mark.parametrize("verdict, field, mark", [("spam_verdict", "X-SES-Spam-Verdict", "[SPAM]"), ("virus_verdict", "X-SES-Virus-Verdict", "[VIRUS]")])
def test_verdicts_of_ses(binary, make, keys, verdict, field, mark):
    upstream = make.upstream()
    relay = make_relay(make, upstream, accounts={SES: {"kind": "inbound", verdict: "mark"}})
    for value, subject in (("PASS", "test"), ("fail", f"{mark} test")):
        id = token()
        fields = {field.replace("-", "_"): value}
        assert submit(relay, keys, foreign(id, **fields), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
        ((_, _, octets),) = deliveries(upstream, id, 1)
        assert verdicts.header(octets)["Subject"] == f"{subject} {id}"
        assert field not in verdicts.header(octets)
        assert verdicts.shortcomings(octets, keys) == []
    relay.configure(accounts={SES: {"kind": "inbound", verdict: "refuse"}})
    relay.cli("reload")
    code, text = submit(relay, keys, foreign(token(), **fields), ["support@mail.example.com"], SES, SES_PASSWORD)
    assert code == 550 and text.startswith("5.7.1") and field in text, text


def test_target_in_to_one_message_each(binary, make, keys):
    upstream = make.upstream()
    relay = make_relay(make, upstream, rewrite={"alias_to": "target", "alias_display_name": "{alias}: {name}"})
    mark = token()
    message = foreign(mark, to="support@mail.example.com>, Else <else@far.example")
    assert submit(relay, keys, message, ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    for recipients, _, octets in deliveries(upstream, mark, 2):
        assert verdicts.addresses(octets, "To") == recipients + ["else@far.example"]
        assert verdicts.header(octets)["From"] == '"support: Stan Stranger" <support@mail.example.com>'
        assert octets.count(b"@corp.example") + octets.count(b"@other.example") == 1
        assert verdicts.shortcomings(octets, keys) == []


BROKEN = """\
support@mail.example.com: team@mail.example.com
team@mail.example.com: carl@corp.example, support@mail.example.com
sales@elsewhere.example: carl@corp.example
"""


def test_a_broken_file_changes_nothing(binary, make, keys):
    upstream = make.upstream()
    relay = make_relay(make, upstream)
    write_aliases(relay, BROKEN)
    said = relay.cli("reload", expect=CONFIGURATION).stderr
    assert "aliases:1: leads back to itself: support@mail.example.com -> team@mail.example.com -> support@mail.example.com" in said
    assert "aliases:3: sales@elsewhere.example lies in no identity" in said
    os.kill(relay.process.pid, signal.SIGHUP)
    until(lambda: relay.log().count("reload refused") >= 2, "the log to say so")
    mark = token()
    assert submit(relay, keys, foreign(mark), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    assert deliveries(upstream, mark, 1)[0][0] == ["anna@corp.example", "ben@other.example"]

    write_aliases(relay, "support@mail.example.com: only@corp.example\n")
    os.kill(relay.process.pid, signal.SIGHUP)
    until(lambda: "reloaded" in relay.log(), "the reload")
    mark = token()
    assert submit(relay, keys, foreign(mark), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    assert deliveries(upstream, mark, 1)[0][0] == ["only@corp.example"]

    relay.stop()
    write_aliases(relay, BROKEN)
    assert "leads back to itself" in relay.cli("serve", expect=CONFIGURATION).stderr


def test_reports_name_the_alias(binary, make, keys):
    upstream = make.upstream(RCPT={"anna@corp.example": "550 5.1.1 <anna@corp.example> unknown at corp.example"})
    relay = make_relay(make, upstream)
    id = token()
    assert submit(relay, keys, foreign(id), ["support@mail.example.com"], SES, SES_PASSWORD)[0] == 250
    def reports():
        return [m for m in upstream.messages() if b"multipart/report" in m]
    report = until(reports, "a report")[0]
    assert verdicts.addresses(report, "To") == ["ops@mail.example.com"]  # never a stranger
    assert b"support@mail.example.com" in report and b"anna" not in report and b"550 5.1.1" in report
    # The report itself fails, or comes back to an alias: nothing more is said of it.
    bounce = messages.plain(token(), to="support@mail.example.com", sender="mailer-daemon@far.example")
    assert submit(relay, keys, bounce, ["support@mail.example.com"], SES, SES_PASSWORD, sender="")[0] == 250
    until(lambda: [e for e in relay.queue() if e["queue_name"] == "dead"], "the message set aside")
    assert len(reports()) == 1


# -- forward

def forward(relay, message, *arguments, expect=0):
    return relay.cli("forward", *arguments, stdin=message.decode().replace("\r\n", "\n"), expect=expect)


def test_forward(relay, upstream, keys):
    mark = token()
    stored = b"Return-Path: <bounces@far.example>\r\n" + foreign(mark, to="x@y.example", X_SES_Spam_Verdict="PASS")
    done = forward(relay, stored, "support+stored@mail.example.com", "urgent@mail.example.com")
    found = deliveries(upstream, mark, 2)
    assert {tuple(recipients) for recipients, _, _ in found} == {("anna@corp.example", "ben@other.example"), ("calm@corp.example",)}
    for _, _, octets in found:
        assert verdicts.shortcomings(octets, keys) == []
        assert b"\r\n.a line with a dot at its start\r\n..\r\n" in octets and "X-SES-Spam-Verdict" not in verdicts.header(octets)
    events = relay.json_lines("trace", done.stdout.strip())
    assert events


def test_forward_refuses(relay, binary, make, keys):
    assert NOT_ACCEPTED in forward(relay, foreign(token()), "support@mail.example.com", "nobody@mail.example.com", expect=NO_USER).stderr
    forward(relay, b"", "support@mail.example.com", expect=DATA)
    forward(relay, b"no header at all", "support@mail.example.com", expect=DATA)
    stopped = make_relay(make, make.upstream())
    stopped.stop()
    forward(stopped, foreign(token()), "support@mail.example.com", expect=TEMPORARY)


def test_forward_is_for_the_owner_only(relay):
    assert os.stat(relay.control + ".forward").st_mode & 0o777 == 0o600
