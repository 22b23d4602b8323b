/// Everything that is wrong with a message of the intake queue.
public enum IntakeDiagnosis {
    /// - Returns: the problems of a body; the first is the one that a worker's dead letter would tell. Empty where a
    ///   worker could read it.
    public static func problems(in body: [UInt8]) -> [ContractProblem] {
        do throws(ContractError) {
            _ = try IntakeContract.read(body)
            return []
        } catch {
            return problems(in: body, first: error)
        }
    }

    private static func problems(in body: [UInt8], first error: ContractError) -> [ContractProblem] {
        let json: JSONValue
        do { json = try JSONValue.parse(body) } catch let syntax {
            return [problem(error, remedy: remedy(error.reason), offset: syntax.offset)]
        }
        // By which contract of other people or another version the rest would have to be judged, nobody knows.
        let contract = error.reason == .schema ? contract(of: json) : nil
        var problems = contract.map { self.problems(of: json, by: $0, in: body) } ?? []
        if let position = problems.firstIndex(where: { $0.error == error }) {
            problems.insert(problems.remove(at: position), at: 0)
        } else {
            let place = JSONSteps(steps: error.path == "/schema" ? [.name("schema")] : [])
            problems.insert(problem(error, remedy: remedy(error.reason), offset: place.offset(in: body)), at: 0)
        }
        return problems
    }

    /// Everything in a message that breaks a contract, as its description has it.
    ///
    /// - Parameter body: the text that the message was read from, to tell places in it.
    public static func problems(
        of json: JSONValue, by contract: Contract, in body: [UInt8]? = nil
    ) -> [ContractProblem] {
        var check = ContractCheck()
        check.object(contract.shape, json)
        return check.found.map { found in
            var problem = found.problem
            problem.offset = body.map { found.steps.offset(in: $0, isName: found.isName) }
            return problem
        }
    }

    /// The contract that a message says it is of; one that says nothing is judged as a request, as workers do.
    private static func contract(of json: JSONValue) -> Contract? {
        guard let schema = json["schema"]?.stringValue else { return .request }
        return Contract.messages.first { schema.prefix { $0 != "/" } == $0.name.prefix { $0 != "/" } }
    }

    private static func problem(_ error: ContractError, remedy: String, offset: Int?) -> ContractProblem {
        ContractProblem(
            reason: error.reason, path: error.path, expected: error.explanation, remedy: remedy, offset: offset)
    }

    private static func remedy(_ reason: DeadLetterReason) -> String {
        switch reason {
        case .malformedJSON: "send one JSON object (RFC 8259), each member once; a JSON library writes it so"
        case .wrongEncoding: "send plain UTF-8, or gzip where content_encoding says so"
        case .tooLarge: "send the data of the form, not its image"
        case .unsupportedVersion: "send a version that this program knows, or update the workers first"
        default: "write it as the contract has it: config/schemas tells"
        }
    }
}
