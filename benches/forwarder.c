/*
 * forwarder: frames between two interfaces by recvmmsg and sendmmsg, the plain way to do it.
 *
 *   forwarder A B           forwards both ways until it is killed; prints "ready" when it does
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

enum { BATCH = 64, FRAME = 2048, BUFFER = 4 << 20 };

static int open_interface(const char *name) {
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), yes = 1, buffer = BUFFER;
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC};
    address.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(name);
    if (fd < 0 || !address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes))
        return -1;
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    return fd;
}

static void forward(int from, int to) {
    static char frames[BATCH][FRAME];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){frames[i], FRAME};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(from, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        parts[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < count;) {
        int more = sendmmsg(to, messages + sent, (unsigned)(count - sent), 0);
        sent += more > 0 ? more : 1;
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    int a = open_interface(argv[1]), b = open_interface(argv[2]);
    if (a < 0 || b < 0) {
        perror("forwarder");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    struct pollfd ready[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    while (poll(ready, 2, -1) >= 0) {
        if (ready[0].revents & POLLIN)
            forward(a, b);
        if (ready[1].revents & POLLIN)
            forward(b, a);
    }
    return 1;
}
