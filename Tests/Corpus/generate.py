"""Messages that nobody would write by hand: all shapes of MIME, all kinds of text, headers of old scripts. The same seed makes the same."""
import base64
import quopri
import random

WORDS = ["hello", "Grüße", "naïve", "你好", "мир", "=?utf-8?Q?=C3=A4?=", "x" * 60, "a=b", "(c)", "\"q\"", "🙂", "--b1", ".", "From ", "\t"]
CHARSETS = ["utf-8", "iso-8859-1", "windows-1252", "koi8-r", "us-ascii", ""]
ENCODINGS = ["", "7bit", "8bit", "binary", "quoted-printable", "base64", "8BIT (really)"]
TYPES = ["text/plain", "text/html", "application/octet-stream", "image/png", "application/json", "message/rfc822", "text/calendar", ""]


def text(random, charset):
    lines = []
    for _ in range(random.randrange(8)):
        line = " ".join(random.choice(WORDS) for _ in range(random.randrange(12)))
        if random.random() < 0.05:
            line *= 40
        lines.append(line)
    octets = "\r\n".join(lines).encode(charset or "utf-8", "replace") + random.choice([b"", b"\r\n", b"\r\n\r\n"])
    return octets


def content(random, charset, encoding, kind, enclosing):
    if kind == "message/rfc822":
        return message(random, 3, enclosing)
    if kind.startswith(("text/", "")) and random.random() < 0.7:
        octets = text(random, charset)
    else:
        octets = bytes(octet for octet in random.randbytes(random.randrange(600)) if octet not in (0, 10, 13))
    if encoding == "base64":
        octets = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return octets


def part(random, depth, enclosing=()):
    """(header lines, body); `enclosing` are the boundaries around it."""
    if depth < 4 and random.random() < 0.35:
        boundary = random.choice(["b1", "b2", "a b", "=_x", "b1b1", "'()+_,-./:=?"]) + str(random.randrange(1000))
        # No two readers agree on the parts of a message in which a boundary encloses itself, so there is nothing to compare.
        while boundary in enclosing:
            boundary += "0"
        body = [random.choice([b"", b"preamble\r\n", "Präambel\r\n".encode()])]
        for _ in range(random.randrange(1, 4)):
            head, inner = part(random, depth + 1, (*enclosing, boundary))
            body.append(b"--" + boundary.encode() + random.choice([b"", b"", b" "]) + b"\r\n")
            body.append(b"\r\n".join(head) + (b"\r\n" if head else b"") + b"\r\n" + inner + b"\r\n")
        if random.random() < 0.9:
            body.append(b"--" + boundary.encode() + b"--\r\n")
            body.append(random.choice([b"", b"", b"epilogue\r\n"]))
        kind = random.choice(["mixed", "alternative", "related", "report"])
        return [f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode()], b"".join(body)
    charset, encoding, kind = random.choice(CHARSETS), random.choice(ENCODINGS), random.choice(TYPES)
    if kind == "message/rfc822":
        encoding = random.choice(["", "8bit"])
    head = []
    if kind:
        value = f"Content-Type: {kind}" + (f"; charset={charset}" if charset and kind.startswith("text/") else "")
        if random.random() < 0.3:
            value += random.choice(['; name="bär.txt"', "; name=plain.txt", '; name="=?utf-8?Q?b=C3=A4r?=.pdf"', '; name="你好 und so weiter.pdf"'])
        head.append(value.encode())
    if encoding:
        head.append(f"Content-Transfer-Encoding: {encoding}".encode())
    if random.random() < 0.2:
        head.append(random.choice(["Content-Description: Größe", "Content-Disposition: attachment; filename=ä.bin", "X-Odd:  é  "]).encode())
    random.shuffle(head)
    return head, content(random, charset, encoding.split(" ")[0].lower(), kind, enclosing)


def phrase(random):
    return random.choice(["Ann Example", '"Ann, Example"', "Änne", '"Müller, Jörg"', "=?utf-8?Q?=C3=84nne?=", "Ann (née Berg)", "", "你好"])


def header(random):
    author = random.choice(["ann@mail.example.com", "ann@corp.example", "root@localhost", '"a b"@corp.example', "ann@bücher.example"])
    name = phrase(random)
    fields = [(f"From: {name} <{author}>" if name else f"From: {author}").encode()]
    others = ", ".join(f"{phrase(random)} <p{n}@example.net>".strip() for n in range(random.randrange(1, 4)))
    fields.append(random.choice([f"To: {others}", "To: undisclosed-recipients:;", f"To: Team: {others};", f"To:\r\n {others}"]).encode())
    subject = " ".join(random.choice(WORDS) for _ in range(random.randrange(20))).strip() or "x"
    fields.append(b"Subject: " + subject.encode(random.choice(["utf-8", "cp1252"]), "replace"))
    for field in random.sample(["X-Mailer: PHP/5.2", "x-weird:a", "X-Folded: a\r\n\tb\r\n  c", "Comments: ä", "Keywords: a, b", "Keywords: c", "List-Id: Ä <l.example>",
                                "X-Long: " + "word " * 300, "References: <a@b>\r\n <c@d>", "Priority: 1", "Priority: 1", "Date: gestern",
                                "Message-Id: <ä@b>", "Bcc: x@y.example", "Received: from ä by b; Mon, 1 Jan 2024 00:00:00 +0000",
                                "List-Unsubscribe: <https://example.org/ä>", "Sender: Ä <s@corp.example>"], random.randrange(5)):
        fields.append(field.encode())
    head = fields[1:]
    random.shuffle(head)
    return [fields[0], *head]


def message(random, depth=0, enclosing=()):
    head, body = part(random, depth, enclosing)
    if depth or random.random() < 0.8:
        head = [b"MIME-Version: 1.0", *head]
    return b"\r\n".join([*header(random), *head]) + b"\r\n\r\n" + body


def generated(count, seed):
    for number in range(count):
        yield f"generated {seed}.{number}", message(random.Random(f"{seed}.{number}"))
