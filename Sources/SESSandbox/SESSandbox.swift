// SESSandbox: a local stand-in for Amazon SES's SMTP endpoint.
//
// It promises three things: it refuses what SES is known to refuse, with SES's words and at SES's moment (most of it after the
// final dot); it keeps what it accepted the way recipients would get it; and it never leaves this machine.
//
// It reads mail with code of its own, not with `SMTPProtocol` and `MessageFormat`, which the relay writes mail with: a mistake that
// both ends shared would go unseen. SES itself is a Java server (its texts are those of SubEthaSMTP and of JavaMail), so the checks
// here follow those two libraries.
//
// It does not deliver, bounce or complain, does not look at DNS, and does not check DKIM signatures (SES does not either).
