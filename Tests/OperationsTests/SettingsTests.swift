import Foundation
import Logging
import Testing

@testable import Operations

struct SettingsTests {
    /// A settings file for one test.
    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/settings-\(UUID().uuidString).yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func problem(
        _ flags: [Settings.Key: String] = [:], _ environment: [String: String] = [:], _ text: String = "{}"
    )
        throws -> String
    {
        let path = try file(text)
        let error = #expect(throws: Settings.Problem.self) {
            _ = try Settings(flags: flags, environment: environment, file: path)
        }
        return try #require(error).description.replacing(path, with: "FILE")
    }

    @Test func aFlagGoesOverTheEnvironmentOverTheFileOverTheDefault() throws {
        let path = try file("worker: {name: from-file, prefetch: 7}\nhealth.host: from-file\n")
        let settings = try Settings(
            flags: [.workerName: "from-flag"],
            environment: [
                "DETAINER_WORKER_NAME": "from-environment", "DETAINER_HEALTH_HOST": "from-environment",
                "DETAINER_KILL_SWITCH_WINDOW": "40",
            ], file: path)
        #expect(settings[.workerName] == "from-flag" && settings.source(of: .workerName) == .flag)
        #expect(settings[.healthHost] == "from-environment")
        #expect(settings.source(of: .healthHost) == .environment(variable: "DETAINER_HEALTH_HOST"))
        #expect(settings.prefetch == 7 && settings.source(of: .prefetch) == .file(path))
        #expect(settings.killSwitch.window == 40)
        #expect(settings[.requestQueue] == "detainer.requests" && settings.source(of: .requestQueue) == .fallback)
    }

    @Test func aWrongKeyNamesTheNearestRightOne() throws {
        #expect(
            try problem([:], [:], "worker:\n  prefech: 7\n")
                == "settings file `FILE`, line 2: unknown key `worker.prefech`; did you mean `worker.prefetch`?")
        #expect(
            try problem([:], ["DETAINER_LEDGER_DIRECTRY": "x"])
                == "environment variable `DETAINER_LEDGER_DIRECTRY` is not known; did you mean `DETAINER_LEDGER_DIRECTORY`?"
        )
        #expect(
            try problem([:], [:], "worker.name: a\nworker: {name: b}\n").hasSuffix("`worker.name` stands there twice"))
        // What is ours and looks like no setting is another program's.
        _ = try Settings(flags: [:], environment: ["DETAINER_TEST_SCRATCH": "x"], file: file("{}"))
    }

    /// A password stands in such a file, and what is wrong with it is told in logs and over HTTP.
    @Test func whatIsNoYAMLIsToldByItsLineWithoutWhatStandsThere() throws {
        let broken: [(text: String, line: Int?, what: String)] = [
            // The scanner's, the parser's, the composer's, the reader's, and a name that stands twice.
            ("broker:\n  prefetch 7\n  url: amqp://u:MARKED@h/\n", 3, "mapping values are not allowed in this context"),
            ("broker: {url: amqp://u:MARKED@h/\n", 2, "did not find expected ',' or '}'"),
            ("broker:\n  url: *MARKED\n", 2, "found undefined alias"),
            ("broker:\n  url: MARKED\u{1}\n", nil, "control characters are not allowed"),
            ("broker:\n  url: MARKED\n  url: MARKED\n", 2, "`url` stands there twice"),
            // What stands where a name belongs.
            ("broker:\n  amqp://u:MARKED@h/: x\n", 2, "that is no word; did you mean `broker.url`?"),
            ("broker: {url:amqp://u:MARKED@h/}\n", 1, "that is no word; did you mean `broker.url`?"),
        ]
        for (text, line, what) in broken {
            let told = try problem([:], [:], text)
            let place = line.map { "settings file `FILE`, line \($0): " } ?? "settings file `FILE` is not YAML"
            #expect(told.hasPrefix(place) && told.hasSuffix(what) && !told.contains("MARKED"), "\(told)")
            #expect(!told.contains("\n"))
        }
    }

    @Test func aWrongValueIsRefusedWithWhereItCameFrom() throws {
        #expect(
            try problem([.prefetch: "0"])
                == "setting `worker.prefetch` (flag) must be a whole number from 1 to 10000")
        #expect(
            try problem([:], ["DETAINER_LOG_FORMAT": "xml"])
                == "setting `log.format` (environment, DETAINER_LOG_FORMAT) must be text or json")
        #expect(
            try problem([:], [:], "policy:\n  allow-unapproved: maybe\n")
                == "settings file `FILE`, line 2: `policy.allow-unapproved` must be yes or no")
        #expect(
            try problem([.killSwitchMinimum: "50", .killSwitchWindow: "40"])
                == "setting `kill-switch.minimum` must not be more than `kill-switch.window`, which is 40")
        // A value that something goes over is refused too: it is wrong all the same.
        #expect(try problem([.prefetch: "5"], [:], "worker.prefetch: many\n").contains("line 1"))
    }

    @Test func aURLWithoutASchemeIsRefusedAndNotRepeated() throws {
        let complaint = "must begin with its scheme, such as amqp:// or https://"
        for mistyped in ["u:MARKED@h/", "amqp:/u:MARKED@h/", "amqp:u:MARKED@h", "u:MARKED@h://", "://u:MARKED@h", "h"] {
            #expect(
                try problem([:], ["DETAINER_BROKER_URL": mistyped])
                    == "setting `broker.url` (environment, DETAINER_BROKER_URL) " + complaint, "\(mistyped)")
            #expect(
                try problem([:], [:], "broker.management-url: '\(mistyped)'\n")
                    == "settings file `FILE`, line 1: `broker.management-url` " + complaint, "\(mistyped)")
        }
        _ = try Settings(
            flags: [.managementURL: ""], environment: ["DETAINER_BROKER_URL": "amqps://u@h:1/v"], file: file("{}"))
    }

    @Test(arguments: [
        ("amqp://u:MARKED@h:1/v", true, "amqp://u:***@h:1/v"), ("amqp://u:MAR@K/E:D@h", true, "amqp://u:***@h"),
        ("amqp://:MARKED@h", true, "amqp://:***@h"), ("amqp://u@h:1/v", false, "amqp://u:***@h:1/v"),
        ("amqp://h:1/v", false, "amqp://h:1/v"), ("u:MARKED@h:1/v", true, "***@h:1/v"),
        ("amqp:/u:MARKED@h", true, "***@h"), ("u:MARKED://@h", true, "***@h"), ("u@h:1", false, "***@h:1"),
        ("h:1/v", false, "h:1/v"), ("", false, ""),
    ])
    func aPasswordIsHiddenHoweverItsURLIsMistyped(_ text: String, holdsPassword: Bool, masked: String) {
        #expect(SecretURL(text).holdsPassword == holdsPassword)
        #expect(SecretURL(text).masked == masked)
    }

    /// The file that is shipped explains every setting and holds its default.
    @Test func theShippedFileHasEverySettingWithItsTypeAndItsDefault() throws {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/config/worker.yaml"
        let settings = try Settings(flags: [:], environment: [:], file: path)
        for key in Settings.Key.allCases {
            #expect(settings.source(of: key) == .file(path), "\(key.rawValue) is not there")
            // That drafts load is said beside it; everything else is its own default.
            if key != .policyAllowUnapproved { #expect(settings[key] == key.fallback, "\(key.rawValue)") }
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var comment = ""
        var types: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("#") {
                comment += line.dropFirst()
            } else {
                (types[line.prefix { $0 != ":" } + ""], comment) = (comment, "")
            }
        }
        for key in Settings.Key.allCases where !key.rawValue.hasPrefix("topology.") {
            let comment = try #require(types[String(key.rawValue.split(separator: ".")[1])])
            #expect(comment.contains("Default"), "\(key.rawValue)")
            if case .number(let range) = key.kind {
                #expect(comment.contains("\(range.lowerBound) to \(range.upperBound)"), "\(key.rawValue)")
            }
            #expect(!key.isSecret || comment.lowercased().contains("secret"), "\(key.rawValue)")
        }
    }

    @Test func wordsThatLookAlikeAreNear() {
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3 && Spelling.distance("abc", "abc") == 0)
    }
}

struct LogLinesTests {
    @Test func aLineIsTextOrJSON() {
        let pairs = [(name: "worker", value: "worker-1")]
        #expect(
            LogLines.line(.warning, "two\nlines", time: "T", pairs, format: .text)
                == "T warning: two | lines worker=worker-1\n")
        #expect(LogLines.line(.info, "plain", time: nil, pairs, format: .text) == "info: plain\n")
        #expect(
            LogLines.line(.error, "a \"b\"\n\u{1}", time: "T", pairs, format: .json)
                == #"{"timestamp":"T","level":"error","message":"a \"b\"\n\u0001","worker":"worker-1"}"# + "\n")
    }

    @Test func timesHaveHundredthsAndAnOffset() throws {
        let zone = try #require(TimeZone(secondsFromGMT: -5 * 3_600))
        #expect(
            LogTime.text(Date(timeIntervalSince1970: 1_772_378_130.129), zone: zone) == "2026-03-01T10:15:30.12-05:00")
        #expect(LogTime.text(Date(timeIntervalSince1970: 0), zone: .gmt) == "1970-01-01T00:00:00.00+00:00")
    }
}
