/*
 * tunnel: packets between TUN devices of two network namespaces, copied and nothing else.
 *
 *   tunnel A B              A and B: a process in each namespace; copies both ways until it is
 *                           killed; prints "ready" when it does
 *
 * Each namespace gets a device "tun0", down and without addresses. Packets have virtio-net headers,
 * and are super-packets where the kernel makes some: no user-mode network moves them with less.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { HEADER = 10, BATCH = 64 };

static char packet[HEADER + 65536];

static int open_device(const char *process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns/net", process);
    int namespace = open(path, O_RDONLY);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET))
        return -1;
    close(namespace);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request = {.ifr_name = "tun0"};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) ||
        ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
        return -1;
    return fd;
}

static void copy(int from, int to) {
    for (int i = 0; i < BATCH; i++) {
        ssize_t size = read(from, packet, sizeof packet);
        if (size <= 0 || write(to, packet, (size_t)size) < 0)
            return;
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    int a = open_device(argv[1]), b = a < 0 ? -1 : open_device(argv[2]);
    if (b < 0) {
        perror("tunnel");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    struct pollfd ready[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    while (poll(ready, 2, -1) >= 0) {
        copy(a, b);
        copy(b, a);
    }
    return 1;
}
