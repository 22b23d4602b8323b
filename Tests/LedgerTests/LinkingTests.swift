import Detainers
import Glibc
import Synchronization
import Testing

@testable import Ledger

/// How a catalog finds out which of its entries have to do with each other.
struct LinkingTests {
    /// A process that may have only so many files open.
    private final class Descriptors: Sendable {
        private let limit: Int
        private let state = Mutex((open: 0, opened: 0))

        init(limit: Int) { self.limit = limit }

        /// How many were opened so far.
        var opened: Int { state.withLock { $0.opened } }

        var files: FileSystem {
            var files = FileSystem()
            let real = FileSystem()
            files.open = { path, flags throws(FileSystem.Errno) in
                let isFree = self.state.withLock { state in
                    if state.open == self.limit { return false }
                    state = (state.open + 1, state.opened + 1)
                    return true
                }
                if !isFree { throw FileSystem.Errno(number: EMFILE) }
                return try real.open(path, flags)
            }
            files.close = { file in
                real.close(file)
                self.state.withLock { $0.open -= 1 }
            }
            return files
        }
    }

    @Test func indexesStayOpenAsFarAsTheProcessMayHaveThemOpen() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        // Each twice, so that it has to do with another one.
        try bench.fill(1...60)
        try bench.fill(1...60)
        try SegmentIndexes(try bench.reader()).make()

        func link(limit: Int, holding bound: Int) throws -> (paired: [Int], opened: Int) {
            let descriptors = Descriptors(limit: limit)
            let catalog = try LedgerCatalog(try bench.reader(descriptors.files))
            let before = descriptors.opened
            return (try LedgerLinking(catalog, mostHeldOpen: bound).paired, descriptors.opened - before)
        }
        let sealed = try bench.names(".index").count
        let held = try link(limit: 1_000, holding: 1_000)
        #expect(sealed > 30 && held.paired == Array(0..<120) && held.opened == sealed)
        // Opened for each step, each of the rest, or as many as there is room for.
        for (limit, bound) in [(1_000, 0), (1_000, 5), (12, 1_000)] {
            let some = try link(limit: limit, holding: bound)
            #expect(some.paired == held.paired && some.opened > 2 * sealed, "\(limit), \(bound)")
        }
    }
}
