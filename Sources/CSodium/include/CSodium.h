#pragma once
/* Without the attribute of visibility: the definitions of CSodium.c are hidden. */
#define SODIUM_STATIC 1
#include <sodium.h>

/* libsodium is loaded by the first call of one of its functions. */
