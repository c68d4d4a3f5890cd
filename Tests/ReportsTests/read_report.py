"""Reads mails with Python's email package and dkimpy, which share nothing with us.

A record on standard input is two octet strings, the DKIM record and the mail, each after a line with its length. Each is answered by a
line of JSON.
"""
import email
import email.policy
import json
import sys

try:
    import dkim
except ImportError:
    sys.exit("dkimpy is missing: install the Debian package python3-dkim")

records = sys.stdin.buffer


def octets():
    return records.read(int(records.readline()))


def fields(part):
    return [[name, " ".join(str(value).split())] for name, value in part.items()]


def defects(message):
    return [type(d).__name__ for part in message.walk() for d in part.defects]


while line := records.readline():
    record = records.read(int(line))
    mail = octets()
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    try:
        verified = dkim.DKIM(mail).verify(dnsfunc=lambda name, timeout=5: record)
    except dkim.DKIMException:
        verified = False
    answer = {
        "verified": verified,
        "signatures": len(parsed.get_all("DKIM-Signature", [])),
        "defects": defects(parsed) + defects(email.message_from_bytes(mail)),
        "type": parsed.get_content_type(),
        "reportType": parsed.get_param("report-type") or "",
        "subject": str(parsed["Subject"]),
        "fields": fields(parsed),
        "parts": [], "text": "", "status": [], "original": [],
    }
    if parsed.is_multipart():
        text, status, original = parsed.iter_parts()
        answer["parts"] = [part.get_content_type() for part in (text, status, original)]
        answer["text"] = text.get_content().replace("\r\n", "\n")
        answer["status"] = [fields(group) for group in status.get_payload()]
        header = original.get_payload(decode=True)
        answer["original"] = fields(email.message_from_bytes(header + b"\r\n"))
    else:
        answer["text"] = parsed.get_content().replace("\r\n", "\n")
    print(json.dumps(answer))
