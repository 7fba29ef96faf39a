/* Power as steps, their exact integral, and the faults of the energy counter. */

#define _GNU_SOURCE
#include "card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* The cards drew power before the library was loaded: the ring of samples is full at once. */
static const double BEGIN_S = -10.0;
static const double KEPT_S = 100.0;
enum { MANY_STEPS = 1024 };

static const char *const SHARES[CAUSES] = {
    "power_cap_share", "sync_boost_share", "sw_thermal_share", "hw_thermal_share", "power_brake_share"};

typedef struct { double from_s, watts, joules; } Step;
typedef struct { Step *steps; size_t count, room; double throttled_s[CAUSES], share[CAUSES], since_s; } Card;

static Card cards[MOST_CARDS];

static const Step *step_at(const Card *card, double t) {
    size_t low = 0, high = card->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (card->steps[middle].from_s <= t) low = middle;
        else high = middle;
    }
    return &card->steps[low];
}

double card_energy_j(int card, double t) {
    const Step *step = step_at(&cards[card], t);
    return step->joules + step->watts * (t - step->from_s);
}

double card_power_w(int card, double t) { return step_at(&cards[card], t)->watts; }

static void add_step(int index, double from_s, double watts) {
    Card *card = &cards[index];
    double joules = card->count == 0 ? watts * from_s : card_energy_j(index, from_s);
    if (card->count == card->room) {
        card->room = card->room == 0 ? 64 : 2 * card->room;
        card->steps = realloc(card->steps, card->room * sizeof(Step));
        if (card->steps == NULL) abort();
    }
    card->steps[card->count++] = (Step){from_s, watts, joules};
}

/* Steps that no ring, mean or window looks back to any more are dropped, so that hours need no more room than minutes. */
static void forget_steps(Card *card, double before_s) {
    size_t old = card->count == 0 ? 0 : (size_t)(step_at(card, before_s) - card->steps);
    if (old < MANY_STEPS) return;
    card->count -= old;
    memmove(card->steps, card->steps + old, card->count * sizeof(Step));
}

static void follow_power(int index, double t) {
    Card *card = &cards[index];
    const char *at = setting(index, "power", "200");
    double from, watts;
    int used;
    while (card->count > 0 && card->steps[card->count - 1].from_s >= t) card->count--;
    forget_steps(card, t - KEPT_S);
    add_step(index, card->count == 0 ? BEGIN_S : t, number_at(index, "power", 200.0, t));
    while (sscanf(at, "%lf:%lf%n", &from, &watts, &used) == 2) {
        if (from > t) add_step(index, from, watts);
        at += used;
        if (*at == ',') at++;
    }
}

static void follow_throttle(int index, double t) {
    Card *card = &cards[index];
    for (int cause = 0; cause < CAUSES; cause++) {
        card->throttled_s[cause] += card->share[cause] * (t - card->since_s);
        card->share[cause] = number(index, SHARES[cause], 0.0);
    }
    card->since_s = t;
}

void cards_follow_script(double t) {
    for (int index = 0; index < MOST_CARDS; index++) {
        follow_power(index, t);
        follow_throttle(index, t);
    }
}

uint64_t card_throttled_ns(int index, int cause, double t) {
    const Card *card = &cards[index];
    return (uint64_t)((card->throttled_s[cause] + card->share[cause] * (t - card->since_s)) * 1e9);
}

/* Between -1 and 1, always the same for a card and a tick. */
static double chance(int card, int64_t tick) {
    uint64_t bits = (uint64_t)tick * 0x9E3779B97F4A7C15u + (uint64_t)card * 0xD1B54A32D192ED03u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return (double)(bits >> 11) / (double)(1ull << 52) - 1.0;
}

/* The moment of the last refresh at or before t. */
static double last_tick_s(int card, double t) {
    double tick_s = number(card, "tick_ms", 100.0) / 1e3, jitter_s = number(card, "jitter_ms", 0.0) / 1e3;
    for (int64_t tick = (int64_t)floor(t / tick_s + 1e-9) + 1;; tick--) {
        double at_s = (double)tick * tick_s + jitter_s * chance(card, tick);
        if (at_s <= t + 1e-9) return at_s;
    }
}

uint64_t card_counter_mj(int card, double t) {
    double at_s = last_tick_s(card, t), joules = card_energy_j(card, at_s);
    double from_s = number(card, "fails_at_s", script_since_s()), until_s = number(card, "until_s", INFINITY);
    double base_j = number(card, "counter_base_mj", 2e9) / 1e3;
    if (at_s >= from_s) {
        double lost_j = card_energy_j(card, fmax(from_s, fmin(at_s, until_s))) - card_energy_j(card, from_s);
        if (is(card, "counter", "zero") && at_s < until_s) return 0;
        if (is(card, "counter", "frozen") && at_s < until_s) joules = card_energy_j(card, last_tick_s(card, from_s));
        if (is(card, "counter", "loses")) joules -= lost_j;
        if (is(card, "counter", "reset")) joules -= base_j + card_energy_j(card, from_s);
        if (is(card, "counter", "back")) joules -= number(card, "back_j", 100.0);
    }
    return (uint64_t)(int64_t)((base_j + joules) * 1e3);
}

double card_sensed_w(int card, double watts) {
    double sensed_w = watts * number(card, "sample_gain", 1.0) + number(card, "sample_offset_w", 0.0);
    return sensed_w > 0.0 ? sensed_w : 0.0;
}
