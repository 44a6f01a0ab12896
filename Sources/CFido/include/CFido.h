#pragma once
#include <stddef.h>

/* libfido2 is loaded by the first call of one of these functions. */

#define SPOOL_FIDO_ID_MAX 1023
#define SPOOL_FIDO_KEY_MAX 512

/* Reads the credential of an authenticator's data at its registration (WebAuthn, 6.5.1).
   `algorithm` becomes -7 (ES256), -8 (EdDSA) or -257 (RS256). `id` has SPOOL_FIDO_ID_MAX and `key`
   SPOOL_FIDO_KEY_MAX bytes. Returns 1, or 0 for data without such a credential. */
int spool_fido_credential(
    const unsigned char *data, size_t data_count, int *algorithm, unsigned char *id,
    size_t *id_count, unsigned char *key, size_t *key_count);

/* Returns 1 if the signature of a sign-in is the key's, the data is for this relying party, and
   the person was present and verified; else 0. */
int spool_fido_verify(
    const char *party, const unsigned char *client_data, size_t client_data_count,
    const unsigned char *data, size_t data_count, const unsigned char *signature,
    size_t signature_count, int algorithm, const unsigned char *key, size_t key_count);
