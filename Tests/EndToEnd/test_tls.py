"""What the listeners speak: TLS 1.2 and 1.3 with forward secrecy and AEAD, and nothing older."""
import re
import subprocess

import pytest

from harness import dialogue


def s_client(port, mode, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *(["-starttls", "smtp"] if mode == "starttls" else []),
                           *options], input=b"QUIT\r\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    text = done.stdout.decode(errors="replace")
    cipher = re.search(r"New, (TLSv[\d.]+), Cipher is (\S+)", text)
    return cipher and cipher.groups()


# OpenSSL's own default refuses old versions, so the client has to be talked into them: else nothing would be proven.
OLD = ["-cipher", "ALL:@SECLEVEL=0"]


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_versions(relay, mode):
    port = getattr(relay, mode)
    assert s_client(port, mode, "-tls1", *OLD) is None
    assert s_client(port, mode, "-tls1_1", *OLD) is None
    assert s_client(port, mode, "-tls1_2")[0] in ("TLSv1.2", "TLSv1.0")  # the name is that of the cipher's first version
    assert s_client(port, mode, "-tls1_3")[0] == "TLSv1.3"


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA", "NULL", "aNULL", "RC4-SHA", "3DES"])
def test_weak_ciphers(relay, mode, cipher):
    assert s_client(getattr(relay, mode), mode, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0") is None


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_sslscan(relay, mode):
    port = getattr(relay, mode)
    done = subprocess.run(["sslscan", "--no-colour", *(["--starttls-smtp"] if mode == "starttls" else []), f"127.0.0.1:{port}"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
    states = dict(re.findall(r"^(SSLv2|SSLv3|TLSv1\.\d)\s+(enabled|disabled)$", done.stdout, re.M))
    assert states == {"SSLv2": "disabled", "SSLv3": "disabled", "TLSv1.0": "disabled", "TLSv1.1": "disabled",
                      "TLSv1.2": "enabled", "TLSv1.3": "enabled"}, done.stdout
    assert "not vulnerable to heartbleed" in done.stdout
    assert re.search(r"Session renegotiation not supported", done.stdout), done.stdout
    accepted = re.findall(r"^(?:Preferred|Accepted)\s+(TLSv1\.\d)\s+\d+ bits\s+(\S+)", done.stdout, re.M)
    assert accepted and all("GCM" in name or "CHACHA20" in name or "CCM" in name for _, name in accepted), accepted


def test_no_renegotiation(relay):
    """A client that asks for one is refused or dropped; it does not get a second handshake."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.implicit}", "-tls1_2", "-crlf"],
                          input=b"R\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    text = done.stdout.decode(errors="replace")
    before, asked, after = text.partition("RENEGOTIATING")
    assert asked and "depth=0" in before and "depth=0" not in after


@pytest.mark.parametrize("first", [b"EHLO x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\0" * 100],
                         ids=["EHLO", "HTTP", "half a record", "NUL"])
def test_clear_text_on_the_implicit_port(relay, keys, first):
    raw = dialogue.RawClient(relay.implicit, keys)
    raw.send(first)
    raw.socket.settimeout(10)
    received = b""
    try:
        while more := raw.socket.recv(4096):
            received += more
    except OSError:
        pass
    assert not re.match(rb"[2-5]\d\d", received), received


def test_client_hello_on_the_starttls_port(relay, keys):
    with dialogue.RawClient(relay.starttls, keys) as raw:
        raw.reply()
        raw.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2)
        raw.send(b"\n" * 200)
        try:
            while True:
                assert raw.reply()[-1][0] in "45"
        except dialogue.Closed:
            pass


def test_no_client_certificate_is_asked_for(relay):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.implicit}"], input=b"QUIT\r\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20)
    assert b"No client certificate CA names sent" in done.stdout and b"Requested Signature Algorithms" not in done.stdout
