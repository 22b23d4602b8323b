import Foundation
import Yams

/// A settings file: YAML, keys as ``Settings/Key`` names them, nested or joined by points.
struct SettingsFile {
    let path: String
    private(set) var values: [Settings.Key: String] = [:]

    /// - Throws: where it cannot be read, is no YAML, or holds a key that is not known or stands twice.
    init(_ path: String) throws(Settings.Problem) {
        self.path = path
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            // The reason is in the errno that Foundation hides; the path is what one needs to look.
            throw Settings.Problem(description: "settings file `\(path)` cannot be read")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch { throw Self.problem(error, path: path) }
        if let node { try collect(node, prefix: "") }
    }

    /// The reader's own description would show the line, which may hold a password.
    private static func problem(_ error: any Error, path: String) -> Settings.Problem {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.problem(path, mark, "this is not YAML here: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            self.problem(path, context.mark, "\(shown(names.first ?? "")) stands there twice")
        case .reader(let problem, _, _, _):
            Settings.Problem(description: "settings file `\(path)` is not YAML: \(problem)")
        default: Settings.Problem(description: "settings file `\(path)` is not YAML")
        }
    }

    /// A name as an error may show it: where a colon or a space is missing, an address with its password is a name.
    private static func shown(_ name: String) -> String {
        let isWord = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0)
        }
        return isWord ? "`\(name)`" : "that is no word"
    }

    private mutating func collect(_ node: Node, prefix: String) throws(Settings.Problem) {
        guard case .mapping(let mapping) = node else {
            let key = String(prefix.dropLast())
            guard let known = Settings.Key(rawValue: key), let scalar = node.scalar else {
                throw problem(node, "unknown key \(Self.shown(key))\(Settings.nearest(key))")
            }
            if values[known] != nil { throw problem(node, "`\(key)` stands there twice") }
            values[known] = scalar.string
            if let complaint = known.kind.complaint(scalar.string) { throw problem(node, "`\(key)` \(complaint)") }
            return
        }
        for (name, value) in mapping { try collect(value, prefix: prefix + (name.string ?? "?") + ".") }
    }

    private func problem(_ node: Node, _ what: String) -> Settings.Problem { Self.problem(path, node.mark, what) }

    private static func problem(_ path: String, _ mark: Yams.Mark?, _ what: String) -> Settings.Problem {
        let line = mark.map { ", line \($0.line)" } ?? ""
        return Settings.Problem(description: "settings file `\(path)`\(line): \(what)")
    }
}
