import MailModel
import Testing

@Suite struct QueueIDTests {
    @Test func roundTripsAndSortsByAge() throws {
        var generator = QueueIDGenerator()
        let time = Timestamp(seconds: 1_790_000_000)
        let first = generator.next(now: time, random: .max)
        let second = generator.next(now: time, random: 0)
        let third = generator.next(now: time + .milliseconds(1), random: 0)
        #expect(first < second && second < third)
        #expect(first.description < second.description && second.description < third.description)
        #expect(QueueID(parsing: first.description) == first)
        #expect(QueueID(parsing: first.description.uppercased()) == first)
        #expect(third.time == time + .milliseconds(1))
    }

    @Test func isNeverRepeatedAfterTheClockWasSetBack() {
        var before = QueueIDGenerator()
        let used = before.next(now: Timestamp(seconds: 1_790_000_000), random: 7)
        var after = QueueIDGenerator(floor: used)
        #expect(after.next(now: Timestamp(seconds: 1_600_000_000), random: 7) > used)
    }

    @Test(arguments: ["", "0", "uuuuuuuuuuuuu", "zzzzzzzzzzzzz", "00000000000000", "000000000000é"])
    func refuses(text: String) { #expect(QueueID(parsing: text) == nil) }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z", 4), (951_782_399, "2000-02-28T23:59:59.000Z", 1),
        (951_782_400, "2000-02-29T00:00:00.000Z", 2),
        (4_107_542_400, "2100-03-01T00:00:00.000Z", 1), (-1, "1969-12-31T23:59:59.000Z", 3), (1_772_355_907, "2026-03-01T09:05:07.000Z", 0),
    ])
    func knowsTheCalendar(seconds: Int64, text: String, weekday: Int) {
        let time = Timestamp(seconds: seconds)
        #expect(time.description == text)
        #expect(CivilTime(time).weekday == weekday)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func encodesAndDecodes(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "=AAA", "AAA=BBB=", "Zg==Zg==", "Zh==", "Zm9=", "A-_A", "AA A", "====", "A==="])
    func refuses(text: String) { #expect(Base64.decode(Array(text.utf8)) == nil) }
}

@Suite struct ReplyTests {
    @Test func everyLineHasTheCodeAndTheStatus() {
        let reply = Reply(550, StatusDetail(7, 1), ["first", "second"])
        #expect(String(decoding: reply.wireOctets, as: UTF8.self) == "550-5.7.1 first\r\n550 5.7.1 second\r\n")
    }

    @Test func foreignOctetsNeverBecomeANewLine() {
        let reply = Reply(250, nil, "a\r\n250 b\u{1B}[2Jé")
        #expect(reply.lines == ["a??250 b?[2J??"])
    }

    @Test func aSecretIsNeverPrinted() {
        let secret = Secret(Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
    }
}
