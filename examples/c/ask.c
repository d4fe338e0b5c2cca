/* Asks a model: ask QUESTION [MODEL]. The thinking goes to stderr, the answer to stdout. */
#include <r1.h>
#include <stdio.h>

static int print(void* user, r1_channel channel, const char* text, size_t bytes) {
  (void)user;
  fwrite(text, 1, bytes, channel == R1_THINKING ? stderr : stdout);
  return 0;
}

int main(int argc, char** argv) {
  r1_model* model = NULL;
  r1_message question = {"user", argc > 1 ? argv[1] : "What is 47 * 36?"};
  if (r1_open(argc > 2 ? argv[2] : "nano", NULL, &model) != R1_OK ||
      r1_generate(model, &question, 1, NULL, print, NULL, NULL) != R1_OK) {
    fprintf(stderr, "ask: %s\n", r1_last_error());
    r1_close(model);
    return 1;
  }
  putchar('\n');
  r1_close(model);
  return 0;
}
