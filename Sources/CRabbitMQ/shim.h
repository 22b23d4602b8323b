// The smallest shim over librabbitmq: what Swift cannot call or cannot see.
#ifndef CRABBITMQ_SHIM_H
#define CRABBITMQ_SHIM_H

#include <poll.h>
#include <sys/eventfd.h>

// The headers moved into a folder of their own in 0.12.
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#endif

#include "tls.h"

// The login functions are variadic, which Swift cannot call.
static inline amqp_rpc_reply_t crabbitmq_login_plain(amqp_connection_state_t connection, const char *virtual_host,
                                                     int channel_max, int frame_max, int heartbeat_seconds,
                                                     const amqp_table_t *client_properties, const char *user,
                                                     const char *password) {
    return amqp_login_with_properties(connection, virtual_host, channel_max, frame_max, heartbeat_seconds,
                                      client_properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

// 0.11 takes an empty identity for a lack of memory; brokers read the name from the certificate.
static inline amqp_rpc_reply_t crabbitmq_login_external(amqp_connection_state_t connection, const char *virtual_host,
                                                        int channel_max, int frame_max, int heartbeat_seconds,
                                                        const amqp_table_t *client_properties) {
    return amqp_login_with_properties(connection, virtual_host, channel_max, frame_max, heartbeat_seconds,
                                      client_properties, AMQP_SASL_METHOD_EXTERNAL, "certificate");
}

static inline int crabbitmq_wakeup_open(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

#endif
