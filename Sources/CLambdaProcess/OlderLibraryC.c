#include <math.h>

/* Swift's static runtime uses hypotf, whose newest version came with glibc 2.35;
   provided.al2023 has 2.34. With this one a program asks for none. */
__attribute__((visibility("hidden"))) float hypotf(float x, float y) {
    if (isinf(x) || isinf(y)) return INFINITY;
    /* The squares of floats fit a double without overflow or underflow. */
    return (float)sqrt((double)x * x + (double)y * y);
}
