// Pays what its arguments say: each is an effect, such as payments.charge:acme,amount=99.95,fee=1. It asks Writ, and goes on
// with the next where it is refused. Exit status 3: something was refused.
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

__attribute__((import_module("writ"), import_name("perform"))) int writ_perform(const char *effect, size_t length);

int main(int count, char **words) {
  int status = 0;
  for (int i = 1; i < count; ++i) {
    const int error = writ_perform(words[i], strlen(words[i]));
    printf("%s: %s\n", words[i], error == 0 ? "staged" : strerror(error));
    if (error != 0) status = 3;
  }
  return status;
}
