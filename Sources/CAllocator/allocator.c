#include "allocator.h"

// jemalloc(3), TUNING; what the environment's MALLOC_CONF says goes over it.
//
// narenas: a worker has some ten threads, of which two or three work at once, and each keeps small blocks at hand. By
//   default there are four arenas a core, and each keeps what its threads no longer need. Commands that work on all
//   cores have one, too: what they allocate is small beside what they do with it.
// dirty_decay_ms, background_thread: what was given back is the kernel's again after a second, not after ten, in a
//   program that does nothing as well, which a thread sees to.
// thp: resident memory does not depend on where the kernel puts huge pages.
const char *malloc_conf = "narenas:1,dirty_decay_ms:1000,background_thread:true,max_background_threads:1,thp:never";
