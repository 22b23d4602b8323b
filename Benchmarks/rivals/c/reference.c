// The floor: what a worker costs that reads nothing and decides nothing, in C on the same librabbitmq.
//
//     reference URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES
//
// One batch after the other: takes what has arrived, appends each body as it is to the file, syncs once, publishes an
// event for each (persistent, mandatory, of EVENT-BYTES: the body, cut or padded), waits for all confirms, acknowledges
// all with one frame. Leaves with 0 on SIGTERM, between two batches.
#include "broker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t told_to_stop;

static void stop(int signal) {
    (void)signal;
    told_to_stop = 1;
}

struct buffer {
    char *bytes;
    size_t length, capacity;
};

static void append(struct buffer *buffer, const void *bytes, size_t length) {
    if (buffer->length + length > buffer->capacity) {
        buffer->capacity = 2 * (buffer->length + length);
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) die("no memory");
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void write_and_sync(int file, const struct buffer *buffer) {
    for (size_t written = 0; written < buffer->length;) {
        ssize_t step = write(file, buffer->bytes + written, buffer->length - written);
        if (step < 0) die("the file cannot be written to");
        written += (size_t)step;
    }
    if (fdatasync(file) != 0) die("the file cannot be synced");
}

int main(int count, char **arguments) {
    if (count != 8) die("usage: reference URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES");
    struct destination to = {
        amqp_cstring_bytes(arguments[3]), amqp_cstring_bytes(arguments[4]),
        amqp_cstring_bytes("application/cloudevents+json")};
    int prefetch = atoi(arguments[6]);
    size_t event_bytes = (size_t)atol(arguments[7]);
    if (prefetch < 1 || event_bytes < 1) die("prefetch and the size of an event are at least 1");

    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    int file = open(arguments[5], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) die("%s cannot be opened", arguments[5]);
    // Two connections, as the broker's makers advise: a publisher that is held back then holds back no consumer.
    amqp_connection_state_t consumer = broker_open(arguments[1]), publisher = broker_open(arguments[1]);
    struct confirms confirms = confirms_select(publisher, (uint64_t)prefetch + 1);
    broker_consume(consumer, arguments[2], prefetch);

    amqp_envelope_t *batch = calloc((size_t)prefetch, sizeof *batch);
    char *event = malloc(event_bytes);
    struct buffer lines = {0};
    if (!batch || !event) die("no memory");
    while (!told_to_stop) {
        int size = 0;
        lines.length = 0;
        amqp_maybe_release_buffers(consumer);
        // Waits for the first one, in steps that let SIGTERM through, and takes what else is there.
        while (size < prefetch && broker_next(consumer, &batch[size], size == 0 ? 200 : 0)) {
            append(&lines, batch[size].message.body.bytes, batch[size].message.body.len);
            append(&lines, "\n", 1);
            size++;
        }
        if (size == 0) continue;
        write_and_sync(file, &lines);
        for (int index = 0; index < size; index++) {
            amqp_message_t *message = &batch[index].message;
            size_t kept = message->body.len < event_bytes ? message->body.len : event_bytes;
            memcpy(event, message->body.bytes, kept);
            memset(event + kept, ' ', event_bytes - kept);
            broker_publish(publisher, &to, message->properties.message_id, (amqp_bytes_t){event_bytes, event});
            confirms.published++;
        }
        confirms_wait(publisher, &confirms, 0);
        broker_acknowledge_through(consumer, batch[size - 1].delivery_tag);
        for (int index = 0; index < size; index++) amqp_destroy_envelope(&batch[index]);
    }
    broker_close(consumer);
    broker_close(publisher);
    close(file);
    return 0;
}
