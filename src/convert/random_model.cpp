#include "convert/random_model.hpp"

namespace r1 {

Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, const Mix& mix,
                                            const Admit& admit) {
  return random_model(
      shape, options,
      [mix](std::string_view tensor, const std::vector<i64>& sides, const GgufDims& dims) {
        return mix_type(mix, tensor, sides, {dims.layers, dims.heads, dims.kv_heads, dims.experts, dims.tied});
      },
      admit);
}

}  // namespace r1
