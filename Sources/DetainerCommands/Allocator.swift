import ArgumentParser
import CAllocator
import Foundation
import Ledger

/// How much memory glibc's allocator (mallopt(3)) keeps of what is given back to it.
public enum Allocator {
    /// It gives threads heaps of their own, eight a core, and each keeps what its threads no longer need. A worker has
    /// some ten threads, of which two or three work at once, and each keeps small blocks at hand: with one heap it
    /// takes a third less memory and is as fast.
    private static let heapsOfWorker = 1
    /// What is larger goes back to the kernel at once. Left alone the allocator raises this bound up to 32 MB, to the
    /// size of whatever large was given back last, and keeps all that.
    private static let largeBlock: Int32 = 1 << 20
    /// So much may lie unused at a heap's end: twice a block, as the allocator itself would have it.
    private static let unused: Int32 = 2 << 20
    /// Whoever sets one of these knows what they want.
    private static let variables = ["MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"]

    /// To be called once, before there are other threads.
    ///
    /// - Parameter arguments: the program's own first. A worker has one heap; other commands work on all cores, and
    ///   have one for each.
    public static func limit(arguments: [String]) {
        let environment = ProcessInfo.processInfo.environment
        if variables.contains(where: { environment[$0] != nil }) { return }
        let isWorker = arguments.dropFirst().first == WorkerCommand.configuration.commandName
        let heaps = isWorker ? heapsOfWorker : Parallel.cores
        // Each returns 0 where the allocator does not know the setting: then it does as it always did.
        _ = mallopt(detainer_arena_max, Int32(heaps))
        _ = mallopt(detainer_mmap_threshold, largeBlock)
        _ = mallopt(detainer_trim_threshold, unused)
    }
}
