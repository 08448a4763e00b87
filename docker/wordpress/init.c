/*
 * SPDX-FileCopyrightText: 2026 The Flotta authors
 * SPDX-License-Identifier: EUPL-1.2
 *
 * flotta-init: process 1 of the release image.
 *
 *   flotta-init              runs the web server, and PHP while somebody needs it
 *   flotta-init health       exits 0 if the web server answers (the image's HEALTHCHECK)
 *   flotta-init COMMAND...   becomes that command, so that `docker run IMAGE php ...` works
 *
 * PHP's master process and OPcache's shared memory are most of what an idle instance holds. This
 * process owns the socket that PHP-FPM serves, so FPM can be stopped when nobody has asked for a
 * page for a while and started when the next request waits in the socket's queue. No connection is
 * refused or lost, and the memory goes back to the machine. OPcache is filled again from the file
 * cache in the image, without compiling.
 *
 *   FLOTTA_PHP_SLEEP_AFTER   seconds without a PHP process at work until FPM is stopped (30; 0 never)
 *   FLOTTA_PHP_START         "eager" starts FPM with the container, "lazy" at the first request
 *   FLOTTA_STOP_SECONDS      how long requests in flight may take after a stop signal (25)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WEB_SOCKET "/run/flotta-php.sock"   /* what the web server connects to, ours */
#define FPM_NAME "/run/php-fpm.sock"        /* FPM's name for the inherited socket; no such file */
#define CACHE_BAKED "/opt/flotta/opcache"   /* compiled scripts in the image */
#define CACHE_USED "/run/opcache"           /* PHP insists on a writable directory */
#define LOOK_EVERY_MS 5000
#define ACCESS_LOG 9

enum stage { RUNNING, DRAINING, CLOSING };

static pid_t web, fpm;
static int php_socket = -1;
static sigset_t old_mask;

static void say(const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (n < 0) return;
    if (n > (int)sizeof line - 2) n = sizeof line - 2;
    line[n] = '\n';
    char out[600];
    int m = snprintf(out, sizeof out, "flotta-init: %.*s", n + 1, line);
    if (write(2, out, m) < 0) return;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static long setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text) return otherwise;
    long value = strtol(text, &end, 10);
    if (*end || value < 0 || value > 86400) {
        say("%s is not a number of seconds between 0 and 86400; using %ld", name, otherwise);
        return otherwise;
    }
    return value;
}

static int health(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
    struct timeval wait = { .tv_sec = 3 };
    const char ask[] = "GET /.flotta/healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
    char answer[64] = { 0 };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) return 1;
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(s, (struct sockaddr *)&to, sizeof to) < 0) return 1;
    if (write(s, ask, sizeof ask - 1) < 0) return 1;
    if (recv(s, answer, sizeof answer - 1, MSG_WAITALL) <= 0) return 1;
    return strncmp(answer + 8, " 200", 4) == 0 ? 0 : 1;
}

/* Runs a program with the default signals; it dies with us. */
static pid_t start(char *const argv[], int with_php_socket)
{
    pid_t child = fork();
    if (child != 0) return child;
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (with_php_socket) {
        char value[64];
        int fd = dup(php_socket); /* without close-on-exec */
        snprintf(value, sizeof value, "%s=%d", FPM_NAME, fd);
        setenv("FPM_SOCKETS", value, 1);
    }
    execv(argv[0], argv);
    say("cannot run %s: %s", argv[0], strerror(errno));
    _exit(127);
}

static void start_web(void)
{
    char *argv[] = { "/usr/sbin/lighttpd", "-D", "-f", "/etc/flotta/lighttpd.conf", NULL };
    dup2(1, ACCESS_LOG); /* lighttpd closes its standard output; its access log goes to /dev/fd/9 */
    web = start(argv, 0);
    close(ACCESS_LOG);
}

static void start_fpm(void)
{
    char *argv[] = { "/usr/sbin/php-fpm8.4", "-F", "-O", "-y", "/etc/flotta/php-fpm.conf", NULL };
    fpm = start(argv, 1);
}

static int listen_for_php(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = WEB_SOCKET };
    unlink(WEB_SOCKET);
    php_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (php_socket < 0) return -1;
    umask(077);
    int bad = bind(php_socket, (struct sockaddr *)&at, sizeof at) < 0 || listen(php_socket, 511) < 0;
    umask(022);
    return bad ? -1 : 0;
}

/* PHP wants to be able to write where its file cache is, though it need not: the directory it sees
 * is on the temporary file system, and what is in it is a link to the cache in the image. */
