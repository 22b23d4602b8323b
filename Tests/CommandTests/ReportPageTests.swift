import Foundation
import Testing

/// The report in a real browser, on the screen and on paper.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct ReportPageTests {
    private static func browser(_ site: Site, _ arguments: [String]) async throws {
        let result = try await Binary.run(
            "/usr/bin/chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--user-data-dir=" + site.scratch.path + "/profile",
            ] + arguments, ProcessInfo.processInfo.environment, input: nil)
        try #require(result.code == 0, "\(result.errors)")
    }

    private static func text(_ pdf: String, _ options: String...) async throws -> String {
        let result = try await Binary.run(
            "/usr/bin/pdftotext", ["-layout"] + options + [pdf, "-"], ProcessInfo.processInfo.environment, input: nil)
        try #require(result.code == 0, "\(result.errors)")
        return result.output
    }

    /// Width, height and how many bytes there are of a PNG (its header, RFC 2083 section 4.1.1).
    private static func image(_ path: String) throws -> (width: Int, height: Int, bytes: Int) {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try #require(data.count > 24 && data.starts(with: [0x89, 0x50, 0x4e, 0x47]))
        func number(_ at: Int) -> Int { data[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
        return (number(16), number(20), data.count)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"), "there is no chromium"))
    func thePageIsDrawnAndThePaperHasTheSameNumbers() async throws {
        let site = try Site()
        try await site.apply()
        try await site.submit(try ReportTests.sample("requests-2021-2025.jsonl"))
        try await site.drain()
        let (page, pdf) = (site.scratch.path + "/report.html", site.scratch.path + "/report.pdf")
        let year = ["report", "annual", "--year", "2025"]
        #expect(try await site.binary.run(year + ["--format", "html", "--out", page]).code == 0)
        let screen = site.scratch.path + "/screen.png"
        try await Self.browser(site, ["--window-size=900,1400", "--screenshot=" + screen, "file://" + page])
        let image = try Self.image(screen)
        // A page without text or chart is some kilobytes of one colour.
        #expect(image.width == 900 && image.height == 1_400 && image.bytes > 30_000, "\(image)")
        for paper in ["letter", "A4"] {
            let html = site.scratch.path + "/\(paper).html"
            let printed = site.scratch.path + "/\(paper).pdf"
            #expect(try await site.binary.run(year + ["--format", "html", "--paper", paper, "--out", html]).code == 0)
            try await Self.browser(site, ["--no-pdf-header-footer", "--print-to-pdf=" + printed, "file://" + html])
            // The letter is whole on the first page, signature and all, and no annex is on it.
            let first = try await Self.text(printed, "-l", "1")
            #expect(first.contains("Police Commissioner") && first.contains("I certify"), "\(first)")
            #expect(first.contains("To the City Clerk") && !first.contains("Annex") && !first.contains("sha-256"))
        }
        let made = try await site.binary.run(year + ["--format", "pdf", "--out", pdf])
        #expect(made.code == 0, "\(made.errors)")
        let words = try await Self.text(pdf)
        let json = try #require(try await site.binary.run(year + ["--format", "json"]).objects().first)
        let requests = try #require(json["requests"] as? [String: Any])
        #expect(requests["total"] as? Int == 57)
        let lines = words.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains { $0.hasSuffix("given for the request 57") }, "\(words)")
        for (station, count) in try #require(requests["byStation"] as? [String: Int]) {
            #expect(lines.contains("\(station) \(count)"), "\(station)")
        }
        #expect(lines.contains("Zero individuals were detained.") && words.contains("$0.00"), "\(words)")
        let mode = try FileManager.default.attributesOfItem(atPath: pdf)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await site.remove()
    }
}
