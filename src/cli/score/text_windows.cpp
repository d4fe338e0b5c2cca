#include "cli/score/text_windows.hpp"

namespace r1 {

Result<Windows> windows_of(const Tokenizer& tokenizer, const std::string& text, i64 context, const std::string& file) {
  Windows w;
  w.context = context;
  if (tokenizer.roles().add_bos) w.bos = tokenizer.roles().bos;
  w.ids = tokenizer.encode(text, Tokenizer::Special::user_defined);
  if (w.bos) w.ids.insert(w.ids.begin(), *w.bos);
  if (w.count() == 0)
    return fail(Errc::invalid_argument, "{}: {} tokens, one window needs {}; a longer text, or a smaller --context",
                file, w.ids.size(), context);
  return w;
}

}  // namespace r1
