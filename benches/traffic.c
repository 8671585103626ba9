/*
 * traffic: small packets, as many as there can be or at a rate.
 *
 *   traffic frames IFACE SECONDS              60-byte frames of an experimental type, flat out
 *   traffic send IPV4 PORT SIZE SECONDS RATE [HOSTS]  UDP, RATE packets a second, 0 for flat out;
 *                                             to so many addresses in turn, from that one on
 *   traffic receive IPV4 PORT                 counts UDP packets until SIGTERM
 *
 * Each prints how many packets there were.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, LARGEST = 1472, BUFFER = 32 << 20, EXPERIMENTAL = 0x88b5 };

static char payload[LARGEST];
static struct iovec part = {payload, 0};
static struct mmsghdr messages[BATCH];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_until(double when) {
    struct timespec time = {.tv_sec = (time_t)when};
    time.tv_nsec = (long)((when - (double)time.tv_sec) * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static struct sockaddr_in ends[BATCH];
static uint32_t first_host, hosts;

static void prepare(size_t size) {
    part.iov_len = size;
    for (int i = 0; i < BATCH; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
}

/* Has each message of the next batch go to the host after the one before. */
static void address_batch(unsigned long sent, unsigned count) {
    for (unsigned i = 0; hosts && i < count; i++)
        ends[i].sin_addr.s_addr = htonl(first_host + (uint32_t)((sent + i) % hosts));
}

/* Sends for so long: flat out, or a burst each millisecond at the most. */
static unsigned long send_all(int fd, double seconds, double rate) {
    unsigned long sent = 0;
    double began = now(), at = began;
    while (at - began < seconds) {
        double due = rate > 0 ? rate * (at - began) + 1 : (double)sent + BATCH;
        while ((double)sent < due) {
            unsigned want = due - (double)sent < BATCH ? (unsigned)(due - (double)sent) : BATCH;
            address_batch(sent, want);
            int more = sendmmsg(fd, messages, want ? want : 1, 0);
            if (more < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
                return sent;
            sent += more > 0 ? (unsigned long)more : 0;
        }
        if (rate > 0)
            sleep_until(at + 0.0005);
        at = now();
    }
    return sent;
}

static int frames(const char *interface, double seconds) {
    int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
    struct sockaddr_ll address = {.sll_family = AF_PACKET};
    address.sll_ifindex = (int)if_nametoindex(interface);
    if (fd < 0 || !address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof address))
        return 1;
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
    memset(payload, 0xff, 6);
    payload[6] = 2;
    payload[12] = (char)(EXPERIMENTAL >> 8);
    payload[13] = (char)(EXPERIMENTAL & 0xff);
    prepare(60);
    printf("%lu\n", send_all(fd, seconds, 0));
    return 0;
}

static struct sockaddr_in udp_address(const char *ip, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, ip, &address.sin_addr);
    return address;
}

/* Many hosts are named with each message; the one that there mostly is, once. */
static int lead(int fd, const struct sockaddr_in *to, const char *many) {
    if (!many)
        return connect(fd, (const struct sockaddr *)to, sizeof *to);
    first_host = ntohl(to->sin_addr.s_addr);
    hosts = (uint32_t)atoi(many);
    for (int i = 0; i < BATCH; i++) {
        ends[i] = *to;
        messages[i].msg_hdr.msg_name = &ends[i];
        messages[i].msg_hdr.msg_namelen = sizeof ends[i];
    }
    return hosts ? 0 : -1;
}

static int send_udp(char **words) {
    struct sockaddr_in to = udp_address(words[0], words[1]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = atoi(words[2]);
    prepare((size_t)size);
    if (fd < 0 || size > LARGEST || lead(fd, &to, words[5]))
        return 1;
    printf("%lu\n", send_all(fd, atof(words[3]), atof(words[4])));
    return 0;
}

static volatile sig_atomic_t over;
static void end(int signal) { over = signal; }

static int receive_udp(char **words) {
    struct sockaddr_in at = udp_address(words[0], words[1]);
    struct sigaction action = {.sa_handler = end};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), buffer = BUFFER;
    unsigned long count = 0;
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at))
        return 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    sigaction(SIGTERM, &action, NULL);
    prepare(LARGEST);
    puts("ready");
    fflush(stdout);
    while (!over) {
        int more = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        count += more > 0 ? (unsigned long)more : 0;
    }
    printf("%lu\n", count);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "frames"))
        return frames(argv[2], atof(argv[3]));
    if ((argc == 7 || argc == 8) && !strcmp(argv[1], "send"))
        return send_udp(argv + 2);
    if (argc == 4 && !strcmp(argv[1], "receive"))
        return receive_udp(argv + 2);
    return 2;
}
