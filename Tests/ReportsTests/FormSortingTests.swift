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
}
