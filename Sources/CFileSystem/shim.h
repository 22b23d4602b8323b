#pragma once
#include <sys/types.h>

// Declared here because glibc hides it without _GNU_SOURCE, which Swift's Glibc module does not define.
extern int fallocate(int file, int mode, off_t offset, off_t length);

// fallocate(2) with FALLOC_FL_KEEP_SIZE: reserves room and leaves the file's size as it is.
static inline int detainer_reserve(int file, off_t offset, off_t length) { return fallocate(file, 0x01, offset, length); }

#include <sys/timex.h>

// adjtimex(2), which only reads here: 1 where something keeps the clock in step with others, 0 where nothing does, -1
// where this machine does not tell.
static inline int detainer_clock_is_synchronised(void) {
    struct timex state = {0};
    if (adjtimex(&state) < 0) return -1;
    return (state.status & STA_UNSYNC) == 0;
}

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The CRC-32C instruction of SSE 4.2, which only C can name. A processor of another kind has none here.
#if defined(__x86_64__)
#include <cpuid.h>

static inline int detainer_has_crc32c(void) {
    unsigned int eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_SSE4_2) ? 1 : 0;
}

// Goes on from a state, which is the complement of a checksum; only where detainer_has_crc32c() is 1.
__attribute__((target("sse4.2"))) static inline uint32_t detainer_crc32c(
    uint32_t state, const void *bytes, size_t count) {
    const unsigned char *next = (const unsigned char *)bytes;
    uint64_t wide = state;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    state = (uint32_t)wide;
    for (; count > 0; count--) state = __builtin_ia32_crc32qi(state, *next++);
    return state;
}
#else
static inline int detainer_has_crc32c(void) { return 0; }
static inline uint32_t detainer_crc32c(uint32_t state, const void *bytes, size_t count) {
    (void)bytes, (void)count;
    return state;
}
#endif
