/// Writes the description of a contract as JSON Schema 2020-12.
public enum JSONSchema {
    static let dialect = "https://json-schema.org/draft/2020-12/schema"
    /// Our own keyword, of ``UnspokenRule/maximumBytes``.
    static let maximumBytes = "x-maximum-bytes"
    static let unspoken = "x-not-in-this-schema"

    /// The schema of a contract, whole.
    public static func schema(of contract: Contract) -> JSONValue {
        var root = Members()
        root.add("$schema", dialect)
        root.add("$id", "urn:detainer-worker:" + contract.fileName)
        root.add("title", contract.title)
        root.add("description", contract.summary)
        if !contract.shape.isOpen {
            let rules = UnspokenRule.allCases.map { JSONMember(name: $0.rawValue, value: .string($0.sentence)) }
            root.list.append(JSONMember(name: unspoken, value: .object(rules)))
        }
        root.list += keywords(of: contract.shape).list
        root.list.append(JSONMember(name: "$defs", value: definitions))
        return .object(root.list)
    }

    private static let definitions: JSONValue = [
        "text": [
            "description": "not empty, without control characters; leave out what is not known", "type": "string",
            "minLength": 1, "not": ["pattern": .string(SchemaPatterns.control)],
        ],
        "uuid": ["type": "string", "maxLength": 36, "pattern": .string(SchemaPatterns.uuid)],
        "name": [
            "description": "lower-case letters, digits and hyphens: recorded as it is, so no person's name",
            "type": "string", "pattern": .string(SchemaPatterns.name),
            "not": ["pattern": .string(SchemaPatterns.control)],
        ],
        "date": [
            "description": "a day of the calendar, such as 2025-12-31", "type": "string", "format": "date",
            "maxLength": 10, "pattern": .string(SchemaPatterns.date),
        ],
        "moment": [
            "description": "a day, or a day and time with an offset, such as 2025-12-31T23:50:00-05:00",
            "type": "string", "pattern": .string(SchemaPatterns.moment),
            "not": ["pattern": .string(SchemaPatterns.control)],
        ],
        "digest": ["type": "string", "maxLength": 72, "pattern": .string(SchemaPatterns.digest)],
    ]

    private static func schema(of shape: Shape) -> Members {
        switch shape {
        case .constant(let text): members([("const", .string(text))])
        case .text(let maximum): bounded("text", maximum)
        case .name(let maximum): bounded("name", maximum)
        case .uuid: reference("uuid")
        case .date: reference("date")
        case .moment: reference("moment")
        case .digest: reference("digest")
        case .number(let range):
            members(
                [("type", "integer"), ("minimum", .number(String(range.lowerBound)))]
                    + (range.upperBound == .max ? [] : [("maximum", .number(String(range.upperBound)))]))
        case .word(let words): members([("enum", .array(words.map(JSONValue.string)))])
        case .words(let words):
            members([
                ("type", "array"), ("maxItems", .number(String(words.count))), ("uniqueItems", true),
                ("items", .object(schema(of: .word(words)).list)),
            ])
        case .list(let element, let maximum):
            members([
                ("type", "array"), ("maxItems", .number(String(maximum))), ("items", .object(schema(of: element).list)),
            ])
        case .object(let object): keywords(of: object)
        case .pattern(let pattern, _): members([("type", "string"), ("pattern", .string(pattern))])
        }
    }

    private static func members(_ list: [(String, JSONValue)]) -> Members {
        Members(list: list.map { JSONMember(name: $0.0, value: $0.1) })
    }

    private static func reference(_ definition: String) -> Members {
        members([("$ref", .string("#/$defs/" + definition))])
    }

    private static func bounded(_ definition: String, _ maximum: Int) -> Members {
        var schema = reference(definition)
        schema.add("maxLength", maximum)
        // A name's characters have one byte each.
        if definition == "text" { schema.add(maximumBytes, maximum) }
        return schema
    }

    private static func keywords(of object: ObjectShape) -> Members {
        var schema = members([("type", "object")])
        if !object.required.isEmpty { schema.add("required", object.required) }
        var properties: [JSONMember] = object.members.map { member in
            var value = Members()
            value.add("description", member.summary)
            value.list += Self.schema(of: member.shape).list
            return JSONMember(name: member.name, value: .object(value.list))
        }
        for case .variants(let name, _, _, let summary) in object.rules {
            properties.append(JSONMember(name: name, value: ["description": .string(summary), "type": "object"]))
        }
        if !properties.isEmpty { schema.list.append(JSONMember(name: "properties", value: .object(properties))) }
        if !object.isOpen { schema.list += members([("additionalProperties", false)]).list }
        let rules = object.rules.flatMap(conditions)
        if !rules.isEmpty { schema.list.append(JSONMember(name: "allOf", value: .array(rules))) }
        return schema
    }

    private static func conditions(of rule: ObjectShape.Rule) -> [JSONValue] {
        func required(_ name: String) -> JSONValue { ["required": [.string(name)]] }
        switch rule {
        case .required(let name, let conditions, let word, let says):
            let alternatives = conditions.map { condition -> JSONValue in
                [
                    "properties": .object([JSONMember(name: condition, value: ["const": .string(word)])]),
                    "required": [.string(condition)],
                ]
            }
            return [
                [
                    "$comment": .string("\(name) \(says)"), "if": ["anyOf": .array(alternatives)],
                    "then": required(name),
                ]
            ]
        case .oneOf(let names, let says):
            return [["$comment": .string(says), "anyOf": .array(names.map(required))]]
        case .above(let name, let number, let smallest, let says, _):
            let bound: JSONValue = ["exclusiveMinimum": .number(String(smallest))]
            return [
                [
                    "$comment": .string("\(name) \(says), and only there"),
                    "if": [
                        "properties": .object([JSONMember(name: number, value: bound)]), "required": [.string(number)],
                    ],
                    "then": required(name), "else": ["not": required(name)],
                ]
            ]
        case .variants(let name, let selector, let variants, _):
            return variants.map { variant in
                var then = Members()
                if !variant.shape.required.isEmpty || !variant.shape.rules.isEmpty { then.add("required", [name]) }
                let detail = JSONMember(name: name, value: .object(keywords(of: variant.shape).list))
                then.list.append(JSONMember(name: "properties", value: .object([detail])))
                let condition = JSONMember(name: selector, value: ["const": .string(variant.word)])
                return [
                    "if": ["properties": .object([condition]), "required": [.string(selector)]],
                    "then": .object(then.list),
                ]
            }
        }
    }
}
