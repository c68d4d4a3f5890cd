/* Preloaded into the daemon: counts its calls on files of the queue and on its sockets, over all threads, and at the chosen one kills the
 * process, fails the call, or from then on fails all; or writes down what was done to the files, with the data.
 *
 *   FAULT_PATH   the queue's folder: only what lies below it counts as a file call
 *   FAULT_STATE  a file of 16 octets: the counter, and whether counting is on (the harness switches it)
 *   FAULT_KIND   file | socket | any
 *   FAULT_AT     the number of the call; 0: never
 *   FAULT_MODE   kill | error | sticky | nosync | record
 *   FAULT_ERRNO  for error and sticky
 *   FAULT_LOG    for record
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { UNKNOWN, QUEUE, SOCKET, OTHER };
enum { KILL, FAIL, STICKY, NOSYNC, RECORD };

static struct { uint64_t count; uint32_t on; uint32_t hit; } *state;
static const char *root = "";
static size_t root_length;
static int mode = -1, wants_files, wants_sockets, error_number;
static uint64_t target;
static int log_fd = -1;
static char kinds[65536];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static ssize_t plain_write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return real_write(fd, data, size);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_STATE"), *word;
    if (!path) return;
    int fd = open(path, O_RDWR);
    if (fd < 0) return;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return;
    root = getenv("FAULT_PATH") ? getenv("FAULT_PATH") : "";
    root_length = strlen(root);
    word = getenv("FAULT_KIND") ? getenv("FAULT_KIND") : "any";
    wants_files = strcmp(word, "socket") != 0;
    wants_sockets = strcmp(word, "file") != 0;
    target = getenv("FAULT_AT") ? strtoull(getenv("FAULT_AT"), NULL, 10) : 0;
    error_number = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : EIO;
    word = getenv("FAULT_MODE") ? getenv("FAULT_MODE") : "kill";
    if (getenv("FAULT_LOG")) log_fd = open(getenv("FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    mode = !strcmp(word, "error") ? FAIL : !strcmp(word, "sticky") ? STICKY : !strcmp(word, "nosync") ? NOSYNC
        : !strcmp(word, "record") ? RECORD : KILL;
    state = map;
}

static int below(const char *path) { return root_length && !strncmp(path, root, root_length); }

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int kind_of(int fd) {
    if (!state || fd < 0 || fd >= (int)sizeof kinds) return OTHER;
    if (kinds[fd] != UNKNOWN) return kinds[fd];
    struct stat status;
    char path[PATH_MAX];
    int kind = OTHER, saved = errno;
    if (!fstat(fd, &status)) {
        if (S_ISSOCK(status.st_mode)) {
            struct sockaddr_storage name;
            socklen_t size = sizeof name;
            if (!getsockname(fd, (void *)&name, &size) && (name.ss_family == AF_INET || name.ss_family == AF_INET6)) kind = SOCKET;
        } else if (path_of(fd, path) && below(path)) {
            kind = QUEUE;
        }
    }
    errno = saved;
    return kinds[fd] = kind;
}

/* Counts a call; -1 with errno if it is to fail. */
static int count(int kind) {
    if (!state || !state->on || mode == RECORD || mode == NOSYNC || !target) return 0;
    if (kind == QUEUE ? !wants_files : kind == SOCKET ? !wants_sockets : 1) return 0;
    uint64_t number = __atomic_add_fetch(&state->count, 1, __ATOMIC_SEQ_CST);
    if (mode == STICKY ? number < target : number != target) return 0;
    state->hit = 1;
    if (mode == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = error_number;
    return -1;
}

/* One record: operation, offset, length of path, length of data, path, data. */
static void note(char operation, const char *path, int64_t offset, const void *data, size_t size) {
    if (mode != RECORD || log_fd < 0 || !state->on) return;
    struct { char operation; char unused[3]; uint32_t path_length; int64_t offset; uint64_t size; } head =
        { operation, {0}, strlen(path), offset, size };
    struct iovec parts[3] = { { &head, sizeof head }, { (void *)path, head.path_length }, { (void *)data, size } };
    REAL(ssize_t, writev, int, const struct iovec *, int);
    real_writev(log_fd, parts, 3);
}

static void note_fd(char operation, int fd, int64_t offset, const void *data, size_t size) {
    char path[PATH_MAX];
    int saved = errno;
    if (path_of(fd, path)) note(operation, path, offset, data, size);
    errno = saved;
}

#define RECORDING (state && mode == RECORD && state->on)
#define HOLD if (RECORDING) pthread_mutex_lock(&lock)
#define LET_GO if (RECORDING) pthread_mutex_unlock(&lock)

int close(int fd) {
    REAL(int, close, int);
    if (fd >= 0 && fd < (int)sizeof kinds) kinds[fd] = UNKNOWN;
    return real_close(fd);
}

static int made(int fd) {
    if (fd >= 0 && fd < (int)sizeof kinds) kinds[fd] = UNKNOWN;
    return fd;
}

static void full_path(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (name[0] == '/' || folder == AT_FDCWD || !path_of(folder, base)) snprintf(path, PATH_MAX, "%s", name);
    else snprintf(path, PATH_MAX, "%.2000s/%.2000s", base, name);
}

#define OPEN(symbol, parameters, folder, name, flags, call) \
    int symbol parameters { \
        mode_t permissions = 0; \
        if (flags & O_CREAT) { va_list rest; va_start(rest, flags); permissions = va_arg(rest, mode_t); va_end(rest); } \
        char path[PATH_MAX]; \
        full_path(folder, name, path); \
        int counts = (flags & O_CREAT) && below(path), is_new = counts && access(path, F_OK); \
        if (counts && count(QUEUE)) return -1; \
        HOLD; \
        int fd = made(call); \
        if (fd >= 0 && is_new) note('C', path, 0, "", 0); \
        LET_GO; \
        return fd; \
    }

static int real_open_any(const char *name, int flags, mode_t permissions) {
    REAL(int, open, const char *, int, ...);
    return real_open(name, flags, permissions);
}
static int real_openat_any(int folder, const char *name, int flags, mode_t permissions) {
    REAL(int, openat, int, const char *, int, ...);
    return real_openat(folder, name, flags, permissions);
}
OPEN(open, (const char *name, int flags, ...), AT_FDCWD, name, flags, real_open_any(name, flags, permissions))
OPEN(open64, (const char *name, int flags, ...), AT_FDCWD, name, flags, real_open_any(name, flags | O_LARGEFILE, permissions))
OPEN(openat, (int folder, const char *name, int flags, ...), folder, name, flags, real_openat_any(folder, name, flags, permissions))
OPEN(openat64, (int folder, const char *name, int flags, ...), folder, name, flags, real_openat_any(folder, name, flags, permissions))

int accept(int fd, struct sockaddr *name, socklen_t *size) {
    REAL(int, accept, int, struct sockaddr *, socklen_t *);
    if (count(SOCKET)) return -1;
    return made(real_accept(fd, name, size));
}

int socket(int family, int type, int protocol) {
    REAL(int, socket, int, int, int);
    if ((family == AF_INET || family == AF_INET6) && count(SOCKET)) return -1;
    return made(real_socket(family, type, protocol));
}

ssize_t write(int fd, const void *data, size_t size) {
    int kind = kind_of(fd);
    if (kind != OTHER && count(kind)) return -1;
    if (kind != QUEUE || !RECORDING) return plain_write(fd, data, size);
    HOLD;
    int64_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = plain_write(fd, data, size);
    if (done > 0) note_fd('W', fd, offset, data, done);
    LET_GO;
    return done;
}

#define PWRITE(symbol, type) \
    ssize_t symbol(int fd, const void *data, size_t size, type offset) { \
        REAL(ssize_t, symbol, int, const void *, size_t, type); \
        int kind = kind_of(fd); \
        if (kind != OTHER && count(kind)) return -1; \
        HOLD; \
        ssize_t done = real_##symbol(fd, data, size, offset); \
        if (done > 0 && kind == QUEUE) note_fd('W', fd, offset, data, done); \
        LET_GO; \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(symbol, type) \
    int symbol(int fd, type size) { \
        REAL(int, symbol, int, type); \
        int kind = kind_of(fd); \
        if (kind == QUEUE && count(kind)) return -1; \
        HOLD; \
        int done = real_##symbol(fd, size); \
        if (!done && kind == QUEUE) note_fd('T', fd, size, "", 0); \
        LET_GO; \
        return done; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(symbol) \
    int symbol(int fd) { \
        REAL(int, symbol, int); \
        int kind = kind_of(fd); \
        if (kind == QUEUE && count(kind)) return -1; \
        if (state && mode == NOSYNC) return 0; \
        HOLD; \
        int done = real_##symbol(fd); \
        if (!done && kind == QUEUE) note_fd('S', fd, 0, "", 0); \
        LET_GO; \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

int renameat(int from, const char *old, int to, const char *new) {
    REAL(int, renameat, int, const char *, int, const char *);
    char old_path[PATH_MAX], new_path[PATH_MAX];
    full_path(from, old, old_path);
    full_path(to, new, new_path);
    if (below(new_path) && count(QUEUE)) return -1;
    HOLD;
    int done = real_renameat(from, old, to, new);
    if (!done && below(new_path)) note('R', old_path, 0, new_path, strlen(new_path));
    LET_GO;
    return done;
}
int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }

int unlinkat(int folder, const char *name, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    char path[PATH_MAX];
    full_path(folder, name, path);
    if (below(path) && count(QUEUE)) return -1;
    HOLD;
    int done = real_unlinkat(folder, name, flags);
    if (!done && below(path)) note('U', path, 0, "", 0);
    LET_GO;
    return done;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

static void note_reply(const void *data, size_t size) {
    if (RECORDING && memmem(data, size, "queued as ", 10)) {
        pthread_mutex_lock(&lock);
        note('N', "", 0, data, size);
        pthread_mutex_unlock(&lock);
    }
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    REAL(ssize_t, send, int, const void *, size_t, int);
    int kind = kind_of(fd);
    if (kind == SOCKET && count(kind)) return -1;
    if (kind == SOCKET) note_reply(data, size);
    return real_send(fd, data, size, flags);
}

ssize_t recv(int fd, void *data, size_t size, int flags) {
    REAL(ssize_t, recv, int, void *, size_t, int);
    int kind = kind_of(fd);
    if (kind == SOCKET && count(kind)) return -1;
    return real_recv(fd, data, size, flags);
}

ssize_t read(int fd, void *data, size_t size) {
    REAL(ssize_t, read, int, void *, size_t);
    int kind = kind_of(fd);
    if (kind == SOCKET && count(kind)) return -1;
    return real_read(fd, data, size);
}
