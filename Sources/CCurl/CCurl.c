#include "CCurl.h"

#include <stdarg.h>

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

/* Options are longs, offsets and pointers: each one register of a variadic
   call on the 64-bit systems that this is built for, so it is passed on as
   one whatever it is. */
_Static_assert(
    sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
    "an option's value fits a pointer");

typedef CURLcode (*set_option)(CURL *, CURLoption, ...);
typedef CURLcode (*get_info)(CURL *, CURLINFO, ...);

SPOOL_HIDDEN CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...) {
    SPOOL_LAZY_REAL(library, set_option, curl_easy_setopt)
    va_list values;
    va_start(values, option);
    void *value = va_arg(values, void *);
    va_end(values);
    return real(easy, option, value);
}

SPOOL_HIDDEN CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...) {
    SPOOL_LAZY_REAL(library, get_info, curl_easy_getinfo)
    va_list values;
    va_start(values, info);
    void *value = va_arg(values, void *);
    va_end(values);
    return real(easy, info, value);
}
