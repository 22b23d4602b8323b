import Foundation

/// What the kernel says of this process (proc(5)), under the names that Prometheus's own clients use.
public enum ProcessFigures {
    /// Kernel ticks a second; fixed for programs since Linux 2.6 (time(7)).
    private static let ticks = 100.0

    /// Adds what can be read; a machine without /proc adds nothing.
    public static func add(to metrics: inout MetricsText) {
        if let status = text("/proc/self/status"), let resident = number(status, "VmRSS:") {
            metrics.add(
                "process_resident_memory_bytes", .gauge, help: "Memory of this process that is in RAM.",
                resident * 1_024)
        }
        if let stat = text("/proc/self/stat"), let name = stat.lastIndex(of: ")") {
            // Behind the name, which may hold spaces: user time is field 14, system time 15, start 22.
            let fields = stat[stat.index(after: name)...].split(separator: " ")
            if fields.count > 19, let user = Double(fields[11]), let system = Double(fields[12]) {
                metrics.add(
                    "process_cpu_seconds_total", .counter, help: "Time on a core, user and system.",
                    (user + system) / ticks)
            }
            if fields.count > 19, let start = Double(fields[19]), let boot = text("/proc/stat").flatMap(bootTime) {
                metrics.add(
                    "process_start_time_seconds", .gauge, help: "When this process started, since 1970.",
                    boot + start / ticks)
            }
        }
        // A directory that cannot be listed is left out, as all else that cannot be read.
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            metrics.add("process_open_fds", .gauge, help: "File descriptors in use.", open)
        }
        if let limits = text("/proc/self/limits"), let most = number(limits, "Max open files") {
            metrics.add("process_max_fds", .gauge, help: "File descriptors that this process may use.", most)
        }
    }

    private static func text(_ path: String) -> String? {
        // Left out where this machine does not tell.
        try? String(contentsOfFile: path, encoding: .utf8)
    }

    private static func number(_ text: String, _ name: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first.flatMap { Int($0) }
    }

    private static func bootTime(_ stat: String) -> Double? { number(stat, "btime ").map(Double.init) }
}
