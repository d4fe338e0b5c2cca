// The functions of models that have no MTP module or no routed experts.
#include "model/model.hpp"

namespace r1 {

Tensor Model::mtp(Pass&, const Tensor&, std::span<const i32>) const {
  R1_CHECK(false, "mtp: {} has no MTP module", info().architecture);
  return {};
}

Status Model::limit_experts(i64) {
  return fail(Errc::unsupported, "{}: a limit on the memory of experts, and the model has no routed experts",
              info().architecture);
}

}  // namespace r1
