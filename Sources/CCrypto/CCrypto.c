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
SPOOL_LAZY(
    library, EVP_PKEY *, PEM_read_bio_PUBKEY,
    (BIO *input, EVP_PKEY **key, pem_password_cb *callback, void *passphrase),
    (input, key, callback, passphrase))
SPOOL_LAZY(library, int, EVP_PKEY_get_bits, (const EVP_PKEY *key), (key))
SPOOL_LAZY(
    library, int, EVP_PKEY_get_group_name,
    (const EVP_PKEY *key, char *name, size_t size, size_t *length), (key, name, size, length))
SPOOL_LAZY(
    library, EVP_PKEY *, EVP_PKEY_new_raw_public_key,
    (int type, ENGINE *engine, const unsigned char *bytes, size_t count),
    (type, engine, bytes, count))
SPOOL_LAZY(
    library, int, EVP_DigestVerifyInit,
    (EVP_MD_CTX *context, EVP_PKEY_CTX **key_context, const EVP_MD *type, ENGINE *engine,
     EVP_PKEY *key),
    (context, key_context, type, engine, key))
SPOOL_LAZY(
    library, int, EVP_DigestVerify,
    (EVP_MD_CTX *context, const unsigned char *signature, size_t length,
     const unsigned char *bytes, size_t count),
    (context, signature, length, bytes, count))
SPOOL_LAZY(
    library, EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name,
    (OSSL_LIB_CTX *context, const char *name, const char *properties),
    (context, name, properties))
SPOOL_LAZY(library, void, EVP_PKEY_CTX_free, (EVP_PKEY_CTX *context), (context))
SPOOL_LAZY(library, int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *context), (context))
SPOOL_LAZY(
    library, int, EVP_PKEY_fromdata,
    (EVP_PKEY_CTX *context, EVP_PKEY **key, int selection, OSSL_PARAM parameters[]),
    (context, key, selection, parameters))
SPOOL_LAZY(library, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), ())
SPOOL_LAZY(library, void, OSSL_PARAM_BLD_free, (OSSL_PARAM_BLD *builder), (builder))
SPOOL_LAZY(library, OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD *builder), (builder))
SPOOL_LAZY(library, void, OSSL_PARAM_free, (OSSL_PARAM *parameters), (parameters))
SPOOL_LAZY(
    library, int, OSSL_PARAM_BLD_push_BN,
    (OSSL_PARAM_BLD *builder, const char *name, const BIGNUM *number), (builder, name, number))
SPOOL_LAZY(
    library, int, OSSL_PARAM_BLD_push_utf8_string,
    (OSSL_PARAM_BLD *builder, const char *name, const char *text, size_t count),
    (builder, name, text, count))
SPOOL_LAZY(
    library, int, OSSL_PARAM_BLD_push_octet_string,
    (OSSL_PARAM_BLD *builder, const char *name, const void *bytes, size_t count),
    (builder, name, bytes, count))
SPOOL_LAZY(
    library, BIGNUM *, BN_bin2bn, (const unsigned char *bytes, int count, BIGNUM *into),
    (bytes, count, into))
SPOOL_LAZY(library, void, BN_free, (BIGNUM *number), (number))
SPOOL_LAZY(library, ECDSA_SIG *, ECDSA_SIG_new, (void), ())
SPOOL_LAZY(library, void, ECDSA_SIG_free, (ECDSA_SIG *signature), (signature))
SPOOL_LAZY(
    library, int, ECDSA_SIG_set0, (ECDSA_SIG *signature, BIGNUM *r, BIGNUM *s),
    (signature, r, s))
SPOOL_LAZY(
    library, int, i2d_ECDSA_SIG, (const ECDSA_SIG *signature, unsigned char **der),
    (signature, der))

/* A public key of these parameters, or NULL. Frees the builder. */
static EVP_PKEY *key_of(const char *type, OSSL_PARAM_BLD *builder) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters && context && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

EVP_PKEY *spool_crypto_rsa_key(
    const unsigned char *modulus, size_t modulus_count, const unsigned char *exponent,
    size_t exponent_count) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder) return NULL;
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_count, NULL);
    BIGNUM *e = BN_bin2bn(exponent, (int)exponent_count, NULL);
    EVP_PKEY *key = NULL;
    if (n && e && OSSL_PARAM_BLD_push_BN(builder, "n", n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, "e", e) == 1) {
        key = key_of("RSA", builder);
    } else {
        OSSL_PARAM_BLD_free(builder);
    }
    BN_free(n);
    BN_free(e);
    return key;
}

EVP_PKEY *spool_crypto_p256_key(const unsigned char point[65]) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder) return NULL;
    if (OSSL_PARAM_BLD_push_utf8_string(builder, "group", "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, "pub", point, 65) == 1) {
        return key_of("EC", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return NULL;
}

int spool_crypto_ecdsa_der(const unsigned char raw[64], unsigned char der[80]) {
    ECDSA_SIG *signature = ECDSA_SIG_new();
    if (!signature) return 0;
    BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
    int count = 0;
    /* At most 72 bytes: two integers of 33 bytes and three headers of 2. */
    if (r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
        unsigned char *end = der;
        count = i2d_ECDSA_SIG(signature, &end);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return count;
}
