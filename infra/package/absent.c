/* Stubs for Codec 2 and Flite in the package: FFmpeg is linked to 37 MB of
   speech libraries that Spool never uses. Creating a codec or a voice fails as
   it does without memory, so FFmpeg refuses the codec and the filter. See
   docs/decisions/0015-two-speech-libraries-are-stubs-in-the-package.md. */
#include <stddef.h>

void *codec2_create(int mode) {
    (void)mode;
    return NULL;
}

void codec2_destroy(void *codec) { (void)codec; }

int codec2_bits_per_frame(void *codec) {
    (void)codec;
    return 0;
}

int codec2_samples_per_frame(void *codec) {
    (void)codec;
    return 0;
}

void codec2_set_natural_or_gray(void *codec, int gray) {
    (void)codec;
    (void)gray;
}

void codec2_encode(void *codec, unsigned char *bits, short samples[]) {
    (void)codec;
    (void)bits;
    (void)samples;
}

void codec2_decode(void *codec, short samples[], const unsigned char *bits) {
    (void)codec;
    (void)samples;
    (void)bits;
}

int flite_init(void) { return -1; }

void *flite_text_to_wave(const char *text, void *voice) {
    (void)text;
    (void)voice;
    return NULL;
}

void delete_wave(void *wave) { (void)wave; }

#define VOICE(name)                                   \
    void *register_cmu_us_##name(const char *folder) { \
        (void)folder;                                 \
        return NULL;                                  \
    }                                                 \
    void unregister_cmu_us_##name(void *voice) { (void)voice; }

VOICE(awb)
VOICE(kal)
VOICE(kal16)
VOICE(rms)
VOICE(slt)
