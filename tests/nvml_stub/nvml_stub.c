/* A driver library for tests: the NVML calls that the meter makes, scripted by the environment variable NVML_STUB.
 *
 * NVML_STUB is a list of key=value pairs separated by spaces; tests/nvml_stub/README.md lists the keys.
 * Time zero is the moment the library is loaded. Energy is the exact integral of the scripted power, shown in ticks.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, VERSION_MISMATCH = 18, UNKNOWN = 999
};
enum { TYPE_DOUBLE = 0, TYPE_UINT = 1, TYPE_ULL = 3 };
enum { FIELD_POWER_CAP = 74, FIELD_SYNC_BOOST = 76, FIELD_INSTANT = 186, FIELD_SW_THERMAL = 269, FIELD_HW_BRAKE = 271 };

typedef union { double d; unsigned int ui; unsigned long long ull; } Value;
typedef struct { uint64_t stamp_us; Value value; } Sample;
typedef struct { uint32_t id, scope; int64_t stamp, latency; uint32_t type, result; Value value; } Field;
typedef struct { uint32_t pid; uint64_t memory; uint32_t gpu_instance, compute_instance; } Process;
typedef struct { uint32_t version, sensor; int32_t celsius; } Temperature;

static double loaded_s;
static int open_sessions;

static double clock_s(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double elapsed_s(void) { return clock_s(CLOCK_MONOTONIC) - loaded_s; }

__attribute__((constructor)) static void load(void) { loaded_s = clock_s(CLOCK_MONOTONIC); }

/* The value of a key in NVML_STUB, or the fallback; valid until the second-next call. */
static const char *setting(const char *key, const char *fallback) {
    static char values[2][256];
    static int turn;
    const char *script = getenv("NVML_STUB");
    size_t length = strlen(key);
    for (const char *at = script; at != NULL && *at != '\0'; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            char *value = values[turn ^= 1];
            snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at + length + 1, " "), at + length + 1);
            return value;
        }
    }
    return fallback;
}

static int is(const char *key, const char *value) { return strcmp(setting(key, ""), value) == 0; }
static double number(const char *key, const char *fallback) { return atof(setting(key, fallback)); }

/* Walks the steps of power="from_s:watts,from_s:watts": the watts at `t` and, by `joules`, their integral from 0 to t. */
static double power_w(double t, double *joules) {
    const char *at = setting("power", "0:200");
    double from, watts = 0.0, last_from = 0.0, last_watts = 0.0, sum = 0.0;
    int used;
    while (sscanf(at, "%lf:%lf%n", &from, &watts, &used) == 2 && from <= t) {
        sum += last_watts * (from - last_from);
        last_from = from;
        last_watts = watts;
        at += used;
        if (*at == ',') at++;
    }
    if (joules != NULL) *joules = sum + last_watts * (t - last_from);
    return last_watts;
}

static unsigned int lost(void) {
    double after_s = number("lost_after_s", "-1");
    return after_s >= 0.0 && elapsed_s() > after_s ? GPU_IS_LOST : SUCCESS;
}

const char *nvmlErrorString(unsigned int code) { (void)code; return "stub error"; }

unsigned int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    if (is("init", "mismatch")) return VERSION_MISMATCH;
    if (is("init", "no_permission")) return NO_PERMISSION;
    if (is("init", "not_loaded")) return DRIVER_NOT_LOADED;
    if (is("init", "unknown")) return UNKNOWN;
    open_sessions++;
    return SUCCESS;
}

unsigned int nvmlShutdown(void) { open_sessions--; return SUCCESS; }

/* For tests only: whether every nvmlInit was answered by a shutdown. */
int stub_open_sessions(void) { return open_sessions; }

unsigned int nvmlDeviceGetCount_v2(unsigned int *count) {
    *count = (unsigned int)number("devices", "1");
    return SUCCESS;
}

/* A handle is the device's index plus one. */
unsigned int nvmlDeviceGetHandleByIndex_v2(unsigned int index, uintptr_t *handle) {
    if (index >= (unsigned int)number("devices", "1")) return INVALID_ARGUMENT;
    *handle = index + 1;
    return SUCCESS;
}

