// Tells ThreadSanitizer what Swift's `Mutex` orders; `deploy/local/sanitize thread` loads it before the tests.
//
// A `Mutex` that nobody holds is taken by an atomic exchange in the caller's own code, which the sanitizer sees. One
// that is held is waited for in Swift's library, which is not built with the sanitizer: without these functions every
// lock that two threads want at once would be a false race. They do what the library's do, which they call, and say so.
//
// They have the library's names and calling convention (Swift 6: the lock is the context), and take its place because
// they are loaded before it. Where a later Swift renames them, the self-test of `sanitize` fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define CONTEXT __attribute__((swift_context))

// Absent in a program without the sanitizer, such as `swift test` itself.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

typedef SWIFT void lock_function(uint32_t thread, CONTEXT void *lock);
typedef SWIFT bool try_lock_function(CONTEXT void *lock);
typedef SWIFT void unlock_function(CONTEXT void *lock);

SWIFT void lock_slow(uint32_t thread, CONTEXT void *lock) __asm__(LOCK);
SWIFT bool try_lock_slow(CONTEXT void *lock) __asm__(TRY_LOCK);
SWIFT void unlock_slow(CONTEXT void *lock) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, CONTEXT void *lock) {
    ((lock_function *)dlsym(RTLD_NEXT, LOCK))(thread, lock);
    if (__tsan_acquire) __tsan_acquire(lock);
}

SWIFT bool try_lock_slow(CONTEXT void *lock) {
    bool is_taken = ((try_lock_function *)dlsym(RTLD_NEXT, TRY_LOCK))(lock);
    if (is_taken && __tsan_acquire) __tsan_acquire(lock);
    return is_taken;
}

SWIFT void unlock_slow(CONTEXT void *lock) {
    if (__tsan_release) __tsan_release(lock);
    ((unlock_function *)dlsym(RTLD_NEXT, UNLOCK))(lock);
}
