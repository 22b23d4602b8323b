#pragma once
#include <sys/types.h>

// Declared here because glibc hides it without _GNU_SOURCE, which Swift's Glibc module does not define.
extern int fallocate(int file, int mode, off_t offset, off_t length);

// fallocate(2) with FALLOC_FL_KEEP_SIZE: reserves room and leaves the file's size as it is.
static inline int detainer_reserve(int file, off_t offset, off_t length) { return fallocate(file, 0x01, offset, length); }
