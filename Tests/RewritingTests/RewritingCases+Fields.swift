extension RewritingCase {
    /// All other fields: H03, H09, H10.
    static let fields: [RewritingCase] = [
        RewritingCase(
            "H03 two Sender", ["From: anna@mail.example.com", "Sender: <a@b.example>", "X-Between: y", "SENDER: <a@b.example>"],
            .refused("554 5.6.0 The header has two Sender fields; only one is allowed")),
        RewritingCase(
            "H03 two Reply-To", ["From: anna@mail.example.com", "Reply-To: <a@b.example>", "X-Between: y", "REPLY-TO: <a@b.example>"],
            .refused("554 5.6.0 The header has two Reply-To fields; only one is allowed")),
        RewritingCase(
            "H03 two To", ["From: anna@mail.example.com", "To: <a@b.example>", "X-Between: y", "TO: <a@b.example>"],
            .refused("554 5.6.0 The header has two To fields; only one is allowed")),
        RewritingCase(
            "H03 two Cc", ["From: anna@mail.example.com", "Cc: <a@b.example>", "X-Between: y", "CC: <a@b.example>"],
            .refused("554 5.6.0 The header has two Cc fields; only one is allowed")),
        RewritingCase(
            "H03 two Subject", ["From: anna@mail.example.com", "Subject: x", "X-Between: y", "SUBJECT: x"],
            .refused("554 5.6.0 The header has two Subject fields; only one is allowed")),
        RewritingCase(
            "H03 two Date",
            [
                "From: anna@mail.example.com", "Date: Sun, 01 Mar 2026 09:05:07 +0000", "X-Between: y",
                "DATE: Sun, 01 Mar 2026 09:05:07 +0000",
            ], .refused("554 5.6.0 The header has two Date fields; only one is allowed")),
        RewritingCase(
            "H03 two Message-ID",
            ["From: anna@mail.example.com", "Message-ID: <a@b.example>", "X-Between: y", "MESSAGE-ID: <a@b.example>"],
            .refused("554 5.6.0 The header has two Message-ID fields; only one is allowed")),
        RewritingCase(
            "H03 two In-Reply-To",
            ["From: anna@mail.example.com", "In-Reply-To: <a@b.example>", "X-Between: y", "IN-REPLY-TO: <a@b.example>"],
            .refused("554 5.6.0 The header has two In-Reply-To fields; only one is allowed")),
        RewritingCase(
            "H03 two References",
            ["From: anna@mail.example.com", "References: <a@b.example>", "X-Between: y", "REFERENCES: <a@b.example>"],
            .refused("554 5.6.0 The header has two References fields; only one is allowed")),
        RewritingCase(
            "H03 two MIME-Version", ["From: anna@mail.example.com", "MIME-Version: 1.0", "X-Between: y", "MIME-VERSION: 1.0"],
            .refused("554 5.6.0 The header has two MIME-Version fields; only one is allowed")),
        RewritingCase(
            "H03 two Content-Type",
            ["From: anna@mail.example.com", "Content-Type: text/plain", "X-Between: y", "CONTENT-TYPE: text/plain"],
            .refused("554 5.6.0 The header has two Content-Type fields; only one is allowed")),
        RewritingCase(
            "H03 two Content-Transfer-Encoding",
            ["From: anna@mail.example.com", "Content-Transfer-Encoding: 7bit", "X-Between: y", "CONTENT-TRANSFER-ENCODING: 7bit"],
            .refused("554 5.6.0 The header has two Content-Transfer-Encoding fields; only one is allowed")),
        RewritingCase(
            "H09 Reply-To is there: only X-Original-From", ["From: Anna <anna@corp.example>", "Reply-To: Desk <desk@corp.example>"],
            .becomes([
                "From: \"Anna via mail.example.com\" <no-reply@mail.example.com>", "Reply-To: Desk <desk@corp.example>",
                "X-Original-From: Anna <anna@corp.example>",
            ])),
        RewritingCase(
            "H09 Reply-To is there under another spelling", ["From: anna@corp.example", "REPLY-TO :  desk@corp.example"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "REPLY-TO:  desk@corp.example",
                "X-Original-From: anna@corp.example",
            ])),
        RewritingCase(
            "H09 Reply-To is empty", ["From: anna@corp.example", "Reply-To: "],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "H09 X-Original-From was there", ["X-Original-From: forged@mail.example.com", "From: anna@corp.example"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "H09 several X-Original-From were there",
            ["X-Original-From: a@b.example", "From: anna@corp.example", "X-ORIGINAL-FROM : c@d.example"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "H09 From of ours: X-Original-From stays", ["From: anna@mail.example.com", "X-Original-From: x@y.example"], .unchanged),
        RewritingCase(
            "H09 an author whom nobody can answer", ["From: root@localhost", "To: bob@c.example"],
            .becomes([
                "From: \"root via mail.example.com\" <no-reply@mail.example.com>", "To: bob@c.example", "X-Original-From: root@localhost",
            ])),
        RewritingCase(
            "H10 everything else stays",
            [
                "Received: from a", "\tby b; x", "X-Mixed-CASE:no blank", "x-empty:", "X-Long: a", "   b", "\tc",
                "From: anna@mail.example.com", "Subject:   two  blanks ", "List-Id: <x.example>", "Resent-From: r@s.example",
                "Resent-To: (odd", "Received: twice", "X-8: \\\"(<",
            ], .unchanged),
        RewritingCase(
            "H10 only what is named changes", ["X-A: 1", "From: anna@corp.example", "X-B:2", "Subject: s", "X-C : 3"],
            .becomes([
                "X-A: 1", "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-B:2", "Subject: s", "X-C : 3",
                "X-Original-From: anna@corp.example", "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "H10 Resent blocks stay",
            [
                "Resent-From: x@evil.example", "Resent-Sender: y", "Resent-Date: z", "Resent-From: again@evil.example",
                "From: anna@mail.example.com",
            ], .unchanged),
        RewritingCase(
            "H10 blanks before the colon go where a rule knows the field", ["From\t : anna@mail.example.com", "SUBJECT  : x", "X-Own : y"],
            .becomes(["From: anna@mail.example.com", "SUBJECT: x", "X-Own : y"])),
        RewritingCase(
            "what never leaves",
            [
                "Return-Path: <a@b.example>", "Delivered-To: x@y.example", "DKIM-Signature: v=1; a=rsa-sha256;", " b=x",
                "DomainKey-Signature: z", "From: anna@mail.example.com", "Sender: x@y.example", "Bcc: a@b.example,", " d@e.example",
                "bcc : g@h.example", "Resent-Bcc: h@i.example", "Feedback-ID: f", "X-Bcc: stays", "Received: stays",
            ], .becomes(["From: anna@mail.example.com", "X-Bcc: stays", "Received: stays"])),
        RewritingCase(
            "what never leaves need not be right", ["From: anna@mail.example.com", "Bcc: )(", "Return-Path: <<", "Sender: ,,"],
            .becomes(["From: anna@mail.example.com"])),
        RewritingCase(
            "a copy of a field that may stand there once", ["From: anna@mail.example.com", "Priority: 1", "X-A: b", "PRIORITY:  1"],
            .becomes(["From: anna@mail.example.com", "Priority: 1", "X-A: b"])),
        RewritingCase(
            "two that differ", ["From: anna@mail.example.com", "Thread-Topic: a", "Thread-Topic: b"],
            .refused("554 5.6.0 The header has two Thread-Topic fields; only one is allowed")),
        RewritingCase(
            "several Comments", ["From: anna@mail.example.com", "Comments: a", "Comments: b"],
            .becomes(["From: anna@mail.example.com", "Comments: a", " b"])),
        RewritingCase(
            "several Keywords", ["From: anna@mail.example.com", "Keywords: a, b", "keywords: c"],
            .becomes(["From: anna@mail.example.com", "Keywords: a, b,", " c"])),
        RewritingCase(
            "X-SES fields are refused", ["From: anna@mail.example.com", "X-SES-Configuration-Set: c"],
            .refused("550 5.7.1 X-SES-Configuration-Set may not be set by clients; the setting rewrite.ses_headers can allow or strip it")),
        RewritingCase(
            "X-SES fields of any kind are refused", ["From: anna@mail.example.com", "x-ses-anything-new : c"],
            .refused("550 5.7.1 x-ses-anything-new may not be set by clients; the setting rewrite.ses_headers can allow or strip it")),
        RewritingCase(
            "X-SES fields are stripped",
            ["From: anna@mail.example.com", "X-SES-Configuration-Set: c", "X-SES-MESSAGE-TAGS: a=b", "X-Other: d"], setting: .strip,
            .becomes(["From: anna@mail.example.com", "X-Other: d"])),
        RewritingCase(
            "X-SES fields are allowed", ["From: anna@mail.example.com", "X-SES-CONFIGURATION-SET: c", "x-ses-message-tags: a=b"],
            setting: .allow, .unchanged),
        RewritingCase(
            "X-SES fields that are not among the allowed",
            ["From: anna@mail.example.com", "X-SES-CONFIGURATION-SET: c", "X-SES-SOURCE-ARN: x"], setting: .allow,
            .refused("550 5.7.1 X-SES-SOURCE-ARN may not be set by clients; the setting rewrite.ses_headers can allow or strip it")),
        RewritingCase(
            "H12 the author was written with blanks before the colon", ["From : Anna <anna@corp.example>"],
            .becomes([
                "From: \"Anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Anna <anna@corp.example>",
                "Reply-To: Anna <anna@corp.example>",
            ])),
    ]
}
