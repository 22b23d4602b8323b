import Foundation
import Testing

/// The house rules that a machine can check.
struct TidyTests {
    struct Source {
        var path: String
        var lines: [Substring]
    }

    static func sources(_ folder: String) throws -> [Source] {
        let root = Binary.repository + "/" + folder
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.map {
            let text = try String(contentsOfFile: root + "/" + $0, encoding: .utf8)
            return Source(path: folder + "/" + $0, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    @Test func unsafeCodeLivesOnlyInTwoRooms() throws {
        let sources = try Self.sources("Sources")
        #expect(sources.count > 50)
        for source in sources where !["Sources/AMQPClient/", "Sources/Ledger/"].contains(where: source.path.hasPrefix) {
            for (number, line) in source.lines.enumerated() {
                #expect(!line.contains("unsafe "), "\(source.path):\(number + 1)")
                #expect(!line.contains("@unchecked Sendable"), "\(source.path):\(number + 1)")
            }
        }
    }

    @Test func filesAndLinesHaveABoundedLength() throws {
        for source in try Self.sources("Sources") + Self.sources("Tests") {
            #expect(source.lines.count <= 400, "\(source.path)")
            for (number, line) in source.lines.enumerated() where line.count > 120 {
                // A line of data or of a table may be as long as what it holds.
                #expect(
                    line.contains("\"") || line.contains("/// |"),
                    "\(source.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    /// Which rooms a room may import; what is not listed is not allowed.
    static let imports: [String: Set<String>] = [
        "AMQPClient": ["CRabbitMQ", "CZlib"], "Detainers": [], "Policy": ["Detainers"], "Intake": ["Detainers"],
        "Ledger": ["CFileSystem", "Detainers"],
        "DeadLetters": ["AMQPClient", "Detainers", "Ledger"],
        "Worker": ["AMQPClient", "Detainers", "Policy", "Ledger", "DeadLetters"], "Reports": ["Detainers", "Ledger"],
        "Aggregation": ["AMQPClient", "Detainers", "Ledger"], "Operations": ["AMQPClient", "Detainers", "Ledger"],
    ]

    @Test func importsPointOneWay() throws {
        let rooms = Set(Self.imports.keys).union([
            "CAllocator", "CRabbitMQ", "CFileSystem", "CZlib", "DetainerCommands",
        ])
        for (room, allowed) in Self.imports {
            for source in try Self.sources("Sources/" + room) {
                for line in source.lines {
                    let words = line.split(separator: " ")
                    guard words.dropLast().last == "import", let name = words.last.map(String.init) else { continue }
                    #expect(!rooms.contains(name) || allowed.contains(name), "\(source.path) imports \(name)")
                }
            }
        }
    }
}
