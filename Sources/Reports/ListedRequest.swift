public import Detainers

extension AnnualReport {
    /// One form of item 1, as an annex lists it.
    public struct ListedRequest: Sendable, Equatable {
        public var requestID: String
        public var date: CivilDate
        public var station: String
        public var channel: Request.Channel
        public var form: Request.FormKind
        public var disposition: Disposition
        public var isCancelled: Bool
        public var bailPostedAt: Moment?
        public var outcome: CaseDetail.CustodyEnd?
        public var outcomeAt: Moment?
        public var receivingAgency: String?
        public var isTransferred: Bool

        /// - Parameter disposition: of all that counts with the form.
        init(_ form: Form, _ disposition: Disposition, _ records: [CaseRecord]) {
            let first = form.first
            requestID = first.identity.requestID
            date = first.date.date
            station = first.station ?? "not stated"
            channel = first.channel
            self.form = form.telling.formKind
            self.disposition = disposition
            isCancelled = records.contains { $0.kind == .cancellation }
            isTransferred = records.contains { $0.kind == .transferred }
            for record in records {
                guard case .custodyOutcome(let end, let bail, let agency) = record.detail else { continue }
                (outcome, outcomeAt) = (end, record.happenedAt)
                (bailPostedAt, receivingAgency) = (bail ?? bailPostedAt, agency ?? receivingAgency)
            }
        }
    }
}
