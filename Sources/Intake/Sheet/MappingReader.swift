import Detainers
import Yams

extension Mapping {
    /// - Throws: the first thing that is wrong with the text.
    public init(yaml text: String) throws(Problem) {
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch { throw Problem(explanation: "is not YAML: \(error)") }
        guard let node, case .mapping = node else {
            throw Problem(explanation: "must be a mapping: names and, behind colons, what they mean")
        }
        let root = try MappingNode(node, "the mapping")
        try root.refuse(unless: ["format", "name", "separator", "header line", "identity", "constants", "columns"])
        guard try root.text("format") == Self.format else {
            throw root.problem("`format` must be `\(Self.format)`")
        }
        name = try root.requiredText("name")
        switch try root.text("separator") ?? "," {
        case ",": separator = UInt8(ascii: ",")
        case ";": separator = UInt8(ascii: ";")
        case "tab": separator = UInt8(ascii: "\t")
        default: throw root.problem("`separator` must be \",\", \";\" or tab")
        }
        guard let headerLine = Int(try root.text("header line") ?? "1"), headerLine > 0 else {
            throw root.problem("`header line` must be a whole number from 1 on")
        }
        self.headerLine = headerLine
        (constants, columns) = ([], [])
        for (name, node) in try root.members("constants") {
            constants.append((name, try Self.constant(name, node)))
        }
        for (name, node) in try root.members("columns") { columns.append(try Self.column(name, node)) }
        identity = try root.texts("identity") ?? []
        if identity.isEmpty {
            throw root.problem("`identity` must name the columns by which the list tells its rows apart")
        }
        for name in identity where !columns.contains(where: { $0.name == name }) {
            throw root.problem("`identity` names the column `\(name)`, which `columns` does not")
        }
        try refuseTwoSources(root)
    }

    private func refuseTwoSources(_ root: MappingNode) throws(Problem) {
        var filled = Set(constants.map(\.member))
        for use in columns.flatMap(\.uses) {
            if case .box = use {
                if constants.contains(where: { $0.member == use.member }) {
                    throw root.problem("`\(use.member)` has a constant and boxes")
                }
            } else if !filled.insert(use.member).inserted {
                throw root.problem("`\(use.member)` is filled twice")
            }
        }
    }

    private static func shape(_ member: String, _ node: Node) throws(Problem) -> Shape {
        if member == "schema" || member == "requestId" {
            throw Problem(line: node.mark?.line, explanation: "`\(member)` is made by the conversion")
        }
        guard let shape = Contract.request.shape.shape(at: member) else {
            let near = Contract.request.shape.nearest(member).map { ": did you mean `\($0)`?" } ?? ""
            throw Problem(line: node.mark?.line, explanation: "`\(member)` is no member of a request\(near)")
        }
        return shape
    }

    private static func constant(_ member: String, _ node: Node) throws(Problem) -> JSONValue {
        let shape = try shape(member, node)
        let value: JSONValue
        switch (shape, node) {
        case (.words, .sequence(let list)): value = .array(list.map { .string($0.scalar?.string ?? "") })
        case (_, .scalar(let scalar)): value = shape.value(of: scalar.string)
        default: throw Problem(line: node.mark?.line, explanation: "`\(member)` must be one value here")
        }
        try refuse(value, shape, member, node)
        return value
    }

    private static func refuse(
        _ value: JSONValue, _ shape: Shape, _ member: String, _ node: Node
    ) throws(Problem) {
        switch shape {
        case .object:
            throw Problem(line: node.mark?.line, explanation: "`\(member)` has members of its own: name one of them")
        case .list:
            throw Problem(line: node.mark?.line, explanation: "`\(member)` is a list of papers: fill it by `adds`")
        case .words(let words):
            for value in value.arrayValue ?? [] { try refuse(value, .word(words), member, node) }
        default:
            if let complaint = shape.complaint(value) {
                throw Problem(line: node.mark?.line, explanation: "`\(member)` \(complaint)")
            }
        }
    }

    private static func column(_ name: String, _ node: Node) throws(Problem) -> Column {
        if node.scalar?.string == "ignored" { return Column(name: name, uses: []) }
        guard case .sequence(let list) = node else { return Column(name: name, uses: [try use(name, node)]) }
        var uses: [Use] = []
        for node in list { uses.append(try use(name, node)) }
        return Column(name: name, uses: uses)
    }

    private static func use(_ column: String, _ node: Node) throws(Problem) -> Use {
        guard case .mapping = node else {
            throw Problem(line: node.mark?.line, explanation: "column `\(column)` must name a member, or be `ignored`")
        }
        let reader = try MappingNode(node, "column `\(column)`")
        return try reader.text("adds") == nil ? .value(try value(reader, node)) : .box(try box(reader, node))
    }

