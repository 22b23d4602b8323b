// What measures the others: it fills queues, watches them, drives a worker, and asks the disk.
//
//     probe fill  URL EXCHANGE ROUTING-KEY REQUESTS-FILE FIRST COUNT
//     probe watch URL QUEUE UNTIL SECONDS       a line `NANOSECONDS MESSAGES` at each change and each second, until so
//                                             many wait there
//     probe peek  URL QUEUE                     the size of the first message, which stays in the queue
//     probe sync  FILE BYTES COUNT              appends so many bytes and syncs, COUNT times; one JSON object
//     probe drive URL EXCHANGE ROUTING-KEY REQUESTS-FILE EVENT-QUEUE FIRST COUNT (rate PER-SECOND | window MESSAGES)
//
// `drive` publishes requests and takes the events that come of them, from one process so that one clock times both: at
// a steady rate, or as fast as they come back with a window of so many under way. It prints a line `received N` a
// second and one JSON object at the end. A latency runs from the instant at which a request was due to be published, so
// that a publisher that falls behind shows (no coordinated omission), until its event has arrived.
#include "broker.h"
#include "requests.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t nanoseconds = 1000000000;
static const uint64_t watch_interval = 5000000;
// Publications under way while a queue is filled: enough to keep the broker busy.
enum { FILL_WINDOW = 2048 };
// Events in hand at once, and acknowledged together.
enum { EVENT_PREFETCH = 2000, EVENT_BATCH = 200 };
// No worker that works needs as long for its next event.
static const int silence_milliseconds = 60000;

static uint64_t number(const char *text) {
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end) die("`%s` is no whole number", text);
    return value;
}

static void sleep_until(uint64_t instant) {
    struct timespec time = {(time_t)(instant / nanoseconds), (long)(instant % nanoseconds)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) {}
}

