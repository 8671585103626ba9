/*
 * connect: short TCP connections, one byte there and one back, as many as there can be.
 *
 *   connect serve IPV4                serves until it is killed; prints its port when it does
 *   connect open IPV4 PORT COUNT      makes so many, some at once; prints how many a second
 *
 * The server closes first, and so remembers them (TIME-WAIT): ask it for a new port each time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 8, BACKLOG = 1024 };

static struct sockaddr_in address = {.sin_family = AF_INET};
static atomic_long left;
static atomic_long failed;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *answer(void *listener) {
    for (;;) {
        char byte;
        int fd = accept(*(int *)listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (recv(fd, &byte, 1, 0) == 1)
            send(fd, &byte, 1, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static int ask(void) {
    char bytes[2] = "x";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int done = fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address) &&
               send(fd, bytes, 1, MSG_NOSIGNAL) == 1 && recv(fd, bytes, 2, 0) == 1 &&
               recv(fd, bytes, 2, 0) == 0;
    close(fd);
    return done;
}

static void *ask_all(void *nothing) {
    while (atomic_fetch_sub(&left, 1) > 0)
        if (!ask())
            atomic_fetch_add(&failed, 1);
    return nothing;
}

static void at_once(void *(*work)(void *), void *argument) {
    pthread_t threads[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        if (pthread_create(&threads[i], NULL, work, argument))
            exit(1);
    for (int i = 0; i < AT_ONCE; i++)
        pthread_join(threads[i], NULL);
}

static int serve(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) ||
        listen(listener, BACKLOG) || getsockname(listener, (struct sockaddr *)&address, &size))
        return 1;
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    at_once(answer, &listener);
    return 1;
}

static int open_all(long count) {
    double began = now();
    atomic_store(&left, count);
    at_once(ask_all, NULL);
    printf("%.0f\n", (double)count / (now() - began));
    return atomic_load(&failed) > 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
        return 2;
    if (argc == 3 && !strcmp(argv[1], "serve"))
        return serve();
    if (argc != 5 || strcmp(argv[1], "open"))
        return 2;
    address.sin_port = htons((uint16_t)atoi(argv[3]));
    return open_all(atol(argv[4]));
}
