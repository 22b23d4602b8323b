/* Makes system calls of a worker fail when told: a library to be loaded before the C library (LD_PRELOAD).
 *
 *     cc -shared -fPIC -O2 -o faults.so faults.c -ldl
 *     LD_PRELOAD=./faults.so DETAINER_FAULT_FILE=/tmp/fault detainer worker run
 *
 * To arm a fault, put a file in place (write it elsewhere and rename it) that holds one line:
 *
 *     fdatasync 5          the next fdatasync fails with errno 5
 *     write 28             the next write to a ledger's file fails with errno 28
 *     write short          the next write to a ledger's file takes half of what it is given
 *     fdatasync hang       the next fdatasync never returns
 *     write 30 until 9     every write to a ledger's file fails with errno 30, until the file is taken away
 *
 * Calls: write, fdatasync, fsync, rename, fallocate. The file is removed when the fault has struck, and a line is added to
 * a file beside it with the suffix `.struck`, so that faults can be counted where they happened.
 *
 * DETAINER_FAULT_CLOCK=<file>: the time of day is off by as many seconds as the file says, from the moment it is there.
 *
 * DETAINER_FAULT_DIE_ON=<file>: the process ends as soon as the bytes that the file holds are copied within it, as a
 * message would do that makes whoever decides it crash. (A file, for an environment is copied too.)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HANGS = -1, SHORT = -2 };

/* The fault that is armed for this call: an errno, HANGS or SHORT; 0 for none. */
static int armed(const char *call)
{
    const char *path = getenv("DETAINER_FAULT_FILE");
    if (path == NULL) return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char line[128] = {0};
    long length = syscall(SYS_read, file, line, sizeof line - 1);
    syscall(SYS_close, file);
    char name[32] = {0}, what[32] = {0}, lasting[32] = {0};
    if (length <= 0 || sscanf(line, "%31s %31s %31s", name, what, lasting) < 2 || strcmp(name, call) != 0) return 0;
    if (strcmp(lasting, "until") != 0 && syscall(SYS_unlink, path) != 0) return 0; /* another thread was faster */
    char log[4096];
    snprintf(log, sizeof log, "%s.struck", path);
    int struck = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (struck >= 0) {
        syscall(SYS_write, struck, line, strcspn(line, "\n"));
        syscall(SYS_write, struck, "\n", 1);
        syscall(SYS_close, struck);
    }
    if (strcmp(what, "hang") == 0) return HANGS;
    if (strcmp(what, "short") == 0) return SHORT;
    return atoi(what);
}

static int fails(const char *call)
{
    int fault = armed(call);
    if (fault == HANGS) for (;;) pause();
    if (fault <= 0) return 0;
    errno = fault;
    return 1;
}

/* Segments, marks, drafts of both, checkpoints, policies: whatever lies in a ledger has a slash before its name. */
static int is_of_a_ledger(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, ".jsonl") != NULL || strstr(path, "/checkpoints/") != NULL;
}

ssize_t write(int file, const void *bytes, size_t count)
{
    if (getenv("DETAINER_FAULT_FILE") != NULL && is_of_a_ledger(file)) {
        int fault = armed("write");
        if (fault == HANGS) for (;;) pause();
        if (fault == SHORT) count = count > 1 ? count / 2 : count;
        if (fault > 0) {
            errno = fault;
            return -1;
        }
    }
    return syscall(SYS_write, file, bytes, count);
}

int fdatasync(int file) { return fails("fdatasync") ? -1 : (int)syscall(SYS_fdatasync, file); }
int fsync(int file) { return fails("fsync") ? -1 : (int)syscall(SYS_fsync, file); }
int rename(const char *from, const char *to)
{
    return fails("rename") ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int fallocate(int file, int mode, off_t offset, off_t length)
{
    return fails("fallocate") ? -1 : (int)syscall(SYS_fallocate, file, mode, offset, length);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    const char *path = clock == CLOCK_REALTIME ? getenv("DETAINER_FAULT_CLOCK") : NULL;
    if (result != 0 || path == NULL) return result;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[32] = {0};
    if (syscall(SYS_read, file, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
    syscall(SYS_close, file);
    return 0;
}

/* Only short copies are looked at: the messages of tests are short, and every copy of the process comes through here. */
static void look(const void *bytes, size_t count)
{
    static char deadly[64];
    static size_t length;
    static int known;
    if (!known) {
        known = 1;
        const char *path = getenv("DETAINER_FAULT_DIE_ON");
        int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
        if (file >= 0) {
            long got = syscall(SYS_read, file, deadly, sizeof deadly);
            syscall(SYS_close, file);
            length = got > 0 ? (size_t)got : 0;
        }
    }
    if (length > 0 && count >= length && count <= 512 && memmem(bytes, count, deadly, length) != NULL) _exit(139);
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    look(from, count);
    unsigned char *target = to;
    const unsigned char *source = from;
    while (count--) *target++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    static void *(*next)(void *, const void *, size_t);
    look(from, count);
    if (next == NULL) next = (void *(*)(void *, const void *, size_t))dlsym(RTLD_NEXT, "memmove");
    return next(to, from, count);
}
