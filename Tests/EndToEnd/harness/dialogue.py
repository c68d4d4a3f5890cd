"""Runs `.smtp` scripts: what a client says and what the server must answer, line by line.

    # comment                  (the first comment line is the title)
    @connect starttls          clear | starttls | implicit: opens the connection; `starttls` goes through EHLO and STARTTLS, and stops there
    @login                     EHLO, then AUTH PLAIN with the test account
    @tls                       the TLS handshake, after a STARTTLS that the script sent itself
    @half-close                no more octets from us
    C: text                    sends the text and CRLF; {plain} is the AUTH PLAIN response of the account
    C> text                    sends the octets as they are, after the escapes \\r \\n \\t \\0 \\xHH \\\\; no line end is added
    C* 1000 text               sends the escaped text so many times
    S: 250 2.0.0*              one whole reply; its last line must match one of the patterns (`|` between them; * ? [] as in a shell)
    S+ AUTH PLAIN LOGIN        that reply has a line with exactly this text after the code
    S- STARTTLS*               and no line that matches this one
    S> 421 4.7.0*              replies until one matches
    S. closed                  the server ends the connection, and has said nothing more
"""
import base64
import fnmatch
import re
import socket
import ssl

from .relay import PASSWORD, USER


class Closed(Exception):
    """The server ended the connection."""


class RawClient:
    """Octets in, replies out; no opinion of SMTP beyond where a reply ends."""

    def __init__(self, port, keys, source=None, timeout=10):
        self.keys, self.buffer = keys, b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handshake(self, context=None):
        context = context or ssl.create_default_context(cafile=self.keys.ca)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except (ConnectionError, ssl.SSLError) as error:
            # What the server said before it hung up is still to be read; the reader reports the end.
            if not isinstance(error, (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
                raise

    def line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
                raise Closed(repr(self.buffer)) from error
            if not more:
                raise Closed(repr(self.buffer))
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\n")
        assert line.endswith(b"\r"), f"the server sent a bare LF after {line!r}"
        return line[:-1].decode("ascii")

    def reply(self):
        """All lines of one reply, whose form is checked."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        for line in lines:
            assert re.fullmatch(r"[2-5]\d\d[- ][\t\x20-\x7e]*|[2-5]\d\d", line) and len(line) <= 510, f"not a reply line: {line!r}"
            assert line[:3] == lines[0][:3], f"codes change within {lines}"
        return lines

    def command(self, text):
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def greeting_and_ehlo(self):
        assert self.reply()[-1].startswith("220")
        return self.command("EHLO client.example")

    def starttls(self):
        """From the connection to the end of the handshake."""
        self.greeting_and_ehlo()
        assert self.command("STARTTLS")[0].startswith("220")
        self.handshake()

    def login(self, user=USER, password=PASSWORD):
        self.command("EHLO client.example")
        reply = self.command("AUTH PLAIN " + plain(user, password))
        assert reply[-1].startswith("235"), reply
        return self

    def is_closed(self):
        try:
            return not self.buffer and not self.socket.recv(1)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def plain(user=USER, password=PASSWORD, authorize=""):
    return base64.b64encode(f"{authorize}\0{user}\0{password}".encode()).decode()


def client(port, keys, mode="starttls", **options):
    """A connection whose TLS stands."""
    raw = RawClient(port, keys, **options)
    if mode == "implicit":
        raw.handshake()
        raw.reply()
    else:
        raw.starttls()
    return raw


def unescape(text):
    table = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
    found = re.sub(rb"\\(x[0-9a-fA-F]{2}|.)",
                   lambda m: bytes([int(m[1][1:], 16)]) if m[1].startswith(b"x") and len(m[1]) == 3 else table[m[1].decode()],
                   text.encode())
    return found


def matches(line, patterns):
    return any(fnmatch.fnmatchcase(line, pattern) for pattern in patterns.split("|"))


def run(path, starttls_port, implicit_port, keys, source=None):
    """Runs one script; AssertionError names the line that did not hold."""
    raw, last = None, []
    with open(path, encoding="utf-8") as f:
        script = f.read().splitlines()
    for number, step in enumerate(script, 1):
        kind, text = step[:2], step[3:]
        where = f"{path}:{number}: {step}"
        try:
            if not step.strip() or step.startswith("#"):
                continue
            if step.startswith("@connect "):
                mode = step.split()[1]
                if raw:
                    raw.close()
                raw = RawClient(implicit_port if mode == "implicit" else starttls_port, keys, source)
                if mode == "starttls":
                    raw.starttls()
                elif mode == "implicit":
                    raw.handshake()
            elif step == "@login":
                raw.login()
            elif step == "@tls":
                raw.handshake()
            elif step == "@half-close":
                raw.socket.shutdown(socket.SHUT_WR)
            elif kind == "C:":
                raw.send(text.replace("{plain}", plain()).encode() + b"\r\n")
            elif kind == "C>":
                raw.send(unescape(text.replace("{plain}", plain())))
            elif kind == "C*":
                count, _, what = text.partition(" ")
                raw.send(unescape(what) * int(count))
            elif kind == "S:":
                last = raw.reply()
                assert matches(last[-1], text), f"the server said {last}"
            elif kind == "S>":
                last = raw.reply()
                while not matches(last[-1], text):
                    last = raw.reply()
            elif kind == "S+":
                assert any(line[4:] == text for line in last), f"not in {last}"
            elif kind == "S-":
                assert not any(matches(line[4:], text) for line in last), f"in {last}"
            elif step == "S. closed":
                assert raw.is_closed(), "the connection is open, or there is more to read"
            else:
                raise AssertionError("not a step")
        except (AssertionError, Closed, OSError) as error:
            raise AssertionError(f"{where}\n    {type(error).__name__}: {error}") from None
    if raw:
        raw.close()
