/* A driver library for tests: the NVML calls that a meter makes, answered as the script says (script.c).
 *
 * Energy is the exact integral of the scripted power, shown in ticks. Calls are serialised, as the driver's are.
 */

#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "script.h"

enum {
    SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9, TIMEOUT = 10, GPU_IS_LOST = 15, RESET_REQUIRED = 16, VERSION_MISMATCH = 18, NO_DATA = 21,
    NOT_READY = 27, UNKNOWN = 999
};
enum { TYPE_DOUBLE = 0, TYPE_UINT = 1, TYPE_ULL = 3 };
enum { FIELD_AVERAGE = 185, FIELD_INSTANT = 186 };
enum { VIRTUAL_NONE = 0, VIRTUAL_GUEST = 2 };

typedef union { double d; unsigned int ui; unsigned long long ull; } Value;
typedef struct { uint64_t stamp_us; Value value; } Sample;
typedef struct { uint32_t id, scope; int64_t stamp, latency; uint32_t type, result; Value value; } Field;
typedef struct { uint32_t pid; uint64_t memory; uint32_t gpu_instance, compute_instance; } Process;
typedef struct { uint32_t version, sensor; int32_t celsius; } Temperature;
typedef struct { uint32_t field; const char *key; } ThrottleField;
/* One call on its way: which card, what it answers, and how much longer it takes after the answer was made. */
typedef struct { int card; unsigned int code; double rest_s; } Call;

static const struct { const char *word; unsigned int code; } REFUSALS[] = {
    {"unsupported", NOT_SUPPORTED}, {"denied", NO_PERMISSION}, {"unknown", UNKNOWN}, {"no_data", NO_DATA},
    {"not_ready", NOT_READY}, {"none", NOT_FOUND}, {"lost", GPU_IS_LOST}, {"reset_required", RESET_REQUIRED},
    {"timeout", TIMEOUT}, {"not_loaded", DRIVER_NOT_LOADED}, {"no_permission", NO_PERMISSION},
    {"mismatch", VERSION_MISMATCH}};
static const ThrottleField THROTTLES[CAUSES] = {
    {74, "power_cap"}, {76, "sync_boost"}, {269, "sw_thermal"}, {270, "hw_thermal"}, {271, "power_brake"}};

static pthread_mutex_t driver = PTHREAD_MUTEX_INITIALIZER;
static int open_sessions, power_usage_calls;

static void refresh(void) {
    if (script_refresh()) cards_follow_script(now_s());
}

static unsigned int refusal(int card, const char *key) {
    for (size_t one = 0; one < sizeof REFUSALS / sizeof *REFUSALS; one++)
        if (is(card, key, REFUSALS[one].word)) return REFUSALS[one].code;
    return SUCCESS;
}

static int lost(int card) {
    double after_s = number(card, "lost_after_s", -1.0);
    return after_s >= 0.0 && now_s() > after_s;
}

/* A moment between 0 and 1 within a slow call at which the answer is made. */
static double moment(void) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 33) / (double)(1ull << 31);
}

static Call enter(uintptr_t handle, const char *key) {
    Call call = {(int)handle - 1, INVALID_ARGUMENT, 0.0};
    pthread_mutex_lock(&driver);
    refresh();
    if (handle < 1 || handle > MOST_CARDS || (int)handle > (int)number(EVERY_CARD, "devices", 1.0)) return call;
    double slow_us = number(call.card, "slow_us", 0.0);
    if (strcmp(key, "counter") == 0) slow_us += number(call.card, "call_us", 0.0);
    double before_s = slow_us / 1e6 * moment();
    call.rest_s = slow_us / 1e6 - before_s;
    pass_s(before_s);
    call.code = lost(call.card) ? GPU_IS_LOST : refusal(call.card, key);
    return call;
}

static unsigned int leave(Call call) {
    pass_s(call.rest_s);
    pthread_mutex_unlock(&driver);
    return call.code;
}

static unsigned int answer_number(uintptr_t handle, const char *key, double fallback, unsigned int *out) {
    Call call = enter(handle, key);
    if (call.code == SUCCESS) *out = (unsigned int)number_at(call.card, key, fallback, now_s());
    return leave(call);
}

const char *nvmlErrorString(unsigned int code) { (void)code; return "stub error"; }

