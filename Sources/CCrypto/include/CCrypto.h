#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

/* libcrypto is loaded by the first call of one of its functions, or by this. */
void spool_crypto_load(void);
