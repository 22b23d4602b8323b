// A connection of librabbitmq for programs that measure: opened by URL; every failure ends the program with a sentence.
#pragma once

#include <amqp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHANNEL = 1 };

// Ends the program with exit code 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Opens a connection with one channel; heartbeats are off, for whoever measures reads only when it waits for something.
amqp_connection_state_t broker_open(const char *url);
void broker_close(amqp_connection_state_t connection);
// Ends the program unless the last reply was a good one.
void broker_check(amqp_connection_state_t connection, const char *what);

void broker_consume(amqp_connection_state_t connection, const char *queue, int prefetch);
// Takes the next delivery; false when none came within that many milliseconds.
bool broker_next(amqp_connection_state_t connection, amqp_envelope_t *envelope, int milliseconds);
void broker_acknowledge_through(amqp_connection_state_t connection, uint64_t tag);

struct destination {
    amqp_bytes_t exchange, routing_key, content_type;
};

// Persistent and mandatory; with `confirm_select` the broker then answers.
void broker_publish(
    amqp_connection_state_t connection, const struct destination *to, amqp_bytes_t message_id, amqp_bytes_t body);

// Publications that the broker has not confirmed yet. Their delivery tags run from 1.
struct confirms {
    uint64_t published, settled_through;
    // Of tag t: seen[t % capacity].
    bool *seen;
    uint64_t capacity;
};

// As many publications as `capacity` may be outstanding.
struct confirms confirms_select(amqp_connection_state_t connection, uint64_t capacity);
// Reads until at most that many are outstanding; ends the program where one was returned or refused.
void confirms_wait(amqp_connection_state_t connection, struct confirms *confirms, uint64_t outstanding);

// Nanoseconds of the monotonic clock.
uint64_t now(void);
