/* What a disk does when the power is cut, or when it fails: loaded before libc
   (LD_PRELOAD) into the emulator.

   DISK_FOLDER: the data folder. DISK_IMAGE: where the state of the disk is
   kept: a file enters it with the content of its last fsync, a name with the
   fsync of its folder; nothing else is there after a power cut.
   DISK_FAULT: a file; while it exists its number is the error of every fsync. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fault(void) {
    const char *path = getenv("DISK_FAULT");
    FILE *file = path ? fopen(path, "r") : NULL;
    int number = 0;
    if (!file) return 0;
    if (fscanf(file, "%d", &number) != 1) number = 0;
    fclose(file);
    return number;
}

/* The file as it is now becomes what the disk holds of its inode. */
static void keep_file(int descriptor, const struct stat *information, const char *image) {
    char temporary[9000], final[8400];
    static __thread char buffer[1 << 16];
    snprintf(final, sizeof final, "%s/inode-%lu", image, (unsigned long)information->st_ino);
    snprintf(temporary, sizeof temporary, "%s.%ld", final, syscall(SYS_gettid));
    int output = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (output < 0) abort();
    off_t offset = 0;
    ssize_t count;
    /* The descriptor may be for writing only. */
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", descriptor);
    int input = open(self, O_RDONLY);
    if (input < 0) abort();
    while ((count = pread(input, buffer, sizeof buffer, offset)) > 0) {
        if (write(output, buffer, count) != count) abort();
        offset += count;
    }
    close(input);
    close(output);
    if (rename(temporary, final) != 0) abort();
}

/* The names as they are now become those that the disk holds of the folder. */
static void keep_folder(const char *path, const char *folder, const char *image) {
    char temporary[9000], final[8400], name[4096];
    snprintf(name, sizeof name, "%s", path + strlen(folder));
    for (char *sign = name; *sign; sign++) if (*sign == '/') *sign = '!';
    snprintf(final, sizeof final, "%s/folder-%s", image, name);
    snprintf(temporary, sizeof temporary, "%s.%ld", final, syscall(SYS_gettid));
    FILE *output = fopen(temporary, "w");
    DIR *stream = opendir(path);
    if (!output || !stream) abort();
    for (struct dirent *entry; (entry = readdir(stream));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fprintf(output, "%lu %d %s\n", (unsigned long)entry->d_ino,
                    entry->d_type == DT_DIR, entry->d_name);
    closedir(stream);
    fclose(output);
    if (rename(temporary, final) != 0) abort();
}

static int synchronise(int descriptor, long call) {
    int number = fault();
    if (number) {
        errno = number;
        return -1;
    }
    int status = syscall(call, descriptor);
    const char *folder = getenv("DISK_FOLDER"), *image = getenv("DISK_IMAGE");
    if (status != 0 || !folder || !image) return status;
    char self[64], path[4096];
    snprintf(self, sizeof self, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(self, path, sizeof path - 1);
    struct stat information;
    if (length < 0 || fstat(descriptor, &information) != 0) abort();
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0) return 0;
    if (S_ISDIR(information.st_mode)) keep_folder(path, folder, image);
    else keep_file(descriptor, &information, image);
    return 0;
}

int fsync(int descriptor) { return synchronise(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synchronise(descriptor, SYS_fdatasync); }
