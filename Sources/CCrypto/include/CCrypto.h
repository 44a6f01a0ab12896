#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

/* libcrypto is loaded by the first call of one of its functions, or by this. */
void spool_crypto_load(void);

/* An RSA key of a modulus and an exponent, big-endian; NULL if they are none. */
EVP_PKEY *spool_crypto_rsa_key(
    const unsigned char *modulus, size_t modulus_count, const unsigned char *exponent,
    size_t exponent_count);

/* A key of the curve P-256, of an uncompressed point; NULL for a point that is not on it. */
EVP_PKEY *spool_crypto_p256_key(const unsigned char point[65]);

/* Writes an ECDSA signature of two integers of 32 bytes in DER. Returns its length; 0 if there
   is no memory. */
int spool_crypto_ecdsa_der(const unsigned char raw[64], unsigned char der[80]);
