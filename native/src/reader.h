/* What the reader takes and returns; `native.py` in mailsurgeon has the same, field by field. */

#ifndef MAILSURGEON_READER_H
#define MAILSURGEON_READER_H

#include <stdint.h>

#define OWNERS 16

enum { IDENTITY, SENDER, TITLE, TEXTS };
enum { OFFSET, SIZE, MTIME, CTIME, INODE, FEEDS, SENT, COLUMNS };

struct owner {
    uint32_t mode, user, group;
};

/* A slice of a directory. All arrays have room for as many messages as there are names. */
struct slice {
    /* What to read. */
    int32_t directory; /* a descriptor */
    int32_t cur;       /* a name must have an info */
    int32_t sizes;     /* a name must have S= and W= */
    int32_t owned;     /* user and group matter */
    uint32_t user, group;
    uint32_t judged, needed; /* bits of a mode, and how they must be */
    int64_t late;      /* seconds since 1970: no time may be later */
    const char *names; /* of the next file, and all that follow; each ends in a NUL */
    int64_t next;      /* the number of that file */
    char *buffer;      /* where files are read */
    int64_t room;      /* the largest file; the buffer has two bytes more */
    /* What was found. */
    int64_t healthy;   /* how many messages are in the columns */
    int64_t *column[COLUMNS];
    uint64_t *digests; /* of Message-IDs */
    uint8_t *which;    /* mode and owner of each: its number in `owner` */
    int64_t owners;
    struct owner *owner;
    int64_t *numbers;  /* four of each file, by its number: size, mtime, ctime, inode */
    char *text[TEXTS]; /* where the next one goes */
    const char *text_end[TEXTS]; /* where the room for them ends */
    int64_t others;    /* how many numbers of files are in `left` */
    int64_t *left;     /* files that Python must look at */
};

/* The version of this interface, and the size of `struct slice`. */
int64_t mailsurgeon_reader(void);

/* Reads the files from `next` to `until`, that one not included. */
void mailsurgeon_read(struct slice *slice, int64_t until);

#endif
