#include "CCurl.h"

#include "CLazy.h"

static struct spool_library library = {"libcurl.so.4", NULL};

void spool_curl_load(void) { spool_library_load(&library); }

#undef curl_easy_setopt
#undef curl_easy_getinfo

SPOOL_LAZY(library, CURLcode, curl_global_init, (long flags), (flags))
SPOOL_LAZY(library, CURL *, curl_easy_init, (void), ())
SPOOL_LAZY(library, void, curl_easy_cleanup, (CURL *easy), (easy))
SPOOL_LAZY(library, void, curl_easy_reset, (CURL *easy), (easy))
SPOOL_LAZY(library, CURLcode, curl_easy_perform, (CURL *easy), (easy))
SPOOL_LAZY(library, CURLcode, curl_easy_pause, (CURL *easy, int bits), (easy, bits))
SPOOL_LAZY(library, const char *, curl_easy_strerror, (CURLcode code), (code))
SPOOL_LAZY(
    library, CURLcode, curl_easy_recv, (CURL *easy, void *bytes, size_t count, size_t *read),
    (easy, bytes, count, read))
SPOOL_LAZY(
    library, CURLcode, curl_easy_send,
    (CURL *easy, const void *bytes, size_t count, size_t *sent), (easy, bytes, count, sent))
SPOOL_LAZY(library, CURLM *, curl_multi_init, (void), ())
SPOOL_LAZY(library, CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi))
SPOOL_LAZY(library, CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy))
SPOOL_LAZY(library, CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy))
SPOOL_LAZY(library, CURLMcode, curl_multi_perform, (CURLM *multi, int *running), (multi, running))
SPOOL_LAZY(library, CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left))
SPOOL_LAZY(
    library, CURLMcode, curl_multi_poll,
    (CURLM *multi, struct curl_waitfd *more, unsigned int count, int timeout, int *ready),
    (multi, more, count, timeout, ready))
SPOOL_LAZY(library, CURLMcode, curl_multi_wakeup, (CURLM *multi), (multi))
SPOOL_LAZY(library, const char *, curl_multi_strerror, (CURLMcode code), (code))
SPOOL_LAZY(
    library, struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text),
    (list, text))
SPOOL_LAZY(library, void, curl_slist_free_all, (struct curl_slist *list), (list))

SPOOL_LAZY(library, curl_mime *, curl_mime_init, (CURL *easy), (easy))
SPOOL_LAZY(library, void, curl_mime_free, (curl_mime *mime), (mime))
SPOOL_LAZY(library, curl_mimepart *, curl_mime_addpart, (curl_mime *mime), (mime))
SPOOL_LAZY(
    library, CURLcode, curl_mime_data, (curl_mimepart *part, const char *bytes, size_t count),
    (part, bytes, count))
SPOOL_LAZY(
    library, CURLcode, curl_mime_type, (curl_mimepart *part, const char *type), (part, type))
SPOOL_LAZY(
    library, CURLcode, curl_mime_encoder, (curl_mimepart *part, const char *name), (part, name))

/* The two variadic functions are called with an argument of the documented
   type; none of our functions is variadic itself, so no argument is read
   through va_list. */

typedef CURLcode (*set_option)(CURL *, CURLoption, ...);
typedef CURLcode (*get_info)(CURL *, CURLINFO, ...);

static set_option real_setopt(void) {
    SPOOL_LAZY_REAL(library, set_option, curl_easy_setopt)
    return real;
}

static get_info real_getinfo(void) {
    SPOOL_LAZY_REAL(library, get_info, curl_easy_getinfo)
    return real;
}

CURLcode spool_curl_set_long(CURL *handle, CURLoption option, long value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_large(CURL *handle, CURLoption option, curl_off_t value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_callback(
    CURL *handle, CURLoption option, spool_curl_data_callback value) {
    return real_setopt()(handle, option, value);
}

CURLcode spool_curl_set_seek_callback(CURL *handle, spool_curl_seek_callback_type value) {
    return real_setopt()(handle, CURLOPT_SEEKFUNCTION, value);
}

CURLcode spool_curl_set_socket_callback(CURL *handle, spool_curl_socket_callback_type value) {
    return real_setopt()(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

CURLcode spool_curl_set_mime(CURL *handle, curl_mime *value) {
    return real_setopt()(handle, CURLOPT_MIMEPOST, value);
}

CURLcode spool_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return real_getinfo()(handle, info, value);
}

CURLcode spool_curl_get_socket(CURL *handle, curl_socket_t *value) {
    return real_getinfo()(handle, CURLINFO_ACTIVESOCKET, value);
}

CURLcode spool_curl_get_private(CURL *handle, char **value) {
    return real_getinfo()(handle, CURLINFO_PRIVATE, value);
}
