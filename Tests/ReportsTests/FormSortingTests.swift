import Detainers
import Testing

@testable import Reports

/// The same form, faxed to two stations or faxed and mailed: one request and several receipts.
struct FormSortingTests {
    /// A receipt with only what is known of it; numbers and names stand for their pseudonyms.
    private func receipt(
        _ number: Int, file: String? = nil, name: String? = nil, event: String? = nil, booking: String? = nil,
        formDate: String? = "2024-05-05", date: String = "2024-05-06", kind: Request.FormKind = .i247A,
        key: String = "k", causes: [Request.ProbableCause]? = nil
    ) throws -> Outcome {
        let tail = String(number)
        let request = Request(
            requestID: "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - tail.count) + tail,
            receivedBy: .init(agency: "boston-police", station: "S\(number)"), receipt: .init(channel: .fax),
            form: .init(kind: kind, formDate: formDate.flatMap(CivilDate.init), probableCause: causes))
        func given(_ rule: String) -> GivenAnswer { GivenAnswer(answer: .decline, rule: rule) }
        return Outcome(
            request: request,
            decision: Decision(
                hold: given("H2"), transfer: given("T2"), notify: given("N2"), reportLine: "item 1", reportRule: "R",
                facts: [], policyName: "p", policyDigest: "d"),
            date: RequestDate(date: try #require(CivilDate(date)), basis: .received),
            pseudonyms: Pseudonyms(
                keyID: key, fileNumber: file, nameAndBirthDate: name, eventNumber: event, booking: booking),
            contentKey: "c\(number)", recordedAt: Moment(secondsSinceEpoch: 0), traceparent: nil,
            jurisdiction: "boston")
    }

    /// The numbers of the receipts of each form.
    private func sorted(_ outcomes: [Outcome]) -> [[Int]] {
        FormSorting.forms(outcomes).map { $0.receipts.map { Int($0.identity.requestID.suffix(12)) ?? 0 } }
    }

    @Test func thePersonAndTheFormsDateMakeOneForm() throws {
        let both = [try receipt(1, file: "A1"), try receipt(2, file: "A1", date: "2024-05-09")]
        #expect(sorted(both) == [[1, 2]])
        #expect(sorted([try receipt(1, name: "N"), try receipt(2, name: "N")]) == [[1, 2]])
        let byEvent = [
            try receipt(1, file: "A1", event: "E", formDate: nil), try receipt(2, file: "A1", event: "E"),
        ]
        #expect(sorted(byEvent) == [[1, 2]])
    }

    @Test func aNameAloneOrAMissingKeyMakesNone() throws {
        // The same person on another day, the same day and another person, the same event number and nobody named.
        #expect(sorted([try receipt(1, name: "N"), try receipt(2, name: "N", formDate: "2024-05-07")]) == [[1], [2]])
        #expect(sorted([try receipt(1, file: "A1"), try receipt(2, file: "A2")]) == [[1], [2]])
        #expect(sorted([try receipt(1, event: "E"), try receipt(2, event: "E")]) == [[1], [2]])
        #expect(sorted([try receipt(1), try receipt(2)]) == [[1], [2]])
        let undated = [try receipt(1, file: "A1", formDate: nil), try receipt(2, file: "A1", formDate: nil)]
        #expect(sorted(undated) == [[1], [2]])
    }

    @Test func whatBothSayMustNotDiffer() throws {
        #expect(
            sorted([try receipt(1, file: "A1", name: "N"), try receipt(2, file: "A2", name: "N")]) == [[1], [2]])
        #expect(
            sorted([try receipt(1, file: "A1", event: "E"), try receipt(2, file: "A1", event: "F")]) == [[1], [2]])
        #expect(sorted([try receipt(1, file: "A1"), try receipt(2, file: "A1", kind: .i247G)]) == [[1], [2]])
        // A name may be spelled in two ways; an unreadable form number says nothing.
        #expect(
            sorted([try receipt(1, file: "A1", name: "N"), try receipt(2, file: "A1", name: "M")]) == [[1, 2]])
        #expect(sorted([try receipt(1, file: "A1"), try receipt(2, file: "A1", kind: .unknown)]) == [[1, 2]])
        // Pseudonyms of two keys cannot be compared.
        #expect(sorted([try receipt(1, file: "A1"), try receipt(2, file: "A1", key: "other")]) == [[1], [2]])
    }

    @Test func aReceiptThatKnowsBothJoinsTwo() throws {
        let three = [
            try receipt(1, file: "A1"), try receipt(2, name: "N"), try receipt(3, file: "A1", name: "N"),
        ]
        #expect(sorted(three) == [[1, 2, 3]])
        // Not where the two contradict each other: then it goes with the first.
        let four = [
            try receipt(1, file: "A1", name: "N"), try receipt(2, file: "A2", name: "N"), try receipt(3, name: "N"),
        ]
        #expect(sorted(four) == [[1, 3], [2]])
    }

    @Test func theOrderOfTheRecordsChangesNothing() throws {
        var outcomes: [Outcome] = []
        for number in 1...40 {
            outcomes.append(
                try receipt(
                    number, file: number % 3 == 0 ? nil : "A\(number % 5)",
                    name: number % 4 == 0 ? nil : "N\(number % 5)",
                    event: number % 7 == 0 ? "E\(number % 5)" : nil, formDate: "2024-05-0\(1 + number % 2)"))
        }
        let expected = sorted(outcomes)
        #expect(expected.count < 40 && expected.flatMap { $0 }.sorted() == Array(1...40))
        var random = SystemRandomNumberGenerator()
        for _ in 1...200 { #expect(sorted(outcomes.shuffled(using: &random)) == expected) }
    }

    @Test func theReceiptThatCameFirstIsTheForms() throws {
        // Keyed from the mail copy without a received date, so that its day is the form's own.
        var mailed = try receipt(1, file: "A1", date: "2024-05-05")
        mailed.date.basis = .form
        let faxed = try receipt(2, file: "A1", date: "2025-01-02")
        #expect(sorted([mailed, faxed]) == [[2, 1]])
        // On one day by the time, whatever the ids are; a day alone comes behind the times of that day.
        var (afternoon, morning) = (try receipt(1, file: "A1"), try receipt(2, file: "A1"))
        afternoon.receivedAt = Moment(text: "2024-05-06T15:00:00-04:00")
        morning.receivedAt = Moment(text: "2024-05-06T09:00:00-04:00")
        #expect(sorted([afternoon, morning, try receipt(0, file: "A1")]) == [[2, 1, 0]])
        // What was asked for is told by the first on which it could be read.
        let unclear = try receipt(1, file: "A1", kind: .unknown)
        let clear = try receipt(2, file: "A1", date: "2024-05-07", kind: .i247G)
        let form = try #require(FormSorting.forms([unclear, clear]).first)
        #expect(form.first.identity == unclear.identity && form.telling.identity == clear.identity)
    }

    @Test func aFormTellsWhatCouldBeReadOnAnyOfItsReceipts() throws {
        let form = try #require(
            FormSorting.forms([
                try receipt(1, file: "A1"), try receipt(2, file: "A1", causes: [.biometricMatch]),
                try receipt(3, file: "A1", causes: [.finalOrder]),
            ]).first)
        #expect(form.probableCause == [.finalOrder, .biometricMatch])
        #expect(form.first.station == "S1")
    }

    @Test func oneBookingIsOneEpisode() throws {
        let forms = FormSorting.forms([
            try receipt(1, file: "A1", booking: "B1"),
            try receipt(2, file: "A1", booking: "B1", formDate: "2024-05-08"),
            try receipt(3, file: "A1", booking: "B2", formDate: "2024-06-08"),
            try receipt(4, file: "A1", formDate: nil),
        ])
        #expect(forms.count == 4)
        #expect(FormSorting.episodes(forms).map(\.count) == [2, 1, 1])
    }

    /// Who sends a form again and again must not keep everybody from the report: compared one with another, so many
    /// receipts take many minutes.
    @Test(.timeLimit(.minutes(5))) func manyReceiptsOfOneFormTakeNoLongerEach() throws {
        let count = 60_000
        let receipts = try (0..<count).map { number in
            // By turns with the one and the other, and with both: all of them are one form, spelled in many ways.
            try receipt(number, file: number % 3 == 1 ? nil : "A1", name: number % 3 == 0 ? nil : "N\(number % 1000)")
        }
        #expect(sorted(receipts).map(\.count).max() ?? 0 > count / 3)
        let one = try (0..<count).map { try receipt($0, file: "A1", name: "N\($0)") }
        #expect(sorted(one).map(\.count) == [count])
        // Forms that began last first, each of which takes in all that were joined before.
        let names = (0..<count / 10).map { "N\($0)" }
        let joined =
            try names.enumerated().map { try receipt($0, name: $1) }
            + names.reversed().enumerated().map { try receipt(count + $0, file: "A1", name: $1, date: "2024-05-07") }
        #expect(sorted(joined).map(\.count) == [2 * names.count])
        // As many forms of one paper as there are receipts, for they differ: the number of each is compared with all.
        let different = try (0..<count / 20).map { try receipt($0, name: "N", event: "E\($0)") }
        #expect(sorted(different).count == count / 20)
    }
}

