import Detainers

/// Tells individuals apart: items 2 and 3 count people, not records.
///
/// Two records are of one individual where a keyed A-number, a keyed name with birth date, or their form is the same; a
/// record that names none of these is of an individual of its own. Two A-numbers are two individuals: where names would
/// make one of them, no name by which these hang together is looked at, whichever came first, and who is known by such
/// a name alone is neither of them. A record is of the individual that its form names, whatever else it names.
struct People {
    private var groups = Groups()
    private var seen: Set<String> = []

    init(_ forms: [Form]) { self.init(forms.map { Mention($0) }) }

    /// - Parameter records: with the forms that they are about; only those of detentions and transfers are looked at.
    init(_ records: [(record: CaseRecord, file: Casebook.Case?)]) {
        var mentions: [Mention] = []
        // Of each form one, however many records are about it: it may have thousands of receipts.
        var forms: [String: Mention] = [:]
        for (record, file) in records where record.kind == .detained || record.kind == .transferred {
            var mention = Mention(record)
            if let form = file?.form {
                let key = Self.key(form)
                let told = forms[key] ?? Mention(form)
                forms[key] = told
                mention.form = key
                if FileNumber.differ(told.fileNumbers.union(mention.fileNumbers)) { mention.forgetThePerson() }
            }
            mentions.append(mention)
        }
        self.init(mentions + Array(forms.values))
    }

    private init(_ mentions: [Mention]) {
        for mention in mentions { groups.join(mention.ties + mention.names) }
        var fileNumbers: [Int: Set<FileNumber>] = [:]
        for mention in mentions where !mention.fileNumbers.isEmpty {
            fileNumbers[groups.number(of: mention.place), default: []].formUnion(mention.fileNumbers)
        }
        let several = Set(fileNumbers.filter { FileNumber.differ($0.value) }.keys)
        if several.isEmpty { return }
        var all = groups
        groups = Groups()
        for mention in mentions {
            let isToldByNames = !several.contains(all.number(of: mention.place))
            groups.join(isToldByNames ? mention.ties + mention.names : mention.ties)
        }
    }

    mutating func number(of form: Form) -> Int { groups.number(of: Self.key(form)) }

    mutating func number(of record: CaseRecord) -> Int { groups.number(of: Self.key(record)) }

    /// Whether this individual was not counted under that name yet.
    mutating func isFirst(_ person: Int, _ name: String) -> Bool { seen.insert("\(person) \(name)").inserted }

    private static func key(_ form: Form) -> String { "form " + form.first.identity.requestID }

    private static func key(_ record: CaseRecord) -> String { "record " + record.identity.recordID }

    /// An A-number, keyed.
    private struct FileNumber: Hashable {
        var keyID: String
        var normalization: Int
        /// By which it is found.
        var text: String

        init?(_ pseudonyms: Pseudonyms) {
            guard let link = pseudonyms.fileNumberLink else { return nil }
            (keyID, normalization, text) = (pseudonyms.keyID, pseudonyms.normalization, link.text)
        }

        /// Whether two of them are not the same; those of different keys or normalisations say nothing of each other.
        static func differ(_ numbers: Set<FileNumber>) -> Bool {
            if numbers.count < 2 { return false }
            return Set(numbers.map { "\($0.keyID) \($0.normalization)" }).count < numbers.count
        }
    }

    /// What a record, or a form, tells of the individual that it is about.
    private struct Mention {
        /// The record, or the form, itself.
        let place: String
        /// The form that a record is about.
        var form: String?
        private(set) var fileNumbers: Set<FileNumber>
        private(set) var names: [String]

        init(_ form: Form) {
            place = People.key(form)
            fileNumbers = Set(form.receipts.compactMap { FileNumber($0.pseudonyms) })
            names = Array(Set(form.receipts.compactMap { $0.pseudonyms.nameLink?.text }))
            // The forms of one episode may name several: then nobody knows which of them it is.
            if FileNumber.differ(fileNumbers) { forgetThePerson() }
        }

        init(_ record: CaseRecord) {
            place = People.key(record)
            fileNumbers = Set([FileNumber(record.pseudonyms)].compactMap { $0 })
            names = [record.pseudonyms.nameLink?.text].compactMap { $0 }
        }

        mutating func forgetThePerson() {
            fileNumbers = []
            names = []
        }

        /// All but names.
        var ties: [String] { [place] + (form.map { [$0] } ?? []) + fileNumbers.map(\.text) }
    }

    /// What belongs together, by numbers that say nothing else.
    private struct Groups {
        private var numbers: [String: Int] = [:]
        private var parents: [Int] = []

        mutating func join(_ keys: [String]) {
            var own: Int?
            for key in keys {
                let number = numbers[key] ?? fresh()
                numbers[key] = number
                if let own { parents[root(number)] = root(own) }
                own = own ?? number
            }
        }

        /// -1 where nobody joined it to anything.
        mutating func number(of key: String) -> Int { numbers[key].map { root($0) } ?? -1 }

        private mutating func fresh() -> Int {
            parents.append(parents.count)
            return parents.count - 1
        }

        private mutating func root(_ number: Int) -> Int {
            var number = number
            while parents[number] != number {
                parents[number] = parents[parents[number]]
                number = parents[number]
            }
            return number
        }
    }
}
