// What a user may give `r1 pull`: a short name of the R1 family, ORG/NAME[:FILE], or the address of a page of the hub.
#pragma once
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace r1 {

struct ModelReference {
  std::string repo;      // ORG/NAME
  std::string file;      // a file, a glob or a quantisation; may be empty
  std::string revision;  // from an address with /tree/REVISION or /blob/REVISION/FILE; else empty
};

// `endpoint` is the hub in use; addresses on it, on huggingface.co and on hf.co are understood.
// Errors: usage, for anything else. The message shows the form.
Result<ModelReference> parse_reference(std::string_view text, std::string_view endpoint);

}  // namespace r1
