import Foundation
import Ledger
import Operations
import Reports

/// The form that a jurisdiction's report is written in.
enum ReportForms {
    static func form(_ path: String?, _ jurisdiction: String, _ settings: Settings) throws -> ReportForm {
        if let path { return try ReportForm.read(text: try TextFile.read(path), file: path) }
        let directory = settings[.reportForms]
        guard FileManager.default.fileExists(atPath: directory) else { return .plain(jurisdiction) }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw ReportForm.Problem(
                description: "\(directory): cannot be listed: is it a directory, and may you read it?")
        }
        let forms = try names.filter { $0.hasSuffix(".yaml") }.sorted().map { name in
            try ReportForm.read(text: try TextFile.read(directory + "/" + name), file: directory + "/" + name)
        }
        let own = forms.filter { $0.jurisdiction == jurisdiction }
        if own.count > 1 {
            throw ReportForm.Problem(
                description: "\(directory): several forms are of \(jurisdiction): name one with --form")
        }
        return own.first ?? .plain(jurisdiction)
    }
}

/// Prints a page with a program that this machine has.
enum PDF {
    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// A page of some kilobytes takes seconds; a program that takes longer hangs.
    private static let patienceSeconds = 60.0

    static func write(_ html: String, to path: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("detainer-" + UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Its content is in the file that is asked for; what stays of it is a temporary folder.
        defer { try? FileManager.default.removeItem(at: folder) }
        let (page, printed) = (folder.path + "/report.html", folder.path + "/report.pdf")
        try OwnerFile.replace(Array(html.utf8), at: page)
        guard let (program, arguments) = Self.printer(page: page, to: printed, profile: folder.path) else {
            throw Problem(
                description:
                    "no program that prints a page is on the PATH: install Debian's `weasyprint` or `chromium`, "
                    + "or print `--format html` from a browser")
        }
        try run(program, arguments)
        guard let data = FileManager.default.contents(atPath: printed), data.starts(with: Array("%PDF".utf8)) else {
            throw Problem(description: "\(program) printed nothing: print `--format html` from a browser")
        }
        try OwnerFile.replace(Array(data), at: path)
    }

    private static func printer(
        page: String, to pdf: String, profile: String
    ) -> (program: String, arguments: [String])? {
        if let weasyprint = find("weasyprint") { return (weasyprint, [page, pdf]) }
        for name in ["chromium", "chromium-browser", "google-chrome"] {
            guard let browser = find(name) else { continue }
            // The page is ours, has no script and asks no network; a browser as root has no sandbox to use.
            return (
                browser,
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                    "--user-data-dir=" + profile, "--print-to-pdf=" + pdf, "file://" + page,
                ]
            )
        }
        return nil
    }

    private static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        if ended.wait(timeout: .now() + patienceSeconds) == .timedOut {
            process.terminate()
            throw Problem(description: "\(program) did not end within \(Int(patienceSeconds)) s")
        }
    }
}
