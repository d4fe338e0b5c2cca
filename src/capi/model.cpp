// Models and tokens.
#include "capi/boundary.hpp"
#include "capi/opened_model.hpp"
#include "hub/models.hpp"

using namespace r1;

namespace {

thread_local std::string t_last_error;

constexpr i64 kWaiting = 1 << 16;  // generations that may wait; each has a thread of its caller

r1_status status_of(Errc code) {
  switch (code) {
    case Errc::io: return R1_IO;
    case Errc::corrupt: return R1_CORRUPT;
    case Errc::unsupported: return R1_UNSUPPORTED;
    case Errc::exhausted: return R1_EXHAUSTED;
    case Errc::interrupted: return R1_CANCELLED;
    default: return R1_INVALID;
  }
}

constexpr r1_open_options kOpenDefaults{sizeof(r1_open_options), 0, 16, 0};

// A copy that r1_free releases.
template <class T>
Result<T*> allocated(const T* from, size_t count, size_t extra = 0) {
  T* const copy = static_cast<T*>(std::calloc(std::max<size_t>(count + extra, 1), sizeof(T)));
  if (!copy) return fail(Errc::exhausted, "there is no memory for {} bytes", (count + extra) * sizeof(T));
  if (count) std::memcpy(copy, from, count * sizeof(T));
  return copy;
}

Status check_pointer(const void* pointer, const char* name) {
  if (!pointer) return fail(Errc::invalid_argument, "{}: the pointer is NULL", name);
  return {};
}

}  // namespace

r1_status r1::failed(const Error& error) {
  t_last_error = error.what;
  return status_of(error.code);
}

r1_model::r1_model(std::unique_ptr<ThreadPool> threads, Session session)
    : pool(std::move(threads)), host(std::move(session), EngineHostOptions{kWaiting}) {}

const char* r1_version(void) { return R1_VERSION; }
const char* r1_last_error(void) { return t_last_error.c_str(); }
void r1_free(void* memory) { std::free(memory); }

void r1_open_options_init_sized(r1_open_options* options, size_t size) {
  if (options) write_defaults(kOpenDefaults, options, size);
}

r1_status r1_open(const char* name, const r1_open_options* options, r1_model** model) {
  return at_boundary([&]() -> Result<r1_status> {
    R1_TRY(check_pointer(name, "name"));
    R1_TRY(check_pointer(model, "model"));
    const r1_open_options o = R1_TRY(options_over(kOpenDefaults, options, "r1_open_options"));
    if (o.threads < 0 || o.threads > 1024)
      return fail(Errc::invalid_argument, "threads: {}, must be in 0..1024", o.threads);
    if (o.sequences < 1 || o.sequences > 4096)
      return fail(Errc::invalid_argument, "sequences: {}, must be in 1..4096", o.sequences);
    if (o.context < 0) return fail(Errc::invalid_argument, "context: {}, must not be negative", o.context);
    auto pool = std::make_unique<ThreadPool>(o.threads ? o.threads : ThreadPool::default_threads());
    SessionOptions session;
    session.context = o.context;
    session.max_sequences = o.sequences;
    session.step_seconds = 0.25;  // so long at most a running generation waits for the prompt of another one
    Session opened = R1_TRY(Session::open(R1_TRY(find_model(name)), *pool, session));
    *model = new r1_model(std::move(pool), std::move(opened));
    return R1_OK;
  });
}

void r1_close(r1_model* model) { delete model; }
int64_t r1_context(const r1_model* model) { return model ? model->host.context() : 0; }
int32_t r1_vocabulary(const r1_model* model) { return model ? static_cast<int32_t>(model->tokenizer().size()) : 0; }

r1_status r1_tokenize(const r1_model* model, const char* text, size_t bytes, int special, int32_t** tokens,
                      size_t* count) {
  return at_boundary([&]() -> Result<r1_status> {
    R1_TRY(check_pointer(model, "model"));
    if (bytes) R1_TRY(check_pointer(text, "text"));
    R1_TRY(check_pointer(tokens, "tokens"));
    R1_TRY(check_pointer(count, "count"));
    const auto kind = special ? Tokenizer::Special::recognise : Tokenizer::Special::as_text;
    const std::vector<i32> ids = model->tokenizer().encode({text, bytes}, kind);
    *tokens = R1_TRY(allocated(ids.data(), ids.size()));
    *count = ids.size();
    return R1_OK;
  });
}

r1_status r1_detokenize(const r1_model* model, const int32_t* tokens, size_t count, char** text, size_t* bytes) {
  return at_boundary([&]() -> Result<r1_status> {
    R1_TRY(check_pointer(model, "model"));
    if (count) R1_TRY(check_pointer(tokens, "tokens"));
    R1_TRY(check_pointer(text, "text"));
    R1_TRY(check_pointer(bytes, "bytes"));
    for (size_t i = 0; i < count; ++i)
      if (tokens[i] < 0 || tokens[i] >= model->tokenizer().size())
        return fail(Errc::invalid_argument, "tokens[{}]: {}, the vocabulary has {}", i, tokens[i],
                    model->tokenizer().size());
    const std::string decoded = model->tokenizer().decode({tokens, count});
    *text = R1_TRY(allocated(decoded.data(), decoded.size(), 1));
    *bytes = decoded.size();
    return R1_OK;
  });
}