unsigned int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    pthread_mutex_lock(&driver);
    refresh();
    unsigned int code = refusal(EVERY_CARD, "init");
    if (code == SUCCESS) open_sessions++;
    pthread_mutex_unlock(&driver);
    return code;
}

unsigned int nvmlShutdown(void) { open_sessions--; return SUCCESS; }

/* For tests only: put a changed script in force now, and not at the next call of the driver. */
void stub_follow_script(void) {
    pthread_mutex_lock(&driver);
    refresh();
    pthread_mutex_unlock(&driver);
}

/* For tests only: whether every nvmlInit was answered by a shutdown, and whether averaged power was ever asked for. */
int stub_open_sessions(void) { return open_sessions; }
int stub_power_usage_calls(void) { return power_usage_calls; }

static unsigned int device_count(void) {
    double count = number(EVERY_CARD, "devices", 1.0);
    return count < MOST_CARDS ? (unsigned int)count : MOST_CARDS;
}

unsigned int nvmlDeviceGetCount_v2(unsigned int *count) {
    pthread_mutex_lock(&driver);
    refresh();
    *count = device_count();
    pthread_mutex_unlock(&driver);
    return SUCCESS;
}

/* A handle is the device's index plus one. */
unsigned int nvmlDeviceGetHandleByIndex_v2(unsigned int index, uintptr_t *handle) {
    unsigned int count;
    nvmlDeviceGetCount_v2(&count);
    *handle = index + 1;
    return index < count ? SUCCESS : INVALID_ARGUMENT;
}

static void write_word(int card, const char *key, const char *fallback, char *out, unsigned int size) {
    const char *value = setting(card, key, fallback);
    snprintf(out, size, "%.*s", (int)strcspn(value, " \t\r\n"), value);
}

static void write_uuid(int card, char *out, unsigned int size) {
    char usual[64];
    snprintf(usual, sizeof usual, "GPU-%08x-0000-4000-8000-000000000000", (unsigned int)card + 1);
    write_word(card, "uuid", usual, out, size);
}

unsigned int nvmlDeviceGetHandleByUUID(const char *uuid, uintptr_t *handle) {
    char known[96];
    unsigned int code = NOT_FOUND;
    pthread_mutex_lock(&driver);
    refresh();
    for (unsigned int one = 0; one < device_count() && code != SUCCESS; one++) {
        write_uuid((int)one, known, sizeof known);
        *handle = one + 1;
        code = strcmp(known, uuid) == 0 ? SUCCESS : NOT_FOUND;
    }
    if (code == SUCCESS && lost((int)*handle - 1)) code = GPU_IS_LOST;
    pthread_mutex_unlock(&driver);
    return code;
}

unsigned int nvmlDeviceGetUUID(uintptr_t handle, char *out, unsigned int size) {
    Call call = enter(handle, "uuid");
    if (call.code == SUCCESS) write_uuid(call.card, out, size);
    return leave(call);
}

unsigned int nvmlDeviceGetName(uintptr_t handle, char *out, unsigned int size) {
    Call call = enter(handle, "product");
    int used = call.code == SUCCESS ? snprintf(out, size, "NVIDIA ") : 0;
    if (used > 0) write_word(call.card, "product", "Stub", out + used, size - (unsigned int)used);
    return leave(call);
}

unsigned int nvmlSystemGetDriverVersion(char *out, unsigned int size) {
    snprintf(out, size, "580.00.01");
    return SUCCESS;
}

unsigned int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 13000; return SUCCESS; }

unsigned int nvmlDeviceGetVbiosVersion(uintptr_t handle, char *out, unsigned int size) {
    Call call = enter(handle, "vbios");
    snprintf(out, size, "96.00.00.00.01");
    return leave(call);
}

unsigned int nvmlDeviceGetMemoryInfo(uintptr_t handle, uint64_t *memory) {
    Call call = enter(handle, "memory");
    memory[0] = 80ull << 30;
    memory[1] = memory[2] = memory[0] / 2;
    return leave(call);
}

unsigned int nvmlDeviceGetEnforcedPowerLimit(uintptr_t handle, unsigned int *limit_mw) {
    unsigned int code = answer_number(handle, "limit", 700.0, limit_mw);
    *limit_mw *= 1000;
    return code;
}

