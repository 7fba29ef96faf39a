/* What the cards do over time, by the script: power, energy counter, power sensor. Knows no NVML call. */
#ifndef CARD_H
#define CARD_H

#include <stdint.h>

enum { MOST_CARDS = 8, RING_SAMPLES = 119, CAUSES = 5 };

/* Take in a script that came into force at t: what was drawn and throttled before it stays as it was. */
void cards_follow_script(double t);

/* Exact joules from time 0 to t, which may lie before 0, and watts at t. */
double card_energy_j(int card, double t);
double card_power_w(int card, double t);

/* What the energy counter shows at t: the energy at its last tick, after what the script does to it. */
uint64_t card_counter_mj(int card, double t);

/* What the power sensor makes of the watts: gain and offset against the counter; never below 0. */
double card_sensed_w(int card, double watts);

/* Nanoseconds that the clocks were held back up to t by a cause, 0 to CAUSES - 1. */
uint64_t card_throttled_ns(int card, int cause, double t);

#endif
