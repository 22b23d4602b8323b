import Foundation
import Testing

/// Passwords come from files and are seen nowhere.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct SecretsTests {
    @Test func aPasswordComesFromAFileThatNobodyElseReads() async throws {
        let site = try Site()
        try await site.apply()
        let url = try #require(site.url)
        var binary = site.binary
        binary.environment["DETAINER_BROKER_URL"] = url.replacing("guest:guest@", with: "guest:WRONG-MARKED@")
        let file = try site.scratch.write("password", "guest\n")
        binary.environment["DETAINER_BROKER_PASSWORD_FILE"] = file
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        let open = try await binary.run("topology", "check")
        #expect(open.code == 78 && open.errors.contains("can be read by others"), "\(open.errors)")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        #expect(try await binary.run("topology", "check").code == 0)
        let shown = try await binary.run("config", "show")
        #expect(shown.code == 0 && !shown.output.contains("MARKED"))
        #expect(shown.output.contains("guest:***@127.0.0.1") && shown.output.contains("DETAINER_BROKER_PASSWORD_FILE"))
        binary.environment["DETAINER_BROKER_PASSWORD_FILE"] = nil
        let refused = try await binary.run("topology", "check")
        #expect(refused.code == 69 && !refused.errors.contains("MARKED"), "\(refused.errors)")
        await site.remove()
    }

    @Test func aPasswordInAnArgumentIsRefused() async throws {
        let result = try await Site().binary.run("topology", "check", "--broker-url", "amqp://guest:MARKED@host/")
        #expect(result.code == 64 && result.errors.contains("must not hold a password"))
    }
}
