import CFileSystem
import Detainers
import Glibc

/// What can be learned of the disk and the clock below a ledger; leaves nothing behind.
public enum DiskProbe {
    /// Bytes that this process's user may still write below a directory; `nil` where the system does not tell.
    public static func freeBytes(_ directory: String) -> Int? {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return nil }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// Whether this process's user may make files in a directory.
    public static func isWritable(_ directory: String) -> Bool { unsafe access(directory, W_OK | X_OK) == 0 }

    /// How long it takes until 4 KiB are on the disk (write and fdatasync): the median of some rounds, in microseconds.
    ///
    /// - Throws: what no ledger could be written for.
    public static func syncMicroseconds(_ directory: String, rounds: Int = 20) throws(LedgerError) -> Int {
        let files = FileSystem()
        let path = directory + "/sync-probe-\(getpid()).tmp"
        let block = [UInt8](repeating: 0x20, count: 4_096)
        do throws(FileSystem.Errno) {
            let file = try files.open(path, O_CREAT | O_EXCL | O_WRONLY)
            defer {
                files.close(file)
                // What stays behind where it cannot be removed is a few blocks that no reader takes for a ledger.
                try? files.remove(path)
            }
            var times: [Int] = []
            for _ in 0..<max(1, rounds) {
                let began = ContinuousClock.now
                try files.writeAll(file, block)
                try files.dataSync(file)
                times.append(Int((ContinuousClock.now - began) / .microseconds(1)))
            }
            return times.sorted()[times.count / 2]
        } catch {
            throw .failed("write", path, error)
        }
    }

    /// Whether something keeps this machine's clock in step with others; `nil` where it does not tell.
    public static func isClockSynchronised() -> Bool? {
        switch detainer_clock_is_synchronised() {
        case 0: false
        case 1: true
        default: nil
        }
    }
}
