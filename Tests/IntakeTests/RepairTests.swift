import DKIM
import Intake
import MailModel
import MessageFormat
import Rewriting
import Testing

/// What is not 7-bit when it comes, and must be when it leaves.
@Suite struct RepairTests {
    private let base = "Date: Sun, 01 Mar 2026 09:05:07 +0000\r\nFrom: Anna <anna@mail.example.com>\r\nMessage-ID: <1@mail.example.com>\r\n"

    private func repaired(_ message: [UInt8]) throws -> Taken {
        let taken = try take(message, settings: settings())
        #expect(taken.octets.allSatisfy { $0 < 0x80 })
        #expect(taken.octets.split(separator: 10).allSatisfy { $0.count <= 999 })
        #expect(taken.prepared.octetCount == taken.octets.count)
        #expect(!taken.prepared.is8Bit)
        try verify(taken)
        return taken
    }

    private func value(_ name: FieldName, of taken: Taken) throws -> String? { try taken.header.first(name).map { text($0.unfolded) } }

    @Test(
        arguments: [
            (
                "", "Grüße an alle, die hier sind\r\n", "quoted-printable", "text/plain; charset=utf-8",
                "Gr=C3=BC=C3=9Fe an alle, die hier sind\r\n"
            ),
            (
                "Content-Type: text/html\r\n", "<p>Gr\u{FC}n, so weit man hier sehen kann</p>\r\n", "quoted-printable",
                "text/html; charset=utf-8", nil
            ),
            (
                "Content-Type: text/plain; charset=\"koi8-r\"\r\nContent-Transfer-Encoding: 8bit\r\n", "eine lange Zeile mit \u{E9}\r\n",
                "quoted-printable", "text/plain; charset=\"koi8-r\"", nil
            ),
            ("Content-Type: text/plain; charset=utf-8\r\n", "你好你好\r\n", "base64", "text/plain; charset=utf-8", "5L2g5aW95L2g5aW9DQo=\r\n"),
            ("Content-Type: application/octet-stream\r\n", "é\r\n", "base64", "application/octet-stream", "w6kNCg==\r\n"),
        ] as [(String, String, String, String, String?)])
    func single(fields: String, body: String, encoding: String, type: String, expected: String?) throws {
        let taken = try repaired(octets(base + fields + "\r\n" + body))
        #expect(try value(.contentTransferEncoding, of: taken) == encoding)
        #expect(try value(.contentType, of: taken) == type)
        #expect(try value(.mimeVersion, of: taken) == "1.0")
        if let expected { #expect(text(taken.body) == expected) }
    }

    @Test func whatIsNotUTF8AndSaysNothingIsWindows1252() throws {
        let taken = try repaired(octets(base + "Subject: J") + [0xF6] + octets("rg\r\n\r\nJ") + [0xF6] + octets("rg war hier\r\n"))
        #expect(try value(.contentType, of: taken) == "text/plain; charset=windows-1252")
        #expect(try value(.subject, of: taken) == "=?windows-1252?Q?J=F6rg?=")
        #expect(text(taken.body) == "J=F6rg war hier\r\n")
    }

    @Test func quotedPrintableIsSafe() throws {
        let line = String(repeating: "x", count: 74)
        let body = "From here\r\n.\r\n..a\r\na=b\t\r\nblank \r\n\(line)--frontier\r\n\(line)xé \r\nFrom: x\r\nF\r\n"
        let taken = try repaired(octets(base + "\r\n" + body))
        #expect(
            text(taken.body)
                == "From=20here\r\n=2E\r\n=2E.a\r\na=3Db=09\r\nblank=20\r\n\(line)-=\r\n=2Dfrontier\r\n\(line)x=\r\n=C3=A9=20\r\nFrom: x\r\nF\r\n"
        )
    }

    private let multipart =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nPreämble\r\n"
        + "--a b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-Description: Gruß\r\n\r\nGrüße an alle, die da sind\r\n"
        + "--a b  \r\nContent-Type: text/plain\r\n\r\nplain, and -- no delimiter\r\n--a bc\r\n"
        + "--a b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: Ä\r\nX: 7\r\n\r\né inside a message\r\n"
        + "--a b\r\n\r\nno header é, this one\r\n--a b\r\nContent-Type: image/png; name=\"Ä.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
        + "--a b--\r\nEpilogué\r\n"

    private let multipartRepaired =
        "Pre??mble\r\n"
        + "--a b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        + "Content-Description: =?utf-8?Q?Gru=C3=9F?=\r\n\r\nGr=C3=BC=C3=9Fe an alle, die da sind\r\n"
        + "--a b  \r\nContent-Type: text/plain\r\n\r\nplain, and -- no delimiter\r\n--a bc\r\n"
        + "--a b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: =?utf-8?B?w4Q=?=\r\nX: 7\r\n"
        + "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n=C3=A9 inside a message\r\n"
        + "--a b\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nno header =C3=A9, this one\r\n"
        + "--a b\r\nContent-Type: image/png; name*=utf-8''%C3%84.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
        + "--a b--\r\nEpilogu??\r\n"

