/*
 * plain: the packet operations of source -> tee -> sink and nothing else, the measure of what an engine adds.
 *
 *   plain SIZE SECONDS      prints millions of packets made per second, in the best of 20 slices
 *
 * A source makes copies of a packet of SIZE bytes, a tee sends each to two links, copying once, and a
 * sink frees both. Packets come from a free list; links are rings of pointers; a batch is 100 packets.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEADROOM = 128, ROOM = 256, RING = 1024, BATCH = 100, POOL = 4096, LINE = 64, SLICES = 20 };

/* A line of description, then the bytes: seven cache lines, an odd number, or packets would share sets of the cache. */
struct packet {
    uint64_t arrived;
    uint32_t length;
    uint32_t start;
    uint8_t bytes[HEADROOM + ROOM] __attribute__((aligned(LINE)));
} __attribute__((aligned(LINE)));

struct ring {
    struct packet *slots[RING];
    uint32_t head, tail;
    uint64_t packets, bytes;
};

static struct packet *pool[POOL];
static uint32_t pooled;

static struct packet *take(void) { return pool[--pooled]; }
static void give(struct packet *packet) { pool[pooled++] = packet; }
static uint32_t waiting(const struct ring *ring) { return ring->head - ring->tail; }
static struct packet *receive(struct ring *ring) { return ring->slots[ring->tail++ % RING]; }

static void transmit(struct ring *ring, struct packet *packet) {
    ring->slots[ring->head++ % RING] = packet;
    ring->packets++;
    ring->bytes += packet->length;
}

static struct packet *copy(const struct packet *from) {
    struct packet *made = take();
    made->arrived = from->arrived;
    made->length = from->length;
    made->start = from->start;
    /* One line for a small packet: a copy of known length needs no call. */
    if (from->length <= LINE)
        memcpy(made->bytes + made->start, from->bytes + from->start, LINE);
    else
        memcpy(made->bytes + made->start, from->bytes + from->start, from->length);
    return made;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void breathe(const struct packet *template, struct ring *made, struct ring out[2]) {
    for (int i = 0; i < BATCH; i++)
        transmit(made, copy(template));
    while (waiting(made)) {
        struct packet *packet = receive(made);
        transmit(&out[1], copy(packet));
        transmit(&out[0], packet);
    }
    for (int i = 0; i < 2; i++)
        while (waiting(&out[i]))
            give(receive(&out[i]));
}

int main(int argc, char **argv) {
    uint32_t size = argc > 1 ? (uint32_t)atoi(argv[1]) : 60;
    double seconds = argc > 2 ? atof(argv[2]) : 1;
    if (size < 1 || size > ROOM)
        return 2;
    static struct ring made, out[2];
    static struct packet template;
    template.length = size;
    template.start = HEADROOM;
    static struct packet packets[POOL];
    for (pooled = 0; pooled < POOL; pooled++)
        pool[pooled] = &packets[pooled];
    double best = 0;
    for (int slice = 0; slice < SLICES; slice++) {
        uint64_t before = made.packets;
        double began = now(), ended;
        do {
            for (int i = 0; i < 100; i++) {
                template.arrived++;
                breathe(&template, &made, out);
            }
            ended = now();
        } while (ended - began < seconds / SLICES);
        double rate = (double)(made.packets - before) / (ended - began);
        best = rate > best ? rate : best;
    }
    printf("%.2f\n", best / 1e6);
    return 0;
}
