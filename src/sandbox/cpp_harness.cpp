#include "sandbox/cpp_harness.hpp"

namespace r1::sandbox {
namespace {

// Writes plain data as bytes and reads it back. A reader trusts nothing: a count is at most the number of bytes that
// are left, a bool is 0 or 1, and whatever does not fit makes the message bad.
constexpr const char* kWire = R"cpp(
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>
#include <signal.h>
#include <unistd.h>

  namespace r1_wire {

  constexpr std::uint32_t kMostBytes = 1u << 26;

  struct In {
    std::string bytes;
    std::size_t at = 0;
    bool bad = false;
    void raw(void* to, std::size_t n) {
      if (bad || bytes.size() - at < n) {
        bad = true;
        return;
      }
      std::memcpy(to, bytes.data() + at, n);
      at += n;
    }
    std::size_t count() {
      std::uint32_t n = 0;
      raw(&n, sizeof(n));
      if (n > bytes.size() - at) bad = true;
      return bad ? 0 : n;
    }
  };

  template <class T, class = void>
  struct Wire;

  template <class T>
  void put(std::string& out, const T& value) {
    Wire<std::decay_t<T>>::put(out, value);
  }
  template <class T>
  T get(In& in) {
    return Wire<T>::get(in);
  }
  inline void put_count(std::string& out, std::size_t n) {
    const std::uint32_t count = static_cast<std::uint32_t>(n);
    out.append(reinterpret_cast<const char*>(&count), sizeof(count));
  }

  template <>
  struct Wire<bool> {
    static void put(std::string& out, bool value) { out.push_back(value ? 1 : 0); }
    static bool get(In& in) {
      char c = 0;
      in.raw(&c, 1);
      return c != 0;
    }
  };
  template <class T>
  struct Wire<T, std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>>> {
    static void put(std::string& out, T value) { out.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
    static T get(In& in) {
      T value{};
      in.raw(&value, sizeof(value));
      return value;
    }
  };
  template <>
  struct Wire<std::string> {
    static void put(std::string& out, const std::string& value) {
      put_count(out, value.size());
      out += value;
    }
    static std::string get(In& in) {
      std::string value(in.count(), 0);
      in.raw(value.data(), value.size());
      return value;
    }
  };
  // Containers that grow by insertion at their end.
  template <class C, class E>
  struct WireContainer {
    static void put(std::string& out, const C& value) {
      put_count(out, value.size());
      for (const auto& item : value) r1_wire::put<E>(out, item);
    }
    static C get(In& in) {
      C value;
      for (std::size_t n = in.count(); n > 0 && !in.bad; --n) value.insert(value.end(), r1_wire::get<E>(in));
      return value;
    }
  };
  template <class T>
  struct Wire<std::vector<T>> : WireContainer<std::vector<T>, T> {};
  template <class T>
  struct Wire<std::set<T>> : WireContainer<std::set<T>, T> {};
  template <class T>
  struct Wire<std::unordered_set<T>> : WireContainer<std::unordered_set<T>, T> {};
  template <class K, class V>
  struct Wire<std::map<K, V>> : WireContainer<std::map<K, V>, std::pair<K, V>> {};
  template <class K, class V>
  struct Wire<std::unordered_map<K, V>> : WireContainer<std::unordered_map<K, V>, std::pair<K, V>> {};
  template <class A, class B>
  struct Wire<std::pair<A, B>> {
    static void put(std::string& out, const std::pair<A, B>& value) {
      r1_wire::put<A>(out, value.first);
      r1_wire::put<B>(out, value.second);
    }
    static std::pair<A, B> get(In& in) {
      A a = r1_wire::get<A>(in);
      return {std::move(a), r1_wire::get<B>(in)};
    }
  };
  template <class... T>
  struct Wire<std::tuple<T...>> {
    static void put(std::string& out, const std::tuple<T...>& value) {
      std::apply([&](const T&... item) { (r1_wire::put<T>(out, item), ...); }, value);
    }
    static std::tuple<T...> get(In& in) { return std::tuple<T...>{r1_wire::get<T>(in)...}; }
  };
  template <class T>
  struct Wire<std::optional<T>> {
    static void put(std::string& out, const std::optional<T>& value) {
      r1_wire::put<bool>(out, value.has_value());
      if (value) r1_wire::put<T>(out, *value);
    }
    static std::optional<T> get(In& in) {
      if (!r1_wire::get<bool>(in)) return std::nullopt;
      return r1_wire::get<T>(in);
    }
  };

