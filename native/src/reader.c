/* Reads the usual messages of a slice, and leaves all others to the reader in Python.
 *
 * It takes a message only if everything about it is usual: name, status, header and dates. Of what
 * it takes it says the same as `peek` and `sound` in the package mailsurgeon, which remain the
 * reference. Whenever anything is in doubt it says nothing: Python then looks at that file itself.
 *
 * It keeps no state between calls, allocates nothing and starts nothing, so it may be called by
 * several threads at once, each with a slice of its own.
 */

#define _GNU_SOURCE
#include "reader.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
#define DAY 86400
#define YEAR (365 * (int64_t)DAY)
#define LONGEST_NAME 200
#define LONGEST_ID 998
#define LONGEST_SHOWN 1600
#define BILLION 1000000000
#define LATEST (INT64_MAX / BILLION - 1) /* seconds that fit as nanoseconds */

enum { FROM, ID, SUBJECT, RECEIVED, DATE, FIELDS };

static const struct {
    const char *name;
    size_t length;
} FIELD[FIELDS] = {
    {"from", 4}, {"message-id", 10}, {"subject", 7}, {"received", 8}, {"date", 4},
};

/* A part of a text: [start, end). `start` is NULL if there is none. */
struct span {
    const char *start, *end;
};

struct name {
    int64_t seconds; /* since 1970, at the start */
    int64_t size, virtual_size; /* -1 if not named */
};

struct content {
    int64_t virtual_size;
    int64_t date;
    struct span field[FIELDS]; /* values, with their line ends */
};

static int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static int is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static int is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

/* Reads at least one and at most `most` digits; returns where they end, NULL if they do not fit. */
static const char *number(const char *at, const char *end, int most, int64_t *value)
{
    const char *start = at;
    int64_t sum = 0;
    for (; at < end && is_digit(*at); at++) {
        if (at - start == most)
            return NULL;
        sum = 10 * sum + (*at - '0');
    }
    *value = sum;
    return at == start ? NULL : at;
}

/* Names */

static int starts(const char *at, const char *end, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(end - at) >= length && !memcmp(at, text, length);
}

/* A usual name: seconds, a dot, anything, S=, W=, the fields of mbsync and offlineimap, the info. */
static int usual_name(const char *at, const char *end, int cur, struct name *name)
{
    name->size = name->virtual_size = -1;
    if (end - at > LONGEST_NAME)
        return 0;
    at = number(at, end, 10, &name->seconds);
    if (!at || at == end || *at != '.')
        return 0;
    for (; at < end && *at != ',' && *at != ':'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f || *at == '%')
            return 0;
    if (starts(at, end, ",S=") && !(at = number(at + 3, end, 18, &name->size)))
        return 0;
    if (starts(at, end, ",W=") && !(at = number(at + 3, end, 18, &name->virtual_size)))
        return 0;
    int64_t ignored;
    if (starts(at, end, ",U=") && !(at = number(at + 3, end, 18, &ignored)))
        return 0;
    if (starts(at, end, ",FMD5=")) {
        const char *start = at += 6;
        while (at < end && (is_digit(*at) || (*at >= 'a' && *at <= 'f')))
            at++;
        if (at == start)
            return 0;
    }
    if (at == end)
        return !cur;
    if (!starts(at, end, ":2,"))
        return 0;
    at += 3;
    for (const char *flag = "DFPRST"; *flag; flag++)
        if (at < end && *at == *flag)
            at++;
    for (char last = 0; at < end; last = *at++)
        if (*at < 'a' || *at > 'z' || *at <= last)
            return 0;
    return 1;
}

/* Dates */

static int64_t days_before(int64_t year, int month) /* from 1970 to the first of this month */
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int pair(const char *at)
{
    return is_digit(at[0]) && is_digit(at[1]) ? 10 * (at[0] - '0') + at[1] - '0' : -1;
}

static int word(char byte)
{
    return is_digit(byte) || byte == '_' || (lower(byte) >= 'a' && lower(byte) <= 'z');
}

