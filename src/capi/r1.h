/* The C interface of r1: open a model, turn text into tokens and back, generate text.
 *
 *   r1_model* model = NULL;
 *   if (r1_open("nano", NULL, &model) != R1_OK) { fprintf(stderr, "%s\n", r1_last_error()); return 1; }
 *   r1_message question = {"user", "What is 47 * 36?"};
 *   r1_generate(model, &question, 1, NULL, on_text, NULL, NULL);
 *   r1_close(model);
 *
 * Threads. Any number of threads may use a model at once; generations share its engine. r1_close may be called only
 * when no other call uses the model. A cancellation may be raised from any thread.
 * Errors. A function that can fail returns a status. If it is not R1_OK, r1_last_error() is a sentence about the last
 * failure of this thread, and the function has changed nothing and set no output; only a generation that was cancelled
 * fills its result.
 * Versions. The library's name ends in its major version, and functions are only added to it. A struct of options
 * begins with its size, so a program may be older than the library; a field that the program does not know has its
 * default.
 */
#ifndef R1_H
#define R1_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define R1_API __attribute__((visibility("default")))
#else
#define R1_API
#endif

typedef enum r1_status {
  R1_OK = 0,
  R1_INVALID = 1,     /* an argument is wrong, or the prompt is longer than the context */
  R1_IO = 2,          /* a file cannot be read, or no model has that name */
  R1_CORRUPT = 3,     /* a file is damaged */
  R1_UNSUPPORTED = 4, /* the model needs what this version does not have */
  R1_EXHAUSTED = 5,   /* too little memory, or too many generations wait */
  R1_CANCELLED = 6    /* by a cancellation or by the callback */
} r1_status;

typedef struct r1_model r1_model;
typedef struct r1_cancellation r1_cancellation;

R1_API const char* r1_version(void);    /* of the library: "0.1.0" */
R1_API const char* r1_last_error(void); /* of this thread; "" before the first; valid until its next failure */
R1_API void r1_free(void* memory);      /* what r1_tokenize and r1_detokenize have allocated; NULL is allowed */

/* ---- Models */

typedef struct r1_open_options {
  size_t size;       /* sizeof(r1_open_options), set by r1_open_options_init */
  int32_t threads;   /* that compute; 0: as many as the machine has cores */
  int32_t sequences; /* generations that run at once; further ones wait */
  int64_t context;   /* tokens of the longest sequence; 0: the model's, or what fits into the memory */
} r1_open_options;
#define r1_open_options_init(options) r1_open_options_init_sized((options), sizeof(r1_open_options))
R1_API void r1_open_options_init_sized(r1_open_options* options, size_t size);

/* Opens a model by its path or name, as the option -m of the program r1 does. NULL options: the defaults. */
R1_API r1_status r1_open(const char* name, const r1_open_options* options, r1_model** model);
R1_API void r1_close(r1_model* model); /* NULL is allowed */
R1_API int64_t r1_context(const r1_model* model);    /* tokens of the longest sequence */
R1_API int32_t r1_vocabulary(const r1_model* model); /* 1 + the largest token id */

/* ---- Tokens */

/* Text to tokens. With `special`, added tokens such as <think> are recognised in the text. *tokens is released by
 * r1_free. */
R1_API r1_status r1_tokenize(const r1_model* model, const char* text, size_t bytes, int special, int32_t** tokens,
                             size_t* count);
/* Tokens to the exact bytes of their text, with a zero byte behind them that *bytes does not count. *text is released
 * by r1_free. A token outside the vocabulary is R1_INVALID. */
R1_API r1_status r1_detokenize(const r1_model* model, const int32_t* tokens, size_t count, char** text, size_t* bytes);

/* ---- Generation */

typedef struct r1_message {
  const char* role;    /* "system", "user" or "assistant" */
  const char* content; /* UTF-8 */
} r1_message;

typedef enum r1_channel { R1_ANSWER = 0, R1_THINKING = 1 } r1_channel;

/* Receives a piece of text: UTF-8, not ended by a zero byte, valid during the call. r1_generate calls it on the thread
 * of its caller. A result other than 0 ends the generation with R1_CANCELLED. It must not throw. */
typedef int (*r1_callback)(void* user, r1_channel channel, const char* text, size_t bytes);

typedef struct r1_generate_options {
  size_t size;              /* sizeof(r1_generate_options), set by r1_generate_options_init */
  int64_t max_tokens;       /* of the answer with its thinking; -1: the model's advice, else what the context holds */
  double temperature;       /* 0: always the likeliest token; this and the next three: -1: the model's advice */
  double top_p;             /* 0 < top_p <= 1 */
  double min_p;             /* 0 <= min_p <= 1 */
  int64_t top_k;            /* 0: all tokens */
  uint64_t seed;            /* the same seed gives the same answer */
  int32_t think;            /* 1: think before answering; 0: answer at once */
  int32_t raw;              /* 1: no chat template; the model continues the content of the only message */
  int64_t thinking_tokens;  /* ends the thinking after so many tokens; -1: no limit */
  r1_cancellation* cancel;  /* NULL: only the callback can end the generation */
} r1_generate_options;
#define r1_generate_options_init(options) r1_generate_options_init_sized((options), sizeof(r1_generate_options))
R1_API void r1_generate_options_init_sized(r1_generate_options* options, size_t size);

typedef enum r1_finish { R1_FINISH_STOP = 0, R1_FINISH_LENGTH = 1, R1_FINISH_CANCELLED = 2 } r1_finish;

typedef struct r1_result {
  size_t size; /* sizeof(r1_result), set by the caller */
  r1_finish finish;
  int64_t prompt_tokens, tokens, thinking_tokens; /* thinking_tokens are among tokens */
} r1_result;

/* Generates the answer to a conversation and returns when it is complete. NULL options: the defaults. `callback` and
 * `result` may be NULL. A generation that was cancelled also fills the result. */
R1_API r1_status r1_generate(r1_model* model, const r1_message* messages, size_t count,
                             const r1_generate_options* options, r1_callback callback, void* user, r1_result* result);

R1_API r1_cancellation* r1_cancellation_create(void); /* NULL if there is no memory */
/* Ends the generations that were given this cancellation, also those that begin later, until it is reset. */
R1_API void r1_cancellation_raise(r1_cancellation* cancellation);
R1_API void r1_cancellation_reset(r1_cancellation* cancellation);
/* May be called only when no generation uses the cancellation. NULL is allowed. */
R1_API void r1_cancellation_free(r1_cancellation* cancellation);

#ifdef __cplusplus
}
#endif
#endif
