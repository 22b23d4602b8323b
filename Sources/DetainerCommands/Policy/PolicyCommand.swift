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
    /// One of them: its text, or why there is none.
    struct Entry {
        var name: String
        var text: Result<String, PolicyError>
    }

    /// All of them, those that cannot be read too.
    static func entries(_ paths: [String]) -> [Entry] {
        paths.flatMap { path -> [Entry] in
            let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            // What cannot be looked at is told when it is read.
            let attributes = try? FileManager.default.attributesOfItem(atPath: target)
            guard attributes?[.type] as? FileAttributeType == .typeDirectory else { return [entry(path)] }
            let names: [String]
            do throws(PolicyError) { names = try Self.names(in: path) } catch {
                return [Entry(name: path, text: .failure(error))]
            }
            if names.isEmpty {
                let error = PolicyError(file: path, explanation: "has no policy files (*.yaml) in it")
                return [Entry(name: path, text: .failure(error))]
            }
            return names.map { entry(path + "/" + $0) }
        }
    }

    /// - Throws: `PolicyError` with every file that cannot be read.
    static func read(_ paths: [String]) throws(PolicyError) -> [(name: String, text: String)] {
        var problems: [PolicyProblem] = []
        var files: [(name: String, text: String)] = []
        for entry in entries(paths) {
            switch entry.text {
            case .success(let text): files.append((entry.name, text))
            case .failure(let error): problems += error.problems
            }
        }
        if !problems.isEmpty { throw PolicyError(problems) }
        return files
    }

    static func names(in directory: String) throws(PolicyError) -> [String] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw PolicyError(
                file: directory, explanation: "cannot be listed: is it there, is it a directory, and may you read it?")
        }
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    }

    static func text(_ path: String) throws(PolicyError) -> String {
        guard FileManager.default.fileExists(atPath: path) else {
            throw PolicyError(file: path, explanation: "there is no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw PolicyError(file: path, explanation: "cannot be read: may you read it, and is it a file?")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw PolicyError(file: path, explanation: "is no text in UTF-8")
        }
        return text
    }

    private static func entry(_ path: String) -> Entry {
        do throws(PolicyError) { return Entry(name: path, text: .success(try text(path))) } catch {
            return Entry(name: path, text: .failure(error))
        }
    }
}
