"""The test tools themselves: a judge that cannot say no, or an upstream that takes anything, would prove nothing."""
import base64
import subprocess

import dkim
import pytest

from harness import clients, dialogue, messages, verdicts
from harness.relay import DOMAIN, SELECTOR, token
from harness.upstreams import PASSWORD, USER

pytestmark = pytest.mark.harness


def signed(keys, message, **options):
    with open(keys.dkim_key, "rb") as f:
        signature = dkim.sign(message, SELECTOR.encode(), DOMAIN.encode(), f.read(), canonicalize=(b"relaxed", b"relaxed"), **options)
    return signature + message


@pytest.fixture(scope="module")
def good(keys):
    message = messages.plain(token(), sender="no-reply@mail.example.com", Date="Mon, 01 Jan 2024 00:00:00 +0000")
    return signed(keys, message, include_headers=[b"from", b"to", b"subject"])


def test_both_judges_accept_a_good_signature(good, keys):
    assert verdicts.verdicts(good, keys) == {"dkimpy": True, "OpenDKIM": True, "Mail::DKIM": True}
    assert verdicts.shortcomings(good, keys) == []


@pytest.mark.parametrize("place", [b"token ", b"test ", b"no-reply@", b"b="])
def test_both_judges_see_one_flipped_octet(good, keys, place):
    at = good.rindex(place) + len(place) + 3
    flipped = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
    assert verdicts.verdicts(flipped, keys) == {"dkimpy": False, "OpenDKIM": False, "Mail::DKIM": False}


def test_both_judges_want_the_selector_asked_for(good, keys):
    assert verdicts.verdicts(good, keys, selector="other") == {"dkimpy": False, "OpenDKIM": False, "Mail::DKIM": False}


def test_an_unsigned_message_is_not_good(keys):
    assert verdicts.verdicts(messages.plain(token()), keys) == {"dkimpy": False, "OpenDKIM": False, "Mail::DKIM": False}


def test_shortcomings_are_found(keys):
    message = signed(keys, messages.plain(token(), Bcc="x@example.net", Date="Mon, 01 Jan 2024 00:00:00 +0000"))
    found = " / ".join(verdicts.shortcomings(message, keys))
    assert "From is" in found and "Bcc" in found and "signs ['date'" in found


@pytest.mark.parametrize("octets", [1000, 1001, 1077, 1078, 1079, 5000, 65536, 1_000_003])
def test_messages_have_the_size_asked_for(octets):
    message = messages.of_size(token(), octets)
    assert len(message) == octets and message.endswith(b"\r\n") and max(map(len, message.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("client", clients.CLIENTS)
@pytest.mark.parametrize("mode", clients.MODES)
@pytest.mark.parametrize("mechanism", clients.MECHANISMS)
def test_every_client_reaches_the_fake_upstream(make, keys, client, mode, mechanism):
    upstream = make.upstream(implicit=mode == "implicit")
    mark = token()
    sent = messages.plain(mark)
    clients.send(client, upstream.port, mode, mechanism, sent, keys, user=USER, password=PASSWORD)
    received = upstream.one_with(mark)
    # msmtp puts a Date on top, and the clients differ in the blank lines at the end.
    assert received.rstrip(b"\r\n").endswith(sent.rstrip(b"\r\n"))
    assert [e["mechanism"] for e in upstream.events("auth")] == [mechanism]
    (event,) = upstream.accepted()
    assert (event["mail_from"], event["rcpts"]) == ("crm@app.example", ["user@example.net"])


def test_the_fake_upstream_does_as_told(make, keys):
    upstream = make.upstream(RCPT={"bad@example.net": "550 no"}, DOT="454 Throttling failure: Maximum sending rate exceeded.")
    smtp = clients.connect(upstream.port, keys, user=USER, password=PASSWORD)
    assert clients.submit(smtp, messages.plain(token()), recipients=["bad@example.net"])[0] == 550
    assert clients.submit(smtp, messages.plain(token()))[0] == 454
    upstream.behave(drop_after_dot=1)
    with pytest.raises(Exception):
        clients.submit(smtp, messages.plain(token()))
    smtp = clients.connect(upstream.port, keys, user=USER, password=PASSWORD)
    assert clients.submit(smtp, messages.plain(token()))[0] == 250
    assert [e["reply"] is None for e in upstream.events("reply")] == [False, True, False]
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    with pytest.raises(Exception, match="535"):
        clients.connect(upstream.port, keys, user=USER, password=PASSWORD)


@pytest.mark.parametrize("kind, reason", [("wrong-name", "mismatch"), ("expired", "expired"), ("self-signed", "self.signed")])
def test_the_bad_certificates_are_bad(make, keys, kind, reason):
    upstream = make.upstream(certificate=kind)
    with pytest.raises(Exception, match=reason):
        clients.connect(upstream.port, keys, user=USER, password=PASSWORD)
    assert not upstream.events("auth", "mail")


def test_postfix_takes_and_files_mail(make, keys):
    postfix = make.postfix()
    mark = token()
    message = signed(keys, messages.plain(mark, sender="no-reply@mail.example.com"), include_headers=[b"from", b"to", b"subject"])
    clients.send("smtplib", postfix.port, "starttls", "PLAIN", message, keys, user=USER, password=PASSWORD)
    assert verdicts.verdicts(postfix.one_with(mark), keys) == {"dkimpy": True, "OpenDKIM": True, "Mail::DKIM": True}


def test_dialogues_hold_and_fail_where_they_should(make, keys, tmp_path):
    upstream = make.upstream()
    secret = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    script = tmp_path / "it.smtp"
    text = f"""# the fake upstream, by hand
@connect clear
S: 220 email-smtp*
C> EHLO x\\r\\n
S: 250 Ok
S+ STARTTLS
S- AUTH*
C: MAIL FROM:<a@b.example>
S: 530 *|503 *
C: STARTTLS
S: 220 *
@tls
C: EHLO x
S: 250 Ok
C: AUTH PLAIN {secret}
S: 235 *
C* 3 NOOP\\r\\n
S: 250 *
S: 250 *
S: 250 *
C: QUIT
S: 221 *
S. closed
"""
    script.write_text(text)
    dialogue.run(str(script), upstream.port, 0, keys)
    script.write_text(text.replace("S: 235 *", "S: 535 *"))
    with pytest.raises(AssertionError, match="it.smtp:16"):
        dialogue.run(str(script), upstream.port, 0, keys)
    script.write_text(text.replace("C: QUIT", "C: NOOP"))
    with pytest.raises(AssertionError, match="it.smtp:22"):
        dialogue.run(str(script), upstream.port, 0, keys)


def test_escapes():
    assert dialogue.unescape(r"a\r\n\x00\0\\x") == b"a\r\n\0\0\\x"


def test_the_commands_are_there():
    for tool in ("swaks", "curl", "msmtp", "openssl", "sslscan", "strace", "sqlite3"):
        assert subprocess.run(["which", tool], stdout=subprocess.DEVNULL).returncode == 0, tool
