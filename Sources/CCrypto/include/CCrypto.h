#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>

/* libcrypto is loaded by the first call of one of its functions, or by this. */
void spool_crypto_load(void);
