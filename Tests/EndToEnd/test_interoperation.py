"""Real clients send; what SES would get is aligned, signed once, and verified by two judges that are not ours."""
import pytest

from harness import clients, messages, verdicts
from harness.relay import DEFAULT_SENDER, token


@pytest.fixture(scope="module")
def sandbox(binary, make_for_module):
    return make_for_module.sandbox()


@pytest.fixture(scope="module")
def sandboxed(sandbox, make_for_module):
    return make_for_module.relay(sandbox)


@pytest.mark.parametrize("client", clients.CLIENTS)
@pytest.mark.parametrize("mode", clients.MODES)
@pytest.mark.parametrize("mechanism", clients.MECHANISMS)
def test_client_to_sandbox(sandboxed, sandbox, keys, client, mode, mechanism):
    mark = token()
    clients.send(client, getattr(sandboxed, mode), mode, mechanism, messages.plain(mark), keys)
    received = sandbox.one_with(mark)
    assert verdicts.shortcomings(received, keys) == []
    assert verdicts.addresses(received, "From") == [DEFAULT_SENDER]
    assert verdicts.addresses(received, "Reply-To") == [messages.SENDER]
    assert b".a line with a dot at its start\r\n..\r\ntoken " in received


def test_html_attachment_and_bcc(sandboxed, sandbox, keys):
    mark = token()
    sent = messages.rich(mark)
    clients.send("smtplib", sandboxed.starttls, "starttls", "PLAIN", sent, keys, recipients=["user@example.net", "secret@example.net"])
    received = sandbox.one_with(mark)
    assert verdicts.shortcomings(received, keys) == []
    before, after = verdicts.header(sent), verdicts.header(received)
    assert after["Subject"] == before["Subject"] and after["To"] == before["To"]
    assert [p.get_payload() for p in after.walk() if not p.is_multipart()] == [p.get_payload() for p in before.walk() if not p.is_multipart()]


def test_every_copy_is_relayed_not_delivered(sandboxed, sandbox, keys):
    """The word for SES's 250 is `relayed`; only SES can say more."""
    mark = token()
    clients.send("smtplib", sandboxed.implicit, "implicit", "PLAIN", messages.plain(mark, Message_ID=f"<{mark}@app.example>"), keys)
    sandbox.one_with(mark)
    sandboxed.wait_queue_empty()
    story = sandboxed.cli("trace", f"<{mark}@app.example>").stdout
    assert "relayed" in story and "delivered" not in story


def test_fields_that_ses_changes_do_not_break_the_signature(sandboxed, sandbox, keys):
    """SES replaces Date and Message-ID, and adds Feedback-ID and a signature of its own."""
    mark = token()
    clients.send("smtplib", sandboxed.starttls, "starttls", "PLAIN", messages.plain(mark), keys)
    head, _, body = sandbox.one_with(mark).partition(b"\r\n\r\n")
    kept = [f for f in unfolded(head) if not f.lower().startswith((b"date:", b"message-id:"))]
    changed = b"\r\n".join([b"Feedback-ID: ::1.eu-west-1.x:AmazonSES", *kept, b"Date: Mon, 1 Jan 2024 00:00:00 +0000",
                            b"Message-ID: <0102@eu-west-1.amazonses.com>"]) + b"\r\n\r\n" + body
    assert verdicts.verdicts(changed, keys) == {"dkimpy": True, "OpenDKIM": True, "Mail::DKIM": True}


def unfolded(head):
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields
