import ArgumentParser
import Foundation
import Policy

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Prove policies, try them, ask them, compare them.",
        subcommands: [PolicyCheck.self, PolicyTest.self, PolicyExplain.self, PolicyDiff.self])
}

/// Policy files that a command names; a directory stands for the `.yaml` files in it.
enum PolicyFiles {
    static func read(_ paths: [String]) throws -> [(name: String, text: String)] {
        try paths.flatMap { path -> [(name: String, text: String)] in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            // What cannot be looked at is told when it is read.
            guard attributes?[.type] as? FileAttributeType == .typeDirectory else { return [(path, try text(path))] }
            let names = try names(in: path)
            if names.isEmpty { throw PolicyError(file: path, explanation: "has no policy files (*.yaml) in it") }
            return try names.map { (path + "/" + $0, try text(path + "/" + $0)) }
        }
    }

    static func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    }

    static func text(_ path: String) throws -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            // Foundation's reason names neither the file nor what to do.
            throw PolicyError(file: path, explanation: "cannot be read as a text file in UTF-8")
        }
    }
}
