"""Messages to send, each with a token that finds it again."""
from email.message import EmailMessage

SENDER = "crm@app.example"


def plain(token, to="user@example.net", sender=SENDER, name="Ann Example", body=None, **fields):
    """Octets with CRLF line ends: what an app sends, from a domain that SES does not know."""
    lines = [f'From: "{name}" <{sender}>', f"To: <{to}>", f"Subject: test {token}", f"X-Token: {token}"]
    lines += [f"{field.replace('_', '-')}: {value}" for field, value in fields.items()]
    body = f"Hello,\r\n\r\n.a line with a dot at its start\r\n..\r\ntoken {token}  \r\n\r\n" if body is None else body
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def rich(token, to="user@example.net", sender=SENDER):
    """HTML, an attachment and a subject outside ASCII, as Python makes them: 7-bit throughout."""
    message = EmailMessage()
    message["From"] = f'"Änne Müller" <{sender}>'
    message["To"] = to
    message["Subject"] = f"Grüße aus Dublin, 你好 {token}"
    message["X-Token"] = token
    message["Bcc"] = "secret@example.net"
    message.set_content("Schöne Grüße\n", cte="quoted-printable")
    message.add_alternative("<p>Schöne <b>Grüße</b></p>\n", subtype="html", cte="base64")
    message.add_attachment(bytes(range(256)) * 40, maintype="application", subtype="octet-stream", filename="bericht-ä.bin")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n", max_line_length=76))


def of_size(token, octets, to="user@example.net", line=76):
    """Exactly so many octets: letters in lines of `line`, without dots to stuff."""
    head = plain(token, to, body="")
    full = b"x" * line + b"\r\n"
    count, rest = divmod(octets - len(head), len(full))
    if rest == 1:  # too short for a line of its own
        rest, count = rest + len(full), count - 1
    parts = [rest] if rest <= len(full) else [2, rest - 2]
    return head + b"".join(b"x" * (part - 2) + b"\r\n" for part in parts if part) + full * count
