#include "broker.h"

#include <amqp_tcp_socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Longer than any answer of a broker on the same machine takes, so that nothing waits for ever.
static const int answer_seconds = 60;

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void check(amqp_rpc_reply_t reply, const char *what) {
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        die("%s: %s", what, amqp_error_string2(reply.library_error));
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t *closed = reply.reply.decoded;
        die("%s: %.*s", what, (int)closed->reply_text.len, (char *)closed->reply_text.bytes);
    }
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        amqp_connection_close_t *closed = reply.reply.decoded;
        die("%s: %.*s", what, (int)closed->reply_text.len, (char *)closed->reply_text.bytes);
    }
    die("%s: the broker gave no answer", what);
}

void broker_check(amqp_connection_state_t connection, const char *what) { check(amqp_get_rpc_reply(connection), what); }

amqp_connection_state_t broker_open(const char *url) {
    // The parts of the parsed URL point into it.
    char *text = strdup(url);
    struct amqp_connection_info info;
    if (!text || amqp_parse_url(text, &info) != AMQP_STATUS_OK) die("the broker's URL cannot be read");
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    struct timeval patience = {answer_seconds, 0};
    if (!socket || amqp_socket_open_noblock(socket, info.host, info.port, &patience) != AMQP_STATUS_OK)
        die("no broker answers on %s, port %d", info.host, info.port);
    amqp_set_rpc_timeout(connection, &patience);
    check(
        amqp_login(
            connection, info.vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password),
        "logging in");
    free(text);
    amqp_channel_open(connection, CHANNEL);
    broker_check(connection, "opening a channel");
    return connection;
}

void broker_close(amqp_connection_state_t connection) {
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(connection);
}

void broker_consume(amqp_connection_state_t connection, const char *queue, int prefetch) {
    amqp_basic_qos(connection, CHANNEL, 0, (uint16_t)prefetch, 0);
    broker_check(connection, "setting the prefetch");
    amqp_basic_consume(connection, CHANNEL, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    broker_check(connection, "consuming");
}

bool broker_next(amqp_connection_state_t connection, amqp_envelope_t *envelope, int milliseconds) {
    struct timeval patience = {milliseconds / 1000, milliseconds % 1000 * 1000};
    amqp_rpc_reply_t reply = amqp_consume_message(connection, envelope, &patience, 0);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return true;
    if (reply.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION || reply.library_error != AMQP_STATUS_TIMEOUT)
        die("the broker stopped to deliver");
    return false;
}

void broker_acknowledge_through(amqp_connection_state_t connection, uint64_t tag) {
    if (amqp_basic_ack(connection, CHANNEL, tag, 1) != AMQP_STATUS_OK) die("an acknowledgement was not sent");
}

void broker_publish(
    amqp_connection_state_t connection, const struct destination *to, amqp_bytes_t message_id, amqp_bytes_t body) {
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
        .content_type = to->content_type,
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .message_id = message_id,
    };
    int status =
        amqp_basic_publish(connection, CHANNEL, to->exchange, to->routing_key, 1, 0, &properties, body);
    if (status != AMQP_STATUS_OK) die("a message was not sent: %s", amqp_error_string2(status));
}

struct confirms confirms_select(amqp_connection_state_t connection, uint64_t capacity) {
    amqp_confirm_select(connection, CHANNEL);
    broker_check(connection, "asking for confirms");
    struct confirms confirms = {.seen = calloc(capacity, sizeof(bool)), .capacity = capacity};
    if (!confirms.seen) die("no memory");
    return confirms;
}

// Confirms come in any order, one or many at a time.
static void settle(struct confirms *confirms, uint64_t tag, bool multiple) {
    if (tag > confirms->published) die("the broker confirmed what was never published");
    for (uint64_t settled = multiple ? confirms->settled_through + 1 : tag; settled <= tag; settled++)
        confirms->seen[settled % confirms->capacity] = true;
    while (confirms->settled_through < confirms->published) {
        bool *seen = &confirms->seen[(confirms->settled_through + 1) % confirms->capacity];
        if (!*seen) break;
        *seen = false;
        confirms->settled_through++;
    }
}

void confirms_wait(amqp_connection_state_t connection, struct confirms *confirms, uint64_t outstanding) {
    while (confirms->published - confirms->settled_through > outstanding) {
        amqp_frame_t frame;
        struct timeval patience = {answer_seconds, 0};
        amqp_maybe_release_buffers(connection);
        int status = amqp_simple_wait_frame_noblock(connection, &frame, &patience);
        if (status != AMQP_STATUS_OK) die("no confirm came: %s", amqp_error_string2(status));
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
            die("the broker returned or refused a message or closed the channel: method %#x", frame.payload.method.id);
        amqp_basic_ack_t *confirmed = frame.payload.method.decoded;
        settle(confirms, confirmed->delivery_tag, confirmed->multiple);
    }
}
