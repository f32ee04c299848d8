/* The floor: what reading a whole spool costs without looking at it.
 *
 * floor read DIR   opens every regular file below DIR, reads it whole into one buffer and counts LF
 * floor stat DIR   only stats every file
 *
 * Prints files, bytes and line feeds. Symbolic links are not followed.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int reading;
static unsigned long files, bytes, feeds;
static char *buffer;
static size_t room;

static void take(int directory, const char *name)
{
    struct stat status;
    if (!reading) {
        if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW))
            err(1, "%s", name);
        bytes += status.st_size;
        return;
    }
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || fstat(file, &status))
        err(1, "%s", name);
    size_t size = status.st_size, done = 0;
    if (size > room) {
        room = size;
        buffer = realloc(buffer, room);
        if (!buffer)
            err(1, "%s", name);
    }
    while (done < size) {
        ssize_t got = read(file, buffer + done, size - done);
        if (got < 0)
            err(1, "%s", name);
        if (got == 0)
            break;
        done += got;
    }
    close(file);
    bytes += done;
    for (char *at = buffer; (at = memchr(at, '\n', buffer + done - at)); at++)
        feeds++;
}

static void walk(int parent, const char *name)
{
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!directory)
        err(1, "%s", name);
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        const char *inner = entry->d_name;
        if (!strcmp(inner, ".") || !strcmp(inner, ".."))
            continue;
        int type = entry->d_type;
        if (type == DT_UNKNOWN) {
            struct stat status;
            if (fstatat(descriptor, inner, &status, AT_SYMLINK_NOFOLLOW))
                err(1, "%s", inner);
            type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
        }
        if (type == DT_DIR) {
            walk(descriptor, inner);
        } else if (type == DT_REG) {
            files++;
            take(descriptor, inner);
        }
    }
    closedir(directory);
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "read") && strcmp(argv[1], "stat")))
        errx(2, "usage: floor read|stat DIR");
    reading = !strcmp(argv[1], "read");
    room = 1 << 20;
    buffer = malloc(room);
    if (!buffer)
        err(1, "buffer");
    walk(AT_FDCWD, argv[2]);
    printf("%lu files, %lu bytes, %lu line feeds\n", files, bytes, feeds);
    return 0;
}
