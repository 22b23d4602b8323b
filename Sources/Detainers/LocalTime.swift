extension TimeZoneName {
    /// The offsets from UTC, in seconds, at which the zone's clocks show a local time.
    ///
    /// - Parameter local: seconds since 1970-01-01T00:00:00 as the clocks count them.
    /// - Returns: none for a time that the clocks skip in spring, two for one that they show twice in autumn, the
    ///   earlier instant first.
    public func offsets(atLocal local: Int64) -> [Int64] {
        // No zone changes its clocks twice within two days.
        let day: Int64 = 86_400
        let candidates = Set([offset(at: local - day), offset(at: local + day)])
        return candidates.filter { offset(at: local - $0) == $0 }.sorted(by: >)
    }
}

extension Moment {
    /// A local time of a zone; of two instants that its clocks show alike, the earlier one.
    ///
    /// - Returns: `nil` where the clocks skip it.
    public init?(day: CivilDate, secondOfDay: Int, in zone: TimeZoneName) {
        guard let offset = zone.offsets(atLocal: day.daysSinceEpoch * 86_400 + Int64(secondOfDay)).first else {
            return nil
        }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let time = [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map(two).joined(separator: ":")
        let minutes = Int(abs(offset)) / 60
        self.init(text: "\(day)T\(time)\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))")
    }
}
