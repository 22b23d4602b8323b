import Detainers
import Foundation
import Testing

/// That the reader, the complete check and a validator that shares nothing with them say the same of every message.
struct ContractAgreementTests {
    /// The samples, and messages that differ from a good one in one place; each is JSON or breaks it.
    private static func bodies() throws -> [[UInt8]] {
        var seen: Set<String> = []
        var bodies = try Samples.good()
        bodies += try Samples.names("bad").map { try Samples.body("bad/" + $0) }
        for name in try Samples.names("good") {
            let body = try Samples.body("good/" + name)
            bodies += Mutations.of(try JSONValue.parse(body), seen: &seen).map { $0.serialized() }
        }
        for name in ["good/form-i-247a.json", "good/record-detained.json"] {
            bodies += Mutations.texts(of: try JSONValue.parse(Samples.body(name)).serialized())
        }
        return bodies
    }

    private static func refusal(_ body: [UInt8]) -> ContractError? {
        do throws(ContractError) {
            _ = try IntakeContract.read(body)
            return nil
        } catch { return error }
    }

    @Test func everyGoodSampleIsReadAndEveryBadOneRefused() throws {
        let good = try Samples.good()
        #expect(good.count > 100)
        for body in good { #expect(Self.refusal(body) == nil, "\(String(decoding: body.prefix(200), as: UTF8.self))") }
        let bad = try Samples.names("bad")
        #expect(bad.count > 50)
        for name in bad { #expect(Self.refusal(try Samples.body("bad/" + name)) != nil, "\(name)") }
    }

    /// The description says of each message what the reader says, and its first problem is the dead letter's.
    @Test func theCompleteCheckFindsWhatTheReaderFindsAndTellsItFirst() throws {
        let bodies = try Self.bodies()
        #expect(bodies.count > 5_000)
        var several = 0
        for body in bodies {
            let error = Self.refusal(body)
            let problems = IntakeDiagnosis.problems(in: body)
            #expect(problems.first?.error == error, "\(String(decoding: body.prefix(300), as: UTF8.self))")
            for problem in problems {
                #expect(!problem.remedy.isEmpty)
                if let offset = problem.offset { #expect(offset <= body.count) }
            }
            if problems.count > 1 { several += 1 }
        }
        #expect(several > 100)
    }

    /// The reader's own error must be among what the description finds, or the description does not know the rule.
    @Test func theDescriptionKnowsEveryRuleOfTheReader() throws {
        for body in try Self.bodies() {
            guard let error = Self.refusal(body), error.reason == .schema, error.path != "/schema",
                let json = try? JSONValue.parse(body)
            else { continue }
            let kind = json["schema"]?.stringValue?.hasPrefix("detainer.record") == true
            let contract = kind ? Contract.record : Contract.request
            #expect(IntakeDiagnosis.problems(of: json, by: contract).contains { $0.error == error }, "\(error)")
        }
    }

    /// The rules that the schemas cannot say, each of which must be needed; there are no other exceptions.
    @Test func anIndependentValidatorAgreesOnEveryMessage() async throws {
        let bodies = try Self.bodies().filter { !$0.contains(UInt8(ascii: "\n")) && !$0.allSatisfy { $0 == 0x20 } }
        let scratch = try Scratch()
        defer { scratch.remove() }
        let file = scratch.path + "/messages.jsonl"
        try Data(bodies.joined(separator: [UInt8(ascii: "\n")])).write(to: URL(fileURLWithPath: file))
        let result = try await Binary.run(
            Binary.repository + "/deploy/clients/validate", [file], ProcessInfo.processInfo.environment, input: nil)
        try #require(result.code == 1, "\(result.errors)")
        let verdicts = try result.objects()
        try #require(verdicts.count == bodies.count)
        var used: Set<String> = []
        for (body, verdict) in zip(bodies, verdicts) {
            let isValid = try #require(verdict["valid"] as? Bool)
            let rules = try #require(verdict["rules"] as? [String])
            let isRead = Self.refusal(body) == nil
            #expect(
                isRead == (isValid && rules.isEmpty),
                "\(isRead) \(isValid) \(rules): \(String(decoding: body.prefix(400), as: UTF8.self))")
            if !isRead, isValid { used.formUnion(rules) }
        }
        #expect(used == Set(UnspokenRule.allCases.map(\.rawValue)))
    }

    /// Other than as lines of one file.
    @Test func theValidatorTakesTheSamplesToo() async throws {
        let result = try await Binary.run(
            Binary.repository + "/deploy/clients/validate",
            ["requests-2024.jsonl", "requests-2021-2025.jsonl", "records.jsonl"].map { Samples.folder + $0 },
            ProcessInfo.processInfo.environment, input: nil)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.lines.count > 100)
    }

    /// A sentence, in place of a verdict on messages that nothing was held against.
    @Test func theValidatorSaysWhereNoSchemaIs() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let result = try await Binary.run(
            Binary.repository + "/deploy/clients/validate",
            ["--schemas", scratch.path, Samples.folder + "records.jsonl"], ProcessInfo.processInfo.environment,
            input: nil)
        #expect(result.code == 74 && result.lines.isEmpty)
        #expect(result.errors.hasPrefix("\(scratch.path): no *.schema.json is there"), "\(result.errors)")
    }
}