/// The rule as it is told, receipt by receipt: what sorts faster must come to the same.
struct FormRuleTests {
    private struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private static func areOfOneForm(_ one: Outcome, _ other: Outcome) -> Bool {
        let (mine, theirs) = (one.pseudonyms, other.pseudonyms)
        guard mine.keyID == theirs.keyID else { return false }
        func isSame<Value: Equatable>(_ one: Value?, _ other: Value?) -> Bool { one != nil && one == other }
        return (isSame(mine.fileNumber, theirs.fileNumber) || isSame(mine.nameAndBirthDate, theirs.nameAndBirthDate))
            && (isSame(one.formDate, other.formDate) || isSame(mine.eventNumber, theirs.eventNumber))
    }

    private static func differ(_ one: Outcome, _ other: Outcome) -> Bool {
        func differ<Value: Equatable>(_ one: Value?, _ other: Value?) -> Bool {
            one != nil && other != nil && one != other
        }
        return differ(one.pseudonyms.fileNumber, other.pseudonyms.fileNumber)
            || differ(one.pseudonyms.eventNumber, other.pseudonyms.eventNumber) || differ(one.formDate, other.formDate)
            || one.formKind != .unknown && other.formKind != .unknown && one.formKind != other.formKind
            || one.agency != other.agency && one.jurisdiction != other.jurisdiction
    }

