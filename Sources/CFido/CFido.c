#include "CFido.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <string.h>

#include "CLazy.h"

static struct spool_library library = {"libfido2.so.1", NULL};

SPOOL_LAZY(library, fido_cred_t *, fido_cred_new, (void), ())
SPOOL_LAZY(library, int, fido_cred_set_type, (fido_cred_t *cred, int type), (cred, type))
SPOOL_LAZY(
    library, int, fido_cred_set_authdata_raw,
    (fido_cred_t *cred, const unsigned char *bytes, size_t count), (cred, bytes, count))
SPOOL_LAZY(library, const unsigned char *, fido_cred_id_ptr, (const fido_cred_t *cred), (cred))
SPOOL_LAZY(library, size_t, fido_cred_id_len, (const fido_cred_t *cred), (cred))
SPOOL_LAZY(
    library, const unsigned char *, fido_cred_pubkey_ptr, (const fido_cred_t *cred), (cred))
SPOOL_LAZY(library, size_t, fido_cred_pubkey_len, (const fido_cred_t *cred), (cred))
SPOOL_LAZY(library, fido_assert_t *, fido_assert_new, (void), ())
SPOOL_LAZY(
    library, int, fido_assert_set_rp, (fido_assert_t *assert, const char *id), (assert, id))
SPOOL_LAZY(
    library, int, fido_assert_set_clientdata,
    (fido_assert_t *assert, const unsigned char *bytes, size_t count), (assert, bytes, count))
SPOOL_LAZY(
    library, int, fido_assert_set_count, (fido_assert_t *assert, size_t count), (assert, count))
SPOOL_LAZY(
    library, int, fido_assert_set_authdata_raw,
    (fido_assert_t *assert, size_t index, const unsigned char *bytes, size_t count),
    (assert, index, bytes, count))
SPOOL_LAZY(
    library, int, fido_assert_set_sig,
    (fido_assert_t *assert, size_t index, const unsigned char *bytes, size_t count),
    (assert, index, bytes, count))
SPOOL_LAZY(
    library, int, fido_assert_set_up, (fido_assert_t *assert, fido_opt_t option),
    (assert, option))
SPOOL_LAZY(
    library, int, fido_assert_set_uv, (fido_assert_t *assert, fido_opt_t option),
    (assert, option))
SPOOL_LAZY(
    library, int, fido_assert_verify,
    (const fido_assert_t *assert, size_t index, int algorithm, const void *key),
    (assert, index, algorithm, key))
SPOOL_LAZY(library, es256_pk_t *, es256_pk_new, (void), ())
SPOOL_LAZY(
    library, int, es256_pk_from_ptr, (es256_pk_t *key, const void *bytes, size_t count),
    (key, bytes, count))
SPOOL_LAZY(library, rs256_pk_t *, rs256_pk_new, (void), ())
SPOOL_LAZY(
    library, int, rs256_pk_from_ptr, (rs256_pk_t *key, const void *bytes, size_t count),
    (key, bytes, count))
SPOOL_LAZY(library, eddsa_pk_t *, eddsa_pk_new, (void), ())
SPOOL_LAZY(
    library, int, eddsa_pk_from_ptr, (eddsa_pk_t *key, const void *bytes, size_t count),
    (key, bytes, count))

/* Functions without a result are called by their address: SPOOL_LAZY would return it. */
#define SPOOL_FIDO_FREE(type, name)                                            \
    static void free_##name(type **value) {                                    \
        typedef void (*function)(type **);                                     \
        ((function)spool_library_find(&library, #name))(value);                \
    }
SPOOL_FIDO_FREE(fido_cred_t, fido_cred_free)
SPOOL_FIDO_FREE(fido_assert_t, fido_assert_free)
SPOOL_FIDO_FREE(es256_pk_t, es256_pk_free)
SPOOL_FIDO_FREE(rs256_pk_t, rs256_pk_free)
SPOOL_FIDO_FREE(eddsa_pk_t, eddsa_pk_free)

static int copied(
    const unsigned char *from, size_t count, unsigned char *to, size_t size, size_t *to_count) {
    if (!from || count == 0 || count > size) return 0;
    memcpy(to, from, count);
    *to_count = count;
    return 1;
}

int spool_fido_credential(
    const unsigned char *data, size_t data_count, int *algorithm, unsigned char *id,
    size_t *id_count, unsigned char *key, size_t *key_count) {
    static const int algorithms[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
    int found = 0;
    for (size_t index = 0; index < 3 && !found; index++) {
        fido_cred_t *cred = fido_cred_new();
        if (!cred) return 0;
        if (fido_cred_set_type(cred, algorithms[index]) == FIDO_OK &&
            fido_cred_set_authdata_raw(cred, data, data_count) == FIDO_OK &&
            copied(fido_cred_id_ptr(cred), fido_cred_id_len(cred), id, SPOOL_FIDO_ID_MAX,
                   id_count) &&
            copied(fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred), key,
                   SPOOL_FIDO_KEY_MAX, key_count)) {
            *algorithm = algorithms[index];
            found = 1;
        }
        free_fido_cred_free(&cred);
    }
    return found;
}

static int verified(
    const fido_assert_t *assert, int algorithm, const unsigned char *key, size_t key_count) {
    int result = 0;
    if (algorithm == COSE_ES256) {
        es256_pk_t *read = es256_pk_new();
        result = read && es256_pk_from_ptr(read, key, key_count) == FIDO_OK &&
                 fido_assert_verify(assert, 0, algorithm, read) == FIDO_OK;
        free_es256_pk_free(&read);
    } else if (algorithm == COSE_RS256) {
        rs256_pk_t *read = rs256_pk_new();
        result = read && rs256_pk_from_ptr(read, key, key_count) == FIDO_OK &&
                 fido_assert_verify(assert, 0, algorithm, read) == FIDO_OK;
        free_rs256_pk_free(&read);
    } else if (algorithm == COSE_EDDSA) {
        eddsa_pk_t *read = eddsa_pk_new();
        result = read && eddsa_pk_from_ptr(read, key, key_count) == FIDO_OK &&
                 fido_assert_verify(assert, 0, algorithm, read) == FIDO_OK;
        free_eddsa_pk_free(&read);
    }
    return result;
}

int spool_fido_verify(
    const char *party, const unsigned char *client_data, size_t client_data_count,
    const unsigned char *data, size_t data_count, const unsigned char *signature,
    size_t signature_count, int algorithm, const unsigned char *key, size_t key_count) {
    fido_assert_t *assert = fido_assert_new();
    if (!assert) return 0;
    int result =
        fido_assert_set_rp(assert, party) == FIDO_OK &&
        fido_assert_set_clientdata(assert, client_data, client_data_count) == FIDO_OK &&
        fido_assert_set_count(assert, 1) == FIDO_OK &&
        fido_assert_set_authdata_raw(assert, 0, data, data_count) == FIDO_OK &&
        fido_assert_set_sig(assert, 0, signature, signature_count) == FIDO_OK &&
        fido_assert_set_up(assert, FIDO_OPT_TRUE) == FIDO_OK &&
        fido_assert_set_uv(assert, FIDO_OPT_TRUE) == FIDO_OK &&
        verified(assert, algorithm, key, key_count);
    free_fido_assert_free(&assert);
    return result;
}
