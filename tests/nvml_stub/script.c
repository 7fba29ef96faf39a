/* Reads NVML_STUB and the file NVML_STUB_FILE: key=value pairs with blanks between them; tests/nvml_stub/README.md lists
 * the keys. A pair in the file stands before one in the variable, key@card before key. */

#define _GNU_SOURCE
#include "script.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char BLANK[] = " \t\r\n";

static int is_virtual;
static _Atomic int64_t virtual_ns;
static double loaded_s, since_s;
static char *text;
static struct stat seen;

static double monotonic_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* For the clock double of the tests, which shares the virtual time. */
int64_t stub_now_ns(void) { return is_virtual ? virtual_ns : (int64_t)((monotonic_s() - loaded_s) * 1e9); }
void stub_advance_ns(int64_t duration_ns) { virtual_ns += duration_ns; }

double now_s(void) { return (double)stub_now_ns() / 1e9; }

void pass_s(double duration_s) {
    if (duration_s <= 0.0) return;
    if (is_virtual) stub_advance_ns((int64_t)(duration_s * 1e9));
    else usleep((useconds_t)(duration_s * 1e6));
}

static char *file_content(const char *path) {
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char *content = NULL;
    size_t size = 0;
    if (file == NULL) return strdup("");
    if (getdelim(&content, &size, '\0', file) < 0) *(content = realloc(content, 1)) = '\0';
    fclose(file);
    return content;
}

static void load_script(void) {
    const char *variable = getenv("NVML_STUB");
    char *content = file_content(getenv("NVML_STUB_FILE"));
    free(text);
    if (asprintf(&text, "%s\n%s", content, variable != NULL ? variable : "") < 0) abort();
    free(content);
    since_s = now_s();
}

__attribute__((constructor)) static void load_library(void) {
    const char *kind = getenv("NVML_STUB_TIME");
    is_virtual = kind != NULL && strcmp(kind, "virtual") == 0;
    loaded_s = monotonic_s();
}

int script_refresh(void) {
    const char *path = getenv("NVML_STUB_FILE");
    struct stat found = {0};
    if (path != NULL) stat(path, &found);
    int same = found.st_ino == seen.st_ino && found.st_size == seen.st_size &&
               found.st_mtim.tv_sec == seen.st_mtim.tv_sec && found.st_mtim.tv_nsec == seen.st_mtim.tv_nsec;
    if (text != NULL && same) return 0;
    seen = found;
    load_script();
    return 1;
}

double script_since_s(void) { return since_s; }

static const char *find(const char *key) {
    size_t length = strlen(key);
    for (const char *at = text + strspn(text, BLANK); *at != '\0'; at += strspn(at, BLANK)) {
        if (strncmp(at, key, length) == 0 && at[length] == '=') return at + length + 1;
        at += strcspn(at, BLANK);
    }
    return NULL;
}

const char *setting(int card, const char *key, const char *fallback) {
    char own[64];
    snprintf(own, sizeof own, "%s@%d", key, card);
    const char *value = card == EVERY_CARD ? NULL : find(own);
    if (value == NULL) value = find(key);
    return value != NULL ? value : fallback;
}

int is(int card, const char *key, const char *word) {
    const char *value = setting(card, key, "");
    size_t length = strlen(word);
    return strncmp(value, word, length) == 0 && strcspn(value, BLANK) == length;
}

double number(int card, const char *key, double fallback) {
    const char *value = setting(card, key, NULL);
    return value == NULL ? fallback : atof(value);
}

double number_at(int card, const char *key, double fallback, double t) {
    const char *at = setting(card, key, NULL);
    double from, value, found = fallback;
    int used;
    if (at != NULL && sscanf(at, "%lf:%lf%n", &from, &value, &used) < 2) return atof(at);
    while (at != NULL && sscanf(at, "%lf:%lf%n", &from, &value, &used) == 2 && from <= t) {
        found = value;
        at += used;
        if (*at == ',') at++;
    }
    return found;
}
