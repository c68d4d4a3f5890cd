@testable import Dispatcher
import MailModel
import MailQueue
import Testing

@Suite struct ReadyListTests {
    private func entry(
        _ number: Int, _ account: String, size: Int = 10, recipients: Int = 1, crashes: Int = 0
    ) throws -> ReadyList.Entry {
        var due = DueMessage(
            id: try #require(QueueID(Int64(number))), account: try #require(AccountName(account)), dueAt: Timestamp(seconds: 0), size: size,
            openRecipients: recipients)
        due.crashes = crashes
        return ReadyList.Entry(due)
    }

    private func drain(_ list: inout ReadyList, allowsLarge: Bool = true) -> [Int] {
        var ids: [Int] = []
        while let entry = list.next(allowsLarge: allowsLarge) { ids.append(Int(entry.id.value)) }
        return ids
    }

    @Test func accountsTakeTurns() throws {
        var list = ReadyList()
        for number in 1...5 { list.append(try entry(number, "flood")) }
        list.append(try entry(10, "shop"))
        list.append(try entry(20, "crm"))
        list.append(try entry(21, "crm"))
        #expect(drain(&list) == [20, 1, 10, 21, 2, 3, 4, 5])
        #expect(list.count == 0)
    }

    /// What counts is how many recipients an account has reached, not how many messages it sent.
    @Test func turnsAreSharedByRecipients() throws {
        var list = ReadyList()
        for number in 1...3 { list.append(try entry(number, "bulk", recipients: 10)) }
        for number in 10...21 { list.append(try entry(number, "single")) }
        #expect(drain(&list) == [1] + Array(10...19) + [2, 20, 21, 3])
    }

    @Test func whoComesLaterOwesNothing() throws {
        var list = ReadyList()
        for number in 1...4 { list.append(try entry(number, "first", recipients: 100)) }
        _ = list.next(allowsLarge: true)
        _ = list.next(allowsLarge: true)
        for number in 10...12 { list.append(try entry(number, "second")) }
        #expect(drain(&list) == [10, 11, 12, 3, 4])
    }

    /// What is sent of a message in one turn is what its account pays for.
    @Test func aTurnCostsWhatItSends() throws {
        var list = ReadyList()
        for number in 1...2 { list.append(try entry(number, "bulk", recipients: 1000)) }
        for number in 10...17 { list.append(try entry(number, "single")) }
        var order: [Int] = []
        for _ in 0..<10 {
            guard let next = list.next(allowsLarge: true, turn: 3) else { break }
            order.append(Int(next.id.value))
            if next.recipients > 1 { list.append(next) }
        }
        #expect(order == [1, 10, 11, 12, 2, 13, 14, 15, 1, 16])
    }

    @Test func nobodyOvertakesTheOneThatIsNext() throws {
        var list = ReadyList()
        list.append(try entry(1, "a", recipients: 5))
        list.append(try entry(2, "b"))
        #expect(list.next(allowsLarge: true) { $0 < 5 }?.id == nil)
        #expect(list.count == 2)
        #expect(list.next(allowsLarge: true) { $0 <= 5 }?.id == QueueID(1))
    }

    @Test func suspectsAreKeptApart() throws {
        var list = ReadyList()
        list.append(try entry(1, "a", crashes: 2))
        list.append(try entry(2, "a", crashes: 1))
        #expect(list.suspectCount == 1)
        #expect(drain(&list) == [2])
        #expect(list.nextSuspect()?.id == QueueID(1))
        #expect(list.count == 0)
    }

    @Test func smallDoesNotWaitBehindLarge() throws {
        var list = ReadyList()
        let large = ReadyList.largeSize + 1
        for number in 1...3 { list.append(try entry(number, "app", size: large)) }
        for number in 4...6 { list.append(try entry(number, "app")) }
        #expect(drain(&list, allowsLarge: false) == [4, 5, 6])
        #expect(list.count == 3)
        #expect(drain(&list) == [1, 2, 3])
    }

    @Test func largeIsNotStarvedBySmall() throws {
        var list = ReadyList()
        for number in 1...4 { list.append(try entry(number, "app")) }
        list.append(try entry(9, "app", size: ReadyList.largeSize + 1))
        #expect(drain(&list).firstIndex(of: 9).map { $0 <= 1 } == true)
    }

    @Test func putBackComesFirstOfItsAccount() throws {
        var list = ReadyList()
        for number in 1...3 { list.append(try entry(number, "app")) }
        let next = list.next(allowsLarge: true)
        let taken = try #require(next)
        list.putBack(taken)
        #expect(drain(&list) == [1, 2, 3])
    }

    @Test func anAccountThatOnlyHasLargeDoesNotBlockOthers() throws {
        var list = ReadyList()
        list.append(try entry(1, "big", size: ReadyList.largeSize + 1))
        list.append(try entry(2, "small"))
        let (one, none) = (list.next(allowsLarge: false), list.next(allowsLarge: false))
        #expect(one?.id == QueueID(2))
        #expect(none?.id == nil)
        #expect(list.count == 1)
    }

    @Test func countsWhatItHolds() throws {
        let message = QueuedMessage(
            id: try #require(QueueID(1)), account: try #require(AccountName("app")), acceptedAt: Timestamp(seconds: 0), reversePath: .null,
            recipients: [], header: [UInt8](repeating: 65, count: 30), body: .inline([UInt8](repeating: 65, count: 70)), is8Bit: false)
        var list = ReadyList()
        list.append(ReadyList.Entry(message))
        #expect(list.heldOctets == 100)
        list.dropMessages()
        #expect(list.heldOctets == 0)
        let next = list.next(allowsLarge: true)
        let taken = try #require(next)
        #expect(taken.message == nil)
        #expect(list.heldOctets == 0)
    }
}
