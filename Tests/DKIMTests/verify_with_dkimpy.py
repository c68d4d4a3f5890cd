"""Verifies and signs with dkimpy, an implementation that shares nothing with ours.

Reads records from standard input, writes one line for each. A record is a line "verify IDX", or "sign CANONICALIZATION", and two
octet strings, each after a line with its length: the TXT record (or the PEM key) and the message. Answers "pass", "fail" or the
signature in hexadecimal.
"""
import sys

try:
    import dkim
except ImportError:
    sys.exit("dkimpy is missing: install the Debian package python3-dkim")

records = sys.stdin.buffer


def octets():
    return records.read(int(records.readline()))


for line in records:
    command, argument = line.split()
    key, message = octets(), octets()
    if command == b"verify":
        try:
            verified = dkim.DKIM(message).verify(idx=int(argument), dnsfunc=lambda name, timeout=5: key)
        except dkim.DKIMException:
            verified = False
        print("pass" if verified else "fail")
    else:
        header, body = argument.split(b"/")
        signature = dkim.DKIM(message).sign(b"golden", b"mail.example.com", key, canonicalize=(header, body))
        print(signature.hex())
