#include "requests.h"

#include "broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char member[] = "\"requestId\":\"";
enum { ID_LENGTH = 36, NUMBER_DIGITS = 8 };

struct requests requests_read(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die("%s cannot be read", path);
    struct requests requests = {0};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] == '\n') length--;
        char *id = memmem(line, (size_t)length, member, sizeof member - 1);
        if (!id || id + sizeof member - 1 + ID_LENGTH > line + length) die("%s: a line has no requestId", path);
        size_t number = requests.count++;
        requests.lines = realloc(requests.lines, requests.count * sizeof *requests.lines);
        requests.lengths = realloc(requests.lengths, requests.count * sizeof *requests.lengths);
        requests.ids = realloc(requests.ids, requests.count * sizeof *requests.ids);
        if (!requests.lines || !requests.lengths || !requests.ids) die("no memory");
        requests.lines[number] = line;
        requests.lengths[number] = (size_t)length;
        requests.ids[number] = (size_t)(id - line) + sizeof member - 1;
        line = NULL;
        capacity = 0;
    }
    free(line);
    fclose(file);
    if (requests.count == 0) die("%s holds no request", path);
    return requests;
}

struct request requests_make(const struct requests *requests, uint32_t number) {
    size_t line = number % requests->count;
    char *id = requests->lines[line] + requests->ids[line];
    for (int digit = NUMBER_DIGITS - 1; digit >= 0; digit--, number >>= 4) id[digit] = "0123456789abcdef"[number & 15];
    return (struct request){
        .body = {requests->lengths[line], requests->lines[line]},
        .id = {ID_LENGTH, id},
    };
}

uint32_t requests_number(amqp_bytes_t body) {
    char digits[NUMBER_DIGITS + 1] = {0};
    char *id = memmem(body.bytes, body.len, member, sizeof member - 1);
    if (!id || (size_t)(id - (char *)body.bytes) + sizeof member - 1 + NUMBER_DIGITS > body.len)
        die("an event names no request");
    memcpy(digits, id + sizeof member - 1, NUMBER_DIGITS);
    return (uint32_t)strtoul(digits, NULL, 16);
}
