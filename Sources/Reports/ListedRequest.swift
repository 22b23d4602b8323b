import Detainers

extension AnnualReport.ListedRequest {
    init(_ form: Form, _ records: [CaseRecord]) {
        let first = form.first
        requestID = first.identity.requestID
        date = first.date.date
        station = first.station ?? "not stated"
        channel = first.channel
        self.form = form.telling.formKind
        disposition = form.disposition
        isCancelled = records.contains { $0.kind == .cancellation }
        isTransferred = records.contains { $0.kind == .transferred }
        for record in records {
            guard case .custodyOutcome(let end, let bail, let agency) = record.detail else { continue }
            (outcome, outcomeAt) = (end, record.happenedAt)
            (bailPostedAt, receivingAgency) = (bail ?? bailPostedAt, agency ?? receivingAgency)
        }
    }
}

extension Form {
    /// Somebody found it on a later day than it had come.
    var isFoundLate: Bool {
        first.foundAt != nil && first.date.basis == .received
            && first.foundAt?.text.prefix(10) != first.receivedAt?.text.prefix(10)
    }
}