static int of_three(const char *at, const char *names)
{
    for (int number = 0; names[3 * number]; number++)
        if (!memcmp(at, names + 3 * number, 3))
            return number + 1;
    return 0;
}

/* Parses a date as nearly all programs write it, the whole text; see USUAL_DATE in Python. */
static int usual_date(const char *at, const char *end, int64_t *date)
{
    if (end - at > 3 && at[3] == ',') {
        if (!of_three(at, "MonTueWedThuFriSatSun"))
            return 0;
        at += 4;
        if (at == end || *at != ' ')
            return 0;
        at++;
    }
    int64_t day;
    at = number(at, end, 2, &day);
    if (!at || end - at < 24 || *at != ' ') /* " Jan 2018 00:00:00 +0000" */
        return 0;
    int month = of_three(at + 1, "JanFebMarAprMayJunJulAugSepOctNovDec");
    int century = pair(at + 5), year = pair(at + 7);
    int hour = pair(at + 10), minute = pair(at + 13), second = pair(at + 16);
    int zone_hours = pair(at + 20), zone_minutes = pair(at + 22);
    if (!month || century < 10 || century > 29 || year < 0 || hour < 0 || minute < 0 || second < 0
        || zone_hours < 0 || zone_minutes < 0 || at[4] != ' ' || at[9] != ' ' || at[12] != ':'
        || at[15] != ':' || at[18] != ' ' || (at[19] != '+' && at[19] != '-'))
        return 0;
    int64_t zone = zone_hours * 3600 + zone_minutes * 60;
    *date = (days_before(100 * century + year, month) + day - 1) * DAY + hour * 3600 + minute * 60
            + second - (at[19] == '+' ? zone : -zone);
    at += 24;
    if (at == end)
        return 1;
    if (end - at < 4 || end - at > 63 || at[0] != ' ' || at[1] != '(' || end[-1] != ')')
        return 0;
    for (at += 2; at < end - 1; at++)
        if (!word(*at))
            return 0;
    return 1;
}

static struct span stripped(struct span text)
{
    while (text.start < text.end && is_space(*text.start))
        text.start++;
    while (text.start < text.end && is_space(text.end[-1]))
        text.end--;
    return text;
}

/* The date of a Received field, which must have one semicolon; or that of Date. */
static int date_of(struct span value, int stamp, int64_t *date)
{
    if (stamp) {
        value.start = memchr(value.start, ';', (size_t)(value.end - value.start));
        if (!value.start)
            return 0;
        value.start++;
    }
    value = stripped(value);
    return usual_date(value.start, value.end, date);
}

/* Content */

#define WIDE 32

/* Counts line feeds, and those behind a carriage return. `data[size]` can be read. */
static int64_t lone_feeds(const char *data, size_t size)
{
    uint64_t feeds = 0, returns = 0, paired = 0;
    size_t at = 0;
    while (at + WIDE <= size) {
        uint8_t some[WIDE] = {0}, others[WIDE] = {0};
        size_t rounds = (size - at) / WIDE;
        if (rounds > 255)
            rounds = 255;
        for (size_t round = 0; round < rounds; round++, at += WIDE)
            for (size_t byte = 0; byte < WIDE; byte++) {
                some[byte] = (uint8_t)(some[byte] + (data[at + byte] == '\n'));
                others[byte] |= data[at + byte] == '\r';
            }
        for (size_t byte = 0; byte < WIDE; byte++) {
            feeds += some[byte];
            returns += others[byte];
        }
    }
    for (; at < size; at++) {
        feeds += data[at] == '\n';
        returns += data[at] == '\r';
    }
    if (!returns)
        return (int64_t)feeds;
    for (at = 0; at + 1 < size; at++)
        paired += (data[at] == '\r') & (data[at + 1] == '\n');
    return (int64_t)(feeds - paired);
}

