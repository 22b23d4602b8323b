import Foundation
import Testing

/// Which allocator the program has and how it is set, as the allocator itself tells at the end of the program.
@Suite(.enabled(if: sanitizer == nil, "a sanitizer brings an allocator of its own"))
struct AllocatorTests {
    private func settings(_ configuration: String) async throws -> String {
        var environment = ProcessInfo.processInfo.environment
        environment["MALLOC_CONF"] = configuration
        let result = try await Binary(environment: environment).run("--version")
        #expect(result.code == 0)
        return result.errors
    }

    @Test func itIsJemallocAndKeepsLittle() async throws {
        let told = try await settings("stats_print:true")
        #expect(told.contains("opt.narenas: 1\n"), "\(told.prefix(2_000))")
        #expect(told.contains("opt.dirty_decay_ms: 1000 "))
        #expect(told.contains("opt.background_thread: true "))
        #expect(told.contains("opt.thp: \"never\"\n"))
        // It allocates, too, and does not only stand by: what it takes for itself is a tenth of a megabyte.
        let allocated = try #require(told.firstMatch(of: /\nAllocated: (\d+),/).flatMap { Int($0.output.1) })
        #expect(allocated > 250_000)
    }

    @Test func theEnvironmentGoesOverIt() async throws {
        let told = try await settings("stats_print:true,dirty_decay_ms:5000")
        #expect(told.contains("opt.narenas: 1\n"))
        #expect(told.contains("opt.dirty_decay_ms: 5000 "))
    }
}
