import Detainers
import Foundation
import Testing

@testable import Policy

/// What a table means, written down as its authors are told it, value by value: nothing here knows of cells or boxes.
enum Definition {
    static func holds(_ condition: Condition, _ value: FactValue) -> Bool {
        condition.alternatives.contains { alternative in
            switch (alternative, value) {
            case (.unknown, .unknown): true
            case (.word(let wanted), .word(let word)): wanted == word
            case (.includes(let wanted), .anyOf(let bits)): bits >> UInt32(wanted) & 1 == 1
            case (.lacks(let wanted), .anyOf(let bits)): bits >> UInt32(wanted) & 1 == 0
            case (.empty, .anyOf(let bits)): bits == 0
            case (.range(let low, let high), .number(let number)):
                (low.map { number >= $0 } ?? true) && (high.map { number <= $0 } ?? true)
            default: false
            }
        }
    }

    /// The rows that answer: those that hold together with the rows that they are exceptions to, less those to which
    /// such a row is an exception.
    static func rows(of table: Table, _ values: [FactValue]) -> [String] {
        func holds(_ row: Row) -> Bool {
            guard row.conditions.allSatisfy({ Self.holds($0, values[$0.fact]) }) else { return false }
            guard let base = row.exceptionTo.flatMap({ id in table.rows.first { $0.id == id } }) else { return true }
            return holds(base)
        }
        let holding = table.rows.filter(holds)
        return holding.filter { row in !holding.contains { $0.exceptionTo == row.id } }.map(\.id)
    }

    /// The values of a fact where any of these conditions could change its mind: all words, both sides of every limit.
    static func boundaryValues(_ type: FactType, _ alternatives: [Condition.Alternative]) -> [FactValue] {
        switch type {
        case .word(let words): return words.indices.map(FactValue.word) + [.unknown]
        case .anyOf(let words):
            let named = Set(
                alternatives.compactMap { alternative -> Int? in
                    switch alternative {
                    case .includes(let word), .lacks(let word): word
                    default: nil
                    }
                })
            let other = words.indices.first { !named.contains($0) }
            let used = (named.sorted() + (other.map { [$0] } ?? [])).map { UInt32(1) << UInt32($0) }
            return (0..<(1 << used.count)).map { choice in
                .anyOf(used.enumerated().reduce(0) { choice >> $1.offset & 1 == 1 ? $0 | $1.element : $0 })
            } + [.unknown]
        case .date, .wholeNumber:
            var points: Set<Int> = [type.limits.lowerBound, type.limits.upperBound]
            for case .range(let low, let high) in alternatives {
                for end in [low, high].compactMap({ $0 }) { points.formUnion([end - 1, end, end + 1]) }
            }
            return points.filter(type.limits.contains).sorted().map(FactValue.number) + [.unknown]
        }
    }

    /// Every combination of boundary values of the facts that the table asks for, which a request can have; the others
    /// are unknown.
    static func points(of table: Table, _ document: PolicyDocument) -> [[FactValue]] {
        let all = table.facts.reduce([[FactValue](repeating: .unknown, count: document.facts.count)]) { points, fact in
            let alternatives = table.rows.flatMap { $0.conditions.filter { $0.fact == fact }.flatMap(\.alternatives) }
            let values = boundaryValues(document.facts[fact].type, alternatives)
            return points.flatMap { point in
                values.map { value in
                    var point = point
                    point[fact] = value
                    return point
                }
            }
        }
        return all.filter { PossibleFacts.allow($0, table.facts, document.facts) }
    }

    /// What trying every point finds.
    struct Findings: Equatable {
        var hasGap = false
        var conflicts: Set<Set<String>> = []
        var unreachable: Set<String>
    }

    static func findings(_ table: Table, _ document: PolicyDocument) -> Findings {
        var findings = Findings(unreachable: Set(table.rows.map(\.id)))
        for point in points(of: table, document) {
            let rows = rows(of: table, point)
            findings.unreachable.subtract(rows)
            if rows.isEmpty { findings.hasGap = true }
            for (position, one) in rows.enumerated() {
                for other in rows[(position + 1)...] { findings.conflicts.insert([one, other]) }
            }
        }
        return findings
    }
}

extension TableRegions {
    /// What subtracting boxes finds, in the same words.
    var findings: Definition.Findings {
        Definition.Findings(
            hasGap: !gap.isEmpty,
            conflicts: Set(conflicts.map { [table.rows[$0.one].id, table.rows[$0.other].id] }),
            unreachable: Set(table.rows.indices.filter { !canAnswer($0) }.map { table.rows[$0].id }))
    }
}

/// The policies that the repository ships.
enum Shipped {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("config/policies").path

    static func files(_ folder: String = "") throws -> [(name: String, text: String)] {
        let path = directory + folder
        return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".yaml") }.sorted()
            .map { ($0, try String(contentsOfFile: path + "/" + $0, encoding: .utf8)) }
    }

    static func all() throws -> [(name: String, text: String)] { try files() + files("/packs") }

    static func boston(_ year: String = "2019") throws -> PolicyDocument {
        let file = try #require(try files().first { $0.name.hasPrefix("boston-" + year) })
        return try PolicyDocument.parse(text: file.text, file: file.name)
    }
}
