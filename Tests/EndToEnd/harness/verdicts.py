"""Independent judges of a message: dkimpy, OpenDKIM and Perl's Mail::DKIM. None shares code with us or with another."""
import email
import email.policy
import os
import re
import subprocess
import tempfile
import threading
from email.utils import getaddresses

import dkim


def dkimpy(message, record, selector, domain):
    """True when dkimpy verifies the one signature, made with `selector` and `domain`."""
    name = f"{selector}._domainkey.{domain}.".encode()
    try:
        return dkim.verify(message, dnsfunc=lambda asked, timeout=5: record if asked == name else None)
    except dkim.DKIMException:
        return False


# The exit status of `opendkim -t` is 0 even when a signature is bad, so this line is the verdict.
_SUCCEEDED = re.compile(r"verification \(s=(?P<s>[^ ,]+),? d=(?P<d>[^ ,]+), [^)]*\) succeeded$", re.M)


def opendkim(message, record, selector, domain):
    """True when OpenDKIM says that a signature with `selector` and `domain` succeeded, and nothing else of any signature."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "message.eml")
        with open(path, "wb") as f:
            f.write(message)
        with open(os.path.join(folder, "dns"), "wb") as f:
            f.write(b"%s._domainkey.%s %s\n" % (selector.encode(), domain.encode(), record))
        config = os.path.join(folder, "opendkim.conf")
        with open(config, "w") as f:
            f.write(f"Mode v\nSyslog no\nRequireSafeKeys no\nTestDNSData {folder}/dns\n")
        said = subprocess.run(["/usr/sbin/opendkim", "-x", config, "-t", path], stdin=subprocess.DEVNULL, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60).stdout
    lines = [line for line in said.splitlines() if "verification" in line]
    found = _SUCCEEDED.search(said)
    return len(lines) == 1 and bool(found) and (found["s"], found["d"]) == (selector, domain)


class MailDKIM:
    """One Perl process for all messages: its start costs more than a verdict."""

    def __init__(self):
        self.lock, self.process = threading.Lock(), None

    def __call__(self, message, record, selector, domain):
        """True when Mail::DKIM finds one signature, and that it passes."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(["/usr/bin/perl", os.path.join(os.path.dirname(__file__), "mail_dkim.pl")],
                                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            head = f"{selector} {domain} {len(record)} {len(message)}\n".encode()
            self.process.stdin.write(head + record + message)
            self.process.stdin.flush()
            return self.process.stdout.readline() == b"pass\n"


mail_dkim = MailDKIM()


def verdicts(message, keys, selector="fl2026", domain="mail.example.com"):
    """{"dkimpy": bool, "OpenDKIM": bool, "Mail::DKIM": bool}"""
    arguments = (message, keys.dkim_record, selector, domain)
    return {"dkimpy": dkimpy(*arguments), "OpenDKIM": opendkim(*arguments), "Mail::DKIM": mail_dkim(*arguments)}


def header(message):
    return email.message_from_bytes(message, policy=email.policy.compat32)


def addresses(message, field):
    return [address for _, address in getaddresses(header(message).get_all(field, []))]


def signed_fields(message):
    """The lower-case names in h= of the one DKIM-Signature."""
    (signature,) = header(message).get_all("DKIM-Signature")
    tags = dict(tag.strip().split("=", 1) for tag in re.sub(r"\s+", " ", signature).split(";") if "=" in tag)
    return [name.strip().lower() for name in tags["h"].split(":")]


NEVER_SIGNED = {"date", "message-id", "return-path", "bounces-to", "feedback-id", "received", "dkim-signature"}


def shortcomings(message, keys, domain="mail.example.com", selector="fl2026"):
    """What a receiver, or SES, would hold against the message; an empty list is what we want."""
    found = [f"{judge} says no" for judge, good in verdicts(message, keys, selector, domain).items() if not good]
    head = header(message)
    for field in ("From", "DKIM-Signature", "Date", "Message-ID", "Subject"):
        if len(head.get_all(field, [])) > 1:
            found.append(f"{field} stands there twice")
    authors = addresses(message, "From")
    if len(authors) != 1 or not authors[0].endswith("@" + domain):
        found.append(f"From is {authors}")
    for field in ("Bcc", "Return-Path"):
        if field in head:
            found.append(f"{field} is there")
    if "DKIM-Signature" in head:
        wrong = [name for name in signed_fields(message) if name in NEVER_SIGNED or name.startswith("x-ses-")]
        if wrong:
            found.append(f"signs {wrong}, which SES changes")
    if re.search(rb"\r(?!\n)|(?<!\r)\n", message):
        found.append("a bare CR or LF")
    if max(map(len, message.split(b"\r\n"))) > 998:
        found.append("a line of more than 998 octets")
    if max(message, default=0) > 127:
        found.append("8-bit octets")
    return found
