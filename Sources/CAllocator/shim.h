#pragma once
// mallopt(3), which Swift's Glibc module does not have.
#include <malloc.h>

static const int detainer_mmap_threshold = M_MMAP_THRESHOLD;
static const int detainer_trim_threshold = M_TRIM_THRESHOLD;
static const int detainer_arena_max = M_ARENA_MAX;
