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
