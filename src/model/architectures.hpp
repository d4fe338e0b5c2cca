// The table of architectures. A row holds an architecture's names and the functions that differ from one to another.
// Only an architecture's own files compare its name; all other code asks the table.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "model/gguf/dims.hpp"
#include "model/model.hpp"

namespace r1 {

class GgufKeys;
class WeightSource;

// The class that computes an architecture, for code outside of this folder that differs from class to class.
enum class Family : u8 { deepseek, dense };

struct Architecture {
  std::string_view model_type;         // in config.json: "deepseek_v3"
  std::string_view class_name;         // in config.json's "architectures": "DeepseekV3ForCausalLM"
  std::string_view gguf_architecture;  // general.architecture of a GGUF: "deepseek2"; several rows may have the same
  Family family;
  RotaryRows rotary;  // how a GGUF orders the rows of q and k

  // Each of these three parses config.json first; `source` names it in errors. Errors: those of the parser.
  Result<std::unique_ptr<Model>> (*build)(const Json& config, std::string_view source, WeightSource& weights);
  Result<std::string> (*published_config)(const Json& config, std::string_view source, DType dtype);
  Result<GgufDims> (*gguf_dims)(const Json& config, std::string_view source);

  // A GGUF's metadata as config.json. All rows with the same gguf_architecture have the same function; it decides which
  // of their model types the file holds. Errors: a key that is missing, or a setting that is not supported.
  Result<Json> (*config_of_gguf)(const GgufKeys& keys);
  // The lines about this architecture in gguf_notes() of gguf/config.hpp; null: there are none.
  std::vector<std::string> (*gguf_notes)(const GgufKeys& keys);
};

// The row for config.json's model_type. Errors: the field is missing, or no row has its value; the message lists those
// that are known.
Result<const Architecture*> architecture_of(const Json& config, std::string_view source);
// The row with this model_type, which must exist.
const Architecture& architecture_named(std::string_view model_type);
// The first row with this general.architecture. Errors: there is none; the message lists those that are known.
Result<const Architecture*> architecture_of_gguf(std::string_view gguf_architecture, std::string_view path);

}  // namespace r1
