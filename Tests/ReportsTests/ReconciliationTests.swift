import Detainers
import Testing

@testable import Reports

/// ICE's list against our forms: what is said of each row and each form.
struct ReconciliationTests {
    private static let header = "prepare_date,detainer_type,facility,state,city,lift_reason"

    private func row(
        _ date: String, kind: String = "I247A", at facility: String = "BOSTON POLICE DEPT", lift: String = ""
    ) -> String {
        "\(date),\(kind) - Immigration Detainer,\"\(facility)\",MASSACHUSETTS,BOSTON,\(lift)"
    }

    private func list(_ rows: [String], header: String = ReconciliationTests.header) throws -> ReleasedList {
        try ReleasedList(csv: Array(([header] + rows).joined(separator: "\n").utf8))
    }

    /// One form that came once; numbers stand for their pseudonyms.
    private func form(
        _ number: Int, _ formDate: String?, kind: Request.FormKind = .i247A, at agency: String = "boston-police",
        file: String? = nil, received: String = "2025-06-01"
    ) throws -> Form {
        let tail = String(number)
        let request = Request(
            requestID: "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - tail.count) + tail,
            receivedBy: .init(agency: agency), receipt: .init(channel: .fax),
            form: .init(kind: kind, formDate: formDate.flatMap(CivilDate.init)))
        return Form(receipts: [
            Outcome(
                request: request, decision: nil,
                date: RequestDate(date: try #require(CivilDate(received)), basis: .received),
                pseudonyms: Pseudonyms(keyID: "k", fileNumber: file), contentKey: "c\(number)",
                recordedAt: Moment(secondsSinceEpoch: 0), traceparent: nil, jurisdiction: "boston")
        ])
    }

    private func reconcile(
        _ list: ReleasedList, _ forms: [Form], agencies: Set<String>? = nil,
        shiftDays: Int = Reconciliation.usualShiftDays
    ) throws -> Reconciliation {
        let (first, last) = (try #require(CivilDate("2025-01-01")), try #require(CivilDate("2025-12-31")))
        return Reconciliation(
            forms: forms, list: list,
            options: .init(period: first...last, agencies: agencies, shiftDays: shiftDays) { "key of " + $0 })
    }

    /// `matched row 2 form 1`: the kind, the line in the list, and the number of our form.
    private func transcript(_ reconciliation: Reconciliation) -> [String] {
        reconciliation.items.map { item in
            var words = [item.kind.rawValue]
            if let line = item.line { words.append("row \(line)") }
            if let id = item.requestID { words.append("form \(Int(id.suffix(12)) ?? 0)") }
            return words.joined(separator: " ")
        }
    }

    @Test func whatBothHaveIsMatchedRowByRow() throws {
        let list = try list([row("2025-03-01"), row("2025-03-01"), row("2025-03-05")])
        let forms = [try form(1, "2025-03-01"), try form(2, "2025-03-01"), try form(3, "2025-03-05")]
        #expect(
            transcript(try reconcile(list, forms))
                == ["matched row 2 form 1", "matched row 3 form 2", "matched row 4 form 3"])
    }

    @Test func whatOnlyOneHasIsTold() throws {
        let forms = [try form(1, "2025-03-01"), try form(2, "2025-06-05")]
        #expect(
            transcript(try reconcile(try list([row("2025-03-01")]), forms))
                == ["matched row 2 form 1", "only-ours form 2"])
        let rows = [row("2025-03-01"), row("2025-06-05"), row("2025-09-09", lift: "Booked into Detention")]
        #expect(
            transcript(try reconcile(try list(rows), forms))
                == ["matched row 2 form 1", "matched row 3 form 2", "only-theirs row 4"])
    }

    @Test func aRowThatIsThereTwiceIsDuplicated() throws {
        let list = try list([row("2025-03-01"), row("2025-03-01")])
        #expect(
            transcript(try reconcile(list, [try form(1, "2025-03-01")]))
                == ["duplicated row 3", "matched row 2 form 1"])
        // It takes no form of another day either.
        #expect(
            transcript(try reconcile(list, [try form(1, "2025-03-01"), try form(2, "2025-03-02")]))
                == ["duplicated row 3", "matched row 2 form 1", "only-ours form 2"])
    }

    @Test func aRowOfAPersonAndDayThatAreMatchedIsDuplicated() throws {
        let header =
            "Detainer Prepare Date,Detainer Type,Detainer Facility,Facility State,Facility City,Detainer Lift Reason,"
            + "Anonymized Identifier"
        let rows = [
            row("3/1/2025", lift: "Lifted") + ",p1", row("3/1/2025") + ",p1", row("3/1/2025", kind: "I247G") + ",p1",
            row("3/1/2025") + ",p2",
        ]
        let list = try list(rows, header: header)
        #expect(list.rows.map(\.person) == ["p1", "p1", "p1", "p2"])
        // Two forms for two persons: the repeat takes neither. Another form of the same day is no repeat.
        let reconciliation = try reconcile(list, [try form(1, "2025-03-01"), try form(2, "2025-03-01")])
        #expect(reconciliation.counts == [.matched: 2, .duplicated: 1, .onlyTheirs: 1])
        let matched = reconciliation.items.filter { $0.kind == .matched }.map(\.line)
        #expect(matched.contains(5))
        #expect(reconciliation.items.filter { $0.kind == .onlyTheirs }.map(\.line) == [4])
    }

    @Test func aDateThatMovedIsShifted() throws {
        let moved = try list([row("2025-03-04")])
        let forms = [try form(1, "2025-03-01")]
        let reconciliation = try reconcile(moved, forms)
        #expect(transcript(reconciliation) == ["shifted row 2 form 1"])
        #expect(reconciliation.items.first?.theirDate == CivilDate("2025-03-04"))
        #expect(reconciliation.items.first?.ourDate == CivilDate("2025-03-01"))
        for days in [0, 2] {
            #expect(
                transcript(try reconcile(moved, forms, shiftDays: days)) == ["only-ours form 1", "only-theirs row 2"])
        }
        let far = try list([row("2025-03-16")])
        #expect(transcript(try reconcile(far, forms)) == ["only-ours form 1", "only-theirs row 2"])
    }

    @Test func theNearestDateIsTakenFirst() throws {
        let list = try list([row("2025-03-10")])
        #expect(
            transcript(try reconcile(list, [try form(1, "2025-03-04"), try form(2, "2025-03-12")]))
                == ["only-ours form 1", "shifted row 2 form 2"])
        // Of two at the same distance the earlier one; another form is none.
        #expect(
            transcript(try reconcile(list, [try form(1, "2025-03-12"), try form(2, "2025-03-08")]))
                == ["shifted row 2 form 2", "only-ours form 1"])
        #expect(
            transcript(try reconcile(list, [try form(1, "2025-03-11", kind: .i247G)]))
                == ["only-theirs row 2", "only-ours form 1"])
    }

    @Test func whatICECallsSupersededIsSetAside() throws {
        let rows = [
            row("2025-03-01", lift: "Detainer Superseded by New Form"), row("2025-03-01"),
            row("2025-03-02", lift: "DUPLICATE DETAINER"),
        ]
        #expect(
            transcript(try reconcile(try list(rows), [try form(1, "2025-03-01"), try form(2, "2025-03-05")]))
                == ["matched row 3 form 1", "superseded row 2", "duplicated row 4", "only-ours form 2"])
        // Where its form came to us too, both have it.
        #expect(
            transcript(try reconcile(try list(Array(rows.prefix(1))), [try form(1, "2025-03-01")]))
                == ["matched row 2 form 1"])
    }

    @Test func agenciesAreKeptApart() throws {
        let list = try list([row("2025-03-01", at: "WALTHAM POLICE DEPT.")])
        let forms = [try form(1, "2025-03-01")]
        #expect(transcript(try reconcile(list, forms)) == ["only-ours form 1", "only-theirs row 2"])
        #expect(transcript(try reconcile(list, forms, agencies: ["boston-police"])) == ["only-ours form 1"])
        #expect(
            transcript(
                try reconcile(list, [try form(1, "2025-03-01", at: "waltham-police-dept-massachusetts")]))
                == ["matched row 2 form 1"])
        // The stations of Boston's police are one agency.
        let station = try self.list([row("2025-03-01", at: "BOSTON POLICE DEPT, DISTRICT #3")])
        #expect(transcript(try reconcile(station, forms)) == ["matched row 2 form 1"])
    }

    @Test func aFormThatOneSideDoesNotTellIsMatchedByDate() throws {
        let known = try list([row("2025-03-01")])
        let ours = try reconcile(known, [try form(1, "2025-03-01", kind: .unknown)])
        #expect(transcript(ours) == ["matched row 2 form 1"])
        #expect(ours.items.map(\.formKind) == [.i247A])
        let unknown = try list([row("2025-03-01", kind: "I999")])
        let theirs = try reconcile(unknown, [try form(1, "2025-03-01")])
        #expect(transcript(theirs) == ["matched row 2 form 1"])
        #expect(theirs.items.map(\.formKind) == [.i247A])
        // What says the same comes first, and two that are known to differ are two.
        #expect(
            transcript(try reconcile(known, [try form(1, "2025-03-01", kind: .unknown), try form(2, "2025-03-01")]))
                == ["matched row 2 form 2", "only-ours form 1"])
        #expect(
            transcript(try reconcile(known, [try form(1, "2025-03-01", kind: .i247G)]))
                == ["only-theirs row 2", "only-ours form 1"])
        // A date that moved needs a form that is known.
        #expect(
            transcript(try reconcile(unknown, [try form(1, "2025-03-02")]))
                == ["only-theirs row 2", "only-ours form 1"])
    }

    @Test func aNumbersAreComparedAsPseudonyms() throws {
        let header = ReconciliationTests.header + ",A-Number"
        let two = try list([row("2025-03-01") + ",A001", row("2025-03-01") + ",A002"], header: header)
        let crossed = try reconcile(
            two, [try form(1, "2025-03-01", file: "key of A002"), try form(2, "2025-03-01", file: "key of A001")])
        #expect(transcript(crossed) == ["matched row 3 form 1", "matched row 2 form 2"])
        #expect(crossed.comparesFileNumbers)
        for written in [crossed.text(), crossed.csv(), String(decoding: crossed.json().serialized(), as: UTF8.self)] {
            #expect(!written.contains("A001") && !written.contains("key of"))
        }
        // Two that differ are never one, on whichever day; one that has none may be anybody's.
        let one = try list([row("2025-03-04") + ",A001"], header: header)
        #expect(
            transcript(try reconcile(one, [try form(1, "2025-03-04", file: "key of A003")]))
                == ["only-ours form 1", "only-theirs row 2"])
        #expect(
            transcript(try reconcile(one, [try form(1, "2025-03-05", file: "key of A003")]))
                == ["only-theirs row 2", "only-ours form 1"])
        #expect(transcript(try reconcile(one, [try form(1, "2025-03-04")])) == ["matched row 2 form 1"])
        // The same person comes before a nearer date.
        #expect(
            transcript(
                try reconcile(one, [try form(1, "2025-03-01", file: "key of A001"), try form(2, "2025-03-03")]))
                == ["only-ours form 2", "shifted row 2 form 1"])
        // A list without A-numbers is compared as if we had none.
        #expect(
            transcript(
                try reconcile(try list([row("2025-03-01")]), [try form(1, "2025-03-01", file: "key of A003")]))
                == ["matched row 2 form 1"])
    }

    @Test func whatHasNoDateIsToldAndNotCompared() throws {
        let list = try list([row(""), row("2024-12-31"), row("2025-03-01")])
        let forms = [
            try form(1, nil), try form(2, nil, received: "2024-06-01"), try form(3, "2025-03-01"),
            try form(4, "2026-01-01"),
        ]
        let reconciliation = try reconcile(list, forms)
        #expect(transcript(reconciliation) == ["matched row 4 form 3", "undated row 2", "undated form 1"])
        #expect(reconciliation.byMonth.map(\.name) == ["2025-03", "undated"])
    }

    @Test func datesAreReadInEachFormOfTheLists() throws {
        for text in ["2025-03-01", "2025-03-01 00:00:00.000", "2025-03-01T10:20:30Z", "3/1/2025", "03/01/2025 0:00"] {
            #expect(ReleasedList.date(text) == CivilDate("2025-03-01"), "\(text)")
        }
        for text in ["2025-3-1", "3/1/25", "13/1/2025", "2025-03-01 then", "+3/1/2025", "3/1/2025/", "20250301", "T"] {
            #expect(ReleasedList.date(text) == nil, "\(text)")
        }
    }

    @Test func whatCannotBeReadIsRefusedByLineAndColumnOnly() throws {
        func problem(_ rows: [String], header: String = ReconciliationTests.header) throws -> ReleasedList.Problem {
            try #require(throws: ReleasedList.Problem.self) { try list(rows, header: header) }
        }
        let date = try problem([row("2025-03-01"), row("31.12.2025")])
        #expect(date.line == 3)
        #expect(date.description == "line 3: `prepare_date` is not a date such as 2014-12-07 or 12/7/2014")
        let missing = try problem([], header: "Prepare Date,Facility,State,City")
        #expect(missing.description == "line 1: the column `detainer_type` is missing")
        #expect(try problem(["2025-03-01,SAMPLE"]).description == "line 2: has 2 fields, the header 6")
        #expect(try problem(["\"SAMPLE"]).description == "line 2: a quoted field has no end")
    }

    @Test func theOrderOfRowsAndFormsChangesNothing() throws {
        var rows: [String] = []
        for number in 0..<90 {
            let lift = ["", "Lifted", "Superseded"][number % 7 % 3]
            let facility = ["BOSTON POLICE DEPT", "WALTHAM POLICE DEPT."][number % 5 / 4]
            let day = 10 + number * 7 % 17
            let kind = ["I247A", "I247G", "I999"][number % 4 % 3]
            let person = number % 3 == 0 ? "" : "p\(number % 11)"
            rows.append(row("2025-03-\(day)", kind: kind, at: facility, lift: lift) + "," + person)
        }
        rows += rows.prefix(20)
        var forms: [Form] = []
        for number in 1...70 {
            let kind = [Request.FormKind.i247A, .i247G, .unknown, .i247A][number % 4]
            forms.append(try form(number, number % 13 == 0 ? nil : "2025-03-\(10 + number * 5 % 19)", kind: kind))
        }
        let header = ReconciliationTests.header + ",unique_identifier"
        func items() throws -> [Reconciliation.Item] {
            try reconcile(try list(rows, header: header), forms).items.map { item in
                var item = item
                item.line = item.line == nil ? nil : 0
                return item
            }
        }
        let expected = try items()
        #expect(Set(expected.map(\.kind)).count == Reconciliation.Item.Kind.allCases.count)
        #expect(expected.compactMap(\.line).count == rows.count)
        #expect(expected.compactMap(\.requestID).sorted() == forms.map(\.first.identity.requestID).sorted())
        var random = SystemRandomNumberGenerator()
        for _ in 1...50 {
            rows.shuffle(using: &random)
            forms.shuffle(using: &random)
            #expect(try items() == expected)
        }
    }

    @Test func whatIsWrittenAddsUp() throws {
        let list = try list([row("2025-03-01"), row("2025-05-01", at: "WALTHAM POLICE DEPT.")])
        let reconciliation = try reconcile(list, [try form(1, "2025-03-01"), try form(2, "2025-06-01", kind: .i247)])
        #expect(reconciliation.theirs == 2)
        #expect(reconciliation.ours == 2)
        for groups in [reconciliation.byMonth, reconciliation.byAgency, reconciliation.byForm] {
            var sums: [Reconciliation.Item.Kind: Int] = [:]
            for group in groups { sums.merge(group.counts, uniquingKeysWith: +) }
            #expect(sums == reconciliation.counts)
        }
        #expect(
            reconciliation.byAgency.map(\.name) == ["boston-police", "waltham-police-dept-massachusetts"])
        #expect(
            reconciliation.csv() == """
                kind,line,requestId,theirDate,ourDate,agency,form\r
                matched,2,00000000-0000-4000-8000-000000000001,2025-03-01,2025-03-01,boston-police,I-247A\r
                only-theirs,3,,2025-05-01,,waltham-police-dept-massachusetts,I-247A\r
                only-ours,,00000000-0000-4000-8000-000000000002,,2025-06-01,boston-police,I-247\r

                """)
        let json = reconciliation.json()
        #expect(json["counts"]?["only-ours"]?.intValue == 1)
        #expect(json["byMonth"]?["2025-03"]?["matched"]?.intValue == 1)
        #expect(json["agencies"] == JSONValue.null)
        #expect(json["items"]?.arrayValue?.count == 3)
    }

    @Test func theTextIsATableAndItsLimits() throws {
        let reconciliation = try reconcile(
            try list([row("2025-03-01")]), [try form(1, "2025-03-01"), try form(2, "2025-06-01")],
            agencies: ["boston-police"])
        let lines = reconciliation.text().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            Array(lines.prefix(20)) == [
                "ICE's released list and our forms, form dates from 2025-01-01 to 2025-12-31",
                "",
                "Rows of the list: 1. Forms of ours: 2.",
                "Agencies: boston-police.",
                "",
                "                 matched  shifted  duplicated  superseded  only theirs  only ours  undated",
                "  together             1        0           0           0            0          1        0",
                "",
                "By month         matched  shifted  duplicated  superseded  only theirs  only ours  undated",
                "  2025-03              1        0           0           0            0          0        0",
                "  2025-06              0        0           0           0            0          1        0",
                "",
                "By facility      matched  shifted  duplicated  superseded  only theirs  only ours  undated",
                "  boston-police        1        0           0           0            0          1        0",
                "",
                "By form          matched  shifted  duplicated  superseded  only theirs  only ours  undated",
                "  I-247A               1        0           0           0            0          1        0",
                "",
                "A public list names nobody: counts are compared, not persons. That a row is matched does not mean "
                    + "that it is about the same person as our form.",
                "Matched: the same form date, agency and form, or one of the two does not tell the form.",
            ])
    }
}
