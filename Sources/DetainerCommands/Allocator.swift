import CAllocator

/// How much memory glibc's allocator (mallopt(3)) keeps of what is given back to it.
public enum Allocator {
    /// It gives threads heaps of their own, eight a core, and each keeps what its threads no longer need. A worker has
    /// some ten threads, of which two or three work at once: with two heaps it needs less memory and is as fast.
    private static let heaps: Int32 = 2
    /// What is larger goes back to the kernel at once. Left alone the allocator raises this bound up to 32 MB, to the
    /// size of whatever large was given back last, and keeps all that.
    private static let largeBlock: Int32 = 1 << 20
    /// So much may lie unused at a heap's end: twice a block, as the allocator itself would have it.
    private static let unused: Int32 = 2 << 20

    /// To be called once, before there are other threads. What the environment says (`MALLOC_ARENA_MAX` and its like)
    /// no longer holds after it.
    public static func limit() {
        // Each returns 0 where the allocator does not know the setting: then it does as it always did.
        _ = mallopt(detainer_arena_max, heaps)
        _ = mallopt(detainer_mmap_threshold, largeBlock)
        _ = mallopt(detainer_trim_threshold, unused)
    }
}
