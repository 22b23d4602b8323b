import Detainers
import Testing

@testable import DeadLetters

/// Which letters a filter wants, part by part and together.
struct LetterFilterTests {
    private static func filter(_ change: (inout LetterFilter) throws -> Void) rethrows -> LetterFilter {
        var filter = LetterFilter()
        try change(&filter)
        return filter
    }

    private static func match(_ text: String) throws -> LetterFilter.Match { try #require(LetterFilter.Match(text)) }

    private static func wants(
        _ filter: LetterFilter, _ letter: StoredLetter = LetterIndexTests.letter(1),
        state: LetterIndex.State = .waiting, body: String = "{}"
    ) -> Bool {
        let standing = LetterIndex.Standing(state: state, record: 0, deaths: 1, replays: 0, death: 0)
        return filter.wants(letter, standing) { Array(body.utf8) }
    }

    @Test func withoutPartsItWantsAllThatWaitAndAsksForNoBody() {
        for state in LetterIndex.State.allCases {
            #expect(Self.wants(LetterFilter(), state: state) == (state == .waiting))
        }
        var asked = 0
        let standing = LetterIndex.Standing(state: .waiting, record: 0, deaths: 1, replays: 0, death: 0)
        let wanted = LetterFilter().wants(LetterIndexTests.letter(1), standing) {
            asked += 1
            return []
        }
        #expect(wanted && asked == 0)
    }

    @Test func statesAreThoseThatAreNamed() {
        let filter = Self.filter { $0.states = [.replayed, .discarded] }
        #expect(LetterIndex.State.allCases.filter { Self.wants(filter, state: $0) } == [.replayed, .discarded])
    }

    @Test func reasonsAreThoseThatAreNamed() {
        let filter = Self.filter { $0.reasons = [.schema, .poison] }
        for reason in DeadLetterReason.allCases {
            var letter = LetterIndexTests.letter(1)
            letter.letter.reason = reason
            #expect(Self.wants(filter, letter) == (reason == .schema || reason == .poison))
        }
    }

    @Test func aSourceIsTheAppIdOrElseWhereItWasPublishedTo() {
        let plain = LetterIndexTests.letter(1)
        var named = plain
        named.letter.envelope = ["appId": "fax-room"]
        var direct = plain
        direct.letter.exchange = ""
        #expect(plain.letter.source == "detainer.intake/request")
        #expect(named.letter.source == "fax-room")
        #expect(direct.letter.source == "request")
        for (source, wanted) in [("detainer.intake/request", 0), ("fax-room", 1), ("request", 2)] {
            let filter = Self.filter { $0.sources = [source] }
            let found = [plain, named, direct].map { Self.wants(filter, $0) }
            #expect(found.firstIndex(of: true) == wanted && found.lastIndex(of: true) == wanted)
        }
        let filter = Self.filter { $0.sources = ["fax-room", "request"] }
        #expect(!Self.wants(filter, plain) && Self.wants(filter, named) && Self.wants(filter, direct))
    }

    @Test func anIdIsKnownByItsBeginning() {
        let beginning = String(repeating: "0", count: 22) + "1"
        let filter = Self.filter { $0.ids = [beginning, LetterIndexTests.letter(0x30).id.text] }
        let wanted = [0x01, 0x10, 0x1f, 0x20, 0x30, 0x31].filter { Self.wants(filter, LetterIndexTests.letter($0)) }
        #expect(wanted == [0x10, 0x1f, 0x30])
    }

    /// Since, until, and whether a letter of 2026-03-04T10:00:00.00Z is wanted.
    static let spans: [(String?, String?, Bool)] = [
        ("2026-03-04", nil, true), ("2026-03-05", nil, false), ("2026-03-04T10:00:00Z", nil, true),
        ("2026-03-04T10:00:01Z", nil, false), ("2026-03-04T12:00:00+02:00", nil, true),
        ("2026-03-04T12:00:01+02:00", nil, false), (nil, "2026-03-04", false), (nil, "2026-03-05", true),
        (nil, "2026-03-04T10:00:00Z", false), (nil, "2026-03-04T10:00:01Z", true),
        ("2026-03-04", "2026-03-05", true), ("2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z", false),
        ("2026-03-05", "2026-03-04", false),
    ]

    @Test(arguments: spans.indices)
    func aSpanBeginsWithItsFirstMomentAndEndsBeforeItsLast(_ number: Int) {
        let (since, until, wanted) = Self.spans[number]
        let filter = Self.filter {
            if let since { $0.since = Moment(text: since) }
            if let until { $0.until = Moment(text: until) }
        }
        #expect(Self.wants(filter) == wanted)
    }

    @Test func aDayBeginsAtMidnightInUTC() throws {
        let day = try #require(Moment(text: "2026-03-04"))
        let (since, until) = (Self.filter { $0.since = day }, Self.filter { $0.until = day })
        for (diedAt, isBefore) in [("2026-03-03T23:59:59.99Z", true), ("2026-03-04T00:00:00.00Z", false)] {
            let letter = LetterIndexTests.letter(1, diedAt: diedAt)
            #expect(Self.wants(since, letter) != isBefore)
            #expect(Self.wants(until, letter) == isBefore)
        }
    }

    @Test func aTimeThatNobodyCanReadIsInNoSpan() throws {
        let letter = LetterIndexTests.letter(1, diedAt: "unknown")
        let day = try #require(Moment(text: "2026-03-04"))
        #expect(Self.wants(LetterFilter(), letter))
        #expect(!Self.wants(Self.filter { $0.since = day }, letter))
        #expect(!Self.wants(Self.filter { $0.until = day }, letter))
    }

    // MARK: - members of the body

    static let body = #"""
        {"receivedBy":{"agency":"boston-police"},"revision":2,"urgent":true,"checked":false,"note":null,"text":"a=b",
        "empty":"","attachments":[{"kind":"I-200"},{"kind":"I-205"}],"list":[1,[2,3]]}
        """#

    static let matches: [(String, Bool)] = [
        ("receivedBy.agency=boston-police", true), ("receivedBy.agency=boston", false),
        ("receivedBy.agency=Boston-Police", false), ("receivedBy.station=C-11", false), ("station=", false),
        ("receivedBy.agency.name=boston-police", false), ("receivedBy={}", false), ("receivedBy=", false),
        ("revision=2", true), ("revision=2.0", false), ("revision.0=2", false), ("urgent=true", true),
        ("urgent=false", false), ("checked=false", true), ("note=null", true), ("note=", false),
        ("text=a=b", true), ("text=a", false), ("empty=", true), ("attachments.0.kind=I-200", true),
        ("attachments.1.kind=I-205", true), ("attachments.1.kind=I-200", false), ("attachments.2.kind=I-200", false),
        ("attachments.-1.kind=I-205", false), ("attachments.kind=I-200", false), ("list.0=1", true),
        ("list.1.1=3", true), ("list.1=2", false), ("list=1", false),
    ]

    @Test(arguments: matches.indices)
    func aMatchIsAboutOneMember(_ number: Int) throws {
        let (text, holds) = Self.matches[number]
        let match = try Self.match(text)
        #expect(Self.wants(Self.filter { $0.matches = [match] }, body: Self.body) == holds)
    }

    @Test func allMatchesMustHold() throws {
        let right = try Self.match("revision=2")
        let wrong = try Self.match("urgent=false")
        #expect(Self.wants(Self.filter { $0.matches = [right, right] }, body: Self.body))
        #expect(!Self.wants(Self.filter { $0.matches = [right, wrong] }, body: Self.body))
    }

    @Test(arguments: ["", "MARKED", "{", #"{"revision":2"#, #"{"revision":2,"revision":2}"#])
    func aBodyThatIsNoJSONMatchesNothing(_ body: String) throws {
        let match = try Self.match("revision=2")
        #expect(!Self.wants(Self.filter { $0.matches = [match] }, body: body))
    }

    @Test(arguments: ["", "=", "=x", "agency", "receivedBy.agency", ".=x", ".a=x", "a.=x", "a..b=x"])
    func whatIsNoPathAndValueIsNoMatch(_ text: String) {
        #expect(LetterFilter.Match(text)?.path == nil)
    }

    // MARK: - together

    @Test func everyPartMustHold() throws {
        let match = try Self.match("revision=2")
        let day = try #require(Moment(text: "2026-03-04"))
        let next = try #require(Moment(text: "2026-03-05"))
        let letter = LetterIndexTests.letter(1)
        let all = Self.filter {
            $0.states = [.discarded]
            $0.reasons = [.schema]
            $0.sources = ["detainer.intake/request"]
            $0.ids = [letter.id.text]
            $0.since = day
            $0.until = next
            $0.matches = [match]
        }
        #expect(Self.wants(all, letter, state: .discarded, body: Self.body))
        #expect(!Self.wants(all, letter, state: .waiting, body: Self.body))
        #expect(!Self.wants(all, LetterIndexTests.letter(2), state: .discarded, body: Self.body))
        #expect(!Self.wants(all, letter, state: .discarded, body: "{}"))
        let others: [(inout LetterFilter) -> Void] = [
            { $0.reasons = [.poison] }, { $0.sources = ["fax-room"] }, { $0.ids = ["f"] }, { $0.since = next },
            { $0.until = day },
        ]
        for change in others {
            var other = all
            change(&other)
            #expect(!Self.wants(other, letter, state: .discarded, body: Self.body))
        }
    }

    @Test func itsTextHoldsNoValueOfAMatch() throws {
        let matches = [try Self.match("subject.familyName=MARKED"), try Self.match("form.eventNumber=1=MARKED")]
        let day = try #require(Moment(text: "2026-03-04"))
        let filter = Self.filter {
            $0.states = [.replayed, .discarded]
            $0.reasons = [.schema]
            $0.ids = ["0", "1"]
            $0.since = day
            $0.matches = matches
        }
        #expect(!filter.text.contains("MARKED"))
        for part in [
            "discarded or replayed", "schema", "2 ids", "since 2026-03-04", "subject.familyName=…",
            "form.eventNumber=…",
        ] {
            #expect(filter.text.contains(part))
        }
        #expect(LetterFilter().text == "all that wait")
    }
}

/// What a person reads first of many letters: why they died and who sent them, counted.
struct LetterGroupsTests {
    private static func letter(
        _ detail: String, source: String? = nil, reason: DeadLetterReason = .schema,
        diedAt: String = "2026-03-04T10:00:00.00Z"
    ) -> StoredLetter {
        var letter = LetterIndexTests.letter(1, diedAt: diedAt)
        letter.letter.detail = detail
        letter.letter.reason = reason
        if let source { letter.letter.envelope = ["appId": .string(source)] }
        return letter
    }

    @Test func lettersAreCountedByReasonDetailAndSourceTheLargestFirst() {
        var groups = LetterGroups(now: Moment(secondsSinceEpoch: 1_774_000_000))
        #expect(groups.sorted.isEmpty && groups.total == 0)
        groups.add(Self.letter("one"))
        for _ in 0..<3 { groups.add(Self.letter("three")) }
        for _ in 0..<2 { groups.add(Self.letter("three", source: "fax-room")) }
        for _ in 0..<2 { groups.add(Self.letter("three", source: "fax-room", reason: .poison)) }
        let sorted = groups.sorted
        #expect(sorted.map(\.count) == [3, 2, 2, 1])
        #expect(sorted.map(\.key.reason) == ["schema", "poison", "schema", "schema"])
        #expect(sorted.map(\.key.detail) == ["three", "three", "three", "one"])
        let plain = "detainer.intake/request"
        #expect(sorted.map(\.key.source) == [plain, "fax-room", "fax-room", plain])
        #expect(groups.total == 8)
    }

    @Test func aGroupKnowsItsOldestAndItsNewest() {
        var groups = LetterGroups(now: Moment(secondsSinceEpoch: 1_774_000_000))
        for day in ["05", "03", "04"] { groups.add(Self.letter("d", diedAt: "2026-03-\(day)T10:00:00.00Z")) }
        #expect(groups.sorted.map(\.oldest) == ["2026-03-03T10:00:00.00Z"])
        #expect(groups.sorted.map(\.newest) == ["2026-03-05T10:00:00.00Z"])
        #expect(groups.sorted.map(\.example) == [LetterIndexTests.letter(1).id])
    }

    @Test func lettersOfAnHourADayAndAWeekAreToldApart() {
        // 2026-03-05T12:00:00Z
        var groups = LetterGroups(now: Moment(secondsSinceEpoch: 1_772_712_000))
        let died = ["05T11:59:00", "05T11:00:01", "05T11:00:00", "04T12:00:01", "04T12:00:00", "01T00:00:00"]
        for time in died { groups.add(Self.letter("d", diedAt: "2026-03-\(time).00Z")) }
        groups.add(Self.letter("d", diedAt: "2026-02-01T00:00:00.00Z"))
        groups.add(Self.letter("d", diedAt: "unreadable"))
        let counts = Dictionary(uniqueKeysWithValues: groups.sorted.map { ($0.key.age, $0.count) })
        #expect(counts == [.hour: 2, .day: 2, .week: 2, .older: 1, .unknown: 1])
    }

    @Test func thePlaceInTheTextMakesNoOtherGroup() {
        var groups = LetterGroups(now: Moment(secondsSinceEpoch: 1_774_000_000))
        for place in [0, 17, 123_456] { groups.add(Self.letter("/form: lacks a comma, at byte \(place)")) }
        #expect(groups.sorted.map(\.key.detail) == ["/form: lacks a comma"])
        #expect(groups.total == 3)
    }

    @Test func groupsAreBoundedAndNoLetterIsLost() {
        var groups = LetterGroups(now: Moment(secondsSinceEpoch: 1_774_000_000))
        let most = LetterGroups.mostGroups
        for number in 0..<most { groups.add(Self.letter("d", source: "known-\(number)")) }
        for number in 0..<500 {
            let reason = number < 300 ? DeadLetterReason.schema : .poison
            groups.add(Self.letter("other \(number)", source: "new-\(number)", reason: reason))
        }
        // A group that was there before goes on.
        groups.add(Self.letter("d", source: "known-0"))
        let sorted = groups.sorted
        #expect(sorted.count == most + 2)
        #expect(groups.total == most + 501)
        #expect(sorted.prefix(4).map(\.count) == [300, 200, 2, 1])
        #expect(sorted.prefix(3).map(\.key.source) == ["of many", "of many", "known-0"])
        for reason in DeadLetterReason.allCases { groups.add(Self.letter("yet another", reason: reason)) }
        #expect(groups.sorted.count <= most + DeadLetterReason.allCases.count)
    }
}
