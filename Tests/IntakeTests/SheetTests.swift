import Detainers
import Foundation
import Testing

@testable import Intake

struct SheetTests {
    /// A list of two columns beside its identity, and what a test is about.
    private static func mapping(_ columns: String, constants: String = "", identity: String = "[No]") -> String {
        """
        format: detainer.mapping/1
        name: test
        identity: \(identity)
        constants:
          receivedBy.agency: boston-police
          receipt.channel: fax
          form.kind: I-247A
        \(constants)
        columns:
          No: { member: receipt.senderReference }
        \(columns)
        """
    }

    private static func convert(
        _ columns: String, _ csv: String, constants: String = "", identity: String = "[No]", key: PseudonymKey? = nil
    ) throws -> (requests: [Request], problems: [SheetConversion.Problem]) {
        let mapping = try Mapping(yaml: mapping(columns, constants: constants, identity: identity))
        return SheetConversion(mapping, key: key).convert(csv: Array(csv.utf8))
    }

    private static let received = "  At: { member: receipt.receivedAt, date: M/d/yyyy h:mm a, zone: America/New_York }"

    @Test(arguments: [
        ("12/31/2025 11:50 PM", "2025-12-31T23:50:00-05:00"), ("7/4/2025 12:00 AM", "2025-07-04T00:00:00-04:00"),
        ("7/4/2025 12:00 PM", "2025-07-04T12:00:00-04:00"),
        // Clocks show half past one twice on that night: the earlier one.
        ("11/2/2025 1:30 AM", "2025-11-02T01:30:00-04:00"), ("11/2/2025 2:30 AM", "2025-11-02T02:30:00-05:00"),
    ])
    func aLocalTimeGetsTheOffsetOfItsZone(_ cell: String, _ time: String) throws {
        let (requests, problems) = try Self.convert(Self.received, "No,At\n1,\(cell)\n")
        #expect(problems.isEmpty, "\(problems)")
        #expect(requests.first?.receipt.receivedAt?.text == time)
    }

    @Test(arguments: [
        "3/9/2025 2:30 AM", "13/1/2025 1:00 AM", "2/30/2025 1:00 AM", "1/1/25 1:00 AM", "1/1/2025", "1/1/2025 13:00 PM",
        "1/1/2025 1:00 AM EST", "MARKED",
    ])
    func whatIsNoSuchTimeIsToldByLineAndColumnAndNotByValue(_ cell: String) throws {
        let (requests, problems) = try Self.convert(Self.received, "No,At\n1,1/1/2025 1:00 AM\n2,\(cell)\n")
        #expect(requests.isEmpty && problems.count == 1)
        #expect(problems.first?.line == 3 && problems.first?.column == "At")
        #expect(!"\(problems)".contains(cell))
    }

    @Test func everyWrongRowIsTold() throws {
        let columns = "  Pages: { member: receipt.pages }\n  How: { member: custody.status, words: { in: in-custody } }"
        let csv = "No,Pages,How\n1,many,MARKED\n,2,in\n3,0,\n3,4,\n"
        let (requests, problems) = try Self.convert(columns, csv)
        #expect(requests.isEmpty)
        #expect(problems.map(\.line) == [2, 2, 3, 4, 5])
        #expect(problems.map(\.column) == ["Pages", "How", "No", "Pages", "No"])
        #expect(problems.last?.explanation == "is the same as in line 4")
        #expect(!"\(problems)".contains("MARKED"))
    }

