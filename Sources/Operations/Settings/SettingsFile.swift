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
        do { node = try Yams.compose(yaml: text) } catch {
            throw Settings.Problem(description: "settings file `\(path)` is not YAML: \(error)")
        }
        if let node { try collect(node, prefix: "") }
    }

    private mutating func collect(_ node: Node, prefix: String) throws(Settings.Problem) {
        guard case .mapping(let mapping) = node else {
            let key = String(prefix.dropLast())
            guard let known = Settings.Key(rawValue: key), let scalar = node.scalar else {
                throw problem(node, "unknown key `\(key)`\(Settings.nearest(key))")
            }
            if values[known] != nil { throw problem(node, "`\(key)` stands there twice") }
            values[known] = scalar.string
            if let complaint = known.kind.complaint(scalar.string) { throw problem(node, "`\(key)` \(complaint)") }
            return
        }
        for (name, value) in mapping { try collect(value, prefix: prefix + (name.string ?? "?") + ".") }
    }

    private func problem(_ node: Node, _ what: String) -> Settings.Problem {
        let line = node.mark.map { ", line \($0.line)" } ?? ""
        return Settings.Problem(description: "settings file `\(path)`\(line): \(what)")
    }
}
