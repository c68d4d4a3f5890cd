"""What a message may have lost on its way, judged by Python's email package, which shares no code with us."""
import email
import email._header_value_parser
import email.header
import email.policy
import re

# What the relay or SES may change, add or take away by a rule; every other field must leave as it came.
NAMED = {
    "from", "sender", "reply-to", "x-original-from", "bcc", "resent-bcc", "return-path", "delivered-to", "dkim-signature", "domainkey-signature",
    "feedback-id", "date", "message-id", "received", "mime-version", "content-type", "content-transfer-encoding", "content-length",
    "x-ses-outgoing", "comments", "keywords",
}
# Of these a copy is dropped.
ONCE = {"priority", "importance", "precedence", "user-agent", "organization", "list-id", "list-unsubscribe", "thread-topic"}


def parsed(message):
    return email.message_from_bytes(message, policy=email.policy.compat32)


def leaves(message):
    """(type, decoded octets) of every part that is no container, in order."""
    found = []
    for part in parsed(message).walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        # The line end behind the last line is the delimiter's, or that of an encoding.
        found.append((part.get_content_type(), (content or b"").rstrip(b"\r\n")))
    return found


def fields(message):
    """The header fields as they stand there, (lower-case name, octets)."""
    found = []
    for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1] += b"\r\n" + line
        elif line:
            found.append([line.partition(b":")[0].strip().lower().decode("latin-1"), line])
    return [(name, octets) for name, octets in found]


def needs_repair(field):
    return max(field) > 127 or any(len(line) > 998 for line in field.split(b"\r\n"))


def is_text_in_words(field):
    return any(octet > 127 for octet in field)


def readable(octets):
    """The octets of the text as a reader gets them, blanks evened out: encoded-words decoded, in whatever charset."""
    value = octets.partition(b":")[2].replace(b"\r\n", b"").strip()
    value = re.sub(rb"(\?=)\s+(?==\?)", rb"\1", value)
    decoded = re.sub(rb"=\?[^?]+\?[QqBb]\?[^? ]*\?=", lambda word: email.header.decode_header(word[0].decode())[0][0], value)
    return re.sub(rb"\s+", b" ", decoded).strip()


def reads_alike(sent, kept):
    """Whether an address field in obsolete syntax became one in modern syntax with the same addresses, in order."""
    def read(octets):
        value = octets.partition(b":")[2].decode("ascii", "replace").replace("\r\n", "").strip()
        return value, email._header_value_parser.get_address_list(value)[0]

    (before, old), (_, new) = read(sent), read(kept)
    is_obsolete = old.all_defects or re.search(r"\(|\s[.@]|[.@]\s|<@", before) or re.search(rb"\n[ \t]+(\r\n|$)", sent)
    # What Python makes of comments inside an address is not what RFC 5322 does.
    plain = [re.sub(r"\([^()]*\)|\s", "", box.addr_spec).lower() for box in old.all_mailboxes]
    return bool(is_obsolete) and not new.all_defects and plain == [box.addr_spec.lower() for box in new.all_mailboxes]


def losses(sent, received):
    """What is not there any more, or not as it was; an empty list is what we want."""
    found = []
    # A multipart in which Python finds no parts is frame and no content.
    before, after = ([leaf for leaf in leaves(message) if not leaf[0].startswith("multipart/")] for message in (sent, received))
    if [content for _, content in before] != [content for _, content in after]:
        found.append(f"decoded bodies differ: {[(t, len(c)) for t, c in before]} and {[(t, len(c)) for t, c in after]}")
    if [kind for kind, _ in before] != [kind for kind, _ in after]:
        found.append(f"types differ: {[t for t, _ in before]} and {[t for t, _ in after]}")
    rest = fields(received)
    seen = set()
    for name, octets in fields(sent):
        if name in NAMED or (name in ONCE and (name, octets) in seen):
            continue
        seen.add((name, octets))
        places = [i for i, (n, o) in enumerate(rest) if n == name and (o == octets or (needs_repair(octets) and not needs_repair(o)))]
        if not places:
            if name in ("to", "cc") and b"@" not in octets:
                continue  # no address in it: removed by a rule
            if name in ("to", "cc") and any(n == name and reads_alike(octets, o) for n, o in rest):
                continue
            found.append(f"{name} is not as it was, or out of order")
            continue
        kept = rest[places[0]][1]
        if name == "subject" and is_text_in_words(octets) and readable(kept) != readable(octets):
            found.append(f"Subject reads {readable(kept)!r} and not {readable(octets)!r}")
        rest = rest[places[0] + 1:]
    return found