static void write_uuid(uintptr_t handle, char *out, unsigned int size) {
    snprintf(out, size, "GPU-%08x-0000-4000-8000-000000000000", (unsigned int)handle);
}

unsigned int nvmlDeviceGetHandleByUUID(const char *uuid, uintptr_t *handle) {
    char known[64];
    for (uintptr_t one = 1; one <= (uintptr_t)number("devices", "1"); one++) {
        write_uuid(one, known, sizeof known);
        if (strcmp(known, uuid) == 0) {
            *handle = one;
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

unsigned int nvmlDeviceGetUUID(uintptr_t handle, char *out, unsigned int size) {
    write_uuid(handle, out, size);
    return lost();
}

unsigned int nvmlDeviceGetName(uintptr_t handle, char *out, unsigned int size) {
    (void)handle;
    snprintf(out, size, "NVIDIA %s", setting("product", "Stub"));
    return lost();
}

unsigned int nvmlSystemGetDriverVersion(char *out, unsigned int size) {
    snprintf(out, size, "580.00.01");
    return SUCCESS;
}

unsigned int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 13000; return SUCCESS; }

unsigned int nvmlDeviceGetVbiosVersion(uintptr_t handle, char *out, unsigned int size) {
    (void)handle;
    snprintf(out, size, "96.00.00.00.01");
    return is("vbios", "unsupported") ? NOT_SUPPORTED : SUCCESS;
}

unsigned int nvmlDeviceGetMemoryInfo(uintptr_t handle, uint64_t *memory) {
    (void)handle;
    memory[0] = 80ull << 30;
    memory[1] = memory[2] = memory[0] / 2;
    return SUCCESS;
}

unsigned int nvmlDeviceGetEnforcedPowerLimit(uintptr_t handle, unsigned int *limit_mw) {
    (void)handle;
    *limit_mw = 700000;
    return SUCCESS;
}

unsigned int nvmlDeviceGetCudaComputeCapability(uintptr_t handle, int *major, int *minor) {
    (void)handle;
    return sscanf(setting("capability", "9.0"), "%d.%d", major, minor) == 2 ? SUCCESS : UNKNOWN;
}

unsigned int nvmlDeviceGetMigMode(uintptr_t handle, unsigned int *current, unsigned int *pending) {
    (void)handle;
    if (is("mig", "unsupported")) return NOT_SUPPORTED;
    *current = *pending = is("mig", "on");
    return SUCCESS;
}

unsigned int nvmlDeviceGetPersistenceMode(uintptr_t handle, unsigned int *mode) {
    (void)handle;
    *mode = 1;
    return SUCCESS;
}

unsigned int nvmlDeviceGetEccMode(uintptr_t handle, unsigned int *current, unsigned int *pending) {
    (void)handle;
    *current = *pending = 1;
    return is("ecc", "unsupported") ? NOT_SUPPORTED : SUCCESS;
}

unsigned int nvmlDeviceGetTotalEnergyConsumption(uintptr_t handle, uint64_t *energy_mj) {
    (void)handle;
    double tick_s = number("tick_ms", "100") / 1000.0, joules = 0.0, now_s = elapsed_s();
    usleep((useconds_t)number("call_us", "0"));
    if (is("counter", "unsupported")) return NOT_SUPPORTED;
    if (is("counter", "frozen") && now_s > number("fails_at_s", "0")) now_s = number("fails_at_s", "0");
    power_w((double)(int64_t)(now_s / tick_s) * tick_s, &joules);
    if (is("counter", "reset") && now_s > number("fails_at_s", "0")) joules -= 1e6;
    *energy_mj = 2000000000ull + (uint64_t)(int64_t)(joules * 1000.0);
    return lost();
}

/* The ring: one sample every 20 ms, 119 of them, stamped with the wall clock. */
unsigned int nvmlDeviceGetSamples(uintptr_t handle, unsigned int kind, unsigned long long after_us, unsigned int *type,
                                  unsigned int *count, Sample *samples) {
    (void)handle;
    unsigned int room = *count, found = 0;
    double now_s = elapsed_s(), wall_zero_s = clock_s(CLOCK_REALTIME) - now_s + number("wall_offset_s", "0");
    int64_t newest = (int64_t)(now_s / 0.02);
    *type = TYPE_UINT;
    if (kind != 0) return INVALID_ARGUMENT;
    if (is("samples", "unsupported")) return NOT_SUPPORTED;
    if (is("samples", "none")) return NOT_FOUND;
    for (int64_t one = newest > 118 ? newest - 118 : 0; one <= newest; one++) {
        uint64_t stamp_us = (uint64_t)((wall_zero_s + (double)one * 0.02) * 1e6);
        if (stamp_us <= after_us) continue;
        if (samples != NULL && found < room) {
            samples[found].stamp_us = stamp_us;
            samples[found].value.ui = is("samples", "zero") ? 0 : (unsigned int)(power_w((double)one * 0.02, NULL) * 1e3);
        }
        found++;
    }
    *count = samples != NULL && found > room ? room : found;
    return found > 0 ? lost() : NOT_FOUND;
}

static void answer_field(Field *field) {
    double share = number("power_cap_share", "0");
    field->result = SUCCESS;
    field->type = TYPE_ULL;
    field->value.ull = 0;
    if (field->id == FIELD_INSTANT && !is("instant", "unsupported")) {
        field->type = TYPE_UINT;
        field->value.ui = (unsigned int)(power_w(elapsed_s(), NULL) * 1000.0);
    } else if (field->id == FIELD_POWER_CAP) {
        field->value.ull = (unsigned long long)(elapsed_s() * share * 1e9);
    } else if (field->id == FIELD_INSTANT || (field->id == FIELD_SYNC_BOOST && is("sync_boost", "unsupported"))) {
        field->result = NOT_SUPPORTED;
    } else if (field->id != FIELD_SYNC_BOOST && (field->id < FIELD_SW_THERMAL || field->id > FIELD_HW_BRAKE)) {
        field->result = INVALID_ARGUMENT;
    }
}

unsigned int nvmlDeviceGetFieldValues(uintptr_t handle, int count, Field *fields) {
    (void)handle;
    for (int one = 0; one < count; one++) answer_field(&fields[one]);
    return lost();
}

unsigned int nvmlDeviceGetTemperature(uintptr_t handle, unsigned int sensor, unsigned int *celsius) {
    (void)handle;
    (void)sensor;
    *celsius = 45;
    return is("temperature", "unsupported") ? NOT_SUPPORTED : lost();
}

unsigned int nvmlDeviceGetTemperatureV(uintptr_t handle, Temperature *temperature) {
    unsigned int celsius = 0, result = nvmlDeviceGetTemperature(handle, temperature->sensor, &celsius);
    temperature->celsius = (int32_t)celsius;
    return result;
}

unsigned int nvmlDeviceGetClockInfo(uintptr_t handle, unsigned int kind, unsigned int *mhz) {
    (void)handle;
    *mhz = kind == 1 ? 1980 : 3201;
    return lost();
}

unsigned int nvmlDeviceGetUtilizationRates(uintptr_t handle, unsigned int *rates) {
    (void)handle;
    rates[0] = 87;
    rates[1] = 12;
    return lost();
}

/* The pids of processes="pid,pid"; the word own stands for the caller. */
unsigned int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t handle, unsigned int *count, Process *processes) {
    (void)handle;
    unsigned int room = *count, found = 0;
    char list[256];
    snprintf(list, sizeof list, "%s", setting("processes", ""));
    if (strcmp(list, "denied") == 0) return NO_PERMISSION;
    for (char *rest = list, *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        if (*word == '\0') continue;
        if (processes != NULL && found < room) {
            processes[found].pid = strcmp(word, "own") == 0 ? (uint32_t)getpid() : (uint32_t)atol(word);
            processes[found].memory = 1ull << 30;
        }
        found++;
    }
    *count = found;
    if (processes == NULL) return found == 0 ? SUCCESS : INSUFFICIENT_SIZE;
    return found > room ? INSUFFICIENT_SIZE : lost();
}

unsigned int nvmlDeviceGetGraphicsRunningProcesses_v3(uintptr_t handle, unsigned int *count, Process *processes) {
    (void)handle;
    (void)processes;
    *count = 0;
    return SUCCESS;
}
