#pragma once
#include <curl/curl.h>

/* libcurl is loaded by the first call of one of its functions, or by this. */
void spool_curl_load(void);

/* curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not
   import. One function for each type of argument that libcurl documents. */

CURLcode spool_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode spool_curl_set_large(CURL *handle, CURLoption option, curl_off_t value);
CURLcode spool_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode spool_curl_set_pointer(CURL *handle, CURLoption option, void *value);
CURLcode spool_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);

typedef size_t (*spool_curl_data_callback)(char *, size_t, size_t, void *);
CURLcode spool_curl_set_callback(
    CURL *handle, CURLoption option, spool_curl_data_callback value);

typedef int (*spool_curl_seek_callback_type)(void *, curl_off_t, int);
CURLcode spool_curl_set_seek_callback(CURL *handle, spool_curl_seek_callback_type value);

/* Returns a socket for the address, or CURL_SOCKET_BAD to refuse it. */
typedef curl_socket_t (*spool_curl_socket_callback_type)(
    void *, curlsocktype, struct curl_sockaddr *);
CURLcode spool_curl_set_socket_callback(CURL *handle, spool_curl_socket_callback_type value);

CURLcode spool_curl_set_mime(CURL *handle, curl_mime *value);

CURLcode spool_curl_get_long(CURL *handle, CURLINFO info, long *value);
/* The socket of a handle with CURLOPT_CONNECT_ONLY. */
CURLcode spool_curl_get_socket(CURL *handle, curl_socket_t *value);
CURLcode spool_curl_get_private(CURL *handle, char **value);

/* The result of a finished transfer; Swift cannot read the message's union well. */
static inline CURLcode spool_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}
