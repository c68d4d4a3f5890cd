#ifndef FAIRLEAD_LINUX_SHIMS_H
#define FAIRLEAD_LINUX_SHIMS_H

#include <malloc.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

/* Swift's Glibc module leaves epoll out, and its event structure is packed, which Swift does not import as it is:
   so events come as plain numbers, the descriptor in the upper half and the event bits in the lower. */

enum { fairlead_epoll_in = EPOLLIN, fairlead_epoll_out = EPOLLOUT, fairlead_epoll_error = EPOLLERR | EPOLLHUP };
enum { fairlead_epoll_add = EPOLL_CTL_ADD, fairlead_epoll_modify = EPOLL_CTL_MOD, fairlead_epoll_delete = EPOLL_CTL_DEL };

static inline int fairlead_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int fairlead_epoll_control(int set, int operation, int descriptor, uint32_t events) {
    struct epoll_event event = { .events = events, .data = { .fd = descriptor } };
    return epoll_ctl(set, operation, descriptor, &event);
}

/* In spawn.h for those who define _GNU_SOURCE, which Swift's Glibc module does not. */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/* Never waits. `ready` has room for 64. */
static inline int fairlead_epoll_poll(int set, uint64_t *ready) {
    struct epoll_event events[64];
    int count = epoll_wait(set, events, 64, 0);
    for (int i = 0; i < count; i++) ready[i] = (uint64_t)(uint32_t)events[i].data.fd << 32 | events[i].events;
    return count;
}

/* inotify: what is told of, and how the end of a watch shows. */
enum { fairlead_inotify_overflow = IN_Q_OVERFLOW, fairlead_inotify_gone = IN_IGNORED, fairlead_inotify_created = IN_CREATE };

static inline int fairlead_inotify_create(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

static inline int fairlead_inotify_add(int set, const char *directory) {
    return inotify_add_watch(set, directory, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW);
}

static inline int fairlead_inotify_remove(int set, int watch) { return inotify_rm_watch(set, watch); }

#endif
