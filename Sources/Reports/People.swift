import Detainers

/// Tells individuals apart: items 2 and 3 count people, not records.
///
/// Two records are of one individual where a keyed A-number, a keyed name with birth date, or their form is the same; a
/// record that names none of these is of an individual of its own.
struct People {
    private var numbers: [String: Int] = [:]
    private var parents: [Int] = []
    private var seen: Set<String> = []
    /// Those whose receipts were looked at.
    private var seenForms: Set<String> = []

    mutating func meet(_ record: CaseRecord, _ file: Casebook.Case?) {
        guard record.kind == .detained || record.kind == .transferred else { return }
        join(Self.keys(record, file))
        if let form = file?.form, seenForms.insert(Self.key(form)).inserted { meet(form) }
    }

    mutating func meet(_ form: Form) { join([Self.key(form)] + form.receipts.flatMap(\.pseudonyms.personKeys)) }

    mutating func number(of form: Form) -> Int { numbers[Self.key(form)].map { root($0) } ?? -1 }

    private mutating func join(_ keys: [String]) {
        var own: Int?
        for key in keys {
            let number = numbers[key] ?? fresh()
            numbers[key] = number
            if let own { parents[root(number)] = root(own) }
            own = own ?? number
        }
    }

    mutating func number(of record: CaseRecord, _ file: Casebook.Case?) -> Int {
        guard let key = Self.keys(record, file).first, let number = numbers[key] else { return -1 }
        return root(number)
    }

    /// Whether this individual was not counted under that name yet.
    mutating func isFirst(_ person: Int, _ name: String) -> Bool { seen.insert("\(person) \(name)").inserted }

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

    private static func key(_ form: Form) -> String { "form " + form.first.identity.requestID }

    /// What a record names the individual by.
    private static func keys(_ record: CaseRecord, _ file: Casebook.Case?) -> [String] {
        var keys = record.pseudonyms.personKeys
        if let file { keys.append(key(file.form)) }
        return keys.isEmpty ? ["record " + record.identity.recordID] : keys
    }
}