/* Notes the value of a wanted field that begins at `line`; `end` is where its last line ends. */
static void note(struct span field[FIELDS], const char *line, const char *end)
{
    int which;
    switch (lower(*line)) {
    case 'f': which = FROM; break;
    case 'm': which = ID; break;
    case 's': which = SUBJECT; break;
    case 'r': which = RECEIVED; break;
    case 'd': which = DATE; break;
    default: return;
    }
    size_t length = FIELD[which].length;
    if (field[which].start || (size_t)(end - line) <= length)
        return;
    for (size_t byte = 1; byte < length; byte++)
        if (lower(line[byte]) != FIELD[which].name[byte])
            return;
    for (line += length; line < end && is_blank(*line); line++) {}
    if (line < end && *line == ':')
        field[which] = (struct span){line + 1, end};
}

/* Looks at a whole file. `data[size]` can be read. Returns 0 if anything is unusual. */
static int look(const char *data, size_t size, struct content *content)
{
    const char *end = data + size, *at = data;
    while (at < end && *at > ' ' && *at < 0x7f && *at != ':')
        at++;
    if (at == data || at == end || *at != ':' || !end[-1] || starts(data, end, "BZh"))
        return 0;
    memset(content->field, 0, sizeof content->field);
    const char *line = data, *feed = data;
    for (;;) {
        feed = memchr(feed, '\n', (size_t)(end - feed));
        if (!feed || ++feed == end)
            return 0; /* no blank line */
        if (is_blank(*feed))
            continue;
        note(content->field, line, feed - 1);
        if (*feed == '\n' || (*feed == '\r' && feed + 1 < end && feed[1] == '\n'))
            break;
        line = feed;
    }
    feed += *feed == '\n' ? 1 : 2;
    if (feed >= end) /* nothing behind the header */
        return 0;
    struct span *field = content->field;
    if (!field[FROM].start || !field[ID].start)
        return 0;
    int stamp = field[RECEIVED].start != NULL;
    if (!stamp && !field[DATE].start)
        return 0;
    if (!date_of(field[stamp ? RECEIVED : DATE], stamp, &content->date))
        return 0;
    content->virtual_size = (int64_t)size + lone_feeds(data, size);
    return 1;
}

/* Output */

static int usual_id(struct span id)
{
    size_t length = (size_t)(id.end - id.start);
    if (length < 3 || length > LONGEST_ID + 2 || *id.start != '<' || id.end[-1] != '>')
        return 0;
    for (const char *at = id.start + 1; at < id.end - 1; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '<' || *at == '>')
            return 0;
    return 1;
}

static uint32_t crc_table[256];

__attribute__((constructor)) static void fill_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum & 1 ? 0xedb88320 ^ (sum >> 1) : sum >> 1;
        crc_table[byte] = sum;
    }
}

static uint64_t digest(struct span id)
{
    uint32_t crc = UINT32_MAX, low = 1, high = 0;
    for (const char *at = id.start; at < id.end; at++) {
        uint8_t byte = (uint8_t)lower(*at);
        crc = crc_table[(crc ^ byte) & 255] ^ (crc >> 8);
        low += byte;
        high += low;
    }
    return (uint32_t)~crc | (uint64_t)(high % 65521 << 16 | low % 65521) << 32;
}

/* Appends an unfolded value and a NUL; returns where it ends, NULL if it does not fit. */
static char *put(char *at, const char *room, struct span value)
{
    value = stripped(value);
    if (value.end - value.start > LONGEST_SHOWN || room - at <= value.end - value.start)
        return NULL;
    for (const char *from = value.start; from < value.end; from++) {
        if (!*from)
            return NULL;
        if (*from != '\n' && !(*from == '\r' && from[1] == '\n'))
            *at++ = *from;
    }
    *at++ = 0;
    return at;
}

static int owner_number(struct slice *slice, const struct stat *status)
{
    for (int64_t number = slice->owners; number--;) {
        const struct owner *owner = &slice->owner[number];
        if (owner->mode == status->st_mode && owner->user == status->st_uid
            && owner->group == status->st_gid)
            return (int)number;
    }
    if ((status->st_mode & slice->judged) != slice->needed || slice->owners == OWNERS
        || (slice->owned && (status->st_uid != slice->user || status->st_gid != slice->group)))
        return -1;
    slice->owner[slice->owners] =
        (struct owner){status->st_mode, status->st_uid, status->st_gid};
    return (int)slice->owners++;
}