static int compare(const void *one, const void *other) {
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

// Prints `"p50":…,"p99":…,"max":…` of milliseconds.
static void print_quantiles(float *values, uint64_t count) {
    qsort(values, count, sizeof *values, compare);
    static const double quantiles[] = {0.5, 0.99};
    for (int index = 0; index < 2; index++) {
        uint64_t rank = (uint64_t)ceil(quantiles[index] * (double)count);
        printf("\"p%.0f\":%.3f,", quantiles[index] * 100, values[rank > 0 ? rank - 1 : 0]);
    }
    printf("\"max\":%.3f", values[count - 1]);
}

static void fill(char **arguments) {
    amqp_connection_state_t connection = broker_open(arguments[0]);
    struct destination to = {
        amqp_cstring_bytes(arguments[1]), amqp_cstring_bytes(arguments[2]), amqp_cstring_bytes("application/json")};
    struct requests requests = requests_read(arguments[3]);
    uint64_t first = number(arguments[4]), count = number(arguments[5]);
    struct confirms confirms = confirms_select(connection, FILL_WINDOW + 1);
    for (uint64_t index = 0; index < count; index++) {
        struct request request = requests_make(&requests, (uint32_t)(first + index));
        broker_publish(connection, &to, request.id, request.body);
        confirms.published++;
        confirms_wait(connection, &confirms, FILL_WINDOW);
    }
    confirms_wait(connection, &confirms, 0);
    broker_close(connection);
}

static void watch(char **arguments) {
    amqp_connection_state_t connection = broker_open(arguments[0]);
    amqp_bytes_t queue = amqp_cstring_bytes(arguments[1]);
    uint64_t until = number(arguments[2]), deadline = now() + number(arguments[3]) * nanoseconds;
    uint64_t last = UINT64_MAX, told = 0;
    while (now() < deadline) {
        uint64_t asked = now();
        amqp_maybe_release_buffers(connection);
        amqp_queue_declare_ok_t *found = amqp_queue_declare(connection, CHANNEL, queue, 1, 0, 0, 0, amqp_empty_table);
        broker_check(connection, "looking at a queue");
        if (found->message_count != last || asked - told >= nanoseconds) {
            last = found->message_count;
            told = now();
            printf("%llu %llu\n", (unsigned long long)told, (unsigned long long)last);
            fflush(stdout);
        }
        if (last == until) {
            broker_close(connection);
            return;
        }
        sleep_until(asked + watch_interval);
    }
    die("%s: %llu messages wait there at the deadline, and not %llu", arguments[1], (unsigned long long)last,
        (unsigned long long)until);
}

static void peek(char **arguments) {
    amqp_connection_state_t connection = broker_open(arguments[0]);
    amqp_rpc_reply_t reply = amqp_basic_get(connection, CHANNEL, amqp_cstring_bytes(arguments[1]), 0);
    amqp_message_t message;
    if (reply.reply_type != AMQP_RESPONSE_NORMAL || reply.reply.id != AMQP_BASIC_GET_OK_METHOD)
        die("%s is empty", arguments[1]);
    if (amqp_read_message(connection, CHANNEL, &message, 0).reply_type != AMQP_RESPONSE_NORMAL)
        die("the message in %s cannot be read", arguments[1]);
    printf("%zu\n", message.body.len);
    // Not acknowledged: it goes back when the connection closes.
    broker_close(connection);
}

static void sync_disk(char **arguments) {
    int file = open(arguments[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) die("%s cannot be written to", arguments[0]);
    uint64_t size = number(arguments[1]), count = number(arguments[2]);
    char *bytes = malloc(size);
    float *taken = malloc(count * sizeof *taken);
    if (!bytes || !taken || !count) die("no memory, or nothing to do");
    memset(bytes, 'x', size);
    for (uint64_t index = 0; index < count; index++) {
        uint64_t begin = now();
        if (write(file, bytes, size) != (ssize_t)size || fdatasync(file) != 0) die("the disk refused");
        taken[index] = (float)((double)(now() - begin) / 1e6);
    }
    printf("{\"count\":%llu,", (unsigned long long)count);
    print_quantiles(taken, count);
    printf("}\n");
    close(file);
}

struct drive {
    char **arguments;
    uint64_t first, count, interval, window;
    // When each request was due; 0: not sent, or its event has come.
    _Atomic uint64_t *due;
    atomic_uint_fast64_t received;
};

static void *publish(void *given) {
    struct drive *drive = given;
    amqp_connection_state_t connection = broker_open(drive->arguments[0]);
    struct destination to = {
        amqp_cstring_bytes(drive->arguments[1]), amqp_cstring_bytes(drive->arguments[2]),
        amqp_cstring_bytes("application/json")};
    struct requests requests = requests_read(drive->arguments[3]);
    struct confirms confirms = confirms_select(connection, FILL_WINDOW + 1);
    uint64_t begin = now();
    for (uint64_t index = 0; index < drive->count; index++) {
        uint64_t due = begin + index * drive->interval;
        if (drive->interval > 0) sleep_until(due);
        while (drive->window > 0 && index - atomic_load(&drive->received) >= drive->window)
            sleep_until(now() + 500000);
        if (drive->interval == 0) due = now();
        struct request request = requests_make(&requests, (uint32_t)(drive->first + index));
        atomic_store(&drive->due[index], due);
        broker_publish(connection, &to, request.id, request.body);
        confirms.published++;
        confirms_wait(connection, &confirms, FILL_WINDOW);
    }
    confirms_wait(connection, &confirms, 0);
    broker_close(connection);
    return NULL;
}

static void drive(char **arguments) {
    struct drive drive = {
        .arguments = arguments, .first = number(arguments[5]), .count = number(arguments[6])};
    bool paced = strcmp(arguments[7], "rate") == 0;
    uint64_t pace = number(arguments[8]);
    if ((!paced && strcmp(arguments[7], "window") != 0) || !pace || !drive.count) die("rate or window is missing");
    if (paced) drive.interval = nanoseconds / pace; else drive.window = pace;
    drive.due = calloc(drive.count, sizeof *drive.due);
    float *latencies = malloc(drive.count * sizeof *latencies);
    if (!drive.due || !latencies) die("no memory");

    amqp_connection_state_t connection = broker_open(arguments[0]);
    broker_consume(connection, arguments[4], EVENT_PREFETCH);
    pthread_t publisher;
    if (pthread_create(&publisher, NULL, publish, &drive) != 0) die("no thread");
    uint64_t begin = now(), told = begin, unacknowledged = 0, last_tag = 0, received = 0, last = begin, repeats = 0;
    while (received < drive.count) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(connection);
        if (!broker_next(connection, &envelope, unacknowledged > 0 ? 5 : silence_milliseconds)) {
            if (unacknowledged == 0)
                die("no event came for a minute; %llu of %llu have", (unsigned long long)received,
                    (unsigned long long)drive.count);
            broker_acknowledge_through(connection, last_tag);
            unacknowledged = 0;
            continue;
        }
        last = now();
        uint64_t index = requests_number(envelope.message.body) - drive.first;
        last_tag = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
        uint64_t due = index < drive.count ? atomic_exchange(&drive.due[index], 0) : 0;
        // Events come at least once.
        if (due == 0) repeats++;
        else {
            latencies[received] = (float)((double)(last - due) / 1e6);
            atomic_store(&drive.received, ++received);
        }
        if (++unacknowledged == EVENT_BATCH) {
            broker_acknowledge_through(connection, last_tag);
            unacknowledged = 0;
        }
        if (last - told >= nanoseconds) {
            told = last;
            printf("received %llu\n", (unsigned long long)received);
            fflush(stdout);
        }
    }
    if (unacknowledged > 0) broker_acknowledge_through(connection, last_tag);
    pthread_join(publisher, NULL);
    broker_close(connection);
    printf("{\"count\":%llu,\"repeats\":%llu,\"seconds\":%.3f,", (unsigned long long)received,
        (unsigned long long)repeats, (double)(last - begin) / 1e9);
    print_quantiles(latencies, received);
    printf("}\n");
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        int count;
        void (*run)(char **);
    } verbs[] = {
        {"fill", 6, fill}, {"watch", 4, watch}, {"peek", 2, peek}, {"sync", 3, sync_disk}, {"drive", 9, drive},
    };
    for (size_t index = 0; index < sizeof verbs / sizeof *verbs; index++)
        if (count == verbs[index].count + 2 && strcmp(arguments[1], verbs[index].name) == 0) {
            verbs[index].run(arguments + 2);
            return 0;
        }
    fputs("usage: probe fill | watch | peek | sync | drive ARGUMENT…; probe.c tells which\n", stderr);
    return 64;
}