    private static func comesBefore(_ one: Outcome, _ other: Outcome) -> Bool {
        (one.date.date, one.identity.requestID) < (other.date.date, other.identity.requestID)
    }

    private static func forms(_ outcomes: [Outcome]) -> [[Outcome]] {
        var forms: [[Outcome]] = []
        for outcome in outcomes.sorted(by: comesBefore) {
            var own: Int?
            for position in forms.indices
            where forms[position].contains(where: { areOfOneForm($0, outcome) })
                && !forms[position].contains(where: { differ($0, outcome) })
            {
                guard let first = own else {
                    forms[position].append(outcome)
                    own = position
                    continue
                }
                if forms[first].contains(where: { one in forms[position].contains { differ(one, $0) } }) { continue }
                forms[first] += forms[position]
                forms[position] = []
            }
            if own == nil { forms.append([outcome]) }
        }
        return forms.filter { !$0.isEmpty }.map { $0.sorted(by: comesBefore) }.sorted { comesBefore($0[0], $1[0]) }
    }

    @Test(arguments: 0..<100) func sortsAsTheRuleSays(_ seed: Int) throws {
        var chance = Chance(state: UInt64(seed))
        func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &chance)] }
        let outcomes = try (0..<60).map { number in
            var outcome = try Files.request(
                number, file: pick([nil, nil, "A1", "A2"]), name: pick([nil, "N1", "N2", "N3"]),
                formDate: pick([nil, "2024-05-05", "2024-05-06"]),
                date: pick(["2024-05-06", "2024-05-07", "2024-05-08"]))
            outcome.pseudonyms.eventNumber = pick([nil, nil, "E1", "E2"])
            outcome.formKind = pick([.i247A, .i247A, .unknown, .i247G])
            outcome.agency = pick(["P1", "P1", "P2"])
            outcome.jurisdiction = pick(["J1", "J1", "J2"])
            return outcome
        }
        let sorted = FormSorting.forms(outcomes).map(\.receipts)
        #expect(sorted == Self.forms(outcomes))
        #expect(sorted.count < outcomes.count && sorted.reduce(0) { $0 + $1.count } == outcomes.count)
    }
}
