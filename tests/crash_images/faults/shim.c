/* Stands between a program and the C library: one call that touches a ledger's directory fails, once.
 *
 * FAULT_ROOT    the place: its disk/ledger is the ledger, its tmp the copies that a start tries out
 * FAULT_LOG     each call that can fail is named here, one line each: "STEP CALL FILE"
 * FAULT_AT      "STEP CALL FILE N HOW ERRNO": call N (from 1) of these fails; HOW is kept, half or lost
 * FAULT_SHADOW  for a sync that is lost: the file as it was last synced
 * FAULT_TOLD    a line here says that the call has failed
 *
 * The program names the step by opening /fault-step/STEP. The kernel is called directly, so that the shim never meets
 * itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum how { NOT, KEPT, HALF, LOST };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char step[64] = "begin";
static long seen;
static int failed;

static long raw_open(const char *path, int flags, int mode) {
    return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

static void append_line(const char *variable, const char *line) {
    const char *path = getenv(variable);
    if (!path) return;
    long fd = raw_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0) return;
    if (syscall(SYS_write, fd, line, strlen(line)) < 0) abort();
    syscall(SYS_close, fd);
}

/* The short name of a file of the ledger; 0 when it is none. */
static int class_of(const char *path, char *class, size_t room) {
    const char *root = getenv("FAULT_ROOT");
    if (!root) return 0;
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0) return 0;
    path += length;
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *dir;
    if (strcmp(path, "/disk/ledger") == 0) { dir = ""; base = "ledger"; }
    else if (strcmp(path, "/disk") == 0) { dir = ""; base = "parent"; }
    else if (strncmp(path, "/disk/ledger/journal/blobs", 26) == 0) { dir = ""; base = "blobs"; }
    else if (strncmp(path, "/disk/ledger/journal/", 21) == 0) dir = "journal/";
    else if (strncmp(path, "/disk/ledger/", 13) == 0) dir = "";
    else if (strncmp(path, "/tmp/", 5) == 0) { dir = "copy"; base = ""; }
    else return 0;
    if (strncmp(base, "snap.", 5) == 0) base = "snap";
    snprintf(class, room, "%s%s", dir, base);
    return 1;
}

static int class_of_fd(int fd, char *class, size_t room) {
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    char *gone = strstr(path, " (deleted)");
    if (gone) *gone = 0;
    return class_of(path, class, room);
}

