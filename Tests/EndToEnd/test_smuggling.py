"""Only CRLF . CRLF ends a message; nothing that was read before TLS survives it."""
import pytest

from harness import dialogue
from harness.relay import token

SEQUENCES = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\r\n.\r\r\n", b"\n\n.\r\n", b"\r\n.\x00\r\n", b"\r\n\x00.\r\n"]
SMUGGLED = b"MAIL FROM:<evil@mail.example.com>\r\nRCPT TO:<evil@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nevil"


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize("sequence", SEQUENCES, ids=repr)
def test_no_other_end_of_data(relay, upstream, keys, sequence, mode):
    mark = token()
    with dialogue.client(getattr(relay, mode), keys, mode) as raw:
        raw.login()
        for command in ("MAIL FROM:<crm@app.example>", "RCPT TO:<user@example.net>"):
            assert raw.command(command)[-1].startswith("250")
        assert raw.command("DATA")[-1].startswith("354")
        head = f"From: crm@app.example\r\nSubject: x\r\nX-Token: {mark}\r\n\r\nhello".encode()
        raw.send(head + sequence + SMUGGLED + b"\r\n.\r\n")
        # One refusal for the whole, after its true end; then either the session goes on in step, or it is over.
        reply = raw.reply()
        assert reply[-1][:3] in ("550", "554", "521", "500"), reply
        try:
            raw.send(b"NOOP\r\nQUIT\r\n")
            assert raw.reply()[-1].startswith("250") and raw.reply()[-1].startswith("221")
        except dialogue.Closed:
            pass
        assert raw.is_closed()
    assert relay.queue() == []
    assert not [e for e in upstream.events("rcpt") if "evil" in e["address"]]
    assert not [e for e in upstream.events("dot") if e["token"] == mark]


@pytest.mark.parametrize("split", range(1, 5))
def test_end_of_data_in_two_segments(relay, upstream, keys, split):
    mark = token()
    with dialogue.client(relay.starttls, keys) as raw:
        raw.login()
        raw.command("MAIL FROM:<crm@app.example>")
        raw.command("RCPT TO:<user@example.net>")
        raw.command("DATA")
        raw.send(f"From: crm@app.example\r\nX-Token: {mark}\r\n\r\nhello".encode() + b"\r\n.\r\n"[:split])
        raw.send(b"\r\n.\r\n"[split:])
        assert raw.reply()[-1].startswith("250")
    assert upstream.one_with(mark).endswith(b"\r\n\r\nhello\r\n")


@pytest.mark.parametrize("injected", [b"EHLO evil\r\n", b"NOOP\r\n", b"MAIL FROM:<evil@example.net>\r\n", b"x"])
def test_octets_behind_starttls_are_never_answered_inside_tls(relay, keys, injected):
    raw = dialogue.RawClient(relay.starttls, keys)
    raw.greeting_and_ehlo()
    raw.send(b"STARTTLS\r\n" + injected)
    try:
        reply = raw.reply()
        if reply[-1].startswith("220"):
            raw.handshake()
            # Were the octets kept, their answer would come before the answer to this.
            assert raw.command("XTEST")[-1].startswith("5")
            assert raw.command("MAIL FROM:<a@app.example>")[-1].startswith("5")
        else:
            assert reply[-1][:1] == "5"
    except (dialogue.Closed, OSError):
        pass
    finally:
        raw.close()


def test_body_lines_of_dots_survive(relay, upstream, keys):
    from harness import clients, messages
    mark = token()
    body = "".join(f"{'.' * n}\r\n" for n in range(1, 6)) + ".x\r\n..x\r\n"
    smtp = clients.connect(relay.starttls, keys)
    assert clients.submit(smtp, messages.plain(mark, body=body))[0] == 250
    assert upstream.one_with(mark).partition(b"\r\n\r\n")[2] == body.encode()