  inline bool send_all(int fd, const char* data, std::size_t n) {
    while (n > 0) {
      const ssize_t sent = write(fd, data, n);
      if (sent <= 0) return false;
      data += sent, n -= static_cast<std::size_t>(sent);
    }
    return true;
  }
  inline bool receive_all(int fd, char* data, std::size_t n) {
    while (n > 0) {
      const ssize_t got = read(fd, data, n);
      if (got <= 0) return false;
      data += got, n -= static_cast<std::size_t>(got);
    }
    return true;
  }
  inline bool send(int fd, const std::string& message) {
    std::string framed;
    put_count(framed, message.size());
    framed += message;
    return send_all(fd, framed.data(), framed.size());
  }
  inline bool receive(int fd, In& in) {
    std::uint32_t n = 0;
    if (!receive_all(fd, reinterpret_cast<char*>(&n), sizeof(n)) || n > kMostBytes) return false;
    in.bytes.resize(n);
    return receive_all(fd, in.bytes.data(), n);
  }

  // A parameter that the function may change is also sent back.
  template <class A>
  constexpr bool kReturned = std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>;

  }  // namespace r1_wire
)cpp";

constexpr const char* kServe = R"cpp(
  namespace r1_wire {
  template <class F>
  struct Server;
  template <class R, class... A>
  struct Server<R(A...)> {
    template <class Call>
    static int run(Call call) {
      for (In in; receive(3, in); in = In{}) {
        std::tuple<std::decay_t<A>...> args{get<std::decay_t<A>>(in)...};
        std::string out;
        if constexpr (std::is_void_v<R>) std::apply(call, args);
        else put<std::decay_t<R>>(out, std::apply(call, args));
        std::apply(
            [&](const std::decay_t<A>&... arg) { ((kReturned<A> ? put<std::decay_t<A>>(out, arg) : void()), ...); },
            args);
        if (!send(4, out)) break;
      }
      return 0;
    }
  };
  }  // namespace r1_wire
)cpp";

// The report is written by the destructor of a static object: only a program that leaves main(), or calls exit()
// itself, gets there. The other process, which runs the judged code, has neither this object nor the random number.
constexpr const char* kCall = R"cpp(
  namespace r1_wire {
  struct Report {
    char random[33] = {};
    Report() {
      signal(SIGPIPE, SIG_IGN);
      signal(SIGABRT, [](int) { instance().end(" wrong\n", "an assertion failed\n"); });
      if (!receive_all(0, random, 32)) _exit(1);
    }
    ~Report() { send_report(" passed\n", "\n"); }
    static Report& instance();
    void send_report(const char* kind, const char* detail) {
      send_all(5, random, 32);
      send_all(5, kind, std::strlen(kind));
      send_all(5, detail, std::strlen(detail));
    }
    [[noreturn]] void end(const char* kind, const char* detail) {
      send_report(kind, detail);
      _exit(0);
    }
  };
  static Report report;
  inline Report& Report::instance() { return report; }

  template <class F>
  struct Remote;
  template <class R, class... A>
  struct Remote<R(A...)> {
    R operator()(A... args) const {
      std::string out;
      (put<std::decay_t<A>>(out, args), ...);
      In in;
      if (!send(3, out) || !receive(4, in)) report.end(" ended\n", "the program ended before the last test\n");
      if constexpr (std::is_void_v<R>) {
        take_back<A...>(in, args...);
        finish(in);
      } else {
        std::decay_t<R> value = get<std::decay_t<R>>(in);
        take_back<A...>(in, args...);
        finish(in);
        return value;
      }
    }
    template <class... B>
    static void take_back(In& in, B... args) {
      (take_one<B>(in, args), ...);
    }
    template <class B>
    static void take_one(In& in, std::remove_reference_t<B>& arg) {
      if constexpr (kReturned<B>) arg = get<std::decay_t<B>>(in);
    }
    static void finish(const In& in) {
      if (in.bad || in.at != in.bytes.size()) report.end(" wrong\n", "the program sent a reply of another type\n");
    }
  };
  }  // namespace r1_wire
)cpp";

// In a namespace of its own, the declaration only gives the types.
std::string declared(const Job& job) {
  return "\nnamespace r1_declared {\nusing namespace std;\n" + job.asserts.declaration + "\n}\n";
}

}  // namespace

std::string cpp_program_side(const Job& job) {
  return std::string(kWire) + kServe + "#define main r1_program_main\n#line 1 \"program.cpp\"\n" + job.program +
         "\n#undef main\n" + declared(job) +
         "int main() {\n  return r1_wire::Server<decltype(r1_declared::" + job.asserts.entry_point +
         ")>::run([](auto&... args) { return ::" + job.asserts.entry_point + "(args...); });\n}\n";
}

std::string cpp_test_side(const Job& job) {
  const std::string& name = job.asserts.entry_point;
  // A macro, because a name such as max_element would be ambiguous after "using namespace std".
  return std::string(kWire) + kCall + "#undef NDEBUG\n#include <cassert>\n" + job.asserts.prelude + declared(job) +
         "static const r1_wire::Remote<decltype(r1_declared::" + name + ")> r1_entry{};\n#define " + name +
         " r1_entry\n#line 1 \"tests.cpp\"\n" + job.asserts.tests + "\n";
}

}  // namespace r1::sandbox
