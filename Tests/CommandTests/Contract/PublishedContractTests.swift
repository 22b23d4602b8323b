import Detainers
import Foundation
import Testing

/// The files of `config/schemas`, and what else is written of the contract.
struct PublishedContractTests {
    private static let folder = Binary.repository + "/config/schemas/"

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: Binary.repository + "/" + path, encoding: .utf8)
    }

    private func json(_ path: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(try text(path).utf8)) as? [String: Any])
    }

    @Test func theCommittedFilesAreThoseThatTheProgramWrites() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        var binary = site.binary
        for name in binary.environment.keys where name.hasPrefix("DETAINER_TOPOLOGY_") {
            binary.environment[name] = nil
        }
        let made = try await binary.run("intake", "schema", "--directory", site.scratch.path)
        try #require(made.code == 0, "\(made.errors)")
        let listed = try await binary.run("intake", "schema").lines.map(String.init)
        let committed = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(Set(listed) == Set(committed))
        for name in listed {
            let (now, then) = (
                try String(contentsOfFile: site.scratch.path + "/" + name, encoding: .utf8),
                try text("config/schemas/" + name)
            )
            #expect(now == then, "\(name): run `detainer intake schema --directory config/schemas`")
            #expect(try await binary.run("intake", "schema", name).output == now)
        }
        #expect(try await binary.run("intake", "schema", "other.json").code == 64)
    }

    /// The comment of the reader names the file.
    @Test func theFileThatTheReaderNamesIsThere() throws {
        let comment = try text("Sources/Detainers/RequestContract.swift")
        #expect(comment.contains("`config/schemas/\(Contract.request.fileName)`"))
        #expect(FileManager.default.fileExists(atPath: Self.folder + Contract.request.fileName))
    }

    /// A name that masking does not know is shown as `?`.
    @Test func theNamesThatMayBeShownAreThoseOfTheContracts() {
        var names: Set<String> = []
        func collect(_ object: ObjectShape) {
            names.formUnion(object.names)
            for member in object.members {
                switch member.shape {
                case .object(let inner), .list(.object(let inner), _): collect(inner)
                default: break
                }
            }
            for case .variants(_, _, let variants, _) in object.rules { variants.forEach { collect($0.shape) } }
        }
        for contract in Contract.messages { collect(contract.shape) }
        #expect(names == RequestMembers.names)
    }

    /// The document that people wrote says every member and word.
    @Test func theDocumentOfRecordsNamesEveryMemberAndWord() throws {
        let document = try text("docs/records.md")
        func check(_ object: ObjectShape) {
            for name in object.names { #expect(document.contains(name), "it lacks `\(name)`") }
            for member in object.members {
                switch member.shape {
                case .object(let inner), .list(.object(let inner), _): check(inner)
                case .word(let words), .words(let words):
                    for word in words { #expect(document.contains("`\(word)`"), "it lacks `\(word)`") }
                default: break
                }
            }
            for case .variants(_, _, let variants, _) in object.rules { variants.forEach { check($0.shape) } }
        }
        check(Contract.record.shape)
    }

    // MARK: - samples

    /// Every member of every message is in a good sample, and so is every word that a form or a paper may have.
    @Test func theGoodSamplesShowEveryMember() throws {
        var seen: Set<String> = []
        func collect(_ value: JSONValue, _ path: String) {
            switch value {
            case .object(let members):
                for member in members {
                    seen.insert(path + "/" + member.name)
                    collect(member.value, path + "/" + member.name)
                }
            case .array(let values): values.forEach { collect($0, path) }
            case .string(let text): seen.insert(path + "=" + text)
            default: break
            }
        }
        for name in try Samples.names("good") {
            let json = try JSONValue.parse(Samples.body("good/" + name))
            collect(json, try #require(json["schema"]?.stringValue))
        }
        func check(_ object: ObjectShape, _ path: String) {
            for member in object.members {
                let place = path + "/" + member.name
                #expect(seen.contains(place), "no good sample has \(place)")
                switch member.shape {
                case .object(let inner), .list(.object(let inner), _): check(inner, place)
                case .word(let words), .words(let words):
                    // Whether something is so or not is the same question everywhere; details of records are many.
                    if words == Request.Answer.allCases.map(\.rawValue) || place.contains("/detail/") { continue }
                    if place.hasSuffix("/correction/reason") { continue }
                    for word in words {
                        #expect(seen.contains("\(place)=\(word)"), "no good sample has \(place)=\(word)")
                    }
                default: break
                }
            }
            for case .variants(let name, _, let variants, _) in object.rules {
                variants.forEach { check($0.shape, path + "/" + name) }
            }
        }
        for contract in Contract.messages { check(contract.shape, contract.name) }
    }

    /// Every reason that a body alone can give.
    @Test func theBadSamplesShowEveryReason() throws {
        let reasons = try Samples.names("bad").map {
            IntakeDiagnosis.problems(in: try Samples.body("bad/" + $0))[0].reason
        }
        #expect(Set(reasons) == [.malformedJSON, .schema, .unsupportedVersion, .tooLarge, .wrongEncoding])
    }

    /// What a bad sample gets stands beside it: all that `validate` prints of it.
    @Test func everyBadSampleGetsTheErrorThatStandsBesideIt() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let names = try Samples.names("bad")
        // Commands run in the repository.
        let result = try await site.binary.run(["intake", "validate"] + names.map { "config/samples/bad/" + $0 })
        #expect(result.code == 1)
        #expect(result.lines.last == "0 valid, \(names.count) invalid")
        var expected = ""
        for name in names { expected += try text("config/samples/bad/" + name.replacing(".json", with: ".error")) }
        #expect(
            result.output == expected + "0 valid, \(names.count) invalid\n",
            "docs/intake.md tells how to write them anew")
        #expect(try Samples.names("bad", suffix: ".error").count == names.count)
    }

    // MARK: - AsyncAPI

    /// Every reference leads somewhere, in this file or beside it.
    @Test func referencesOfTheAsyncAPIDocumentLeadSomewhere() throws {
        let document = try json("config/schemas/detainer.asyncapi.json")
        var count = 0
        func check(_ value: Any) {
            if let list = value as? [Any] { list.forEach(check) }
            guard let object = value as? [String: Any] else { return }
            if let reference = object["$ref"] as? String {
                count += 1
                if reference.hasPrefix("./") {
                    #expect(
                        FileManager.default.fileExists(atPath: Self.folder + reference.dropFirst(2)), "\(reference)")
                } else {
                    var here: Any? = document
                    for part in reference.dropFirst(2).split(separator: "/") {
                        here = (here as? [String: Any])?[String(part)]
                    }
                    #expect(here != nil, "\(reference)")
                }
            }
            object.values.forEach(check)
        }
        check(document)
        #expect(count > 15)
    }

    @Test func itsChannelsAreTheExchangesAndQueuesOfTheTopology() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        var binary = site.binary
        for name in binary.environment.keys where name.hasPrefix("DETAINER_TOPOLOGY_") {
            binary.environment[name] = nil
        }
        let definitions = try #require(try await binary.run("topology", "export").objects().first)
        let document = try json("config/schemas/detainer.asyncapi.json")
        let channels = try #require(document["channels"] as? [String: [String: Any]])
        func amqp(_ channel: [String: Any]) -> [String: Any]? {
            (channel["bindings"] as? [String: Any])?["amqp"] as? [String: Any]
        }
        var names: Set<String> = []
        for exchange in try #require(definitions["exchanges"] as? [[String: Any]]) {
            let name = try #require(exchange["name"] as? String)
            names.insert(name)
            let bound = try #require(channels[name].flatMap(amqp)?["exchange"] as? [String: Any], "\(name)")
            #expect(bound["type"] as? String == exchange["type"] as? String)
            #expect(bound["durable"] as? Bool == exchange["durable"] as? Bool)
        }
        for queue in try #require(definitions["queues"] as? [[String: Any]]) {
            let name = try #require(queue["name"] as? String)
            names.insert(name)
            let channel = try #require(channels[name], "\(name)")
            #expect((amqp(channel)?["queue"] as? [String: Any])?["durable"] as? Bool == queue["durable"] as? Bool)
            let arguments = try #require(queue["arguments"] as? NSDictionary)
            #expect((channel["x-arguments"] as? NSDictionary) == arguments)
        }
        // Besides the topology there is only the queue that a sender names.
        #expect(Set(channels.keys) == names.union(["replies"]))
        #expect(channels["replies"]?["address"] is NSNull)
    }

    /// What a letter carries and why is one list in the code and in the document.
    @Test func itNamesEveryHeaderAndReasonOfADeadLetter() throws {
        let letter = DeadLetter(
            reason: .schema, detail: "", deadAt: "", attempts: 1, worker: "", exchange: "", routingKey: "",
            envelope: .object([]), body: [])
        #expect(letter.headers.map(\.name) == DeadLetter.headerMeanings.map(\.name))
        let document = try text("config/schemas/detainer.asyncapi.json")
        for name in letter.headers.map(\.name) { #expect(document.contains("\"\(name)\"")) }
        for reason in DeadLetterReason.allCases { #expect(document.contains("\"\(reason.rawValue)\": ")) }
    }

    private static let meta = ProcessInfo.processInfo.environment["DETAINER_TEST_ASYNCAPI_SCHEMA"]

    /// AsyncAPI's own schema of version 3.0.0 is in no package: who has it names it.
    @Test(.enabled(if: meta != nil, "DETAINER_TEST_ASYNCAPI_SCHEMA does not name AsyncAPI's schema"))
    func theDocumentIsOfAsyncAPI() async throws {
        // Debian's version of the library stumbles over a member that is named like a keyword unless it is kept from
        // looking for subschemas.
        let program = """
            import json, sys, jsonschema
            document, schema = [json.load(open(name)) for name in sys.argv[1:]]
            resolver = jsonschema.RefResolver.from_schema(schema)
            resolver._find_in_subschemas = lambda url: None
            jsonschema.Draft7Validator(schema, resolver=resolver).validate(document)
            """
        let result = try await Binary.run(
            "/usr/bin/python3", ["-c", program, Self.folder + "detainer.asyncapi.json", try #require(Self.meta)],
            ProcessInfo.processInfo.environment, input: nil)
        #expect(result.code == 0, "\(result.errors.suffix(2_000))")
    }
}
