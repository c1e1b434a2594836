// A guest that does what its first argument says, for the tests of the command. Exit status 3: something it tried failed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(int fd, const char *text) { (void)write(fd, text, strlen(text)); }

static int fail(const char *what) {
  say(2, what);
  say(2, ": ");
  say(2, strerror(errno));
  say(2, "\n");
  return 3;
}

// "orders/a" is an object, "/etc/x" a path of the host.
static const char *place(const char *name) {
  static char path[512];
  if (name[0] == '/') return name;
  const size_t all = strlen(name), room = sizeof path - 8, length = all < room ? all : room;
  memcpy(path, "/state/", 7);
  memcpy(path + 7, name, length);
  path[7 + length] = 0;
  return path;
}

static int copy(int from, int to) {
  static char buffer[4096];
  for (;;) {
    ssize_t n = read(from, buffer, sizeof buffer);
    if (n < 0) return fail("read");
    if (n == 0) return 0;
    if (write(to, buffer, (size_t)n) != n) return fail("write");
  }
}

static int put(const char *name, const char *text) {
  int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return fail(name);
  if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) return fail(name);
  return close(fd) == 0 ? 0 : fail(name);
}

static int get(const char *name) {
  int fd = open(place(name), O_RDONLY);
  return fd < 0 ? fail(name) : copy(fd, 1);
}

// Reads a number from one object and writes the next into it: the classic lost update.
static int increment(const char *name) {
  char text[32] = {0};
  int fd = open(place(name), O_RDONLY);
  if (fd >= 0) {
    if (read(fd, text, sizeof text - 1) < 0) return fail(name);
    close(fd);
  }
  int n = atoi(text) + 1, at = 30;
  memset(text, 0, sizeof text);
  for (; n > 0; n /= 10) text[--at] = (char)('0' + n % 10);
  return put(name, text + at);
}

// Reads an object, says so, waits for a byte of input, and writes the object: long enough to lose a race.
static int update(const char *name, const char *text) {
  char c;
  if (get(name)) return 3;
  say(1, "ready\n");
  return read(0, &c, 1) == 1 ? put(name, text) : 3;
}

static volatile int sink;
static int recurse(int n) {
  volatile char frame[1024];
  frame[n % 1024] = (char)n;
  return n < 0 ? 0 : recurse(n + 1) + frame[n % 1024];
}

static int flood(long bytes) {
  static char block[4096];
  memset(block, 'x', sizeof block);
  for (; bytes > 0; bytes -= (long)sizeof block)
    if (write(1, block, bytes < (long)sizeof block ? (size_t)bytes : sizeof block) < 0) return fail("flood");
  return 0;
}

static int alloc(size_t mebibytes) {
  for (size_t i = 0; i < mebibytes; ++i) {
    volatile char *p = malloc(1 << 20);
    if (!p) return fail("malloc");
    for (size_t at = 0; at < 1 << 20; at += 4096) p[at] = 1;
  }
  return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int list(const char *folder) {
  char *names[64];
  size_t count = 0;
  DIR *open_folder = opendir(folder);
  if (!open_folder) return fail(folder);
  for (struct dirent *e; (e = readdir(open_folder)) && count < 64;)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) names[count++] = strdup(e->d_name);
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; ++i) say(1, names[i]), say(1, "\n");
  return 0;
}

static int put_bytes(const char *path, const void *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  return fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) ? fail(path) : 0;
}

// Names that terminals, shells and patches stumble over: each gets its number as content.
static int odd(const char *folder) {
  static const char *const names[] = {"new\nline", "\033[31mred", "a b", "quo\"te", "back\\slash", "tab\there", "\342\200\256rtl", "-rf", "'"};
  char path[256], text[3] = "0\n";
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    strcpy(path, folder), strcat(path, "/"), strcat(path, names[i]);
    text[0] = (char)('0' + i);
    if (put_bytes(path, text, 2)) return 3;
  }
  return 0;
}

// Several things in one task: put PATH TEXT, binary PATH, rm PATH, mkdir PATH, rmdir PATH, mv FROM TO, ln TARGET PATH, odd FOLDER, exit N.
static int several(char **words) {
  for (; *words; ++words) {
    const char *what = words[0], *first = words[1] ? words[1] : "", *second = words[1] && words[2] ? words[2] : "";
    int bad = 0, used = 2;
    if (!strcmp(what, "put")) bad = put(first, second);
    else if (!strcmp(what, "mv")) bad = rename(first, second) ? fail(first) : 0;
    else if (!strcmp(what, "ln")) bad = symlink(first, second) ? fail(second) : 0;
    else used = 1;
    if (!strcmp(what, "binary")) bad = put_bytes(first, "\0\1\2\377binary\n", 11);
    if (!strcmp(what, "rm")) bad = unlink(place(first)) ? fail(first) : 0;
    if (!strcmp(what, "mkdir")) bad = mkdir(first, 0755) ? fail(first) : 0;
    if (!strcmp(what, "rmdir")) bad = rmdir(first) ? fail(first) : 0;
    if (!strcmp(what, "odd")) bad = odd(first);
    if (!strcmp(what, "exit")) exit(atoi(first));
    if (bad) return bad;
    for (; used > 0 && words[1]; --used) ++words;
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "hello";
  const char *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
  if (!strcmp(what, "hello")) return say(1, "hello\n"), 0;
  if (!strcmp(what, "args")) {
    for (int i = 2; i < argc; ++i) say(1, argv[i]), say(1, "\n");
    return 0;
  }
  if (!strcmp(what, "say")) return say(1, first), 0;
  if (!strcmp(what, "warn")) return say(2, first), 0;
  if (!strcmp(what, "escape")) return say(1, "\033[2J\xe2\x80\xae"), say(2, "\033]0;title\007"), 0;
  if (!strcmp(what, "binary")) return (void)write(1, "\xff\xfe\0\x01", 4), 0;
  if (!strcmp(what, "exit")) exit(atoi(first));
  if (!strcmp(what, "cat")) return copy(0, 1);
  if (!strcmp(what, "read")) {
    char c;
    for (int n = atoi(first); n > 0; --n)
      if (read(0, &c, 1) != 1) return 3;
    return 0;
  }
  if (!strcmp(what, "put")) return put(first, second);
  if (!strcmp(what, "get")) return get(first);
  if (!strcmp(what, "rm")) return unlink(place(first)) ? fail(first) : 0;
  if (!strcmp(what, "increment")) return increment(first);
  if (!strcmp(what, "both")) return put(first, second) || put("both/other", second);
  if (!strcmp(what, "putget")) return put(first, second) || get(argc > 4 ? argv[4] : "");
  if (!strcmp(what, "ls")) return list(first);
  if (!strcmp(what, "do")) return several(argv + 2);
  if (!strcmp(what, "lose")) return put(first, second) || (exit(9), 0);
  if (!strcmp(what, "try")) return get(first), 0;
  if (!strcmp(what, "env")) {
    const char *value = getenv(first);
    return value ? (say(1, value), say(1, "\n"), 0) : 3;
  }
  if (!strcmp(what, "trap")) __builtin_trap();
  if (!strcmp(what, "update")) return update(first, second);
  if (!strcmp(what, "loop")) say(1, "ready\n");
  if (!strcmp(what, "loop"))
    for (;;) sink++;
  if (!strcmp(what, "recurse")) return recurse(0);
  if (!strcmp(what, "flood")) return flood(atol(first));
  if (!strcmp(what, "alloc")) return alloc((size_t)atoi(first));
  say(2, "unknown word\n");
  return 64;
}
