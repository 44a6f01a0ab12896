#pragma once
#include <curl/curl.h>

/* libcurl is loaded by the first call of one of its functions, or by this. */
void spool_curl_load(void);

/* curl's variadic functions, one wrapper for each kind of argument: Swift
   does not import C variadics. */

static inline CURLcode spool_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode spool_curl_set_large(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode spool_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode spool_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode spool_curl_set_list(
    CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*spool_curl_data_callback)(char *, size_t, size_t, void *);

static inline CURLcode spool_curl_set_callback(
    CURL *handle, CURLoption option, spool_curl_data_callback value) {
    return curl_easy_setopt(handle, option, value);
}

typedef int (*spool_curl_seek_callback_type)(void *, curl_off_t, int);

static inline CURLcode spool_curl_set_seek_callback(
    CURL *handle, spool_curl_seek_callback_type value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}

static inline CURLcode spool_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode spool_curl_get_private(CURL *handle, char **value) {
    return curl_easy_getinfo(handle, CURLINFO_PRIVATE, value);
}

/* The result of a finished transfer; the message's union is awkward in Swift. */
static inline CURLcode spool_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}
