#pragma once
/* mallopt; Swift's Glibc module does not contain this header. */
#include <malloc.h>
