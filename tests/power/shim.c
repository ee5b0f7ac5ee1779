/*
 * A recorder under a program: what it writes to files of one directory, when that is
 * synced, and what it sends to sockets, in one order. And a disk that fails when told.
 *
 *   LD_PRELOAD=shim.so POWER_DIRECTORY=/store POWER_LOG=/log POWER_FAULT=/fault program
 *
 * The log is a sequence of records: a header of five numbers, then bytes.
 *
 *   kind  number  offset  length  extra
 *   'O'   file's number; bytes: its path; extra: 1 if it was created
 *   'W'   a write at an offset; bytes: what was written
 *   'T'   a truncation to an offset
 *   'S'   an fsync or fdatasync that has returned
 *   'U'   an unlink; bytes: the path
 *   'R'   bytes sent to a socket
 *
 * The order is the conservative one. What is sent is logged before it leaves, so a reply
 * never seems later than it was; a sync is logged after it has returned, so a byte never
 * seems safer than it was. A lock makes the log's order the order of the calls.
 *
 * The file POWER_FAULT is looked at before each write and sync: it begins with 's' where
 * syncs fail with EIO, and with 'f' where the disk is full.
 *
 * SQLite's shared memory (-shm) is mapped, not written, and is made anew after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096 /* file descriptors that are watched */

struct header {
    int64_t kind, number, offset, length, extra;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *directory, *fault_path;
static int64_t numbers[FILES_MAX]; /* of a descriptor's file; 0 if it is not watched */
static int64_t opened;             /* so many were, so the next number is one more */

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    return symbol;
}

__attribute__((constructor)) static void start(void)
{
    directory = getenv("POWER_DIRECTORY");
    fault_path = getenv("POWER_FAULT");
    const char *path = getenv("POWER_LOG");
    if (directory && path)
        log_fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void record(int kind, int64_t number, int64_t offset, const void *bytes,
                   int64_t length, int64_t extra)
{
    struct header header = {kind, number, offset, length, extra};
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)bytes, length}};
    if (REAL(writev)(log_fd, parts, 2) != (ssize_t)sizeof header + length)
        abort(); /* a log with a gap would prove nothing */
}

static int fault(char kind)
{
    char found = 0;
    int fd = fault_path ? REAL(open)(fault_path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    if (REAL(read)(fd, &found, 1) != 1)
        found = 0;
    REAL(close)(fd);
    return found == kind;
}

static int64_t watched(int fd)
{
    return log_fd >= 0 && fd >= 0 && fd < FILES_MAX ? numbers[fd] : 0;
}

static int is_stream(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return log_fd >= 0 && fd != log_fd &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_STREAM;
}

/* Opening and closing */

static void note_open(int fd, const char *path, int created)
{
    if (log_fd < 0 || fd < 0 || fd >= FILES_MAX)
        return;
    int ours = strncmp(path, directory, strlen(directory)) == 0;
    pthread_mutex_lock(&lock);
    numbers[fd] = ours ? ++opened : 0;
    if (ours)
        record('O', numbers[fd], 0, path, strlen(path), created);
    pthread_mutex_unlock(&lock);
}

static int open_and_note(const char *name, const char *path, int flags, mode_t mode)
{
    struct stat before;
    int created = (flags & O_CREAT) && stat(path, &before) != 0;
    int fd = ((int (*)(const char *, int, ...))real(name))(path, flags, mode);
    int error = errno;
    note_open(fd, path, created);
    errno = error;
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_and_note("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_and_note("open64", path, flags, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES_MAX)
        numbers[fd] = 0;
    return REAL(close)(fd);
}

/* Files */

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset,
                        int64_t number)
{
    if (fault('f')) {
        errno = ENOSPC;
        return -1;
    }
    pthread_mutex_lock(&lock);
    ssize_t written = REAL(pwrite)(fd, bytes, length, offset);
    int error = errno;
    if (written > 0)
        record('W', number, offset, bytes, written, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    int64_t number = watched(fd);
    if (!number)
        return REAL(pwrite)(fd, bytes, length, offset);
    return write_at(fd, bytes, length, offset, number);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    return pwrite(fd, bytes, length, offset);
}

int ftruncate(int fd, off_t length)
{
    int64_t number = watched(fd);
    int result = REAL(ftruncate)(fd, length);
    if (number && result == 0) {
        pthread_mutex_lock(&lock);
        record('T', number, length, "", 0, 0);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int ftruncate64(int fd, off64_t length)
{
    return ftruncate(fd, length);
}

static int sync_and_note(const char *name, int fd)
{
    int64_t number = watched(fd);
    if (number && fault('s')) {
        errno = EIO;
        return -1;
    }
    int result = ((int (*)(int))real(name))(fd);
    if (number && result == 0) {
        pthread_mutex_lock(&lock);
        record('S', number, 0, "", 0, 0);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int fsync(int fd)
{
    return sync_and_note("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_and_note("fdatasync", fd);
}

int unlink(const char *path)
{
    int result = REAL(unlink)(path);
    if (log_fd >= 0 && result == 0 &&
        strncmp(path, directory, strlen(directory)) == 0) {
        pthread_mutex_lock(&lock);
        record('U', 0, 0, path, strlen(path), 0);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

/* Sockets, and whatever else is written without an offset */

static void note_sent(int fd, const struct iovec *parts, int count)
{
    if (!is_stream(fd))
        return;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++)
        record('R', fd, 0, parts[i].iov_base, parts[i].iov_len, i + 1 < count);
    pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    int64_t number = watched(fd);
    struct iovec part = {(void *)bytes, length};
    if (number) {
        off_t offset = lseek(fd, 0, SEEK_CUR);
        ssize_t written = write_at(fd, bytes, length, offset, number);
        if (written > 0)
            lseek(fd, offset + written, SEEK_SET);
        return written;
    }
    note_sent(fd, &part, 1);
    return REAL(write)(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    note_sent(fd, parts, count);
    return REAL(writev)(fd, parts, count);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    struct iovec part = {(void *)bytes, length};
    note_sent(fd, &part, 1);
    return REAL(send)(fd, bytes, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    note_sent(fd, message->msg_iov, message->msg_iovlen);
    return REAL(sendmsg)(fd, message, flags);
}