static int64_t distance(int64_t one, int64_t other)
{
    return one < other ? other - one : one - other;
}

static int sound(const struct slice *slice, const struct name *name, const struct stat *status,
                 const struct content *content)
{
    if (slice->sizes && (name->size < 0 || name->virtual_size < 0))
        return 0;
    if (name->virtual_size >= 0 && name->virtual_size != content->virtual_size)
        return 0;
    int64_t apart = distance(status->st_mtim.tv_sec, content->date);
    if (apart > YEAR || (apart > DAY && distance(name->seconds, content->date) <= DAY))
        return 0;
    return status->st_mtim.tv_sec <= slice->late && name->seconds <= slice->late;
}

static int64_t nanoseconds(struct timespec time)
{
    return time.tv_sec * (int64_t)BILLION + time.tv_nsec;
}

/* Records a message; returns 0, having recorded nothing, if there is no room for it. */
static int record(struct slice *slice, const struct stat *status, struct content *content)
{
    struct span id = stripped(content->field[ID]), *field = content->field;
    if (!usual_id(id))
        return 0;
    if (!field[SUBJECT].start)
        field[SUBJECT] = (struct span){id.start, id.start};
    const struct span value[TEXTS] = {id, field[FROM], field[SUBJECT]};
    char *end[TEXTS];
    for (int text = 0; text < TEXTS; text++)
        if (!(end[text] = put(slice->text[text], slice->text_end[text], value[text])))
            return 0;
    int owner = owner_number(slice, status);
    if (owner < 0)
        return 0;
    int64_t at = slice->healthy++, size = status->st_size;
    int64_t *numbers = slice->numbers + 4 * slice->next;
    numbers[0] = slice->column[SIZE][at] = size;
    numbers[1] = slice->column[MTIME][at] = nanoseconds(status->st_mtim);
    numbers[2] = slice->column[CTIME][at] = nanoseconds(status->st_ctim);
    numbers[3] = slice->column[INODE][at] = (int64_t)status->st_ino;
    slice->column[OFFSET][at] = slice->next;
    slice->column[FEEDS][at] = content->virtual_size - size;
    slice->column[SENT][at] = content->date;
    slice->digests[at] = digest(id);
    slice->which[at] = (uint8_t)owner;
    memcpy(slice->text, end, sizeof end);
    return 1;
}

static int in_time(struct timespec time)
{
    return time.tv_sec <= LATEST && time.tv_sec >= -LATEST;
}

/* Reads one file; returns its size, -1 if it is unusual. */
static int64_t read_file(struct slice *slice, const char *file, int64_t named, struct stat *status)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int descriptor = openat(slice->directory, file, flags);
    if (descriptor < 0)
        return -1;
    int64_t size = -1;
    if (!fstat(descriptor, status) && S_ISREG(status->st_mode) && status->st_nlink == 1
        && status->st_size > 0 && status->st_size <= slice->room
        && (named < 0 || named == status->st_size) && in_time(status->st_mtim)
        && in_time(status->st_ctim) && status->st_ino <= INT64_MAX) {
        size = status->st_size;
        if (read(descriptor, slice->buffer, (size_t)size + 1) != size)
            size = -1;
    }
    close(descriptor);
    return size;
}

static int take(struct slice *slice, const char *file, const char *end)
{
    struct name name;
    struct stat status;
    struct content content;
    if (!usual_name(file, end, slice->cur, &name))
        return 0;
    int64_t size = read_file(slice, file, name.size, &status);
    return size > 0 && look(slice->buffer, (size_t)size, &content)
           && sound(slice, &name, &status, &content) && record(slice, &status, &content);
}

int64_t mailsurgeon_reader(void)
{
    return VERSION << 16 | (int64_t)sizeof(struct slice);
}

void mailsurgeon_read(struct slice *slice, int64_t until)
{
    for (; slice->next < until; slice->next++) {
        const char *end = slice->names + strlen(slice->names);
        if (!take(slice, slice->names, end))
            slice->left[slice->others++] = slice->next;
        slice->names = end + 1;
    }
}
