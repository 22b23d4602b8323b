/// What the words of a record are called in a report.
enum Words {
    static func reason(_ name: String) -> String {
        switch name {
        case "removable-alien": "Probable cause that the subject is a removable alien (box 1)"
        case "resume-custody": "Intention to resume custody (box 2)"
        default: "No reason stated"
        }
    }

    static func basis(_ name: String) -> String {
        switch name {
        case "final-order": "a final order of removal"
        case "pending-proceedings": "pending removal proceedings"
        case "biometric-match": "a biometric match and a records check"
        default: "statements or other evidence"
        }
    }

    static func detention(_ name: String) -> String {
        switch name {
        case "criminal-warrant": "A criminal warrant issued by a judicial officer"
        case "judicial-order": "A judicial order"
        case "criminal-reentry": "A charge of criminal re-entry"
        case "detainer-alone": "The detainer alone"
        case "other": "Another reason"
        default: "No reason stated"
        }
    }

    static func authority(_ name: String) -> String {
        switch name {
        case "judicial-warrant": "On a judicial warrant"
        case "judicial-order": "On a judicial order"
        case "none": "Without a warrant or an order"
        default: "Authority not stated"
        }
    }

    static func custodyEnd(_ name: String) -> String {
        switch name {
        case "bailed": "Posted bail"
        case "to-court": "Taken to court"
        case "released": "Released"
        case "transferred": "Transferred to another agency"
        default: "Otherwise"
        }
    }

    static func channel(_ name: String) -> String {
        switch name {
        case "unknown": "not stated"
        case "in-person": "in person"
        default: name
        }
    }

    static func column(_ column: ReportForm.Column) -> String {
        column.rawValue.prefix(1).uppercased() + column.rawValue.dropFirst()
    }
}
