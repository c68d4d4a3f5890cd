"""What apps send in 8 bits, in endless lines or half as MIME leaves as a correct 7-bit message that says the same."""
import os

import pytest

from harness import clients, fidelity, messages, verdicts
from harness.relay import token
from harness.waiting import until

MB = 1_000_000


@pytest.fixture(scope="module")
def sandbox(binary, make_for_module):
    return make_for_module.sandbox()


@pytest.fixture(scope="module")
def sandboxed(sandbox, make_for_module):
    return make_for_module.relay(sandbox)


@pytest.fixture(scope="module")
def connection(sandboxed, keys):
    smtp = clients.connect(sandboxed.starttls, keys)
    yield smtp
    smtp.quit()


def message(mark, fields, body):
    head = [b"From: \"Ann Example\" <crm@app.example>", b"To: <user@example.net>", b"X-Token: " + mark.encode(), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


TEXT = "Schöne Grüße aus Köln,\r\n\r\nund ein Euro: 1 €. \r\nFrom here on\r\n.\r\n--no delimiter\r\n".encode()
LONG = b"<html>" + b"<p>0123456789</p>" * 5000 + b"</html>\r\n"


def parts(*parts, boundary=b"b", kind=b"mixed"):
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    return [b"MIME-Version: 1.0", b"Content-Type: multipart/" + kind + b"; boundary=" + boundary], body


NESTED = parts(b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT,
               b"Content-Type: text/plain; charset=us-ascii\r\n\r\nseven bits\r\n--bc",
               b"Content-Type: application/octet-stream; name=\"b\xc3\xa4r.bin\"\r\nContent-Transfer-Encoding: binary\r\n"
               b"Content-Disposition: attachment; filename=\"Ein langer Name, der f\xc3\xbcr eine Zeile zu lang ist, also in St\xc3\xbccken.bin\"\r\n\r\n"
               + bytes(i for i in range(1, 256) if i not in (10, 13)) * 40,
               b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: \xc3\xa4\r\nFrom: a@b.example\r\n\r\n" + TEXT,
               b"Content-Type: multipart/alternative; boundary=\"b c\"\r\n\r\n--b c\r\n\r\n" + TEXT + b"\r\n--b c\r\nContent-Type: text/html\r\n\r\n"
               + LONG + b"\r\n--b c--\r\n")

CASES = {
    "no MIME at all": ([b"Subject: Gr\xc3\xbc\xc3\x9fe"], TEXT),
    "windows-1252": ([b"Subject: Gr\xfc\xdfe", b"Content-Type: text/plain; charset=iso-8859-1"], "Schöne Grüße, wie früher\r\n".encode("cp1252")),
    "Chinese": ([b"Content-Type: text/plain; charset=utf-8", "Subject: 你好".encode()], "你好，世界\r\n".encode() * 300),
    "8-bit name": (["Reply-To: \"Müller, Änne\" <a@app.example>".encode(), b"Content-Type: text/html"], TEXT),
    "endless line": ([b"Content-Type: text/html; charset=us-ascii"], LONG),
    "endless JSON": ([b"Content-Type: application/json"], LONG),
    "endless base 64": ([b"Content-Transfer-Encoding: base64", b"Content-Type: image/png"], b"AAAA" * 5000 + b"\r\n"),
    "8 bits in quoted-printable": ([b"Content-Transfer-Encoding: quoted-printable"], TEXT + b"=C3=A4" * 400 + b"\r\n"),
    "long field": ([b"X-List: " + b"one, two " * 300, b"Subject: " + b"word " * 250], b"x\r\n"),
    "parts": NESTED,
    "beyond 64 KiB": (NESTED[0], NESTED[1].replace(TEXT, TEXT * 4000)),
    "broken parts": ([b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=b"], b"--b\r\nno header\r\n\r\n\xc3\xa4\r\n--b\r\n\r\nunended \xc3\xa4"),
}


@pytest.mark.parametrize("case", CASES)
def test_says_the_same_in_seven_bits(connection, sandbox, keys, case):
    mark = token()
    sent = message(mark, *CASES[case])
    code, text = clients.submit(connection, sent)
    assert code == 250, text
    received = sandbox.one_with(mark)
    assert verdicts.shortcomings(received, keys) == []
    assert fidelity.losses(sent, received) == []
    assert b"MIME-Version: 1.0" in received or max(sent) < 128


def test_file_names_survive(connection, sandbox):
    mark = token()
    assert clients.submit(connection, message(mark, *NESTED))[0] == 250
    names = [p.get_filename() for p in fidelity.parsed(sandbox.one_with(mark)).walk() if p.get_filename()]
    assert names == ["Ein langer Name, der für eine Zeile zu lang ist, also in Stücken.bin"]


def test_domain_becomes_an_a_label(connection, sandbox):
    mark = token()
    assert clients.submit(connection, message(mark, ["Cc: Änne <a@Bücher.example>".encode()], b"x\r\n"))[0] == 250
    assert verdicts.addresses(sandbox.one_with(mark), "Cc") == ["a@xn--bcher-kva.example"]


@pytest.mark.parametrize("fields, body, reply", [
    ([b"To: <other@c.example>"], b"x\r\n", "5.6.0 The header has two To"),
    (["Cc: jörg@c.example".encode()], b"x\r\n", "5.6.7 Cc has an address with non-ASCII"),
    (*parts(b"Content-Type: text/plain\r\n\r\n\xc3\xa4", b"Content-Type: application/pgp-signature\r\n\r\nx", kind=b"signed"), "5.6.0 A signed"),
    (*parts(b"Content-Disposition: attachment; filename*=utf-8''%C3%A4.exe\r\n\r\nx"), "5.7.0 Amazon SES does not send attachments"),
    (*parts(b"Content-Type: application/octet-stream; name=\"=?utf-8?B?c2V0dXAuanM=?=\"\r\n\r\nx"), "5.7.0 Amazon SES does not send attachments"),
], ids=["two To", "local part", "signed", "exe", "js"])
def test_refused_while_the_app_listens(connection, fields, body, reply):
    code, text = clients.submit(connection, message(token(), fields, body))
    assert code == 554 and text.startswith(reply), text


def test_needs_nothing_and_stays(connection, sandbox):
    """Malformed as it is: what is 7-bit is none of our business."""
    mark = token()
    body = b"preamble\r\n--b\r\nno header\r\n\r\n--b \r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b--\r\n--b\r\nepilogue  \r\n\r\n"
    assert clients.submit(connection, message(mark, [b"Content-Type: multipart/mixed; boundary=b"], body))[0] == 250
    assert sandbox.one_with(mark).partition(b"\r\n\r\n")[2] == body


def peak_growth(process, action):
    with open(f"/proc/{process.pid}/clear_refs", "w") as f:
        f.write("5")
    before = process.status("VmRSS")
    action()
    return process.status("VmHWM") - before


@pytest.mark.parametrize("kind", ["text", "binary"])
def test_large_message_streams(sandboxed, sandbox, keys, kind):
    mark = token()
    line = "Grüße, und noch eine Zeile mit ein wenig Text darin, wie man sie schreibt\r\n".encode() if kind == "text" else bytes(range(128, 256)) * 4 + b"\r\n"
    content = b"text/plain; charset=utf-8" if kind == "text" else b"application/octet-stream"
    sent = message(mark, [b"Content-Type: " + content], line * (28 * MB // len(line)))
    smtp = clients.connect(sandboxed.starttls, keys, timeout=120)
    for _ in range(3):
        assert clients.submit(smtp, messages.plain(token()))[0] == 250
    sandboxed.wait_queue_empty()

    def send():
        code, text = clients.submit(smtp, sent)
        assert code == 250, text
        sandboxed.wait_queue_empty(90)
    growth = peak_growth(sandboxed.process, send)
    received = sandbox.one_with(mark, 60)
    assert fidelity.losses(sent, received) == []
    assert verdicts.dkimpy(received, keys.dkim_record, "fl2026", "mail.example.com")
    assert not [name for name in os.listdir(sandboxed.path("queue/spool")) if not name.startswith("tmp")]
    assert growth < 16 * MB, f"{growth / MB:.1f} MB"


def test_too_large_after_encoding(sandboxed, keys):
    sent = message(token(), [b"Content-Type: application/octet-stream"], (bytes(range(128, 256)) * 4 + b"\r\n") * (32 * MB // 514))
    smtp = clients.connect(sandboxed.starttls, keys, timeout=120)
    replies = []
    growth = peak_growth(sandboxed.process, lambda: replies.append(clients.submit(smtp, sent)))
    (code, text), = replies
    assert code == 552 and text.startswith(f"5.3.4 The message has {len(sent)} octets, and 4"), text
    assert growth < 16 * MB, f"{growth / MB:.1f} MB"
    assert smtp.noop()[0] == 250
    until(lambda: not os.listdir(sandboxed.path("queue/spool")), "an empty spool")