static void link_cache(void)
{
    DIR *baked = opendir(CACHE_BAKED);
    struct dirent *entry;
    char from[512], to[512];
    if (mkdir(CACHE_USED, 01777) < 0 && errno != EEXIST) {
        say("cannot make %s: %s; pages will be compiled", CACHE_USED, strerror(errno));
        if (baked) closedir(baked);
        return;
    }
    if (!baked) return;
    while ((entry = readdir(baked))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(from, sizeof from, "%s/%s", CACHE_BAKED, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", CACHE_USED, entry->d_name);
        if (symlink(from, to) < 0 && errno != EEXIST) say("cannot link %s: %s", to, strerror(errno));
    }
    closedir(baked);
}

/* Is any PHP process at work? FPM's children leave after ten seconds without a request. */
static int fpm_has_children(void)
{
    char path[64], text[512];
    struct dirent *entry;
    int found = 0;
    DIR *proc = opendir("/proc");
    if (!proc) return 1;
    while (!found && (entry = readdir(proc))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%.20s/stat", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        if (n <= 0) continue;
        text[n] = 0;
        char *after = strrchr(text, ')');
        int parent = 0;
        if (after && sscanf(after + 1, " %*c %d", &parent) == 1 && parent == fpm) found = 1;
    }
    closedir(proc);
    return found;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "health") == 0) return health();
    if (argc > 1) {
        link_cache();
        execvp(argv[1], argv + 1);
        say("cannot run %s: %s", argv[1], strerror(errno));
        return 127;
    }

    const long sleep_after = setting("FLOTTA_PHP_SLEEP_AFTER", 30) * 1000;
    const long stop_after = setting("FLOTTA_STOP_SECONDS", 25) * 1000;
    const char *when = getenv("FLOTTA_PHP_START");
    enum stage stage = RUNNING;
    long idle_since = now_ms(), fpm_started = 0, deadline = 0;
    int status = 0, stopping_fpm = 0, quick_deaths = 0;

    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGQUIT);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);

    if (listen_for_php() < 0) {
        say("cannot listen at %s: %s; fix: mount a tmpfs at /run (docker run --tmpfs /run:mode=1777)",
            WEB_SOCKET, strerror(errno));
        return 1;
    }
    link_cache();
    start_web();
    if (!when || strcmp(when, "lazy") != 0) {
        start_fpm();
        fpm_started = idle_since = now_ms();
    }

    for (;;) {
        struct pollfd wait[2] = { { .fd = signals, .events = POLLIN },
                                  { .fd = fpm ? -1 : php_socket, .events = POLLIN } };
        int patience = -1; /* asleep: nothing wakes us but a request or a signal */
        if (fpm && sleep_after) patience = LOOK_EVERY_MS;
        if (stage != RUNNING) patience = 100;
        if (quick_deaths && !fpm) wait[1].fd = -1, patience = 1000;

        int ready = poll(wait, 2, patience);
        if (ready < 0 && errno != EINTR) return 1;

        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGCHLD || stage != RUNNING) continue;
            say("stopping: requests in flight are finished first");
            stage = DRAINING;
            deadline = now_ms() + stop_after;
            kill(web, SIGINT);
        }

        pid_t gone;
        while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
            if (gone == web) {
                web = 0;
                if (stage == RUNNING) {
                    say("the web server ended by itself (status %d)", status);
                    if (fpm) kill(fpm, SIGQUIT);
                    return 1;
                }
            } else if (gone == fpm) {
                fpm = 0;
                if (!stopping_fpm && stage == RUNNING) {
                    say("PHP-FPM ended by itself (status %d)", status);
                    if (now_ms() - fpm_started < 2000 && ++quick_deaths >= 5) {
                        say("PHP-FPM does not start; giving up");
                        return 1;
                    }
                }
                stopping_fpm = 0;
            }
        }

        if (stage == DRAINING && !web) {
            stage = CLOSING;
            if (fpm) kill(fpm, SIGQUIT);
        }
        if (stage == CLOSING && !fpm) return 0;
        if (stage != RUNNING && now_ms() > deadline) {
            say("requests still in flight after %ld s; stopping anyway", stop_after / 1000);
            return 0; /* as process 1 ends, the kernel ends the rest */
        }

        if (!fpm && ((wait[1].revents & POLLIN) || (quick_deaths && ready == 0)) && stage != CLOSING) {
            start_fpm();
            fpm_started = idle_since = now_ms();
            continue;
        }

        if (fpm && stage == RUNNING && sleep_after && ready == 0 && !stopping_fpm) {
            if (now_ms() - fpm_started > 2000) quick_deaths = 0;
            if (fpm_has_children())
                idle_since = now_ms();
            else if (now_ms() - idle_since >= sleep_after) {
                stopping_fpm = 1;
                kill(fpm, SIGQUIT);
            }
        }
    }
}
