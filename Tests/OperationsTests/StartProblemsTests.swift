import AMQPClient
import Foundation
import Testing

@testable import Operations

struct StartProblemsTests {
    @Test func aBrokerThatIsNotThereForbidsNothingAndAnOpenSecretDoes() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/start-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            // What stays behind is a temporary folder.
            try? FileManager.default.removeItem(atPath: folder)
        }
        let file = folder + "/password"
        let config = folder + "/worker.yaml"
        try "broker:\n  password-file: \(file)\nledger:\n  directory: \(folder)\n".write(
            toFile: config, atomically: true, encoding: .utf8)
        let settings = try Settings(flags: [:], environment: [:], file: config)
        let address = try BrokerAddress(url: "amqp://127.0.0.1:1/")
        func problems(mode: Int) async throws -> [String] {
            try "secret".write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            return await Doctor.startProblems(settings, address).map(\.name)
        }
        #expect(try await problems(mode: 0o600) == [])
        #expect(try await problems(mode: 0o640) == ["password file " + file])
    }
}
