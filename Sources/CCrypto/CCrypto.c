#include "CCrypto.h"

#include "CLazy.h"

static struct spool_library library = {"libcrypto.so.3", NULL};

void spool_crypto_load(void) { spool_library_load(&library); }

SPOOL_LAZY(library, EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
SPOOL_LAZY(library, void, EVP_MD_CTX_free, (EVP_MD_CTX *context), (context))
SPOOL_LAZY(library, const EVP_MD *, EVP_md5, (void), ())
SPOOL_LAZY(library, const EVP_MD *, EVP_sha1, (void), ())
SPOOL_LAZY(library, const EVP_MD *, EVP_sha256, (void), ())
SPOOL_LAZY(
    library, int, EVP_DigestInit_ex, (EVP_MD_CTX *context, const EVP_MD *type, ENGINE *engine),
    (context, type, engine))
SPOOL_LAZY(
    library, int, EVP_DigestUpdate, (EVP_MD_CTX *context, const void *bytes, size_t count),
    (context, bytes, count))
SPOOL_LAZY(
    library, int, EVP_DigestFinal_ex,
    (EVP_MD_CTX *context, unsigned char *digest, unsigned int *length),
    (context, digest, length))
SPOOL_LAZY(
    library, unsigned char *, HMAC,
    (const EVP_MD *type, const void *key, int key_length, const unsigned char *bytes,
     size_t count, unsigned char *code, unsigned int *length),
    (type, key, key_length, bytes, count, code, length))
SPOOL_LAZY(library, int, RAND_bytes, (unsigned char *bytes, int count), (bytes, count))
SPOOL_LAZY(library, int, CRYPTO_memcmp, (const void *left, const void *right, size_t count),
     (left, right, count))
SPOOL_LAZY(
    library, int, EVP_EncodeBlock, (unsigned char *text, const unsigned char *bytes, int count),
    (text, bytes, count))
SPOOL_LAZY(
    library, int, EVP_DecodeBlock, (unsigned char *bytes, const unsigned char *text, int count),
    (bytes, text, count))
SPOOL_LAZY(library, BIO *, BIO_new_mem_buf, (const void *bytes, int count), (bytes, count))
SPOOL_LAZY(library, int, BIO_free, (BIO *input), (input))
SPOOL_LAZY(
    library, EVP_PKEY *, PEM_read_bio_PrivateKey,
    (BIO *input, EVP_PKEY **key, pem_password_cb *callback, void *passphrase),
    (input, key, callback, passphrase))
SPOOL_LAZY(library, void, EVP_PKEY_free, (EVP_PKEY *key), (key))
SPOOL_LAZY(library, int, EVP_PKEY_get_base_id, (const EVP_PKEY *key), (key))
SPOOL_LAZY(
    library, int, EVP_DigestSignInit,
    (EVP_MD_CTX *context, EVP_PKEY_CTX **key_context, const EVP_MD *type, ENGINE *engine,
     EVP_PKEY *key),
    (context, key_context, type, engine, key))
SPOOL_LAZY(
    library, int, EVP_DigestSign,
    (EVP_MD_CTX *context, unsigned char *signature, size_t *length,
     const unsigned char *bytes, size_t count),
    (context, signature, length, bytes, count))
