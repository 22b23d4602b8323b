// The settings of the allocator that `detainer` is linked with: jemalloc, which reads them before main, under this name.
#ifndef CALLOCATOR_H
#define CALLOCATOR_H

extern const char *malloc_conf;

#endif