unsigned int nvmlDeviceGetCudaComputeCapability(uintptr_t handle, int *major, int *minor) {
    Call call = enter(handle, "capability");
    const char *value = call.code == SUCCESS ? setting(call.card, "capability", "9.0") : "";
    if (call.code == SUCCESS && sscanf(value, "%d.%d", major, minor) != 2) call.code = UNKNOWN;
    return leave(call);
}

unsigned int nvmlDeviceGetMigMode(uintptr_t handle, unsigned int *current, unsigned int *pending) {
    Call call = enter(handle, "mig");
    if (call.code == SUCCESS) *current = *pending = (unsigned int)is(call.card, "mig", "on");
    return leave(call);
}

unsigned int nvmlDeviceGetVirtualizationMode(uintptr_t handle, unsigned int *mode) {
    Call call = enter(handle, "vgpu");
    if (call.code == SUCCESS) *mode = is(call.card, "vgpu", "on") ? VIRTUAL_GUEST : VIRTUAL_NONE;
    return leave(call);
}

unsigned int nvmlDeviceGetPersistenceMode(uintptr_t handle, unsigned int *mode) {
    Call call = enter(handle, "persistence");
    if (call.code == SUCCESS) *mode = !is(call.card, "persistence", "off");
    return leave(call);
}

unsigned int nvmlDeviceGetEccMode(uintptr_t handle, unsigned int *current, unsigned int *pending) {
    Call call = enter(handle, "ecc");
    *current = *pending = 1;
    return leave(call);
}

unsigned int nvmlDeviceGetTotalEnergyConsumption(uintptr_t handle, uint64_t *energy_mj) {
    Call call = enter(handle, "counter");
    if (call.code != SUCCESS && call.code != GPU_IS_LOST && now_s() < number(call.card, "fails_at_s", 0.0))
        call.code = SUCCESS;
    if (call.code == SUCCESS) *energy_mj = card_counter_mj(call.card, now_s());
    return leave(call);
}

/* The mean of the last second, refreshed with the sensor: the reading that trails. */
static double average_w(int card) {
    double sensor_s = number(card, "sensor_ms", 100.0) / 1e3, at_s = floor(now_s() / sensor_s) * sensor_s;
    return card_sensed_w(card, card_energy_j(card, at_s) - card_energy_j(card, at_s - 1.0));
}

static double instant_w(int card) {
    double sensor_s = number(card, "sensor_ms", 100.0) / 1e3;
    return card_sensed_w(card, card_power_w(card, floor(now_s() / sensor_s) * sensor_s));
}

unsigned int nvmlDeviceGetPowerUsage(uintptr_t handle, unsigned int *power_mw) {
    Call call = enter(handle, "usage");
    power_usage_calls++;
    if (call.code == SUCCESS) *power_mw = (unsigned int)(average_w(call.card) * 1e3);
    return leave(call);
}

/* Fills `samples` (none: only counts) with the ring's samples after `after_us`, stamped with the wall clock. */
static unsigned int fill_samples(int card, uint64_t after_us, unsigned int room, Sample *samples) {
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    double zero_s = (double)wall.tv_sec + (double)wall.tv_nsec / 1e9 - now_s() + number(card, "wall_offset_s", 0.0);
    double every_s = number(card, "sample_ms", 20.0) / 1e3, from_s = number(card, "samples_from_s", -INFINITY);
    double until_s = number(card, "samples_until_s", INFINITY);
    int64_t newest = (int64_t)floor(now_s() / every_s);
    unsigned int found = 0;
    for (int64_t one = newest - RING_SAMPLES + 1; one <= newest; one++) {
        double at_s = (double)one * every_s;
        uint64_t stamp_us = (uint64_t)llround((zero_s + at_s) * 1e6);
        if (stamp_us <= after_us || at_s < from_s || at_s >= until_s) continue;
        if (samples != NULL && found == room) break;
        if (samples != NULL) {
            double watts = is(card, "samples", "zero") ? 0.0 : card_sensed_w(card, card_power_w(card, at_s));
            samples[found] = (Sample){stamp_us, {.ui = (unsigned int)(watts * 1e3)}};
        }
        found++;
    }
    return found;
}

unsigned int nvmlDeviceGetSamples(uintptr_t handle, unsigned int kind, unsigned long long after_us, unsigned int *type,
                                  unsigned int *count, Sample *samples) {
    Call call = enter(handle, "samples");
    *type = TYPE_UINT;
    if (call.code == SUCCESS && kind != 0) call.code = INVALID_ARGUMENT;
    if (call.code == SUCCESS) {
        *count = fill_samples(call.card, after_us, *count, samples);
        call.code = *count > 0 ? SUCCESS : NOT_FOUND;
    }
    return leave(call);
}

