#include "allocator.h"

// jemalloc(3), TUNING; what the environment's MALLOC_CONF says goes over it.
//
// narenas: a worker has some ten threads, of which two or three work at once, and each keeps small blocks at hand. By
//   default there are four arenas a core, and each keeps what its threads no longer need.
// dirty_decay_ms, muzzy_decay_ms: what was given back is the kernel's again after a second, not after ten, and at once
//   in full: resident memory is what a worker is judged by.
const char *malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0";
