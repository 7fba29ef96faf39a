/* The script of the driver library and its time. Knows keys and seconds, no NVML call. */
#ifndef SCRIPT_H
#define SCRIPT_H

enum { EVERY_CARD = -1 };

/* Seconds since the library was loaded; with NVML_STUB_TIME=virtual they pass only by pass_s and stub_advance_ns. */
double now_s(void);
/* Let time pass: sleep, or move the virtual time. */
void pass_s(double duration_s);

/* Take in what changed in the file that NVML_STUB_FILE names; 1 when the script is another than before. */
int script_refresh(void);
/* When the present script came into force. */
double script_since_s(void);

/* The value of key@card, else of key, else the fallback. It ends at a blank; valid until the next refresh. */
const char *setting(int card, const char *key, const char *fallback);
int is(int card, const char *key, const char *word);
double number(int card, const char *key, double fallback);
/* The number at time t of a key that is one number or steps from_s:value,from_s:value. */
double number_at(int card, const char *key, double fallback, double t);

#endif