    private static func value(_ reader: MappingNode, _ node: Node) throws(Problem) -> Value {
        try reader.refuse(unless: ["member", "date", "zone", "words", "before", "after"])
        let member = try reader.requiredText("member")
        var value = Value(member: member, shape: try shape(member, node))
        if case .words = value.shape { throw reader.problem("`\(member)` is a list: fill it by `adds` and `word`") }
        if case .object = value.shape { throw reader.problem("`\(member)` has members of its own: name one of them") }
        if case .list = value.shape { throw reader.problem("`\(member)` is a list of papers: fill it by `adds`") }
        if let text = try reader.text("date") {
            guard let pattern = DatePattern(text) else {
                throw reader.problem("`date` must be made of yyyy, M or MM or MMM, d or dd, H or HH, h with a, mm, ss")
            }
            value.pattern = pattern
        }
        if let text = try reader.text("zone") {
            guard let zone = TimeZoneName(text) else {
                throw reader.problem("`zone` is no name such as America/New_York")
            }
            value.zone = zone
        }
        switch value.shape {
        case .date where value.pattern?.hasTime == true: throw reader.problem("`\(member)` is a day and has no time")
        case .date, .moment: break
        default: if value.pattern != nil { throw reader.problem("`\(member)` is no date") }
        }
        if value.pattern?.hasTime == true, value.zone == nil {
            throw reader.problem("a time needs a `zone`, such as America/New_York")
        }
        let words = try reader.members("words")
        if !words.isEmpty { value.words = [:] }
        for (cell, node) in words {
            let word = node.scalar?.string ?? ""
            try refuse(value.shape.value(of: word), value.shape, member, node)
            value.words?[cell.lowercased()] = word
        }
        if let separator = try reader.text("before") { value.part = .before(separator) }
        if let separator = try reader.text("after") { value.part = .after(separator) }
        return value
    }

    private static func box(_ reader: MappingNode, _ node: Node) throws(Problem) -> Box {
        try reader.refuse(unless: ["adds", "word", "paper", "ticked", "clear", "unknown"])
        let member = try reader.requiredText("adds")
        let element: JSONValue
        switch try shape(member, node) {
        case .words(let words):
            element = .string(try reader.requiredText("word"))
            if let complaint = Shape.word(words).complaint(element) { throw reader.problem("`word` \(complaint)") }
        case .list(.object(let paper), _):
            var members: [JSONMember] = []
            for (name, node) in try reader.members("paper") {
                let value = JSONValue.string(node.scalar?.string ?? "")
                guard let shape = paper.shape(at: name) else {
                    throw reader.problem(
                        "`\(name)` is no member of a paper; there are " + paper.names.joined(separator: ", "))
                }
                try refuse(value, shape, name, node)
                members.append(JSONMember(name: name, value: value))
            }
            element = .object(members)
            if !members.contains(where: { $0.name == "kind" }) { throw reader.problem("`paper` must say its `kind`") }
        default: throw reader.problem("`\(member)` is no list: fill it by `member`")
        }
        func words(_ name: String, _ usual: Set<String>) throws(Problem) -> Set<String> {
            try reader.texts(name).map { Set($0.map { $0.lowercased() }) } ?? usual
        }
        let box = Box(
            member: member, element: element, ticked: try words("ticked", ["x", "yes", "y", "true", "1"]),
            clear: try words("clear", ["no", "n", "false", "0"]), unknown: try words("unknown", [""]))
        if box.ticked.count + box.clear.count + box.unknown.count > box.ticked.union(box.clear).union(box.unknown).count
        {
            // A word that is named has that meaning, and not its usual one.
            throw reader.problem("a word stands under two of `ticked`, `clear` and `unknown`: name all three")
        }
        return box
    }
}

/// Reads the members of one node by name.
private struct MappingNode {
    private let mapping: Node.Mapping
    private let what: String
    private let line: Int?

    init(_ node: Node, _ what: String) throws(Mapping.Problem) {
        guard case .mapping(let mapping) = node else {
            throw Mapping.Problem(line: node.mark?.line, explanation: "\(what) must have members")
        }
        (self.mapping, self.what, line) = (mapping, what, node.mark?.line)
    }

    func problem(_ explanation: String) -> Mapping.Problem {
        Mapping.Problem(line: line, explanation: "\(what): \(explanation)")
    }

    func refuse(unless known: [String]) throws(Mapping.Problem) {
        for (name, _) in mapping where !known.contains(name.string ?? "") {
            throw Mapping.Problem(
                line: name.mark?.line,
                explanation: "\(what) has a member that is not known; there are " + known.joined(separator: ", "))
        }
    }

    func text(_ name: String) throws(Mapping.Problem) -> String? {
        guard let node = mapping[name] else { return nil }
        guard let scalar = node.scalar else { throw problem("`\(name)` must be one value") }
        return scalar.string
    }

    func requiredText(_ name: String) throws(Mapping.Problem) -> String {
        guard let text = try text(name), !text.isEmpty else { throw problem("`\(name)` is required") }
        return text
    }

    func texts(_ name: String) throws(Mapping.Problem) -> [String]? {
        guard let node = mapping[name] else { return nil }
        if let scalar = node.scalar { return [scalar.string] }
        guard case .sequence(let list) = node else { throw problem("`\(name)` must be a list") }
        return list.map { $0.scalar?.string ?? "" }
    }

    func members(_ name: String) throws(Mapping.Problem) -> [(String, Node)] {
        guard let node = mapping[name] else { return [] }
        guard case .mapping(let mapping) = node else { throw problem("`\(name)` must have members") }
        let members = mapping.map { ($0.key.scalar?.string ?? "", $0.value) }
        // To YAML `1` and `"1"` are two names, and so is any name with a tag.
        guard Set(members.map(\.0)).count == members.count else {
            throw problem("`\(name)` has a member that stands there twice")
        }
        return members
    }
}
