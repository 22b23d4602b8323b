/// What a row asks of one fact: that one of these alternatives holds.
struct Condition: Sendable, Equatable {
    /// Position among the facts that the policy declares.
    var fact: Int
    var alternatives: [Alternative]
    var mark: Mark

    enum Alternative: Sendable, Equatable {
        case unknown
        case word(Int)
        case includes(Int)
        case lacks(Int)
        /// Any number of words, and it is none.
        case empty
        /// A number or a date, both ends included; `nil` is no limit.
        case range(Int?, Int?)

        func holds(for value: FactValue) -> Bool {
            switch (self, value) {
            case (.unknown, .unknown): true
            case (.word(let wanted), .word(let word)): word == wanted
            case (.includes(let word), .anyOf(let bits)): bits >> UInt32(word) & 1 == 1
            case (.lacks(let word), .anyOf(let bits)): bits >> UInt32(word) & 1 == 0
            case (.empty, .anyOf(let bits)): bits == 0
            case (.range(let low, let high), .number(let number)): number >= low ?? .min && number <= high ?? .max
            default: false
            }
        }
    }
}

/// Where something stands in a policy file, counted from 1.
struct Mark: Sendable, Equatable {
    var line: Int
    var column: Int
}

/// One row: when these facts hold, this answer.
struct Row: Sendable, Equatable {
    var id: String
    var mark: Mark
    /// The row that this one overrides where both hold.
    var exceptionTo: String?
    /// All of them must hold; none: always.
    var conditions: [Condition]
    /// One of the three answers, or a line of the report.
    var answer: String
    /// The human role that a referral goes to.
    var role: String?
    var because: String
    /// Keys of the policy's law; the table's where the row names none.
    var law: [String]

    /// The answer in words: two rows with the same words answer alike.
    var words: String { role.map { "\(answer) to the \($0)" } ?? answer }
}

/// Rows of which exactly one answers each request.
struct Table: Sendable, Equatable {
    var name: String
    var mark: Mark
    var rows: [Row]

    /// Positions of the rows that a row is an exception to, directly or through others, nearest first; ends where it
    /// would go round.
    func chain(from position: Int) -> [Int] {
        var chain: [Int] = []
        var next = rows[position].exceptionTo
        while let base = next.flatMap({ id in rows.firstIndex { $0.id == id } }), base != position,
            !chain.contains(base)
        {
            chain.append(base)
            next = rows[base].exceptionTo
        }
        return chain
    }

    /// The facts that any row asks for, as positions among the declared ones.
    var facts: [Int] { Set(rows.flatMap { $0.conditions.map(\.fact) }).sorted() }
}

/// Something else that the law tells the agency to do, where these facts hold.
struct Duty: Sendable, Equatable {
    var id: String
    var mark: Mark
    var conditions: [Condition]
    var text: String
    var law: [String]
}

/// A fact that a policy asks for.
struct FactDeclaration: Sendable, Equatable {
    var fact: WorldFact
    var mark: Mark

    var name: String { fact.name }
    var type: FactType { fact.type }
}

/// A piece of law: quoted where its words are known, else marked as reported.
public struct Citation: Sendable, Equatable {
    var key: String
    var mark: Mark
    public var cite: String
    public var quote: String?
    public var reported: String?

    var sentence: String {
        if let quote { return "\(cite): \"\(quote)\"" }
        return "\(cite) (as reported): \(reported ?? "")"
    }
}

/// A case that the policy's author worked out by hand: these facts, these rows.
struct Example: Sendable, Equatable {
    var name: String
    var mark: Mark
    /// One value for each declared fact.
    var given: [FactValue]
    /// A row of each table in their order, then the duties.
    var expect: [String]
}
