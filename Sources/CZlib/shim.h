// The one thing that is asked of zlib, whole: its stream holds its own address, which Swift may move.
#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <zlib.h>

// Unpacks one gzip member as far as there is room. Returns zlib's code of the last step: Z_STREAM_END where the member
// is whole. `taken` and `made` are how many bytes were read and written; both are set whatever the code.
static inline int czlib_unpack_gzip(const unsigned char *packed, unsigned packed_count, unsigned char *room,
                                    unsigned room_count, unsigned *taken, unsigned *made) {
    z_stream stream = {0};
    // zlib only reads it; without ZLIB_CONST its declaration does not say so.
    stream.next_in = (unsigned char *)packed;
    stream.avail_in = packed_count;
    stream.next_out = room;
    stream.avail_out = room_count;
    *taken = *made = 0;
    // 16: gzip and no other wrapping.
    int code = inflateInit2(&stream, 16 + MAX_WBITS);
    if (code != Z_OK) return code;
    code = inflate(&stream, Z_FINISH);
    *taken = packed_count - stream.avail_in;
    *made = room_count - stream.avail_out;
    inflateEnd(&stream);
    return code;
}

#endif