    @Test func everyPartForItself() throws {
        let taken = try repaired(octets(base + multipart))
        #expect(text(taken.body) == multipartRepaired)
        #expect(try value(.contentTransferEncoding, of: taken) == "7bit")
        #expect(taken.prepared.changes.map(\.description).contains("the body encoded to 7 bits"))
    }

    @Test func cuttingEitherPassChangesNothing() throws {
        let settings = try settings()
        let message = octets(base + multipart)
        let whole = try take(message, settings: settings)
        for cut in 0...message.count {
            let taken = try take(message, cutAt: [cut], repairCutAt: [cut], settings: settings)
            #expect(taken.octets == whole.octets, "cut at \(cut)")
        }
        let all = Array(0...message.count)
        #expect(try take(message, cutAt: all, repairCutAt: all, settings: settings).octets == whole.octets)
    }

    @Test func theSecondTimeNothingIsLeftToRepair() throws {
        let once = try repaired(octets(base + multipart))
        let twice = try take(once.octets, settings: settings())
        #expect(twice.body == once.body)
    }

    @Test func endlessLines() throws {
        let long = String(repeating: "0123456789", count: 500)
        let taken = try repaired(
            octets(
                base
                    + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\(long)\r\n--b\r\nContent-Type: application/json\r\n\r\n\(long)\r\n"
                    + "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n\(long.prefix(4000))\r\n"
                    + "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\(long)=C3=A9\r\n--b\r\n\r\nshort\r\n--b--\r\n"))
        let parts = text(taken.body).components(separatedBy: "--b")
        #expect(parts[1].contains("quoted-printable") && parts[2].contains("base64"))
        #expect(parts[5] == "\r\n\r\nshort\r\n")
        #expect(parts[4].replacing("=\r\n", with: "").contains("\(long)=C3=A9"))
        #expect(parts[3].replacing("\r\n", with: "").contains(long.prefix(4000)))
    }

    @Test func whatNeedsNothingStays() throws {
        for body in [
            "--b\r\nContent-Type: text/plain\r\n\r\nunended", "--b\r\nno end\r\n", "--b\r\n--b\r\n--b--\r\n--b\r\n",
            "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx\r\n--b--", "--b\r\nnot a field\r\n\r\n--b--\r\n",
        ] {
            for type in [
                "multipart/mixed; boundary=b", "multipart/mixed", "message/rfc822", "multipart/signed; boundary=\"b\"", "text/plain",
            ] {
                let taken = try take(octets(base + "MIME-Version: 1.0\r\nContent-Type: \(type)\r\n\r\n" + body), settings: settings())
                #expect(text(taken.body) == body)
            }
        }
    }

