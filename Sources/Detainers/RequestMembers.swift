/// The names of members that the contracts of the intake queue know, at whatever place; any other name may itself be
/// about a person.
public enum RequestMembers {
    public static let names: Set<String> = [
        "about", "agency", "asks", "attachments", "authority", "bailPostedAt", "basis", "birthDate", "bookingNumber",
        "cents", "channel", "correction", "costAgreement", "criminalPurpose", "custody", "defects", "detail",
        "eligibleForReleaseAt", "eventNumber", "familyName", "fileNumber", "findings", "form", "formDate", "foundAt",
        "foundBy", "from", "givenNames", "happenedAt", "hold", "imageDigest", "issuer", "issuingOffice", "kind",
        "namesSubject", "notice", "notify", "outcome", "pages", "probableCause", "qualifyingCharge",
        "qualifyingConviction", "reason", "receipt", "receivedAt", "receivedAtSource", "receivedBy", "receivingAgency",
        "recordId", "recordedBy", "releaseDatePublic", "removedBefore", "requestId", "resumeCustody", "revision",
        "schema", "senderReference", "standing", "station", "status", "subject", "subjectId", "transfer", "until",
        "verifiedBy", "watchListMatch", "withdrawn", "yearsSinceConviction",
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