/* What was synced last, for a sync that will be lost. */
static void keep_shadow(int fd) {
    const char *shadow = getenv("FAULT_SHADOW");
    char name[64], bytes[65536];
    if (!shadow || failed) return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    long from = raw_open(name, O_RDONLY, 0), to = raw_open(shadow, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (from < 0 || to < 0) abort();
    for (;;) {
        long got = syscall(SYS_read, from, bytes, sizeof bytes);
        if (got < 0) break; /* a directory */
        if (got == 0) break;
        if (syscall(SYS_write, to, bytes, got) != got) abort();
    }
    syscall(SYS_close, from);
    syscall(SYS_close, to);
}

static int is_target(const char *call, const char *class, long *number, char *how) {
    const char *at = getenv("FAULT_AT");
    char at_step[64], at_call[32], at_class[256];
    int error;
    if (!at || sscanf(at, "%63s %31s %255s %ld %7s %d", at_step, at_call, at_class, number, how, &error) != 6) return 0;
    size_t length = strlen(at_class);
    if (strcmp(call, at_call) != 0 || strncmp(class, at_class, length) != 0) return 0;
    if (strcmp(class + length, ".new") == 0) return -error;
    if (class[length] != 0) return 0;
    return strcmp(step, at_step) == 0 ? error : -error;
}

static enum how fault(const char *call, const char *class) {
    char line[512], how[8];
    long number;
    pthread_mutex_lock(&lock);
    snprintf(line, sizeof line, "%s %s %s\n", step, call, class);
    append_line("FAULT_LOG", line);
    enum how chosen = NOT;
    int error = is_target(call, class, &number, how);
    if (error > 0 && ++seen == number) {
        failed = 1;
        chosen = how[0] == 'k' ? KEPT : how[0] == 'h' ? HALF : LOST;
        snprintf(line, sizeof line, "fault %s\n", getenv("FAULT_AT"));
        append_line("FAULT_TOLD", line);
        errno = error;
    }
    pthread_mutex_unlock(&lock);
    return chosen;
}

static enum how fault_fd(const char *call, int fd) {
    char class[256];
    return class_of_fd(fd, class, sizeof class) ? fault(call, class) : NOT;
}

static enum how fault_path(const char *call, const char *path) {
    char class[256];
    return class_of(path, class, sizeof class) ? fault(call, class) : NOT;
}

/* Does the call for real, or for nothing but its effect. */
#define FAILING(asked, real) \
    do { \
        enum how chosen = (asked); \
        if (chosen == NOT) return (real); \
        int error = errno; \
        /* A directory that is there is not made: then that error is the right one. */ \
        if (chosen == KEPT && (real) < 0) return -1; \
        errno = error; \
        return -1; \
    } while (0)

static int do_open(const char *path, int flags, int mode) {
    if (strncmp(path, "/fault-step/", 12) == 0) {
        pthread_mutex_lock(&lock);
        snprintf(step, sizeof step, "%s", path + 12);
        pthread_mutex_unlock(&lock);
        errno = ENOENT;
        return -1;
    }
    enum how how = fault_path("open", path);
    if (how == NOT) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int error = errno;
    if (how == KEPT) {
        long fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        if (fd >= 0) syscall(SYS_close, fd);
    }
    errno = error;
    return -1;
}

#define MODE(flags) \
    int mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, int); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return do_open(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return do_open(path, flags, mode); }

static ssize_t do_pwrite(int fd, const void *bytes, size_t length, off_t at) {
    enum how how = fault_fd("write", fd);
    if (how == HALF) {
        int error = errno;
        if (syscall(SYS_pwrite64, fd, bytes, length / 2, at) < 0) abort();
        errno = error;
        return -1;
    }
    FAILING(how, syscall(SYS_pwrite64, fd, bytes, length, at));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return do_pwrite(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return do_pwrite(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
    enum how how = fault_fd("write", fd);
    if (how == HALF) {
        int error = errno;
        if (syscall(SYS_write, fd, bytes, length / 2) < 0) abort();
        errno = error;
        return -1;
    }
    FAILING(how, syscall(SYS_write, fd, bytes, length));
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned flags) {
    enum how how = fault_fd("write", to);
    if (how == HALF) how = LOST;
    FAILING(how, syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags));
}

static int do_sync(int fd, long number) {
    char class[256], how_text[8];
    if (!class_of_fd(fd, class, sizeof class)) return syscall(number, fd);
    enum how how = fault("sync", class);
    long n;
    if (how == NOT) {
        int done = syscall(number, fd);
        if (is_target("sync", class, &n, how_text) != 0) keep_shadow(fd);
        return done;
    }
    FAILING(how, syscall(number, fd));
}

int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }

int sync_file_range(int fd, off_t from, off_t length, unsigned flags) {
    FAILING(fault_fd("writeback", fd), syscall(SYS_sync_file_range, fd, from, length, flags));
}

int ftruncate(int fd, off_t length) { FAILING(fault_fd("truncate", fd), syscall(SYS_ftruncate, fd, length)); }
int ftruncate64(int fd, off_t length) { FAILING(fault_fd("truncate", fd), syscall(SYS_ftruncate, fd, length)); }

int rename(const char *from, const char *to) {
    FAILING(fault_path("rename", to), syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *path) { FAILING(fault_path("unlink", path), syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }

int mkdir(const char *path, mode_t mode) {
    FAILING(fault_path("mkdir", path), syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