static void answer_power(int card, Field *field, const char *key, double watts) {
    field->result = refusal(card, key);
    field->type = TYPE_UINT;
    field->value.ui = (unsigned int)(watts * 1e3);
}

static void answer_field(int card, Field *field) {
    field->result = INVALID_ARGUMENT;
    field->value.ull = 0;
    if (field->id == FIELD_INSTANT) answer_power(card, field, "instant", instant_w(card));
    if (field->id == FIELD_AVERAGE) answer_power(card, field, "average", average_w(card));
    power_usage_calls += field->id == FIELD_AVERAGE;
    for (int cause = 0; cause < CAUSES; cause++) {
        if (field->id != THROTTLES[cause].field) continue;
        field->result = refusal(card, THROTTLES[cause].key);
        field->type = TYPE_ULL;
        field->value.ull = card_throttled_ns(card, cause, now_s());
    }
}

unsigned int nvmlDeviceGetFieldValues(uintptr_t handle, int count, Field *fields) {
    Call call = enter(handle, "fields");
    for (int one = 0; one < count && call.code == SUCCESS; one++) answer_field(call.card, &fields[one]);
    return leave(call);
}

unsigned int nvmlDeviceGetTemperature(uintptr_t handle, unsigned int sensor, unsigned int *celsius) {
    (void)sensor;
    return answer_number(handle, "temperature", 45.0, celsius);
}

unsigned int nvmlDeviceGetTemperatureV(uintptr_t handle, Temperature *temperature) {
    unsigned int celsius = 0, code = nvmlDeviceGetTemperature(handle, temperature->sensor, &celsius);
    temperature->celsius = (int32_t)celsius;
    return code;
}

unsigned int nvmlDeviceGetClockInfo(uintptr_t handle, unsigned int kind, unsigned int *mhz) {
    int sm = kind == 1;
    return answer_number(handle, sm ? "sm_clock" : "memory_clock", sm ? 1980.0 : 3201.0, mhz);
}

unsigned int nvmlDeviceGetUtilizationRates(uintptr_t handle, unsigned int *rates) {
    rates[1] = 12;
    return answer_number(handle, "utilization", 0.0, &rates[0]);
}

typedef struct { Process *processes; unsigned int room, found; uint64_t memory; } Listing;

static void list_process(Listing *listing, uint32_t pid) {
    if (listing->processes != NULL && listing->found < listing->room) {
        listing->processes[listing->found].pid = pid;
        listing->processes[listing->found].memory = listing->memory;
    }
    listing->found++;
}

/* The entries of processes=pid,pid:from_s,pid:from_s:until_s that are there now; the word own stands for the caller. */
static void list_processes(int card, Listing *listing) {
    const char *at = setting(card, "processes", "");
    while (*at != '\0' && strchr(" \t\r\n", *at) == NULL) {
        double pid = 0.0, from_s = -INFINITY, until_s = INFINITY;
        size_t length = strcspn(at, ", \t\r\n");
        if (strncmp(at, "own", 3) == 0) pid = (double)getpid();
        else sscanf(at, "%lf:%lf:%lf", &pid, &from_s, &until_s);
        if (pid > 0.0 && now_s() >= from_s && now_s() < until_s) list_process(listing, (uint32_t)pid);
        at += length;
        if (*at == ',') at++;
    }
}

unsigned int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t handle, unsigned int *count, Process *processes) {
    Call call = enter(handle, "processes");
    if (call.code != SUCCESS) return leave(call);
    Listing listing = {processes, *count, 0, is(call.card, "process_memory", "hidden") ? ~0ull : 1ull << 30};
    list_processes(call.card, &listing);
    *count = listing.found;
    if (listing.found > (processes == NULL ? 0 : listing.room)) call.code = INSUFFICIENT_SIZE;
    return leave(call);
}

unsigned int nvmlDeviceGetGraphicsRunningProcesses_v3(uintptr_t handle, unsigned int *count, Process *processes) {
    (void)processes;
    Call call = enter(handle, "graphics");
    *count = 0;
    return leave(call);
}