    @Test(arguments: [
        (
            "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n",
            "554 5.6.0 A signed or encrypted part (text/plain) has"
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\nX: é\r\n\r\n--b--\r\n",
            "554 5.6.0 A signed or encrypted part (text/plain) has"
        ),
        ("Content-Type: application/pkcs7-mime\r\n\r\né\r\n", "554 5.6.0 A signed or encrypted part (application/pkcs7-mime) has"),
        ("Content-Type: message/delivery-status\r\n\r\nX: é\r\n", "554 5.6.0 A part of type message/delivery-status has 8-bit"),
        ("Content-Transfer-Encoding: x-odd\r\n\r\né\r\n", "554 5.6.0 A part of type text/plain has 8-bit"),
        ("Content-Type: text/plain; name=a.EXE\r\n\r\nx\r\n", "554 5.7.0 Amazon SES does not send attachments of this type: 'a.EXE'"),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename*0*=utf-8''b%2E; filename*1=js\r\n\r\n",
            "554 5.7.0 Amazon SES does not send attachments of this type: 'b.js'"
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; name=\"=?utf-8?B?eC5jbWQ=?=\"\r\n\r\n",
            "554 5.7.0 Amazon SES does not send attachments of this type: 'x.cmd'"
        ),
        (
            "Content-Type: message/rfc822\r\n\r\nContent-Disposition: attachment; filename=\"a.exe \"\r\n\r\nx\r\n",
            "554 5.7.0 Amazon SES does not send attachments of this type: 'a.exe '"
        ),
        (
            "Content-Type: multipart/mixed; boundary=\u{E4}\r\n\r\n--\u{E4}\r\n\r\nx\r\n",
            "554 5.6.9 Content-Type in line 4 of the header has 8-bit text"
        ),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--c\r\n\r\n--b--\r\n", "554 5.6.0 A multipart has no line '--boundary'"),
        ("Content-Type: multipart/mixed;\r\n\r\nx\r\n", "554 5.6.0 A multipart has no line '--boundary'"),
        ("Content-Type: multipart/mixed\r\n\r\n--\r\nx\r\n", "554 5.6.0 A multipart has no line '--boundary'"),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--\r\n",
            "554 5.6.0 A multipart has no line '--boundary'"
        ),
        ("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\n\u{E9}\r\n", "554 5.6.0 A part of type multipart/mixed has 8-bit"),
        ("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n", "accepted"),
        ("Content-Type: multipart/mixed; boundary*0=ab; boundary*1=cd\r\n\r\n--abcd\r\n\r\n\u{E9}\r\n--abcd--\r\n", "accepted"),
        (
            "Content-Type: multipart/mixed; boundary*=utf-8''b%62\r\n\r\n--bb\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n"
                + "--c\r\n\r\n\u{E9}\r\n--c--\r\n--bb--\r\n", "554 5.6.0 A signed or encrypted part (text/plain) has"
        ),
        ("Content-Type: text/plain;\r\n \r\n\r\n\u{E9}\r\n", "accepted"),
        ("Content-Type: text/plain; name=a b.txt\r\n\r\nx\r\n", "554 5.6.0 A Content-Type or Content-Disposition field cannot be read"),
        ("Content-Disposition:\r\n\r\nx\r\n", "554 5.6.0 A Content-Type or Content-Disposition field cannot be read"),
        ("To: j\u{F6}rg@c.example\r\n\r\nx\r\n", "554 5.6.7 To has an address with non-ASCII characters before the '@'"),
        ("To: j@\u{FF21}.example\r\n\r\nx\r\n", "554 5.6.7 To has a domain with characters that have no certain ASCII form"),
    ])
    func refused(message: String, reply: String) throws {
        #expect(refusal(octets(base + message), settings: try settings()).hasPrefix(reply))
    }

    /// I02
    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int) -> [UInt8] {
            var message = base + "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
            for level in 0..<depth - 1 { message += "--b\(level)\r\nContent-Type: multipart/mixed; boundary=b\(level + 1)\r\n\r\n" }
            message += "--b\(depth - 1)\r\n"
            return octets(message)
        }
        #expect(refusal(nested(100), settings: try settings()) == "accepted")
        for depth in [101, 20_000] {
            #expect(
                refusal(nested(depth), settings: try settings()) == "554 5.6.0 The body has parts within parts more than 100 levels deep")
        }
        let messages = octets(
            base + "Content-Type: message/rfc822\r\n\r\n" + String(repeating: "Content-Type: message/rfc822\r\n\r\n", count: 20_000))
        #expect(refusal(messages, settings: try settings()).hasPrefix("554 5.6.0 The body has parts within parts"))
        let parts = octets(base + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + String(repeating: "--b\r\n\r\n", count: 10_001))
        #expect(refusal(parts, settings: try settings()) == "554 5.6.0 The body has more than 10000 parts")
    }

    /// Whatever comes: the result does not depend on the cuts, is 7-bit, and a second time there is nothing to do.
    @Test func anythingAtAll() throws {
        let pieces = [
            "\r\n", "\r\n", "\r\n", "--b", "--b\r\n", "--b--", "--c\r\n", "Content-Type: ", "multipart/mixed; boundary=c\r\n",
            "message/rfc822\r\n", "é",
            "x y ", "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "=", "-", "From ", ".",
            "\t",
            "multipart/signed; boundary=b\r\n", String(repeating: "0123456789", count: 120), "X: ä\r\n",
        ]
        var generator = SystemRandomNumberGenerator()
        let settings = try settings()
        for _ in 0..<300 {
            let body = (0..<Int.random(in: 1...25, using: &generator)).map { _ in pieces.randomElement() ?? "" }.joined()
            let message = octets(base + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + body + "\r\n")
            let whole: Taken
            do { whole = try take(message, settings: settings) } catch is Refusal { continue }
            #expect(whole.octets.allSatisfy { $0 < 0x80 })
            #expect(whole.octets.split(separator: 10).allSatisfy { $0.count <= 999 }, "\(body.debugDescription)")
            let cuts = (0..<5).map { _ in Int.random(in: 0...message.count, using: &generator) }.sorted()
            let cut = try take(message, cutAt: cuts, repairCutAt: cuts, settings: settings)
            #expect(cut.octets == whole.octets, "\(body.debugDescription) cut at \(cuts)")
            #expect(try take(whole.octets, settings: settings).body == whole.body, "\(body.debugDescription)")
        }
    }

    @Test func tooLargeOnlyAfterEncoding() throws {
        var settings = try settings()
        settings.maximumOctets = 20_000
        let message = octets(base + "Content-Type: application/octet-stream\r\n\r\n" + String(repeating: "\u{E9}x\r\n", count: 3000))
        let reply = refusal(message, settings: settings)
        #expect(reply.hasPrefix("552 5.3.4 The message has \(message.count) octets, and "))
        #expect(reply.hasSuffix(" in the 7-bit form that Amazon SES needs; more than 20000 are not sent"))
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
