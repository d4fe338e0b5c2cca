// r1 serve: the HTTP server.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>

#include "cli/args.hpp"
#include "cli/commands.hpp"
#include "core/byte_size.hpp"
#include "core/network/api_keys.hpp"
#include "core/network/local_host.hpp"
#include "core/threads/thread_pool.hpp"
#include "hub/fit.hpp"
#include "hub/models.hpp"
#include "ops/device.hpp"
#include "serve/api.hpp"
#include "serve/http_server.hpp"
#include "serve/inherited_socket.hpp"

namespace r1 {
namespace {

struct ServeFlags {
  std::vector<std::string> models, allowed_hosts, allowed_origins, aliases;
  std::string host = "127.0.0.1", reasoning = "auto", log_format = "text";
  std::optional<std::string> api_key_file, tls_cert, tls_key, memory, kv_memory, kv;
  i64 port = 8080, context = 0, threads = ThreadPool::default_threads();
  std::optional<i64> default_max_tokens;
  i64 max_sequences = 64, max_queue = 64, max_connections = 2048, drain_timeout = 10;
  bool reasoning_alias = false, log_prompts = false, metrics = false, insecure = false;

  std::vector<Flag> flags();
  Status check() const;
};

std::vector<Flag> ServeFlags::flags() {
  return {{"-m,--model", &models,
           "model folder, GGUF file or name; may be repeated, the first is loaded at once (default: nano)"},
          {"--host", &host, "address on which to listen"},
          {"--port", &port, "port; 0: any that is free"},
          {"--api-key-file", &api_key_file, "file with one API key per line; read again on SIGHUP (default: none)"},
          {"--allowed-host", &allowed_hosts, "a further name of this server in Host; may be repeated"},
          {"--allow-origin", &allowed_origins, "an origin whose pages may call (CORS); may be repeated"},
          {"--tls-cert", &tls_cert, "PEM file of the server's certificate; https instead of http"},
          {"--tls-key", &tls_key, "PEM file of the certificate's key"},
          {"--alias", &aliases, "NAME=MODEL: a further name for a model; may be repeated"},
          {"-c,--context", &context, "tokens of the longest sequence; 0: the model's, or what fits into the memory"},
          {"-t,--threads", &threads, "threads that compute (default: all cores)"},
          {"--memory", &memory,
           "memory for routed experts (8g), the others are read from the file when needed (default: no limit); with "
           "several models, memory for all that are loaded (default: what is available)"},
          {"--kv-memory", &kv_memory, "memory for the KV cache (2g; default: for all sequences, at most 1 GiB)"},
          {"--kv", &kv, kCacheTypeHelp},
          {"--default-max-tokens", &default_max_tokens,
           "most tokens of an answer whose request does not say (default: the model's advice, else the context)"},
          {"--reasoning", &reasoning,
           "whether answers think if the request does not say: on, off or auto (if the model can)"},
          {"--reasoning-alias", &reasoning_alias, "send the thinking as \"reasoning\", too"},
          {"--max-sequences", &max_sequences, "answers that are drawn at once"},
          {"--max-queue", &max_queue, "answers that may wait; more are refused with status 429"},
          {"--max-connections", &max_connections, "connections at once"},
          {"--drain-timeout", &drain_timeout, "seconds for running answers after SIGTERM"},
          {"--log-format", &log_format, "a line per request on stderr: text, json or none"},
          {"--log-prompts", &log_prompts, "log the bodies of requests, too"},
          {"--metrics", &metrics, "GET /metrics in Prometheus' form"},
          {"--insecure", &insecure, "listen on other addresses than this machine's own without an API key"}};
}

Status in_range(const char* flag, i64 value, i64 low, i64 high) {
  if (value < low || value > high) return fail(Errc::usage, "{}: {}, must be in {}..{}", flag, value, low, high);
  return {};
}

Status ServeFlags::check() const {
  R1_TRY(in_range("--port", port, 0, 65535));
  R1_TRY(in_range("--max-sequences", max_sequences, 1, 4096));
  R1_TRY(in_range("--max-queue", max_queue, 0, 1'000'000));
  R1_TRY(in_range("--max-connections", max_connections, 1, 1'000'000));
  R1_TRY(in_range("--drain-timeout", drain_timeout, 0, 86'400));
  if (tls_cert.has_value() != tls_key.has_value())
    return fail(Errc::usage, "--tls-cert and --tls-key: only {} is given, TLS needs both",
                tls_cert ? "--tls-cert" : "--tls-key");
  R1_TRY(thread_count(threads));
  R1_TRY(cache_type(kv));
  if (context < 0) return fail(Errc::usage, "--context: {}, must not be negative", context);
  if (default_max_tokens && *default_max_tokens < 1)
    return fail(Errc::usage, "--default-max-tokens: {}, must be at least 1", *default_max_tokens);
  if (reasoning != "on" && reasoning != "off" && reasoning != "auto")
    return fail(Errc::usage, "--reasoning: \"{}\", known: on, off, auto", reasoning);
  if (log_format != "text" && log_format != "json" && log_format != "none")
    return fail(Errc::usage, "--log-format: \"{}\", known: text, json, none", log_format);
  return {};
}

// Adds the aliases to the models whose MODEL they name, as it was given with --model.
Status add_aliases(const ServeFlags& flags, const std::vector<std::string>& models,
                   std::vector<ServedModels::Entry>& entries) {
  for (const std::string& alias : flags.aliases) {
    const size_t equals = alias.find('=');
    const auto model =
        equals == alias.npos ? models.end() : std::find(models.begin(), models.end(), alias.substr(equals + 1));
    if (equals == 0 || model == models.end())
      return fail(Errc::usage, "--alias: \"{}\", expected NAME={}", alias, fmt::join(models, " or NAME="));
    entries[model - models.begin()].names.aliases.push_back(alias.substr(0, equals));
  }
  return {};
}

// Clients tell models apart by their names.
Status check_names(const std::vector<ServedModels::Entry>& entries) {
  std::map<std::string, std::string> paths;
  for (const ServedModels::Entry& entry : entries) {
    std::vector<std::string> names = entry.names.aliases;
    names.push_back(entry.names.id);
    for (const std::string& name : names) {
      const auto [other, added] = paths.try_emplace(name, entry.path.string());
      if (added) continue;
      if (other->second == entry.path.string())
        return fail(Errc::usage, "--model, --alias: {} has the name {} twice; names must differ", other->second, name);
      return fail(Errc::usage, "--model, --alias: the name {} is of {} and of {}; names must differ", name,
                  other->second, entry.path.string());
    }
  }
  return {};
}

// The models that are served, the first one first.
Result<std::vector<ServedModels::Entry>> entries_of(const ServeFlags& flags) {
  const std::vector<std::string> models = flags.models.empty() ? std::vector<std::string>{"nano"} : flags.models;
  std::vector<ServedModels::Entry> entries;
  for (const std::string& name : models) {
    std::filesystem::path path = R1_TRY(find_model(name));
    // A pulled model keeps the name that was typed, because its folder is named after a commit.
    std::error_code error;
    entries.push_back({{.id = std::filesystem::exists(name, error) ? short_name(name) : name}, std::move(path)});
  }
  R1_TRY(add_aliases(flags, models, entries));
  R1_TRY(check_names(entries));
  return entries;
}

Result<SessionOptions> session_options(const ServeFlags& flags) {
  SessionOptions options;
  options.context = flags.context;
  options.max_sequences = flags.max_sequences;
  options.step_seconds = 0.25;  // so long at most a running stream's next token waits for somebody's prompt
  options.kv = R1_TRY(cache_type(flags.kv));
  if (flags.memory && flags.models.size() < 2) options.expert_bytes = R1_TRY(parse_bytes(*flags.memory));
  if (flags.kv_memory) options.kv_bytes = R1_TRY(parse_bytes(*flags.kv_memory));
  return options;
}

Result<ServedModels::Options> model_options(const ServeFlags& flags) {
  ServedModels::Options options;
  options.session = R1_TRY(session_options(flags));
  options.host.max_queue = flags.max_queue;
  options.host.warm_up = !options.session.expert_bytes;  // it would read experts from the file that nobody needs
  options.max_waiting = std::max<i64>(flags.max_queue, 1);
  if (flags.models.size() < 2) return options;
  options.budget = machine_memory().available;
  if (flags.memory) options.budget = R1_TRY(parse_bytes(*flags.memory));
  return options;
}

// Every connection is an open file.
void allow_many_files() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Signals as something to wait for together with another thread's news. They must be blocked before any thread starts.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    signals_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
    news_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }
  ~Signals() {
    close(signals_);
    close(news_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void notify() {  // from any thread
    const u64 one = 1;
    if (write(news_, &one, sizeof(one)) < 0) return;
  }
  // The next signal; 0 for news, and after `milliseconds`.
  int wait(int milliseconds = -1) {
    pollfd files[] = {{signals_, POLLIN, 0}, {news_, POLLIN, 0}};
    poll(files, 2, milliseconds);
    signalfd_siginfo info;
    if (read(signals_, &info, sizeof(info)) == sizeof(info)) return static_cast<int>(info.ssi_signo);
    u64 count;
    if (read(news_, &count, sizeof(count)) < 0) return 0;
    return 0;
  }

 private:
  sigset_t set_, before_;
  int signals_ = -1, news_ = -1;
};

std::string url_of(const HttpServer& server, bool tls) {
  const std::string address = server.address();
  const bool is_v6 = address.find(':') != address.npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", is_v6 ? "[" : "", address, is_v6 ? "]" : "",
                     server.port());
}

// Lets running answers end, then ends those that take too long. A second signal ends the program at once.
void stop(Api& api, HttpServer& server, ServedModels& models, Signals& signals, i64 drain_seconds) {
  api.drain();
  models.drain();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(drain_seconds);
  bool idle = server.drain(std::chrono::milliseconds(0));
  while (!idle && std::chrono::steady_clock::now() < deadline) {
    if (const int signal = signals.wait(0); signal == SIGTERM || signal == SIGINT) std::_Exit(0);
    idle = server.drain(std::chrono::milliseconds(100));
  }
  if (!idle) server.close(std::chrono::seconds(2));
  api.end_streams();
  // From here on no event of a model wakes a connection that is being destroyed.
  models.end();
}

ApiOptions api_options(const ServeFlags& flags) {
  ApiOptions options;
  options.access = {flags.host, flags.allowed_hosts, flags.allowed_origins, flags.tls_cert.has_value()};
  options.endpoints.fingerprint = fmt::format("r1_{}_{}", R1_VERSION, level_name(active_kernels()));
  if (flags.reasoning != "auto") options.endpoints.thinking = flags.reasoning == "on";
  options.endpoints.reasoning_alias = flags.reasoning_alias;
  options.endpoints.default_max_tokens = flags.default_max_tokens;
  options.metrics = flags.metrics;
  options.log_prompts = flags.log_prompts;
  options.log = flags.log_format == "text"   ? LogFormat::text
                : flags.log_format == "json" ? LogFormat::json
                                             : LogFormat::none;
  return options;
}

Status load_keys(ApiKeys& keys, const ServeFlags& flags) {
  return keys.load(flags.api_key_file.value_or(""), api_key_of_environment());
}

// `flags.host` is the address of `listener`, if that is given.
Result<int> serve(const ServeFlags& flags, std::optional<int> listener) {
  std::vector<ServedModels::Entry> entries = R1_TRY(entries_of(flags));
  const ServedModels::Options options = R1_TRY(model_options(flags));
  ApiKeys keys;
  R1_TRY(load_keys(keys, flags));
  const bool is_private = flags.host == "localhost" || is_loopback(flags.host);
  if (!is_private && !keys.any() && !flags.insecure)
    return fail(Errc::usage,
                "--host {}: others could use this server; give an API key (--api-key-file, or the "
                "environment variable R1_API_KEY), or --insecure",
                flags.host);

  Signals signals;
  allow_many_files();
  ThreadPool pool(static_cast<int>(flags.threads));
  Api api(api_options(flags), keys);
  HttpOptions http;
  http.host = flags.host, http.port = static_cast<int>(flags.port), http.max_connections = flags.max_connections;
  http.tls_cert = flags.tls_cert.value_or(""), http.tls_key = flags.tls_key.value_or("");
  http.listener = listener;
  std::string names;
  for (const ServedModels::Entry& entry : entries) names += (names.empty() ? "" : ", ") + entry.names.id;
  ServedModels models(std::move(entries), pool, options);  // must be there until the server is gone
  const auto server = R1_TRY(HttpServer::start(http, api));
  fmt::print(stderr, "{} serves {}\n", url_of(*server, flags.tls_cert.has_value()), names);
  if (!is_private && !keys.any()) fmt::print(stderr, "warning: everybody who reaches this address may use the model\n");
  // The first model is loaded now: the port answers meanwhile, and signals are heard.
  auto first = models.claim(0, [&signals] { signals.notify(); });
  for (;;) {
    const int signal = signals.wait();
    if (first) {
      const ServedModels::Seen seen = models.look(*first);
      if (seen.failure) return tl::unexpected(*seen.failure);
      if (seen.model) {
        api.set_models(&models);
        first.reset();
      }
    }
    if (signal == SIGHUP) {
      if (const Status loaded = load_keys(keys, flags); !loaded) print_error("r1 serve", loaded.error().what);
    } else if (signal != 0) {
      // Loading a model cannot be interrupted. It leaves nothing behind when the process ends.
      if (first) std::_Exit(0);
      stop(api, *server, models, signals, flags.drain_timeout);
      if (models.is_loading()) std::_Exit(0);
      return 0;
    }
  }
}

}  // namespace

Result<int> run_serve(const Args& args) {
  ServeFlags flags;
  if (const auto code = parse(args, "A server with OpenAI's API (docs/serving.md).", flags.flags())) return *code;
  R1_TRY(flags.check());
  const std::optional<InheritedSocket> socket = R1_TRY(inherited_socket());
  if (!socket) return serve(flags, {});
  flags.host = socket->address;
  return serve(flags, socket->descriptor);
}

}  // namespace r1
