// TLS beyond what librabbitmq 0.11 offers, by way of the OpenSSL context that it hands out.
//
// 0.11 verifies only after the handshake, compares names with the address that it connects to, knows no numeric
// addresses and no system trust store, and keeps to itself why a handshake failed.
#ifndef CRABBITMQ_TLS_H
#define CRABBITMQ_TLS_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/ssl_socket.h>
#else
#include <amqp_ssl_socket.h>
#endif

// What was seen of one handshake; it outlives the connection that it belongs to.
typedef struct crabbitmq_tls_report {
    // What the broker is asked for by name; empty where the host is a numeric address.
    char server_name[256];
    // A reference of its own, NULL before the handshake began.
    SSL *ssl;
    // The first error of the verification and its place in the chain, which the broker's own certificate begins.
    int verify_error;
    int verify_depth;
    // The fatal alert that the broker sent, or -1.
    int alert;
    // The broker asked for a certificate and there is none to show.
    int certificate_missed;
    int key_is_encrypted;
} crabbitmq_tls_report;

static inline void crabbitmq_tls_reset(crabbitmq_tls_report *report) {
    SSL_free(report->ssl);
    report->ssl = NULL;
    report->verify_error = report->verify_depth = report->certificate_missed = 0;
    report->alert = -1;
}

static inline crabbitmq_tls_report *crabbitmq_tls_report_new(void) {
    crabbitmq_tls_report *report = (crabbitmq_tls_report *)calloc(1, sizeof *report);
    if (report) crabbitmq_tls_reset(report);
    return report;
}

static inline void crabbitmq_tls_report_free(crabbitmq_tls_report *report) {
    SSL_free(report->ssl);
    free(report);
}

static inline crabbitmq_tls_report *crabbitmq_tls_report_of(const SSL *ssl) {
    return (crabbitmq_tls_report *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static inline void crabbitmq_tls_on_event(const SSL *ssl, int where, int value) {
    crabbitmq_tls_report *report = crabbitmq_tls_report_of(ssl);
    if (where & SSL_CB_HANDSHAKE_START) {
        if (!report->ssl && SSL_up_ref((SSL *)ssl)) report->ssl = (SSL *)ssl;
        // The library has set the numeric address that it connects to, which is no name that TLS allows here.
        SSL_set_tlsext_host_name((SSL *)ssl, report->server_name[0] ? report->server_name : NULL);
    } else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        int description = value & 0xff;
        if (description != SSL_AD_CLOSE_NOTIFY && description != SSL_AD_USER_CANCELLED) report->alert = description;
    }
}

static inline int crabbitmq_tls_on_verify(int is_good, X509_STORE_CTX *store) {
    if (!is_good) {
        const SSL *ssl = (const SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
        crabbitmq_tls_report *report = crabbitmq_tls_report_of(ssl);
        if (!report->verify_error) {
            report->verify_error = X509_STORE_CTX_get_error(store);
            report->verify_depth = X509_STORE_CTX_get_error_depth(store);
        }
    }
    return is_good;
}

static inline int crabbitmq_tls_on_certificate_missed(SSL *ssl, X509 **certificate, EVP_PKEY **key) {
    (void)certificate, (void)key;
    crabbitmq_tls_report_of(ssl)->certificate_missed = 1;
    return 0;
}

// OpenSSL's own would ask on the terminal.
static inline int crabbitmq_tls_on_passphrase(char *buffer, int size, int is_for_writing, void *report) {
    (void)buffer, (void)size, (void)is_for_writing;
    if (report) ((crabbitmq_tls_report *)report)->key_is_encrypted = 1;
    return -1;
}

// Verification of chain and host within the handshake, and nothing older than TLS 1.2; 0 where the host cannot be.
static inline int crabbitmq_tls_verify(amqp_socket_t *socket, crabbitmq_tls_report *report, const char *host) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(context);
    size_t length = strlen(host);
    // A leading dot would let in every name below; an empty name, every name.
    if (length == 0 || length >= sizeof report->server_name || host[0] == '.') return 0;
    amqp_ssl_socket_set_verify_peer(socket, 1);
    // The library would compare with the numeric address that it is given.
    amqp_ssl_socket_set_verify_hostname(socket, 0);
    SSL_CTX_set_app_data(context, report);
    SSL_CTX_set_info_callback(context, crabbitmq_tls_on_event);
    SSL_CTX_set_client_cert_cb(context, crabbitmq_tls_on_certificate_missed);
    SSL_CTX_set_default_passwd_cb(context, crabbitmq_tls_on_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, report);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, crabbitmq_tls_on_verify);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    // What OpenSSL read ahead, poll(2) would not tell of.
    SSL_CTX_set_read_ahead(context, 0);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) return 0;
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1) return 1;
    // A dot at the end makes a name absolute for the resolver and is no part of it in a certificate.
    if (host[length - 1] == '.') length--;
    memcpy(report->server_name, host, length);
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return length > 0 && X509_VERIFY_PARAM_set1_host(parameters, report->server_name, 0) == 1;
}

// Trusts the CAs of a file, or those of the system where there is none.
static inline int crabbitmq_tls_trust(amqp_socket_t *socket, const char *file) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    ERR_clear_error();
    return file ? SSL_CTX_load_verify_file(context, file) : SSL_CTX_set_default_verify_paths(context);
}

// Refuses a certificate of the broker's that a list of its CA names, or whose CA has no list in the file; 0 where the
// file holds none.
static inline int crabbitmq_tls_revoke(amqp_socket_t *socket, const char *file) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(context), X509_LOOKUP_file());
    ERR_clear_error();
    if (!lookup || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1) return 0;
    return X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK);
}

static inline int crabbitmq_tls_use_certificate(amqp_socket_t *socket, const char *file) {
    ERR_clear_error();
    return SSL_CTX_use_certificate_chain_file((SSL_CTX *)amqp_ssl_socket_get_context(socket), file);
}

// 1 where the key was taken, 0 where it does not belong to the certificate, -1 where it cannot be read.
static inline int crabbitmq_tls_use_key(amqp_socket_t *socket, crabbitmq_tls_report *report, const void *bytes,
                                        int count) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    BIO *source = BIO_new_mem_buf(bytes, count);
    EVP_PKEY *key = source ? PEM_read_bio_PrivateKey(source, NULL, crabbitmq_tls_on_passphrase, report) : NULL;
    int is_taken = -1;
    if (key) is_taken = SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    BIO_free(source);
    return is_taken;
}

// Reads the alert that a broker sent before it reset the connection: the library closes its descriptor when a write
// fails, so this is a duplicate of it. What this side would answer goes nowhere.
static inline void crabbitmq_tls_read_alert(crabbitmq_tls_report *report, int descriptor) {
    char byte;
    BIO *nowhere = BIO_new(BIO_s_mem());
    if (!report->ssl || !nowhere || SSL_set_rfd(report->ssl, descriptor) != 1) {
        BIO_free(nowhere);
        return;
    }
    SSL_set0_wbio(report->ssl, nowhere);
    ERR_clear_error();
    SSL_read(report->ssl, &byte, 1);
}

// The reason of the newest error in this thread's queue, 0 where there is none.
static inline int crabbitmq_tls_reason(void) { return ERR_GET_REASON(ERR_peek_last_error()); }
static inline const char *crabbitmq_tls_reason_text(void) { return ERR_reason_error_string(ERR_peek_last_error()); }
static inline const char *crabbitmq_tls_alert_text(int alert) { return SSL_alert_desc_string_long(alert); }

#endif
