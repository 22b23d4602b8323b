/// The names of members that the request contract knows, at whatever place; any other name may itself be about a
/// person.
public enum RequestMembers {
    public static let names: Set<String> = [
        "agency", "asks", "attachments", "birthDate", "bookingNumber", "channel", "costAgreement", "criminalPurpose",
        "custody", "defects", "eligibleForReleaseAt", "eventNumber", "familyName", "fileNumber", "findings", "form",
        "formDate", "foundAt", "foundBy", "givenNames", "hold", "imageDigest", "issuer", "issuingOffice", "kind",
        "namesSubject", "notice", "pages", "probableCause", "qualifyingCharge", "qualifyingConviction", "receipt",
        "receivedAt", "receivedAtSource", "receivedBy", "releaseDatePublic", "removedBefore", "requestId",
        "resumeCustody", "revision", "schema", "senderReference", "standing", "station", "status", "subject",
        "subjectId", "transfer", "verifiedBy", "watchListMatch", "yearsSinceConviction",
    ]

    /// A JSON Pointer with `?` for every name that is none of them.
    static func pointer(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.isEmpty || names.contains(String(part)) || isPosition(part) ? String(part) : "?"
        }.joined(separator: "/")
    }

    /// A place in a list; longer digits may be a number of a person.
    private static func isPosition(_ part: Substring) -> Bool {
        part.utf8.count <= 4 && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
