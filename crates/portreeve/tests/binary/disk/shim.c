/* A disk in trouble, for the process that loads this before the C library: each write and sync of
 * a file first looks whether trouble is planned for it. The plan is one line in the file that
 * DISK_TROUBLE names: CALL EFFECT PART. CALL is `write` or `sync`, PART a part of the file's path,
 * EFFECT `hang`, or `slow` (50 ms), or the number of the error that the call fails with. Hanging
 * ends when the plan changes. It is for tests and no part of the product. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int planned(const char *call, int fd, char *effect) {
  char line[512], on[16], part[256], link[64], path[4096];
  const char *plan = getenv("DISK_TROUBLE");
  if (!plan) return 0;
  long file = syscall(SYS_openat, AT_FDCWD, plan, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  long length = syscall(SYS_read, file, line, sizeof line - 1);
  syscall(SYS_close, file);
  if (length <= 0) return 0;
  line[length] = 0;
  if (sscanf(line, "%15s %15s %255s", on, effect, part) != 3 || strcmp(on, call)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, part) != NULL;
}

/* 0, or the error to fail with. */
static int trouble(const char *call, int fd) {
  char effect[16];
  while (planned(call, fd, effect)) {
    if (!strcmp(effect, "slow")) {
      usleep(50000);
      return 0;
    }
    if (strcmp(effect, "hang")) return atoi(effect);
    usleep(2000);
  }
  return 0;
}

static long answer(int error, long result) {
  if (!error) return result;
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  int error = trouble("write", fd);
  return answer(error, error ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at));
}

int fdatasync(int fd) {
  int error = trouble("sync", fd);
  return (int)answer(error, error ? -1 : syscall(SYS_fdatasync, fd));
}

int fsync(int fd) {
  int error = trouble("sync", fd);
  return (int)answer(error, error ? -1 : syscall(SYS_fsync, fd));
}
