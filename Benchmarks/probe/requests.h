// Requests to publish: the lines of a file, taken round and round, each time with an id of its own.
#pragma once

#include <amqp.h>
#include <stddef.h>
#include <stdint.h>

struct requests {
    char **lines;
    size_t *lengths;
    // Where in each line the request's id begins.
    size_t *ids;
    size_t count;
};

struct request {
    amqp_bytes_t body, id;
};

struct requests requests_read(const char *path);
// The request with that number: the first eight hexadecimal digits of its id say it. Valid until the next call.
struct request requests_make(const struct requests *requests, uint32_t number);
// The number of the request that a body tells of.
uint32_t requests_number(amqp_bytes_t body);
