/* A disk that keeps what was fsynced, and of the rest what chance lets it keep: preloaded into a program under test.

   LOSSY_FOLDER   the folder whose files are on that disk
   LOSSY_SHADOW   the folder where the disk's true content is kept: what a power cut would leave
   LOSSY_SEED     of the chance; LOSSY_EARLY: percent of unsynced writes that reach the disk at once, out of order
   LOSSY_FULL     a file's path: while that file exists, the disk is full (ENOSPC for whatever would need room)

   Build: cc -shared -fPIC -O2 -o lossy_disk.so lossy_disk.c -ldl -lpthread */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FDS = 1024, FILES = 64, RANGES = 1 << 16, PATH = 512 };
typedef struct { off_t at; size_t size; } Range;
typedef struct { char name[PATH]; int used, shadow, count, whole; Range *dirty; } File;

static File files[FILES];
static int file_of[FDS]; /* 1 + index into files; 0: not ours */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *shadow, *full;
static unsigned seed, early;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    folder = getenv("LOSSY_FOLDER");
    shadow = getenv("LOSSY_SHADOW");
    full = getenv("LOSSY_FULL");
    seed = getenv("LOSSY_SEED") ? (unsigned)atoi(getenv("LOSSY_SEED")) : 1;
    early = getenv("LOSSY_EARLY") ? (unsigned)atoi(getenv("LOSSY_EARLY")) : 0;
}

static const char *ours(const char *path) {
    size_t n = folder ? strlen(folder) : 0;
    if (!n || strncmp(path, folder, n) || path[n] != '/' || strchr(path + n + 1, '/')) return NULL;
    const char *name = path + n + 1, *end = strrchr(name, '-');
    return end && !strcmp(end, "-shm") ? NULL : name; /* shared memory of SQLite: no disk needs it */
}

static void opened(int fd, const char *path) {
    const char *name = fd >= 0 && fd < FDS ? ours(path) : NULL;
    if (fd >= 0 && fd < FDS) file_of[fd] = 0;
    if (!name) return;
    pthread_mutex_lock(&turn);
    int free_place = -1;
    for (int i = 0; i < FILES; i++) {
        if (files[i].used && !strcmp(files[i].name, name)) { free_place = i; break; }
        if (!files[i].used && free_place < 0) free_place = i;
    }
    if (free_place >= 0) {
        File *f = &files[free_place];
        if (!f->used) {
            char where[2 * PATH];
            snprintf(where, sizeof where, "%s/%s", shadow, name);
            snprintf(f->name, sizeof f->name, "%s", name);
            f->used = 1;
            f->dirty = malloc(RANGES * sizeof(Range));
            f->shadow = REAL(open)(where, O_RDWR | O_CREAT, 0644);
        }
        file_of[fd] = 1 + free_place;
    }
    pthread_mutex_unlock(&turn);
}

static int is_full(void) { return full && access(full, F_OK) == 0; }

static File *file(int fd) { return fd >= 0 && fd < FDS && file_of[fd] ? &files[file_of[fd] - 1] : NULL; }

static void wrote(File *f, const void *data, size_t size, off_t at) {
    pthread_mutex_lock(&turn);
    seed = seed * 1103515245u + 12345u;
    if (early && (seed >> 16) % 100 < early) (void)!REAL(pwrite)(f->shadow, data, size, at);
    if (f->count < RANGES) f->dirty[f->count++] = (Range){at, size};
    else f->whole = 1;
    pthread_mutex_unlock(&turn);
}

static void synced(int fd, File *f) {
    static char buffer[1 << 16];
    struct stat now;
    pthread_mutex_lock(&turn);
    if (fstat(fd, &now) == 0) {
        if (f->whole) { f->count = 1; f->dirty[0] = (Range){0, (size_t)now.st_size}; f->whole = 0; }
        for (int i = 0; i < f->count; i++) {
            off_t at = f->dirty[i].at, end = at + (off_t)f->dirty[i].size;
            while (at < end) {
                size_t want = (size_t)(end - at) < sizeof buffer ? (size_t)(end - at) : sizeof buffer;
                ssize_t n = REAL(pread)(fd, buffer, want, at);
                if (n <= 0) break;
                (void)!REAL(pwrite)(f->shadow, buffer, (size_t)n, at);
                at += n;
            }
        }
        (void)!REAL(ftruncate)(f->shadow, now.st_size);
        f->count = 0;
    }
    pthread_mutex_unlock(&turn);
}

static int grows(int fd, size_t size, off_t at) {
    struct stat now;
    return is_full() && fstat(fd, &now) == 0 && at + (off_t)size > now.st_size;
}

#define OPEN(name)                                                                 \
    int name(const char *path, int flags, ...) {                                   \
        va_list more; va_start(more, flags);                                       \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;    \
        va_end(more);                                                              \
        int fd = REAL(name)(path, flags, mode);                                    \
        opened(fd, path);                                                          \
        return fd;                                                                 \
    }
OPEN(open)
OPEN(open64)

int openat(int at, const char *path, int flags, ...) {
    va_list more; va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int fd = REAL(openat)(at, path, flags, mode);
    opened(fd, path);
    return fd;
}

int close(int fd) {
    if (fd >= 0 && fd < FDS) file_of[fd] = 0;
    return REAL(close)(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    File *f = file(fd);
    if (!f) return REAL(write)(fd, data, size);
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (grows(fd, size, at)) { errno = ENOSPC; return -1; }
    ssize_t n = REAL(write)(fd, data, size);
    if (n > 0) wrote(f, data, (size_t)n, at);
    return n;
}

#define PWRITE(name)                                                               \
    ssize_t name(int fd, const void *data, size_t size, off_t at) {                \
        File *f = file(fd);                                                        \
        if (f && grows(fd, size, at)) { errno = ENOSPC; return -1; }               \
        ssize_t n = REAL(name)(fd, data, size, at);                                \
        if (f && n > 0) wrote(f, data, (size_t)n, at);                             \
        return n;                                                                  \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define ALLOCATE(name)                                                             \
    int name(int fd, off_t at, off_t size) {                                       \
        File *f = file(fd);                                                        \
        if (f && grows(fd, (size_t)size, at)) return ENOSPC;                       \
        return REAL(name)(fd, at, size);                                           \
    }
ALLOCATE(posix_fallocate)
ALLOCATE(posix_fallocate64)

#define SYNC(name)                                                                 \
    int name(int fd) {                                                             \
        int answer = REAL(name)(fd);                                               \
        File *f = file(fd);                                                        \
        if (f && answer == 0) synced(fd, f);                                       \
        return answer;                                                             \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    const char *name = ours(path);
    int answer = REAL(unlink)(path);
    if (name && answer == 0) {
        char where[2 * PATH];
        snprintf(where, sizeof where, "%s/%s", shadow, name);
        REAL(unlink)(where);
        pthread_mutex_lock(&turn);
        for (int i = 0; i < FILES; i++)
            if (files[i].used && !strcmp(files[i].name, name)) {
                REAL(close)(files[i].shadow);
                free(files[i].dirty);
                memset(&files[i], 0, sizeof files[i]);
                for (int fd = 0; fd < FDS; fd++) if (file_of[fd] == i + 1) file_of[fd] = 0;
            }
        pthread_mutex_unlock(&turn);
    }
    return answer;
}
