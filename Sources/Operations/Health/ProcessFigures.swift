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
        if let user = field(14), let system = field(15) {
            metrics.add(
                "process_cpu_seconds_total", .counter, help: "Time on a core, user and system.", (user + system) / ticks
            )
        }
        if let start {
            metrics.add("process_start_time_seconds", .gauge, help: "When this process started, since 1970.", start)
        }
        // A directory that cannot be listed is left out, as all else that cannot be read.
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            metrics.add("process_open_fds", .gauge, help: "File descriptors in use.", open)
        }
        if let limits = text("/proc/self/limits"), let most = number(limits, "Max open files") {
            metrics.add("process_max_fds", .gauge, help: "File descriptors that this process may use.", most)
        }
    }

    /// When this process started, since 1970.
    ///
    /// Its age taken from the time of day, once: a clock that is set later must not look like another start. Of /proc
    /// only what is this process's own is read; systemd's `ProcSubset=pid` hides all else.
    static let start: Double? = field(22).map { start in
        // On Linux this clock counts from the machine's boot, as the kernel does for its processes.
        let sinceBoot = ContinuousClock().systemEpoch.duration(to: .now) / .seconds(1)
        return Date().timeIntervalSince1970 - (sinceBoot - start / ticks)
    }

    /// A number of /proc/self/stat, by its place in proc_pid_stat(5).
    private static func field(_ place: Int) -> Double? {
        guard let stat = text("/proc/self/stat"), let name = stat.lastIndex(of: ")") else { return nil }
        // Behind the name, the second field, which may hold spaces.
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        return fields.count > place - 3 ? Double(fields[place - 3]) : nil
    }

    private static func text(_ path: String) -> String? {
        // Left out where this machine does not tell.
        try? String(contentsOfFile: path, encoding: .utf8)
    }

    private static func number(_ text: String, _ name: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first.flatMap { Int($0) }
    }
}