    /// An unquoted separator within a field moves all behind it, and each cell may be right by itself.
    @Test func aRowThatIsLongerThanTheHeaderIsToldAndBlanksAtItsEndAreNot() throws {
        let columns = "  Office: { member: form.issuingOffice }\n  Note: ignored"
        let (requests, problems) = try Self.convert(columns, "No,Office,Note\n1,Example, Boston,x\n2,a,b\n")
        #expect(requests.isEmpty && problems.map(\.line) == [2], "\(problems)")
        #expect(
            problems.first?.explanation
                == "has more fields than the header: quote a field that holds the separator")
        let blank = try Self.convert(columns, "No,Office,Note\n1,\"Example, Boston\",x,, \n")
        #expect(blank.problems.isEmpty && blank.requests.map(\.form.issuingOffice) == ["Example, Boston"])
    }

    @Test func aListOfAnotherFormIsTold() throws {
        #expect(try Self.convert("  Pages: ignored", "No\n1\n").problems.first?.column == "Pages")
        // What stands there may be a row without a header.
        let unknown = try Self.convert("  Pages: ignored", "No,Pages,MARKED\n1,2,3\n").problems
        #expect(unknown.count == 1 && "\(unknown)".contains("column 3") && !"\(unknown)".contains("MARKED"))
        #expect(try Self.convert("  Pages: ignored", "").problems.count == 1)
        #expect(try Self.convert("  Pages: ignored", "No,Pages\n1\n").problems.first?.line == 2)
    }

    @Test func whatTheContractRefusesIsToldByItsColumn() throws {
        let columns = "  Verified: { adds: attachments, paper: { kind: I-200, standing: verified } }"
        let (_, problems) = try Self.convert(columns, "No,Verified\n1,x\n")
        #expect(problems.first?.column == "Verified")
        #expect(problems.first?.explanation == "must name the role that verified the paper")
    }

    @Test func boxesTellTickedFromClearAndFromUnknown() throws {
        let columns = """
              A: { adds: form.probableCause, word: final-order }
              B: { adds: form.probableCause, word: biometric-match }
            """
        let (requests, problems) = try Self.convert(columns, "No,A,B\n1,X,no\n2,no,No\n3,,\n4,yes,1\n")
        #expect(problems.isEmpty, "\(problems)")
        #expect(requests.map(\.form.probableCause) == [[.finalOrder], [], nil, [.finalOrder, .biometricMatch]])
        #expect(try Self.convert(columns, "No,A,B\n1,maybe,\n").problems.first?.column == "A")
    }

    @Test func oneCellFillsSeveralMembersAndWordsHaveMeanings() throws {
        let columns = """
              Name:
                - { member: subject.familyName, before: "," }
                - { member: subject.givenNames, after: "," }
              How: { member: custody.status, words: { Held: in-custody, "": unknown, "*": released } }
            """
        let (requests, problems) = try Self.convert(
            columns, "No,Name,How\n1,\" Example , Person \",held\n2,Example,\n3,,x\n4,\", Person\",x\n")
        #expect(problems.isEmpty, "\(problems)")
        #expect(requests.map(\.subject.familyName) == ["Example", "Example", nil, nil])
        #expect(requests.map(\.subject.givenNames) == ["Person", nil, nil, "Person"])
        #expect(requests.map(\.custody.status) == [.inCustody, .unknown, .released, .released])
    }

    // MARK: - ids

    @Test func anIdIsThatOfTheRowsIdentityAlone() throws {
        let columns = "  Pages: { member: receipt.pages }"
        let first = try Self.convert(columns, "No,Pages\n1,2\n2,2\n").requests
        let later = try Self.convert(columns, "No,Pages\n0,9\n2,7\n1,2\n").requests
        #expect(first[0].requestID == later[2].requestID && first[1].requestID == later[1].requestID)
        #expect(Set(first.map(\.requestID)).count == 2)
        let revised = try Self.convert(
            "  Revision: { member: revision }", "No,Revision\n1,\n1,2\n"
        ).requests
        #expect(revised.map(\.revision) == [1, 2] && Set(revised.map(\.requestID)).count == 1)
    }

    /// Else whoever sees the id in a report could try all numbers.
    @Test func anIdOfWhatMayBeAboutAPersonIsKeyed() throws {
        let columns = "  File: { member: subject.fileNumber }\n  Row: ignored"
        for identity in ["[File]", "[No, File]", "[Row]"] {
            #expect(try Mapping(yaml: Self.mapping(columns, identity: identity)).needsKey, "\(identity)")
        }
        #expect(!(try Mapping(yaml: Self.mapping(columns)).needsKey))
        let keys = try (0..<2).map { _ in try PseudonymKey(file: Array(PseudonymKey.generate().utf8)) }
        let csv = "No,File,Row\n1,A000000001,1\n"
        let ids = try (keys + [keys[0]]).map {
            try Self.convert(columns, csv, identity: "[File]", key: $0).requests[0].requestID
        }
        #expect(ids[0] == ids[2] && ids[0] != ids[1])
    }

    // MARK: - mappings

    @Test(arguments: [
        ("  Pages: { member: receipt.page }", "did you mean `receipt.pages`?"),
        ("  Pages: { member: receipt }", "has members of its own"), ("  Pages: { member: attachments }", "`adds`"),
        ("  Pages: { member: requestId }", "made by the conversion"),
        ("  Pages: { member: receipt.pages, date: yyyy-MM-dd }", "is no date"),
        ("  Pages: { member: receipt.receivedAt, date: yyyy-MM-dd HH:mm }", "needs a `zone`"),
        ("  Pages: { member: receipt.receivedAt, date: yy-MM-dd }", "`date` must be made of"),
        ("  Pages: { member: form.formDate, date: \"M/d/yyyy H:mm\", zone: UTC }", "has no time"),
        ("  Pages: { member: receipt.foundAt, date: M/d/yyyy H:mm, zone: EST }", "is no name"),
        ("  Pages: { member: form.kind, words: { a: I-247B } }", "must be one of"),
        ("  Pages: { member: form.kind }", "filled twice"), ("  Pages: { membr: form.kind }", "not known"),
        ("  Pages: { adds: form.kind, word: x }", "is no list"),
        ("  Pages: { adds: form.defects, word: ugly }", "must be one of"),
        ("  Pages: { adds: attachments, paper: { issuer: judge } }", "must say its `kind`"),
        ("  Pages: { adds: form.defects, word: unsigned, ticked: [no] }", "name all three"),
        ("  Pages: used", "must name a member"), ("  Pages: ignored\n  !x Pages: ignored", "stands there twice"),
    ])
    func aMappingThatCannotBeRightIsRefusedWithItsLine(_ column: String, _ says: String) throws {
        let error = try #require(throws: Mapping.Problem.self) { try Mapping(yaml: Self.mapping(column)) }
        #expect(error.explanation.contains(says), "\(error)")
        #expect(error.line != nil)
    }

    @Test func theWholeIsHeldTogether() throws {
        for (old, new) in [
            ("detainer.mapping/1", "detainer.mapping/2"), ("[No]", "[Nr]"), ("[No]", "[]"),
            ("name: test", "name: \"\""), ("format:", "separator: x\nformat:"), ("format:", "header line: 0\nformat:"),
            ("boston-police", "Boston Police"), ("identity", "identities"),
            // Two names to YAML.
            ("receipt.channel: fax", "receipt.channel: fax\n  !x receipt.channel: mail"),
        ] {
            let text = Self.mapping("").replacing(old, with: new)
            #expect(throws: Mapping.Problem.self, "\(new)") { try Mapping(yaml: text) }
        }
        #expect(throws: Mapping.Problem.self) { try Mapping(yaml: "[") }
        #expect(throws: Mapping.Problem.self) { try Mapping(yaml: "- a") }
    }

    @Test func titlesAboveTheHeaderAndOtherSeparatorsAreRead() throws {
        let text = "separator: \";\"\nheader line: 3\n" + Self.mapping("  Office: { member: form.issuingOffice }")
        let csv = "\u{feff}A log\n\nNo;Office\n1;Example, Boston\n;\n"
        let (requests, problems) = SheetConversion(try Mapping(yaml: text)).convert(csv: Array(csv.utf8))
        #expect(problems.isEmpty, "\(problems)")
        #expect(requests.map(\.form.issuingOffice) == ["Example, Boston"])
    }

    // MARK: - what the repository has

    private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("config").path

    @Test(arguments: ["station-log", "i-247", "i-247d", "i-247n", "i-247x"])
    func everyMappingOfTheRepositoryTurnsItsSampleIntoRequests(_ name: String) throws {
        let mapping = try Mapping(yaml: String(contentsOfFile: "\(Self.config)/mappings/\(name).yaml", encoding: .utf8))
        #expect(!mapping.needsKey)
        let csv = try Data(contentsOf: URL(fileURLWithPath: "\(Self.config)/samples/sheets/\(name).csv"))
        let (requests, problems) = SheetConversion(mapping).convert(csv: Array(csv))
        #expect(problems.isEmpty, "\(problems)")
        let first = try #require(requests.first)
        #expect(first.subject.familyName == "Example" && first.receipt.receivedAt?.secondsSinceEpoch != nil)
        switch name {
        case "station-log":
            #expect(requests.map(\.form.kind) == [.i247A, .i247A, .unknown, .i247N])
            #expect(requests.map(\.form.probableCause) == [[.finalOrder, .biometricMatch], nil, [], nil])
            #expect(requests.map { $0.attachments?.map(\.kind) } == [[.i200], [], nil, [.unknown]])
            // Who looked for an officer's papers alone has not looked for a judge's.
            let none = String(decoding: csv, as: UTF8.self).replacing(",no,no,no,court,", with: ",no,no,,court,")
            #expect(SheetConversion(mapping).convert(csv: Array(none.utf8)).requests[1].attachments == nil)
            for (word, kind) in [("I-247n", Request.FormKind.i247N), ("247G", .i247G), ("illegible", .unknown)] {
                let other = String(decoding: csv, as: UTF8.self).replacing("I-247N", with: word)
                #expect(SheetConversion(mapping).convert(csv: Array(other.utf8)).requests.last?.form.kind == kind)
            }
            let strange = String(decoding: csv, as: UTF8.self).replacing("I-247N", with: "G-391")
            #expect(SheetConversion(mapping).convert(csv: Array(strange.utf8)).problems.count == 1)
        case "i-247":
            #expect(requests.map(\.form.probableCause) == [[.pendingProceedings], nil])
            #expect(first.form.kind == .i247 && first.form.asks.hold == .yes)
        case "i-247d":
            #expect(
                first.form.kind == .i247D && first.form.asks == Request.Asks(hold: .yes, transfer: .no, notice: .yes))
            #expect(first.form.probableCause == [.finalOrder, .biometricMatch])
        case "i-247n":
            #expect(
                first.form.kind == .i247N && first.form.asks == Request.Asks(hold: .no, transfer: .no, notice: .yes))
            #expect(first.form.probableCause == nil)
        default: #expect(first.form.kind == .i247X && first.form.asks.transfer == .yes)
        }
    }
}
