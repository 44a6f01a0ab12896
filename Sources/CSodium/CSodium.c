#include "CSodium.h"

#include "CLazy.h"

static struct spool_library library = {"libsodium.so.23", NULL};

SPOOL_LAZY(library, int, sodium_init, (void), ())
SPOOL_LAZY(
    library, int, crypto_pwhash_str_alg,
    (char out[crypto_pwhash_STRBYTES], const char *const password, unsigned long long count,
     unsigned long long operations, size_t memory, int algorithm),
    (out, password, count, operations, memory, algorithm))
SPOOL_LAZY(
    library, int, crypto_pwhash_str_verify,
    (const char text[crypto_pwhash_STRBYTES], const char *const password,
     unsigned long long count),
    (text, password, count))
SPOOL_LAZY(
    library, int, crypto_pwhash_str_needs_rehash,
    (const char text[crypto_pwhash_STRBYTES], unsigned long long operations, size_t memory),
    (text, operations, memory))
SPOOL_LAZY(
    library, int, crypto_secretbox_easy,
    (unsigned char *box, const unsigned char *message, unsigned long long count,
     const unsigned char *nonce, const unsigned char *key),
    (box, message, count, nonce, key))
SPOOL_LAZY(
    library, int, crypto_secretbox_open_easy,
    (unsigned char *message, const unsigned char *box, unsigned long long count,
     const unsigned char *nonce, const unsigned char *key),
    (message, box, count, nonce, key))
